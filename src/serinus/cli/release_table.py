"""A release as a table: arms beside each other, evidence against its threshold, dwell, and why."""

from __future__ import annotations

import math

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from serinus.cli.api_client import Document
from serinus.cli.output import NONE, name_of, plain
from serinus.cli.places_table import PLACES, places_table
from serinus.cli.plan_text import in_place_of
from serinus.cli.shadow_table import shadow_line, shadow_tables
from serinus.cli.suspicion_text import suspicion_text
from serinus.core.decision.wording import amount, usd
from serinus.core.records.live_calls import LEAST_HOURS
from serinus.files.units import duration_text, percent_text

_BAR = 24
_STYLES = {
    "running": "green",
    "watching": "green",
    "promoted": "bold green",
    "paused": "yellow",
    "rolling_back": "red",
    "aborting": "yellow",
    "rolled_back": "bold red",
    "aborted": "bold yellow",
    "rejected": "bold red",
}


def release_table(release: Document) -> RenderableType:
    """All of a release on one screen."""
    parts: list[RenderableType] = [_head(release)]
    if len(release["stages"]) > 1:
        parts += [Text(), _stages(release)]
    if release["standing"].get("shadow") and not release["exposed"]:
        parts += [Text(), *shadow_tables(release["standing"]["shadow"])]
    if release["exposed"]:
        parts += [Text(), _arms(release), Text(), _evidence(release)]
    if any(sum(row[place] is not None for place in PLACES) > 1 for row in release.get("side_by_side", ())):
        parts += [Text(), places_table(release["side_by_side"])]
    return Group(*parts, Text(), _foot(release))


def release_line(release: Document) -> str:
    """A release in one line, for logs."""
    standing = release["standing"]
    if standing.get("shadow") and not release["exposed"]:
        return f"{release['state']} {step_text(release)} {shadow_line(standing['shadow'])} {release['reason']}"
    arms = standing["arms"] if release["control"] else standing["arms"][:1]
    units = " ".join(f"{arm['arm']}={arm['units']}" for arm in arms)
    share = "" if release["final"] else f"share={percent_text(release['share'])} "
    evidence = f"{_odds(standing['log_e'])}:1 of {_odds(standing['needed_log_e'])}:1"
    return (
        f"{release['state']} {step_text(release)} {share}{units} "
        f"evidence={evidence if release['control'] else 'not compared'} dwell={dwell_text(release)} "
        f"{release['reason']}"
    )


def cost_text(arms: list[Document]) -> str:
    """What calls cost, by arm, shadow calls apart; empty when no price is known."""
    words = []
    for arm in arms:
        if arm["priced"]:
            unpriced = f", {arm['calls'] - arm['priced']:,} unpriced" if arm["calls"] > arm["priced"] else ""
            each, whole = usd(arm["usd_per_call"]), usd(arm["nano_usd"] / 1e9)
            words.append(f"{arm['arm']} {each} a call ({whole} in all{unpriced})")
    return "cost: " + "; ".join(words) if words else ""


def step_text(release: Document) -> str:
    """Which stage, and which step of how many; no step before users have seen the candidate."""
    if not release["exposed"]:
        return str(release["stage"])
    if len(release["stages"]) > 1:
        return f"{release['stage']}, step {release['step'] + 1}/{release['steps']}"
    return f"step {release['step'] + 1}/{release['steps']}"


def clock_text(offset_s: float) -> str:
    """How far a clock is off the store's, in words."""
    return f"is {duration_text(round(abs(offset_s)))} {'ahead' if offset_s > 0 else 'behind'}"


def dwell_text(release: Document) -> str:
    """Served of needed."""
    dwell = release["standing"]["dwell"]
    return f"{duration_text(dwell['served_s'])}/{duration_text(dwell['needed_s'])}" if dwell else NONE


def _head(release: Document) -> Text:
    style = _STYLES.get(release["state"], "")
    share = "" if release["final"] else f", {percent_text(release['share'])} of units"
    return Text.assemble(
        (release["app"], "bold"),
        f"  {name_of(release['candidate'])} in place of {in_place_of(release)}  ",
        (f"{release['state']}\n", style),
        f"{release['candidate']['tag']}\n" if release["candidate"].get("tag") else "",
        f"{step_text(release)}{share}  ",
        (f"{release['id']}  seq {release['seq']}", "dim"),
        _attempt(release),
        _risk(release),
    )


def _risk(release: Document) -> str:
    """The risk it was started with, in a line; empty where it is unknown."""
    risk = release.get("risk")
    if not risk:
        return ""
    count = len(release["changes"])
    more = f"; {count} change{'s' if count > 1 else ''} to the declared plan" if count else ""
    return f"\nrisk {risk['risk']} of 100 ({risk['level']}): {risk['type'].replace('_', ' ')}{more}"


def _attempt(release: Document) -> str:
    """What counts on from earlier attempts of the same content; empty for a first one."""
    if release.get("attempt", 1) == 1:
        return ""
    carried = f", evidence of {_odds(release['carried_log_e'])}:1 counts on" if release["carried_log_e"] else ""
    return f"\nattempt {release['attempt']} of its lineage{carried}"


def _stages(release: Document) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("stage", "kind", "", "result"):
        table.add_column(title, overflow="fold")
    for stage in release["stages"]:
        style = {"current": "bold", "ahead": "dim"}.get(stage["standing"], "")
        table.add_row(plain(stage["name"]), stage["kind"], stage["standing"], plain(_came_to(stage)), style=style)
    return table


def _came_to(stage: Document) -> str:
    result = stage["result"]
    if result:
        return f"{result['outcome']} (run {result['attempt']}): {result['text']}"
    said = [f"{one['actor']} as {one['role']}: {one['verdict']}" for one in stage["approvals"] if not one["lapsed"]]
    return "; ".join(said)


def _arms(release: Document) -> Table:
    arms = release["standing"]["arms"][: 2 if release["control"] else 1]
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("")
    for arm in arms:
        table.add_column(arm["arm"], justify="right")
    table.add_row("units", *(f"{arm['units']:,}" for arm in arms))
    for i, event in enumerate(arms[0]["events"]):
        table.add_row(event["metric"], *(_rate(arm["events"][i]) for arm in arms))
    for one in release["standing"]["evidence"]:
        if one.get("kind") in ("ratio", "score"):
            values = one["candidate_value"], one["control_value"]
            table.add_row(one["metric"], *(NONE if v is None else amount(one["unit"], v) for v in values))
    table.add_row("in flight", *(_flights(arm) for arm in arms))
    return table


def _rate(event: Document) -> str:
    share = NONE if event["rate"] is None else f"{event['rate']:.2%}"
    return f"{event['units']:,} ({share})"


def _flights(arm: Document) -> str:
    oldest = arm["oldest_in_flight_s"]
    return f"{arm['in_flight']:,}" + (f" (oldest {duration_text(oldest)})" if oldest is not None else "")


def _evidence(release: Document) -> RenderableType:
    standing = release["standing"]
    if not release["control"]:
        declared = f" ({', '.join(standing['not_compared'])})" if standing.get("not_compared") else ""
        return Text(f"not compared: first release{declared}; absolute limits judge it alone")
    needed = standing["needed_log_e"]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("evidence of harm", "events", "odds", f"of {_odds(needed)}:1"):
        table.add_column(title)
    for one in standing["evidence"]:
        name = one["metric"] + (" (dry run)" if one["dry_run"] else "") + ("" if one["role"] == "guardrail" else "*")
        style = "bold red" if one["culprit"] else ""
        odds = "no data" if one.get("no_data") else f"{_odds(one['log_e'])}:1"
        cells = (escape(name), f"{one['candidate']} : {one['control']}", odds)
        table.add_row(*cells, _bar(one["log_e"] / needed), style=style)
    if (ratio := standing.get("sample_ratio")) is not None:
        bar = _bar(ratio["log_e"] / ratio["needed_log_e"])
        units = f"{ratio['candidate']:,} : {ratio['control']:,}"
        table.add_row("units of both arms", units, f"{_odds(ratio['log_e'])}:1", bar)
    for one in standing.get("control_health", ()):
        usual = f"{one['expected']:,.1f} usual"
        if one["no_data"]:
            short = one.get("past_hours", LEAST_HOURS) < LEAST_HOURS
            usual = f"{one['past_hours']} of {LEAST_HOURS} hours of past" if short else "usual unknown"
        came = f"{one['events']:,} ({usual})"
        odds = "no data" if one["no_data"] else f"{_odds(one['log_e'])}:1"
        style = "bold red" if one["ill"] else ""
        bar = _bar(one["log_e"] / one["needed_log_e"])
        table.add_row(escape(f"live version itself: {one['metric']}"), came, odds, bar, style=style)
    table.add_row("release", "", f"{_odds(standing['log_e'])}:1", _bar(standing["log_e"] / needed))
    return table


def _told(release: Document) -> bool:
    """Whether what it waits for says why it is paused; what is suspected may have been answered since the pause."""
    hold, waiting = release["hold"], release["waiting"]
    return bool(hold and waiting and (hold["trigger"] == "suspicion" or release["reason"] in waiting))


def _foot(release: Document) -> Table:
    standing, hold = release["standing"], release["hold"]
    dwell, followers = standing["dwell"], standing["followers"]
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    if dwell:
        table.add_row("dwell", f"{_bar(dwell['served_s'] / dwell['needed_s'])} {dwell_text(release)}")
        needed = f" of {dwell['min_units']:,} each" if dwell["min_units"] else ""
        control = f" and {dwell['control_units']:,}" if release["control"] else ""
        table.add_row("sample", f"{dwell['candidate_units']:,}{control}{needed}")
    age = standing["data_age_s"]
    table.add_row("data age", NONE if age is None else f"{age:.1f} s")
    following = f"{followers['following']} of {followers['workers']} follow revision {followers['revision']}"
    leased = "" if release["final"] else f", {followers['leased']} may serve the candidate"
    table.add_row("workers", following + leased)
    for clock in standing.get("clocks", ()):
        off = f"host {clock['host']} {clock_text(clock['offset_s'])}: limits do not see its calls"
        table.add_row("clock", plain(off))
    signing = release["signing"]
    if signing:
        table.add_row("to be signed by", plain(", ".join(signing["lacking"])))
        table.add_row("evidence", signing["evidence"])
    for one in release.get("suspicions", ()):
        table.add_row("suspected", plain(suspicion_text(one)))
    if release["waiting"]:
        table.add_row("waits", plain(release["waiting"]))
    if hold:
        table.add_row("paused by", plain(hold["trigger"]))
    if not _told(release):
        table.add_row("why", plain(release["reason"]))
    return table


def _bar(part: float) -> str:
    filled = round(max(0.0, min(1.0, part)) * _BAR)
    return "█" * filled + "░" * (_BAR - filled)


def _odds(log_e: float) -> str:
    """An e-value as odds: 0.98, 12, 100, 10^7."""
    if log_e >= math.log(10_000):
        return f"10^{log_e / math.log(10):.0f}"
    return f"{math.exp(log_e):.2g}" if log_e < math.log(10) else f"{math.exp(log_e):,.0f}"
