"""Numbers, times and names as people read them: the filters of the templates."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import msgspec
from markupsafe import Markup, escape

from serinus.core.access import Role
from serinus.core.decision.wording import amount, odds, percent, span
from serinus.core.judging.standing import hour_text
from serinus.core.metrics import REGISTRY
from serinus.core.pipeline.shadow import TITLES
from serinus.core.versions.release_type import risk_level

NONE = "–"
# Control characters but tab and line feed, and what turns, joins or hides text.
_HIDDEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    r"\U000e0000-\U000e007f]"
)
_CODE = re.compile(r"`([^`]+)`")
_PICTURES = 0x2400
_LEVELS = ((100.0, "strong"), (10.0, "some"), (1.0, "weak"))

ACTIONS = {
    "make_live": "made live", "create": "created", "start": "started", "pause": "paused", "resume": "resumed",
    "abort": "aborted", "roll_back": "rolled back", "approve": "approved", "reject": "refused", "rerun": "run again",
    "push": "pushed", "store": "stored", "sign": "signed", "set": "set", "clear": "cleared", "revoke": "revoked",
    "erase": "erased", "freeze": "frozen", "unfreeze": "going on", "queue": "waiting", "unqueue": "not started",
    "configure": "configured", "acknowledge": "acknowledged", "advance": "advanced", "enter": "went on",
    "request_approval": "asks for approval", "confirm": "confirmed", "promote": "promoted",
    "measure": "measured", "calibrate": "thresholds learned", "escalate": "escalated", "give_up": "given up",
    "suspect": "raised", "witness": "raised again", "confirm_violation": "violation confirmed",
    "dismiss": "dismissed", "review": "reviewed",
    "change": "changed", "recover": "recovered", "alert": "beyond its alert", "critical": "critical",
    "no_data": "without data", "read": "read", "gap": "seen differently", "mix": "hand-overs shifted",
    "open": "opened", "note": "noted", "count": "exposure counted", "close": "closed", "late": "late",
    "hold_back": "held back", "propose": "proposed", "remove": "taken out", "purge": "taken out with its version",
}  # fmt: skip
ROLES = {
    "ml_lead": "ML lead", "ml_engineer": "ML engineer", "ops_lead": "operations lead", "on_call": "on-call",
}  # fmt: skip
_ROLE = re.compile(rf"(?<![\w.-])(?:{'|'.join(role.value for role in Role if '_' in role.value)})(?![\w.-])")
_CALL = re.compile(r"(?<![\w-])(call_[\w-]{4})[\w-]{54}([\w-]{6})(?![\w-])", re.ASCII)
_WHOLE_CALL = re.compile(r"(?<![\w-])call_[\w-]{64}(?![\w-])", re.ASCII)
_SUSPICION = re.compile(r" \(sus_[0-9a-f]{24}\)")
STATES = {"rolling_back": "rolling back", "rolled_back": "rolled back"}
TONES = {
    "running": "going", "watching": "going", "promoted": "good", "paused": "held", "rolling_back": "bad",
    "rolled_back": "bad", "rejected": "bad", "aborting": "held", "aborted": "quiet", "created": "quiet",
}  # fmt: skip
OUTCOMES = {"pass": "good", "inconclusive": "held", "no-data": "held", "error": "held", "fail": "bad"}


def sentence(text: str) -> Markup:
    """A fault's words as a sentence begins: with a capital letter, and what stands in backticks as code."""
    shown = str(escape(visible(text)))
    return Markup(_CODE.sub(r"<code>\1</code>", shown[:1].upper() + shown[1:]))  # noqa: S704 - escaped above


def visible(value: object) -> object:
    """What a template prints: control and invisible characters as signs that one sees, None as a dash."""
    if value is None:
        return NONE
    if isinstance(value, str) and not isinstance(value, Markup):
        return _HIDDEN.sub(_sign, value)
    return value


def _sign(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x20:
        return chr(_PICTURES + code)
    return "\u2421" if code == 0x7F else f"⟨U+{code:04X}⟩"


def when(at_us: int) -> Markup:
    """A moment as `21 Nov 2026, 01:26:15 UTC`, readable by machines too."""
    if not at_us:
        return escape(NONE)
    moment = datetime.fromtimestamp(at_us / 1e6, UTC)
    text = f"{moment.day} {moment:%b %Y, %H:%M:%S} UTC"
    return Markup('<time datetime="{}">{}</time>').format(moment.isoformat(timespec="milliseconds"), text)


def day(at_us: int) -> Markup:
    """A moment without its seconds."""
    if not at_us:
        return escape(NONE)
    moment = datetime.fromtimestamp(at_us / 1e6, UTC)
    text = f"{moment.day} {moment:%b %Y, %H:%M}"
    return Markup('<time datetime="{}" title="{} UTC">{}</time>').format(moment.isoformat(), text, text)


def moment(at_us: int) -> Markup:
    """A moment of these days, to the second."""
    at = datetime.fromtimestamp(at_us / 1e6, UTC)
    text = f"{at.day} {at:%b, %H:%M:%S}"
    return Markup('<time datetime="{}">{}</time>').format(at.isoformat(timespec="milliseconds"), text)


def rate(share: float | None) -> str:
    """A share as a percentage; a dash when nobody knows it."""
    return NONE if share is None else percent(share)


def seconds(value: float | None) -> str:
    """A duration; a dash when nobody knows it."""
    if value is None:
        return NONE
    return f"{value * 1000:.0f} ms" if value < 1 else span(value)


def age(at_us: int, now_us: int) -> str:
    """How long ago, in the largest unit."""
    return f"{span(max(0, now_us - at_us) // 1_000_000)} ago"


def odds_text(log_e: float) -> str:
    """An e-value as odds: `0.4 to 1`, `12 to 1`, `10^7 to 1`."""
    return f"{math.exp(log_e):.2g} to 1" if log_e < math.log(10) else f"{odds(log_e)} to 1"


def weight_text(log_e: float) -> str:
    """How much evidence of harm there is, in one word."""
    return next((word for above, word in _LEVELS if log_e > math.log(above)), "none")


def part(log_e: float, needed: float) -> float:
    """How far evidence has come to its threshold, in [0, 1]."""
    return max(0.0, min(1.0, log_e / needed)) if needed > 0 else 0.0


def metric_title(name: str) -> str:
    """A metric in words; its name when this Serinus does not know it."""
    found = REGISTRY.get(name)
    return found.title if found else name


def action_text(action: str) -> str:
    """`release rolled back` for `tick:release:roll_back`."""
    _, _, rest = action.partition(":")
    thing, _, deed = rest.partition(":")
    return f"{thing} {ACTIONS.get(deed, deed)}".replace("_", " ").strip() or action


def role_text(role: str) -> str:
    """A role as people say it: `ML lead` for `ml_lead`."""
    return ROLES.get(role) or role.replace("_", " ")


def said(text: str) -> str:
    """A sentence of a decision as people say it: roles by their words (`approved by olga as operations lead`), the
    call that it is about by the ends of its id, which the page shows in full, and no id of a suspicion."""
    shorter = _CALL.sub(r"\1…\2", _SUSPICION.sub("", text))
    return _ROLE.sub(lambda found: role_text(found[0]), shorter)


def call_in(text: str) -> str:
    """The first call that a sentence names; empty when it names none."""
    found = _WHOLE_CALL.search(text)
    return found[0] if found else ""


def state_text(state: str) -> str:
    """A state with a space where its name has none."""
    return STATES.get(state, state)


def pretty(raw: str | bytes) -> str:
    """JSON text with indents; other text as it is."""
    try:
        return msgspec.json.format(raw.encode() if isinstance(raw, str) else raw, indent=2).decode()
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return raw if isinstance(raw, str) else raw.decode(errors="replace")


def clock(at_us: int) -> str:
    """The time of day in UTC."""
    return f"{datetime.fromtimestamp(at_us / 1e6, UTC):%H:%M:%S}"


def measure(value: float, unit: str) -> str:
    """A number of a chart with its unit."""
    match unit:
        case "share":
            return percent(value)
        case "ms":
            return f"{value:,.0f} ms"
        case "odds":
            return f"{value:,.3g} to 1"
        case _:
            return f"{value:.3g}"


def short(digest: str | None) -> str:
    """The beginning of a digest, enough to name it."""
    return digest[:12] if digest else NONE


def count(value: int | None) -> str:
    """A whole number with thousands apart."""
    return NONE if value is None else f"{value:,}"


def seen_text(value: float | None, unit: str) -> str:
    """What a place has seen, in the metric's unit, or as the plain number that a score or a ratio is; a dash where
    nobody knows it."""
    if value is None:
        return NONE
    return f"{value:.3g}" if unit in ("score", "ratio") else amount(unit, value)


FILTERS: dict[str, Callable[..., Any]] = {
    "when": when, "moment": moment, "day": day, "rate": rate, "seconds": seconds, "age": age, "odds": odds_text,
    "weight": weight_text,
    "part": part, "metric": metric_title, "amount": lambda value, unit: amount(unit, value),
    "seen": seen_text, "sentence": sentence,
    "action": action_text, "hour": hour_text, "said": said, "call_in": call_in, "state": state_text, "pretty": pretty,
    "short": short, "clock": clock, "measure": measure, "count": count, "percent": percent, "span": span,
    "tone": lambda state: TONES.get(state, "quiet"),
    "level": risk_level, "role": role_text,
    "measured": lambda name: TITLES.get(name, name),
    "outcome_tone": lambda outcome: OUTCOMES.get(outcome, "quiet"),
    "segment": lambda text: quote(str(text), safe=""),
}  # fmt: skip
