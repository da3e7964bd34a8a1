"""The routing snapshot, format 1: all that a gateway worker or SDK needs to route and compose.

A file is one JSON header line `{"format", "min_reader", "revision", "digest"}` and the JSON body behind it;
the digest is `sha256:` over the body's bytes. Readers accept a file when its `min_reader` is at most their own
number, and pass over fields they do not know. The file is written by atomic rename.
"""

from __future__ import annotations

import hashlib
from typing import Any, Literal

import msgspec

from serinus.core.errors import FormatError
from serinus.core.routing.assignment import RampPoint
from serinus.core.routing.cached import AnswerCache
from serinus.core.routing.predicate import Predicate
from serinus.core.routing.price import Price

FORMAT = 1
READER = 3
"""2 knows populations and further kinds of units: who does not may not serve what holds them. 3 says the message of an
app where nothing is live; who does not answers 503 there, and serves all else as it should."""
BUILT_IN = ("email", "phone", "card")
"""What is taken out of kept texts by name; core.wire.redaction has the patterns."""


UnitKind = Literal["user", "request", "refuse", "api_key", "prompt_cache_key"]
AttributeSource = Literal["header", "metadata"]
_KINDS_OF_READER_1 = frozenset({"user", "request", "refuse"})


class Struct(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of the snapshot's values: immutable, keyword-only, defaults left out on the wire."""


class Variable(Struct, frozen=True, kw_only=True):
    """A declared template variable; `type` is checked, `default` used when the caller gives none."""

    type: Literal["string", "number", "integer", "boolean", "list", "object"] = "string"
    required: bool = True
    default: Any = None
    description: str = ""


class Message(Struct, frozen=True, kw_only=True):
    """One role section of a prompt: Jinja2 source text."""

    role: Literal["system", "developer", "user", "assistant"]
    template: str


class FormatRule(Struct, frozen=True, kw_only=True):
    """What a well-formed answer is: JSON (an object with these keys), or text matched by a regular expression."""

    kind: Literal["json_object", "regex"]
    required_keys: tuple[str, ...] = ()
    pattern: str = ""


RuleKind = Literal["regex", "forbidden_tools", "allowed_tools", "json_value", "max_length"]


class PolicyRule(Struct, frozen=True, kw_only=True):
    """What no answer may do, whatever version gives it: its text holds the `pattern` (`regex`), it proposes one of the
    `tools` (`forbidden_tools`) or one that is not among them (`allowed_tools`), its JSON has at the dotted `key` one of
    `values` or, without values, anything (`json_value`), or its text is longer than `max_chars` (`max_length`).

    `zero_tolerance`: one candidate's answer that breaks it takes the release back.
    """

    name: str
    kind: RuleKind
    pattern: str = ""
    tools: tuple[str, ...] = ()
    key: str = ""
    values: tuple[str | int | float | bool | None, ...] = ()
    max_chars: int = 0
    zero_tolerance: bool = False


class Version(Struct, frozen=True, kw_only=True):
    """A version ready to serve. `parameters` is a pre-encoded JSON object without its braces (may be empty).

    `digest` (hex SHA-256) names the bundle, `behaviour` what the model sees; `endpoint` names an Endpoint. `price` is
    that of its model there when the snapshot was made; None: unknown.
    """

    digest: str
    name: str
    behaviour: str
    endpoint: str
    model: str
    messages: tuple[Message, ...] = ()
    variables: dict[str, Variable] = {}
    parameters: str = ""
    caller_may_set: tuple[str, ...] = ()
    price: Price | None = None


class BreakerRule(Struct, frozen=True, kw_only=True):
    """When a worker's circuit breaker of an endpoint opens: after so many `failures` (0: never) within `window_s`, when
    they are at least this `share` of the calls since the first of them; it lets a probe through every `open_s`."""

    failures: int = 10
    share: float = 0.8
    window_s: float = 10.0
    open_s: float = 5.0

    def __post_init__(self) -> None:
        if self.failures < 0 or not 0 < self.share <= 1 or self.window_s <= 0 or self.open_s <= 0:
            raise ValueError("a breaker takes failures >= 0, a share in (0, 1], and times above 0")


class Endpoint(Struct, frozen=True, kw_only=True):
    """An upstream: OpenAI-compatible base URL. The key is read from the environment variable named, never stored.

    `shadow_api_key_env` names the variable of a key for mirrored requests alone (empty: they use the users' key).
    """

    name: str
    base_url: str
    api_key_env: str = ""
    ca_file: str = ""
    prices: dict[str, Price] = {}
    shadow_api_key_env: str = ""
    breaker: BreakerRule = BreakerRule()


class Limits(Struct, frozen=True, kw_only=True):
    """Time limits in seconds and sizes in bytes of one application's calls."""

    connect_s: float = 5.0
    first_token_s: float = 60.0
    between_tokens_s: float = 30.0
    total_s: float = 600.0
    body_bytes: int = 8 * 1024 * 1024
    answer_bytes: int = 64 * 1024 * 1024


class Mirror(Struct, frozen=True, kw_only=True):
    """A copy of a share of the requests goes to the candidate; nobody sees its answers.

    `share` in [0, 1] of the units. The bounds are those of one host: `max_concurrency` copies at a time, and
    `max_cost_nano` nano-USD in all (0: no ceiling).
    """

    share: float
    max_concurrency: int
    max_cost_nano: int = 0


class Measured(Struct, frozen=True, kw_only=True):
    """What the host agents measure of each unit of a comparison, for the guardrail on `metric`: with `slot` the bit of
    a unit that tells it.

    Of a latency or time to first byte (`of`), µs beyond which a call of the `candidate` or `control` counts (0: not
    known yet); of cost (nano-USD) and tokens what a call counts as at most, the same in both (0: no cap).
    """

    metric: str
    of: Literal["latency", "ttft", "cost", "tokens"]
    slot: int
    candidate: int = 0
    control: int = 0


class Release(Struct, frozen=True, kw_only=True):
    """The release that an app is in: `ramp` is its history; `serving` false means baseline for all (pause ≠ this).

    `lease_s`: a worker serves the candidate only while the host's lease was renewed within this time (monotonic).
    `populations`: by step, whom the ramp means (None, or no entry: everyone); its share is then of that population.
    Units in `forced` are served the candidate, outside the comparison. `control` empty: nothing is live, and the app's
    message answers whom the candidate does not. Then conversations begun at revision `closed_from` or later (0: none
    is meant) get the message, too: a pause takes in nobody new.
    `measures`: what guardrails besides those on events need of each unit; `awaited`: metrics whose labels they need.
    `mirror`: while it is there nobody is served by the candidate, but copies go to it, under the same lease.
    """

    id: str
    salt: str
    candidate: str
    control: str
    ramp: tuple[RampPoint, ...]
    serving: bool = True
    lease_s: float = 30.0
    forced: tuple[str, ...] = ()
    assign_v: int = 1
    mirror: Mirror | None = None
    populations: tuple[Predicate | None, ...] = ()
    measures: tuple[Measured, ...] = ()
    awaited: tuple[str, ...] = ()
    closed_from: int = 0


class App(Struct, frozen=True, kw_only=True):
    """One application. `live` is the baseline version's digest; `override` pins all traffic to a version.

    `unit`: where units come from when no header names one: `user` (the standard fields), `request` (each call its
    own unit), `refuse`. `api_key` (the caller's name) and `prompt_cache_key` (that field) are the unit themselves,
    whatever else a call names. `attributes`: where callers' attributes are read, the first place first.
    `overdue_s`: a call without a first byte for so long counts as an `overdue` event.
    `fallback_message` answers calls that no version answers (empty: they get an error), `fallback_json` those of them
    that ask for JSON: the text of an object (empty: they get an error); `fallback_after_s`: a version
    without a first byte for so long is given up for the next rung (0: for `first_token_s`, as without a message).
    `cached` answers before the message does (None: nothing is cached); where none of it is like a question enough,
    `hand_off_message` and `hand_off_json` are said in place of the message (empty: the message is).
    `rules` hold for every answer. The texts of `payload_share` of the calls are kept, without what `redact` (built-in)
    and `redact_patterns` (regular expressions by name) find in them.
    """

    name: str
    live: str | None = None
    override: str | None = None
    release: Release | None = None
    unit: UnitKind = "user"
    limits: Limits = Limits()
    format_rule: FormatRule | None = None
    fallback_message: str = ""
    fallback_json: str = ""
    overdue_s: float = 30.0
    payload_share: float = 0.0
    rules: tuple[PolicyRule, ...] = ()
    redact: tuple[str, ...] = BUILT_IN
    redact_patterns: dict[str, str] = {}
    fallback_after_s: float = 0.0
    attributes: tuple[AttributeSource, ...] = ()
    cached: AnswerCache | None = None
    hand_off_message: str = ""
    hand_off_json: str = ""


class Caller(Struct, frozen=True, kw_only=True):
    """A key that may call: hex SHA-256 of the key, the apps it may name (`*` for all), and whether it may pin."""

    key_sha256: str
    name: str
    apps: tuple[str, ...] = ("*",)
    may_pin: bool = False


class Snapshot(Struct, frozen=True, kw_only=True):
    """The body. `mac_key` and `pseudonym_key` are hex (the file is mode 0600); times are µs UTC."""

    revision: int
    issued_at_us: int
    project: str = "default"
    mac_key: str
    pseudonym_key: str
    pseudonym_key_id: str = "k1"
    callers: tuple[Caller, ...] = ()
    endpoints: dict[str, Endpoint] = {}
    versions: dict[str, Version] = {}
    apps: dict[str, App] = {}


class Header(Struct, frozen=True, kw_only=True):
    """The first line of a snapshot file."""

    format: int
    min_reader: int
    revision: int
    digest: str


def encode(snapshot: Snapshot) -> bytes:
    """The bytes of a snapshot file in format 1 (keys sorted, so that equal snapshots give equal bytes)."""
    body = msgspec.json.encode(snapshot, order="deterministic")
    digest = "sha256:" + hashlib.sha256(body).hexdigest()
    header = Header(format=FORMAT, min_reader=_min_reader(snapshot), revision=snapshot.revision, digest=digest)
    return msgspec.json.encode(header) + b"\n" + body


def decode(raw: bytes) -> Snapshot:
    """The snapshot in these bytes; FormatError when torn, altered, malformed, or for newer readers only."""
    head, _, body = raw.partition(b"\n")
    try:
        header = msgspec.json.decode(head, type=Header)
        if header.min_reader > READER:
            raise FormatError(
                f"snapshot format {header.format} needs reader {header.min_reader}, this is {READER}",
                mend="upgrade Serinus on this host",
            )
        if header.digest != "sha256:" + hashlib.sha256(body).hexdigest():
            raise FormatError("snapshot body does not match its digest", mend="fetch the snapshot again")
        return msgspec.json.decode(body, type=Snapshot)
    except (ValueError, RecursionError) as error:  # msgspec's own errors and broken UTF-8 are ValueErrors
        raise FormatError(f"not a routing snapshot: {error}", mend="fetch the snapshot again") from error


def _min_reader(snapshot: Snapshot) -> int:
    """The oldest reader that serves this as it is meant: one that knows no populations would expose everybody."""
    new = any(
        app.unit not in _KINDS_OF_READER_1 or (app.release is not None and app.release.populations)
        for app in snapshot.apps.values()
    )
    return 2 if new else 1
