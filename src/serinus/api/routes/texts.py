"""Routes of kept texts: read those of one call, erase those of a user."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import Field

from serinus.api.guard import Guard, actor
from serinus.api.once import Once, once
from serinus.api.parts import Parts
from serinus.api.problems import documented
from serinus.api.schemas.acts import ReasonBody
from serinus.api.schemas.text import ErasedView, TextsView
from serinus.control.erase_texts import erase_texts
from serinus.control.read_text import read_text
from serinus.core.access import Operation
from serinus.core.errors import InvalidInput, NotFound, StoreUnavailable
from serinus.core.records import call_id
from serinus.core.routing.conversation import pseudonym
from serinus.ports.control_store import ApiKey, ControlStore
from serinus.ports.payloads import Payloads


class EraseBody(ReasonBody):
    """Whose texts, and why: one of the two names them."""

    user: str = Field(default="", max_length=1000, description="By the name that calls give.")
    unit: str = Field(default="", max_length=100, description="By the pseudonym that calls show.")


def routes(parts: Parts) -> APIRouter:
    """The routes under `/texts`."""
    router = APIRouter(prefix="/texts", tags=["calls"], responses=documented(HTTPStatus.SERVICE_UNAVAILABLE))
    may_read = Guard(parts.control, Operation.VIEW_PAYLOADS)
    may_erase = Guard(parts.control, Operation.ERASE_PAYLOADS)
    request_once = once(parts)

    @router.get("/{call}", operation_id="get_texts", responses=documented(HTTPStatus.NOT_FOUND))
    def get_texts(call: str, key: Annotated[ApiKey, Depends(may_read)]) -> TextsView:
        """What a call was asked and answered, redacted, if its texts are kept. The reading is on the audit trail."""
        found = read_text(parts.control, kept(parts), parts.clock.now_us(), actor(key), call)
        if found is None:
            raise NotFound(
                "no texts of this call are kept",
                where="call",
                mend="only those of `payload_share` of the calls are, for `payload_days`, and not after an erasure",
            )
        with parts.telemetry.tx() as tx:
            return TextsView.of(found, tx.judgements(call_id.raw_of(call)))

    @router.post("/erase", operation_id="erase_texts", response_model=ErasedView)
    def post_erase(
        body: EraseBody, key: Annotated[ApiKey, Depends(may_erase)], request: Annotated[Once, Depends(request_once)]
    ) -> Response:
        """Delete all texts of a user's calls up to now, for good. Call records and the audit trail stay as they are."""
        texts = kept(parts)
        unit = _unit(parts, body)

        def work(store: ControlStore, actor: str) -> tuple[int, ErasedView]:
            calls = erase_texts(store, texts, parts.clock.now_us(), actor, unit, body.reason)
            return 200, ErasedView(unit=unit, calls=calls)

        return request.do(key, work)

    return router


def _unit(parts: Parts, body: EraseBody) -> str:
    if bool(body.user) == bool(body.unit):
        raise InvalidInput("one of user and unit names whose", where="user", mend="give one of them")
    if body.unit:
        return body.unit
    with parts.control.tx() as tx:
        return pseudonym(bytes.fromhex(tx.secrets().pseudonym_key), body.user).hex()


def kept(parts: Parts) -> Payloads:
    """The kept texts; StoreUnavailable when this process does not know where they are."""
    if parts.payloads is None:
        raise StoreUnavailable(
            "this control process does not know where kept texts are",
            where="texts",
            mend="start it with --segments, the folder that the gateway's --segments names",
        )
    return parts.payloads
