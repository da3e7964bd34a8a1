"""`serinus up --new-admin-key`: another admin key for the folder of a `serinus up`."""

from __future__ import annotations

from pathlib import Path

from serinus.adapters.clock import system_random
from serinus.adapters.genai_table import GenaiPrices
from serinus.adapters.stores import open_stores
from serinus.bootstrap.admin_key import create_admin_key
from serinus.core.errors import InvalidInput
from serinus.ports.clock import Clock

_CONTROL_FILE = "control.db"


def new_admin_key(directory: Path, clock: Clock) -> str:
    """The text of a new admin key in the folder's store, whether `serinus up` runs there or not; audited as
    `bootstrap`'s. InvalidInput when the folder holds no store: a wrong folder must not become one."""
    if not (directory / _CONTROL_FILE).is_file():
        raise InvalidInput("no store of `serinus up` is there", where=str(directory), mend="name its folder with --dir")
    # With list prices: a key makes a new routing snapshot, which must not lose them.
    prices = GenaiPrices(clock.now_us)
    url = f"sqlite:///{directory.resolve()}"
    stores = open_stores(url, now_us=clock.now_us, random_bytes=system_random, prices=prices)
    try:
        return create_admin_key(stores[0], clock, "new admin")
    finally:
        for store in stores:
            store.close()
