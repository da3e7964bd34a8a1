"""Starting the simulated provider."""

from __future__ import annotations

import pytest

from serinus.core.errors import InvalidInput
from serinus.sim.serve import provider_main


@pytest.mark.parametrize("port", [-1, 65_536, 80_000])
def test_what_is_no_port_is_refused(port: int) -> None:
    """It is not taken modulo 65,536, as the system would."""
    with pytest.raises(InvalidInput, match="is no port") as refused:
        provider_main(port=port)
    assert refused.value.where == "--port"
