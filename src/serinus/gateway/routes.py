"""A routing snapshot made ready to serve: prompts compiled, fragments encoded, keys indexed."""

from __future__ import annotations

import hashlib
import re
import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

from serinus.core.errors import FormatError, InvalidInput
from serinus.core.ids import id_bytes
from serinus.core.records import call_id
from serinus.core.records.sampling import below
from serinus.core.routing import conversation
from serinus.core.routing.assignment import Arm
from serinus.core.routing.cached import AnswerCache, Searchable
from serinus.core.routing.snapshot import App, Caller, Endpoint, Snapshot, Version
from serinus.core.versions.compose import Composer
from serinus.core.versions.naming import plain_name
from serinus.core.wire.breaker import Breaker
from serinus.core.wire.redaction import Redaction
from serinus.gateway.scope import Scope

_NS = 1_000_000_000
_CACHED_CREDENTIALS = 4096
_CANONICAL_NAME = r"-\d{4}-W\d{2}-\d+"
_MIN_DIGEST_PREFIX = 8


class Target:
    """An upstream: where to connect, the head that every request to it begins with, and its circuit breaker. Copies of
    requests begin with `shadow_head`, which has their own key if they have one; None: it is named, and not there."""

    __slots__ = ("breaker", "ca_file", "endpoint", "head", "host", "key", "port", "shadow_head", "tls")

    def __init__(
        self, endpoint: Endpoint, api_key: str, breaker: Breaker | None = None, shadow_key: str | None = None
    ) -> None:
        url = urlsplit(endpoint.base_url)
        if url.scheme not in ("http", "https") or not url.hostname:
            raise FormatError(
                f"endpoint {endpoint.name} has no http(s) base URL", where="endpoints", mend="e.g. https://host/v1"
            )
        _check_key(endpoint.api_key_env, api_key)
        _check_key(endpoint.shadow_api_key_env, shadow_key or "")
        self.endpoint = endpoint
        self.breaker = breaker or Breaker(endpoint.breaker)
        self.host = url.hostname
        self.tls = url.scheme == "https"
        self.port = url.port or (443 if self.tls else 80)
        self.ca_file = endpoint.ca_file
        self.key = (self.host, self.port, self.tls, self.ca_file)
        lines = [
            f"POST {url.path.rstrip('/')}/chat/completions HTTP/1.1",
            f"host: {url.netloc.rpartition('@')[2]}",
            "content-type: application/json",
            "accept: application/json, text/event-stream",
            "accept-encoding: identity",
            "user-agent: serinus",
        ]
        self.head = _head(lines, api_key)
        self.shadow_head: bytes | None = self.head
        if endpoint.shadow_api_key_env:
            self.shadow_head = _head(lines, shadow_key) if shadow_key else None

    def context(self) -> ssl.SSLContext | None:
        """A verifying TLS context; None for plain HTTP. FormatError when the CA file does not read."""
        if not self.tls:
            return None
        try:
            return ssl.create_default_context(cafile=self.ca_file or None)
        except OSError as error:
            raise FormatError(
                f"endpoint {self.endpoint.name}: {self.ca_file} does not read: {error}", mend="give a PEM file"
            ) from error


def _check_key(variable: str, key: str) -> None:
    if "\r" in key or "\n" in key:
        raise FormatError(f"the key in {variable} holds a line break", mend="set it again without one")


def _head(lines: list[str], api_key: str) -> bytes:
    authorized = [*lines, f"authorization: Bearer {api_key}"] if api_key else lines
    return ("\r\n".join(authorized) + "\r\n").encode()


class Served:
    """A version as the pipe uses it; `headers` name it to callers."""

    __slots__ = ("composer", "digest", "headers", "name", "source", "target")

    def __init__(self, version: Version, target: Target) -> None:
        if not version.name.isprintable():
            raise InvalidInput("a version name with unprintable characters", where="versions", mend="rename it")
        self.source = version
        self.name = version.name
        self.digest = bytes.fromhex(version.digest)
        self.target = target
        self.composer = Composer(version)
        self.headers = f"x-serinus-version: {version.digest}\r\nx-serinus-version-name: {version.name}\r\n".encode()


class ServedApp:
    """An app as the pipe uses it. Limits in ns; `arms` are the response headers by an arm's number. `serve_until_ns` is
    how long its candidate may be served without a further renewal of the lease (monotonic; 0: not at all). `first_ns`
    is the limit on the time to the first byte, and `first_limit` names it; `message` answers when no version does,
    `json_message` where JSON is asked for, as it always is with `json_format`. `cached` answers before it (None:
    nothing is cached), after `first_ns` already where `patience_ns`, the whole of that limit, is longer.
    `mirror`: copies of requests go to the candidate (None: they do not)."""

    __slots__ = (
        "answer_bytes",
        "app",
        "arms",
        "between_ns",
        "body_bytes",
        "by_name",
        "cached",
        "call_mac",
        "candidate",
        "connect_ns",
        "conversation_mac",
        "encoded",
        "first_limit",
        "first_ns",
        "format_rule",
        "json_format",
        "json_message",
        "live",
        "message",
        "mirror",
        "name",
        "overdue_ms",
        "override",
        "patience_ns",
        "payload_below",
        "pinnable",
        "reads_text",
        "redaction",
        "release_id",
        "rules",
        "scope",
        "serve_until_ns",
        "total_ms",
        "total_ns",
    )

    def __init__(
        self,
        app: App,
        versions: Mapping[str, Served],
        pinnable: dict[str, Served],
        mac_key: bytes,
        previous: ServedApp | None = None,
    ) -> None:
        self.app = app
        self.name = app.name
        self.encoded = app.name.encode()
        self.call_mac = call_id.issuer(mac_key, self.encoded)
        self.conversation_mac = conversation.issuer(mac_key, app.name)
        self.body_bytes = app.limits.body_bytes
        self.answer_bytes = app.limits.answer_bytes
        self.format_rule = app.format_rule
        self.rules = app.rules
        self.mirror = app.release.mirror if app.release is not None and _may_mirror(app) else None
        self.reads_text = app.format_rule is not None or bool(app.rules) or self.mirror is not None
        self.payload_below = below(app.payload_share)
        self.redaction = Redaction(app.redact, app.redact_patterns) if self.payload_below else None
        release = app.release
        self.live = _of(app.live, versions, app)
        self.override = _of(app.override, versions, app)
        self.candidate = _of(release.candidate, versions, app) if release else None
        self.scope = Scope.of(app)
        self.by_name = app.unit in ("user", "request", "refuse")
        self.release_id = id_bytes(release.id) if release else bytes(16)
        self.serve_until_ns = 0
        self.overdue_ms = int(app.overdue_s * 1000)
        self.connect_ns = int(app.limits.connect_s * _NS)
        self.message = app.fallback_message
        self.json_message = app.fallback_json
        self.json_format = app.format_rule is not None and app.format_rule.kind == "json_object"
        sooner = bool(app.fallback_message) and 0 < app.fallback_after_s < app.limits.first_token_s
        self.first_limit = "fallback_after_s" if sooner else "first_token_s"
        self.patience_ns = int((app.fallback_after_s if sooner else app.limits.first_token_s) * _NS)
        self.first_ns = _before_the_cache(app.cached, self.patience_ns)
        kept = previous.cached if previous else None
        self.cached: Searchable | None = Searchable(app.cached, kept) if app.cached else None
        self.between_ns = int(app.limits.between_tokens_s * _NS)
        self.total_ns = int(app.limits.total_s * _NS)
        self.total_ms = self.total_ns // 1_000_000
        self.pinnable = pinnable
        self.arms = tuple(_arm_headers(arm, release.id if release else "") for arm in Arm)

    def pinned(self, ref: str) -> Served | None:
        """The version of this name or label, digest, or digest prefix of at least 8 characters; None when it is not
        here."""
        found = self.pinnable.get(ref) or self.pinnable.get(plain_name(ref))
        if found is None and len(ref) >= _MIN_DIGEST_PREFIX:
            fits = {served.digest: served for served in self.pinnable.values() if served.digest.hex().startswith(ref)}
            found = next(iter(fits.values())) if len(fits) == 1 else None
        return found


class Routes:
    """All of one snapshot, ready. Built off the loop; FormatError when the snapshot contradicts itself."""

    __slots__ = ("_callers", "_credentials", "apps", "body_bytes", "mac_key", "pseudonym_key", "revision", "targets")

    def __init__(self, snapshot: Snapshot, environment: Mapping[str, str], previous: Routes | None = None) -> None:
        self.revision = snapshot.revision
        self.mac_key = _key(snapshot.mac_key, "mac_key")
        self.pseudonym_key = _key(snapshot.pseudonym_key, "pseudonym_key")
        self.targets = {
            name: Target(
                endpoint,
                environment.get(endpoint.api_key_env, ""),
                _breaker(endpoint, previous),
                environment.get(endpoint.shadow_api_key_env),
            )
            for name, endpoint in snapshot.endpoints.items()
        }
        versions = self._versions(snapshot, previous)
        before = previous.apps if previous else {}
        self.apps: dict[str, ServedApp] = {
            name: ServedApp(app, versions, _pinnable(app, versions), self.mac_key, before.get(name))
            for name, app in snapshot.apps.items()
        }
        self.body_bytes = max((app.limits.body_bytes for app in snapshot.apps.values()), default=1 << 20)
        self._callers = {caller.key_sha256: caller for caller in snapshot.callers}
        self._credentials: dict[bytes, Caller] = {}

    def caller(self, credential: bytes) -> Caller | None:
        """Whose key this is; None for an unknown one."""
        found = self._credentials.get(credential)
        if found is None:
            found = self._callers.get(hashlib.sha256(credential).hexdigest())
            if found is not None and len(self._credentials) < _CACHED_CREDENTIALS:
                self._credentials[credential] = found
        return found

    def _versions(self, snapshot: Snapshot, previous: Routes | None) -> dict[str, Served]:
        known = {served.source.digest: served for served in previous.served()} if previous else {}
        versions = {}
        for digest, version in snapshot.versions.items():
            target = self.targets.get(version.endpoint)
            if target is None:
                raise FormatError(f"version {version.name} names endpoint {version.endpoint!r}, which is not here")
            old = known.get(digest)
            if old is not None and old.source == version and old.target.head == target.head:
                served = old
                served.target = target
            else:
                served = _serve(version, target)
            versions[digest] = served
        return versions

    def served(self) -> list[Served]:
        """Every version that some app may serve."""
        return [served for app in self.apps.values() for served in app.pinnable.values()]


def _before_the_cache(cache: AnswerCache | None, patience_ns: int) -> int:
    """After how long without a first byte it is looked whether a cached answer may take over; else all the time."""
    after_ns = int(cache.after_s * _NS) if cache is not None and cache.answers else 0
    return after_ns if 0 < after_ns < patience_ns else patience_ns


def _serve(version: Version, target: Target) -> Served:
    try:
        return Served(version, target)
    except (InvalidInput, ValueError) as error:
        raise FormatError(f"version {version.name} cannot be served: {error}", mend="push it again") from error


def _may_mirror(app: App) -> bool:
    """Whether there is a baseline that answers users, and a candidate that may be asked beside it."""
    return app.live is not None and app.override is None and app.release is not None and app.release.serving


def _breaker(endpoint: Endpoint, previous: Routes | None) -> Breaker | None:
    """What was learnt of the same endpoint before; None: nothing."""
    known = previous.targets.get(endpoint.name) if previous else None
    same = known is not None and (known.endpoint.base_url, known.breaker.rule) == (endpoint.base_url, endpoint.breaker)
    return known.breaker if known is not None and same else None


def _arm_headers(arm: Arm, release: str) -> bytes:
    told = f"x-serinus-release: {release}\r\n" if release and arm not in (Arm.PINNED, Arm.OVERRIDE) else ""
    return f"{told}x-serinus-arm: {arm.label}\r\n".encode()


def _key(text: str, name: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise FormatError(f"{name} is not hexadecimal", where="snapshot") from None


def _of(digest: str | None, versions: Mapping[str, Served], app: App) -> Served | None:
    if digest is None:
        return None
    found = versions.get(digest)
    if found is None:
        raise FormatError(f"app {app.name} names version {digest[:12]}, which is not here", where="snapshot")
    return found


def _pinnable(app: App, versions: Mapping[str, Served]) -> dict[str, Served]:
    """The versions that calls of an app may name: those it routes to, and those whose name is the app's."""
    named = re.compile(re.escape(app.name) + _CANONICAL_NAME)
    routed = {app.live, app.override}
    if app.release is not None:
        routed |= {app.release.candidate, app.release.control}
    return {
        key: served
        for digest, served in versions.items()
        if digest in routed or named.fullmatch(served.name)
        for key in (served.name, digest)
    }
