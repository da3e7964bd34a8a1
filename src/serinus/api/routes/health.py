"""Whether this process answers and reaches its store; the one route without a key."""

from http import HTTPStatus

from fastapi import APIRouter
from pydantic import BaseModel, Field

from serinus import __version__
from serinus.api.parts import Parts
from serinus.api.problems import documented


class HealthView(BaseModel):
    """This process can do its work."""

    status: str = Field(description="`ok`; anything else is a problem document.")
    version: str = Field(description="Of Serinus.")
    revision: int = Field(description="The newest routing snapshot; 0 before the first.")


def routes(parts: Parts) -> APIRouter:
    """The route `/health`."""
    router = APIRouter(tags=["health"])

    @router.get("/health", operation_id="health", responses=documented(HTTPStatus.SERVICE_UNAVAILABLE))
    def health() -> HealthView:
        """Answers 503 while the store cannot be reached."""
        with parts.control.tx() as tx:
            return HealthView(status="ok", version=__version__, revision=tx.revision())

    return router
