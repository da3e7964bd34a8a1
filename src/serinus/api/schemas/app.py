"""Apps and endpoints on the wire."""

from typing import Literal

import msgspec
from pydantic import BaseModel, Field

from serinus.api.schemas.notice import NotificationsBody
from serinus.api.schemas.plan import Declared, PlanBody
from serinus.core.errors import InvalidInput
from serinus.core.pipeline.app import AppConfig, AppState
from serinus.core.routing.snapshot import Endpoint


class LimitsBody(Declared):
    """Time limits in seconds and sizes in bytes of an app's calls."""

    connect_s: float = Field(default=5.0, gt=0)
    first_token_s: float = Field(default=60.0, gt=0)
    between_tokens_s: float = Field(default=30.0, gt=0)
    total_s: float = Field(default=600.0, gt=0)
    body_bytes: int = Field(default=8 * 1024 * 1024, gt=0)
    answer_bytes: int = Field(default=64 * 1024 * 1024, gt=0)


class FormatRuleBody(Declared):
    """What a well-formed answer is."""

    kind: Literal["json_object", "regex"]
    required_keys: list[str] = Field(default=[], description="Keys of a JSON object.")
    pattern: str = Field(default="", description="A regular expression that the whole text matches.")


class AppBody(Declared):
    """What is declared of an app."""

    plan: PlanBody | None = Field(default=None, description="Without one no release starts.")
    unit: Literal["user", "request", "refuse"] = Field(
        default="user", description="Where units come from when a call names none."
    )
    limits: LimitsBody = Field(default_factory=LimitsBody, description="What is left out keeps its default.")
    format_rule: FormatRuleBody | None = None
    fallback_message: str = Field(default="", description="Told when nothing else can be.")
    overdue_s: float = Field(default=30.0, description="A call without a first byte for so long is overdue.")
    payload_share: float = Field(default=0.0, description="Share of calls whose texts are kept.")
    notifications: NotificationsBody = Field(default_factory=NotificationsBody, description="Whom to tell what.")

    def config(self, name: str) -> AppConfig:
        """Core's value; InvalidInput names the field."""
        try:
            return msgspec.convert({"name": name, **self.model_dump()}, AppConfig)
        except msgspec.ValidationError as error:
            raise InvalidInput(str(error), where="app", mend="see /api/v1/openapi.json") from None


class VersionRef(BaseModel):
    """A version by its identity and its label."""

    digest: str
    name: str = Field(description="Empty when the version is not in the store.")


class AppView(BaseModel):
    """An app: what is declared and what it serves."""

    name: str
    project: str
    live: VersionRef | None = Field(description="The baseline; null before the first.")
    override: VersionRef | None = Field(description="All traffic is pinned to this version; null: no override.")
    release: str | None = Field(description="The id of the release it is in.")
    config: AppBody

    @classmethod
    def of(cls, state: AppState, names: dict[str, str], release: str | None) -> "AppView":
        """The view of an app; `names` are version names by digest."""
        config = msgspec.to_builtins(state.config)
        del config["name"]
        return cls(
            name=state.config.name,
            project=state.project,
            live=version_ref(state.live, names),
            override=version_ref(state.override, names),
            release=release,
            config=AppBody.model_validate(config),
        )


class EndpointBody(Declared):
    """An OpenAI-compatible upstream. Its key stays in the gateway's environment."""

    base_url: str = Field(
        max_length=2000, pattern=r"^https?://[^\s@]+$", description="http(s) URL without user or password."
    )
    api_key_env: str = Field(
        default="", pattern=r"^([A-Za-z_][A-Za-z0-9_]*)?$", description="Name of the variable that holds the key."
    )
    shadow_api_key_env: str = Field(
        default="",
        pattern=r"^([A-Za-z_][A-Za-z0-9_]*)?$",
        description="The same for mirrored requests, apart from the users' quota; empty: the users' key.",
    )
    ca_file: str = Field(default="", description="Certificates to trust, as a path on the gateway's host.")

    def endpoint(self, name: str) -> Endpoint:
        """Core's value."""
        return Endpoint(name=name, **self.model_dump())


class EndpointView(EndpointBody):
    """An endpoint with its name."""

    name: str

    @classmethod
    def of(cls, endpoint: Endpoint) -> "EndpointView":
        """The view of an endpoint."""
        return cls(
            name=endpoint.name,
            base_url=endpoint.base_url,
            api_key_env=endpoint.api_key_env,
            ca_file=endpoint.ca_file,
        )


def version_ref(digest: str | None, names: dict[str, str]) -> VersionRef | None:
    """A reference, or None for none."""
    return VersionRef(digest=digest, name=names.get(digest, "")) if digest else None
