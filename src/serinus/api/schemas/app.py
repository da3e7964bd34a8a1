"""Apps and endpoints on the wire."""

from typing import Any, Literal

import msgspec
from pydantic import BaseModel, Field

from serinus.api.schemas.live_judge import LiveJudgeBody
from serinus.api.schemas.notice import NotificationsBody
from serinus.api.schemas.plan import Declared, PlanBody
from serinus.control.name_versions import Names
from serinus.core.errors import InvalidInput
from serinus.core.pipeline.app import AppConfig, AppState
from serinus.core.routing.cached import CONFIDENCE
from serinus.core.routing.snapshot import BUILT_IN, AttributeSource, Endpoint, RuleKind, UnitKind


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
    pattern: str = Field(default="", max_length=1000, description="`regex`: RE2, searched in the answer's text.")


class RuleBody(Declared):
    """What no answer may do, whatever version gives it."""

    name: str = Field(max_length=64)
    kind: RuleKind
    pattern: str = Field(default="", max_length=1000, description="`regex`: RE2, searched in the answer's text.")
    tools: list[str] = Field(default=[], description="`forbidden_tools`, or the only ones of `allowed_tools`.")
    key: str = Field(default="", description="`json_value`: a dotted key of the answer's JSON.")
    values: list[str | int | float | bool | None] = Field(
        default=[], description="`json_value`: none of them; empty: nothing."
    )
    max_chars: int = Field(default=0, ge=0, description="`max_length`: so long at most.")
    zero_tolerance: bool = Field(default=False, description="One candidate's violation takes its release back.")


class CachedFallbackBody(Declared):
    """Approved answers come before the fallback message."""

    confidence: float = Field(default=CONFIDENCE, gt=0, le=1, description="So like an approved question at least.")
    after_s: float = Field(
        default=0.0, ge=0, description="A version without a first byte for so long gives way to one; 0: it does not."
    )


class AppBody(Declared):
    """What is declared of an app."""

    plan: PlanBody | None = Field(default=None, description="Without one no release starts.")
    unit: UnitKind = Field(
        default="user", description="Where units come from when a call names none; or what is the unit instead."
    )
    attributes: list[AttributeSource] = Field(
        default=[], description="Where callers send attributes: `header` is x-serinus-attributes, `metadata` its field."
    )
    opted_in: dict[str, list[str]] = Field(
        default={}, description="Units that want the candidate, by the names of lists that steps may name."
    )
    limits: LimitsBody = Field(default_factory=LimitsBody, description="What is left out keeps its default.")
    format_rule: FormatRuleBody | None = None
    fallback_message: str = Field(default="", description="Answers calls that no version does; empty: an error does.")
    fallback_json: dict[str, Any] = Field(
        default={}, description="The same for calls that ask for JSON; empty: they get an error."
    )
    fallback_after_s: float = Field(
        default=0.0, description="A version without a first byte for so long is given up; 0: first_token_s."
    )
    fallback_cached: CachedFallbackBody | None = Field(default=None, description="Null: nothing is cached.")
    hand_off_message: str = Field(
        default="", description="Said where no cached answer is like the question enough; empty: the fallback message."
    )
    hand_off_json: dict[str, Any] = Field(default={}, description="The same for calls that ask for JSON.")
    overdue_s: float = Field(default=30.0, description="A call without a first byte for so long is overdue.")
    rules: list[RuleBody] = Field(default=[], description="Policy rules: they hold for every answer.")
    payload_share: float = Field(default=0.0, description="Share of calls whose texts are kept, redacted.")
    payload_days: int = Field(default=30, description="Kept texts are deleted when they are so old.")
    redact: list[str] = Field(
        default=list(BUILT_IN), description="What is taken out of kept texts: `email`, `phone`, `card`."
    )
    redact_patterns: dict[str, str] = Field(default={}, description="And what these RE2 expressions find, by name.")
    live_judges: list[LiveJudgeBody] = Field(default=[], description="Who grades a sample of the live answers.")
    notifications: NotificationsBody = Field(default_factory=NotificationsBody, description="Whom to tell what.")

    def config(self, name: str) -> AppConfig:
        """Core's value; InvalidInput names the field."""
        try:
            return msgspec.convert({"name": name, **self.model_dump()}, AppConfig)
        except msgspec.ValidationError as error:
            raise InvalidInput(str(error), where="app", mend="see /api/v1/openapi.json") from None


class VersionRef(BaseModel):
    """A version by its identity and what it is called."""

    digest: str
    name: str = Field(description="Empty when the version is not in the store.")
    label: str = Field(default="", description="The name with its state as suffix, for people; no key.")
    tag: str = Field(default="", description="REJECTED-{date}-{name} of a rejected version; empty for others.")


class AppView(BaseModel):
    """An app: what is declared and what it serves."""

    name: str
    project: str
    live: VersionRef | None = Field(description="The baseline; null before the first.")
    override: VersionRef | None = Field(description="All traffic is pinned to this version; null: no override.")
    release: str | None = Field(description="The id of the release it is in.")
    config: AppBody

    @classmethod
    def of(cls, state: AppState, names: Names, release: str | None) -> "AppView":
        """The view of an app."""
        config = msgspec.to_builtins(state.config)
        del config["name"]
        config["plan"] = PlanBody.of(state.config.plan) if state.config.plan else None
        return cls(
            name=state.config.name,
            project=state.project,
            live=version_ref(state.config.name, state.live, names),
            override=version_ref(state.config.name, state.override, names),
            release=release,
            config=AppBody.model_validate(config),
        )


class TierBody(Declared):
    """Other prices for all tokens of a call with more than `above` tokens in."""

    above: int = Field(ge=0)
    input: int
    output: int
    cached: int | None = None


class PriceBody(Declared):
    """Nano-USD for a million tokens: $0.15 is 150,000,000."""

    input: int
    output: int
    cached: int | None = Field(default=None, description="Of tokens in that the provider had kept; null: as others.")
    tiers: list[TierBody] = Field(default=[], description="In order of `above`.")
    table: str = Field(default="", description="Where the price is from; empty: declared here.")


class BreakerBody(Declared):
    """When a gateway worker stops asking an endpoint that fails."""

    failures: int = Field(default=10, ge=0, description="It opens after so many failures; 0: never.")
    share: float = Field(default=0.8, gt=0, le=1, description="They are at least so much of the calls since the first.")
    window_s: float = Field(default=10.0, gt=0, description="Within so many seconds.")
    open_s: float = Field(default=5.0, gt=0, description="One call goes through as a probe every so many seconds.")


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
    breaker: BreakerBody = Field(default_factory=BreakerBody, description="What is left out keeps its default.")
    prices: dict[str, PriceBody] = Field(default={}, description="By model; others have the list price, if known.")

    def endpoint(self, name: str) -> Endpoint:
        """Core's value."""
        return msgspec.convert({"name": name, **self.model_dump()}, Endpoint)


class EndpointView(EndpointBody):
    """An endpoint with its name."""

    name: str

    @classmethod
    def of(cls, endpoint: Endpoint) -> "EndpointView":
        """The view of an endpoint."""
        told = msgspec.to_builtins(msgspec.structs.asdict(endpoint))
        return cls.model_validate({name: value for name, value in told.items() if name in cls.model_fields})


def version_ref(app: str, digest: str | None, names: Names) -> VersionRef | None:
    """A reference, or None for none."""
    return named_ref(app, digest, names) if digest else None


def named_ref(app: str, digest: str, names: Names) -> VersionRef:
    """A reference to a version of an app."""
    named = names.of(app, digest)
    return VersionRef(digest=digest, name=named.name, label=named.label, tag=named.tag)
