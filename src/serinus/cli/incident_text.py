"""An incident in words."""

from __future__ import annotations

from collections.abc import Iterator

from serinus.cli.api_client import Document
from serinus.cli.output import moment
from serinus.core.decision.wording import amount


def incident_lines(one: Document) -> Iterator[str]:
    """All of it, a line at a time."""
    state = "open" if one["open"] else f"closed by {one['closed_by']} at {moment(one['closed_at'])}: {one['closing']}"
    yield f"{one['id']}  {one['severity']}, {state} (seq {one['seq']})"
    yield f"{one['app']} {one['version']}, release {one['release']}"
    yield one["reason"]
    if numbers := trigger_text(one["trigger"]):
        yield f"trigger  {numbers}"
    for call in one["trigger"]["calls"]:
        yield f"call     serinus calls show {call}"
    yield f"exposed  {exposed_text(one['exposed'])}"
    yield ""
    yield "clock"
    for item in one["clock"]:
        late = f", late told {moment(item['late_told_at'])}" if item["late_told_at"] else ""
        done = f"done {moment(item['done_at'])} by {item['done_by']}" if item["done_at"] else "open"
        yield f"  {moment(item['due_at'])}  {item['what']}: {done}{late}"
    yield ""
    yield f"to be signed ({one['sign_off']} list)"
    for duty in one["duties"]:
        if duty["required"] or duty["by"]:
            who = f"signed by {duty['by']} as {duty['role']}: {duty['reason']}" if duty["by"] else "open"
            yield f"  {duty['duty']} ({' or '.join(duty['roles'])}), {duty['title']}: {who}"
    yield ""
    yield "timeline"
    for each in one["timeline"]:
        yield f"  {moment(each['at'])}  {each['by']}: {each['what']}"


def trigger_text(trigger: Document) -> str:
    """The number that took the candidate back, its bound, and the control's."""
    if not trigger["metric"]:
        return ""
    parts = [
        f"{name} {amount(trigger['unit'], trigger[key]).strip()}"
        for name, key in (("was", "value"), ("bound", "threshold"), ("control", "against"))
        if trigger[key] is not None
    ]
    return f"{trigger['metric']} {', '.join(parts)}".rstrip()


def exposed_text(exposed: Document | None) -> str:
    """Whom the candidate met."""
    if exposed is None:
        return "not counted yet: serinus incidents count"
    if exposed["sessions"] is None:
        return f"{exposed['users']:,} users; sessions are not known, since no call log was at hand"
    return f"{exposed['users']:,} users in {exposed['sessions']:,} sessions, {exposed['calls']:,} calls"
