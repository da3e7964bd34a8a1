"""The text of a notice: what happened in one sentence, where to look, what to type. No secret, no markup."""

from __future__ import annotations

import msgspec

from serinus.core.notices.kinds import ESCALATE, Tone, kind_of

MAX_REASON = 600

# What a person may want to type next; the names in braces are filled in.
COMMANDS: dict[str, tuple[str, ...]] = {
    "pause": ("serinus release status {release}", "serinus release resume {release} -m WHY",
              "serinus release rollback {release} -m WHY"),
    "roll_back": ("serinus release status {release}", "serinus audit list --subject {release}"),
    "start": ("serinus release watch {release}", "serinus release pause {release} -m WHY"),
    "request_approval": ("serinus release status {release}", "serinus release approve {release} -m WHY",
                         "serinus release reject {release} -m WHY"),
    "alert": ("serinus monitors {app}", "serinus release pause {release} -m WHY"),
    "critical": ("serinus monitors {app}", "serinus release rollback {release} -m WHY"),
    "no_data": ("serinus monitors {app}",),
    "recover": ("serinus monitors {app}",),
    "suspect": ("serinus suspicions --release {release}", "serinus release rollback {release} -m WHY"),
    "suspect_live": ("serinus suspicions --app {app}",),
    "dismiss": ("serinus suspicions --release {release}", "serinus release resume {release} -m WHY"),
    "review": ("serinus suspicions --release {release}", "serinus release resume {release} -m WHY"),
    "open_incident": ("serinus incidents show {release}", "serinus incidents confirm {release}"),
    "late_incident": ("serinus incidents show {release}",),
    "close_incident": ("serinus incidents show {release}",),
    "set_override": ("serinus override clear {app} -m WHY",),
    ESCALATE: ("serinus release status {release}", "serinus notices ack {original}"),
}  # fmt: skip
_LOOK = ("serinus release status {release}",)


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What a target gets. `id` is the same in every repetition, so that receivers can tell one."""

    id: str
    title: str
    body: str
    tone: Tone


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """What a notice is about. `number` is what `serinus notices ack` takes; `acknowledge_by`: a time as text, or
    empty. `original` is the number of the notice that an escalation repeats."""

    id: str
    number: int
    kind: str
    app: str
    release: str
    candidate: str
    reason: str
    acknowledge_by: str = ""
    original: int = 0


def compose(about: Subject, public_url: str) -> Message:
    """The message about something. Line ends and control characters of what people wrote become spaces."""
    kind = kind_of(about.kind)
    names = " ".join(_line(name) for name in (about.app, about.candidate) if name)
    lines = [_reason(about), ""]
    lines += _links(about, public_url.rstrip("/"))
    lines += [f"$ {command}" for command in _commands(about)]
    if about.acknowledge_by:
        lines.append(f"Acknowledge by {about.acknowledge_by}, or the leads are told:")
        lines.append(f"$ serinus notices ack {about.number}")
    lines += ["", f"notice {about.number} · {about.id}"]
    title = f"{kind.title}: {names}" if names else kind.title
    return Message(id=about.id, title=title, body="\n".join(lines), tone=kind.tone)


def _reason(about: Subject) -> str:
    text = _line(about.reason) or "No reason was given"
    text = text if len(text) <= MAX_REASON else text[: MAX_REASON - 1] + "…"
    return text if text[-1] in ".!?…" else text + "."


def _links(about: Subject, public_url: str) -> list[str]:
    if not public_url:
        return []
    if about.release:
        return [f"{public_url}/releases/{about.release}", f"{public_url}/api/v1/releases/{about.release}"]
    return [f"{public_url}/api/v1/apps/{about.app}"] if about.app else []


def _commands(about: Subject) -> list[str]:
    fields = {"release": about.release, "app": about.app, "original": about.original}
    usable = COMMANDS.get(about.kind, _LOOK if about.release else ())
    return [command.format(**fields) for command in usable if "{release}" not in command or about.release]


def _line(text: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
