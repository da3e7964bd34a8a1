"""A version as it is asked in a run: composed exactly as the gateway would."""

from __future__ import annotations

import hashlib
from typing import Any

from serinus.core.judging.answer import Price
from serinus.core.judging.case import Case
from serinus.core.judging.judge import prompt_text
from serinus.core.judging.report import VersionRef
from serinus.core.routing.snapshot import Endpoint, Version
from serinus.core.versions.compose import Composer


class Target:
    """A version and the endpoint that answers for it. TemplateError when its prompt does not compile."""

    def __init__(self, version: Version, endpoint: Endpoint, price: Price | None) -> None:
        self.endpoint = endpoint
        self.price = price
        self.ref = VersionRef(name=version.name, digest=version.digest, endpoint=endpoint.name, model=version.model)
        self.key = hashlib.sha256(f"{version.digest}\n{endpoint.base_url}".encode()).hexdigest()
        self.prompt = prompt_text(version.messages)
        self._composer = Composer(version)
        self._sets_user = '"user":' in version.parameters

    def body(self, case: Case, repeat: int) -> bytes:
        """The request body for a case. The first repeat is what a caller of the app would send; further ones name a
        `user` of their own, so that nothing on the way answers from memory. InvalidInput when the case does not fit
        the version: a variable is missing, or of another type."""
        caller: dict[str, Any] = {"variables": case.vars}
        if case.messages:
            caller["messages"] = list(case.messages)
        elif case.input:
            caller["messages"] = [{"role": "user", "content": case.input}]
        if repeat and not self._sets_user:
            caller["user"] = f"serinus-eval-{repeat}"
        return self._composer.compose(caller, stream=False)
