"""The table of commands: where each one lives, and what it is for.

A command's module is loaded when it is called and not before, so that `serinus --help` and the small commands start
at once. `load` and `main` are the places of this package that import by name.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command. `target` is `module:function` within this package; `raw`: its arguments are passed on unread."""

    target: str
    summary: str
    raw: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A word with commands of its own; `alone`: what it does without one of them."""

    summary: str
    commands: dict[str, Command]
    alone: Command | None = None


def _command(target: str, summary: str, raw: bool = False) -> Command:
    return Command(target=target, summary=summary, raw=raw)


COMMANDS: dict[str, Command | Group] = {
    "demo": _command("demo:demo", "See a good change go live and a bad one stopped, on this machine."),
    "up": _command("up:up", "Start everything on this machine; Ctrl-C stops it."),
    "gateway": _command("gateway:gateway", "Start gateway workers and the host agent.", raw=True),
    "control": _command("control:control", "Start a control process: tick and API.", raw=True),
    "init": _command("init:init", "Write a working project: pipeline, prompt, suite and cases."),
    "schema": _command("schema:schema", "The JSON Schema of the project file."),
    "check": _command("check:check", "Check project and version files without sending them anywhere."),
    "apply": _command("apps:apply", "Send a project file: endpoints, apps and their plans."),
    "app": Group(
        summary="Apps: what is declared and what is live.",
        commands={
            "list": _command("apps:list_apps", "All apps."),
            "show": _command("apps:show_app", "One app."),
        },
    ),
    "push": _command("versions:push", "Push a version file; the same content twice is the same version."),
    "versions": _command("versions:list_versions", "An app's versions, newest first."),
    "show": _command("versions:show", "One version with its content."),
    "diff": _command("comparisons:diff", "What differs between two versions, and the type of release it implies."),
    "drift": _command("comparisons:drift", "Whether files differ from what is live."),
    "keygen": _command("keygen:keygen", "Make a key to sign versions with."),
    "live": _command("versions:live", "Make the first version of an app live."),
    "eval": _command("evaluate:evaluate", "Run a suite on a version and its baseline."),
    "suite": Group(
        summary="Suites: what an offline stage asks.",
        commands={
            "check": _command("suites:check", "Check a suite and its data set; what they cannot show."),
            "push": _command("suites:push", "Store a suite for releases."),
            "list": _command("suites:list_suites", "An app's suites."),
        },
    ),
    "data": Group(
        summary="Data sets.",
        commands={"import": _command("suites:import_csv", "Make a data set from CSV.")},
    ),
    "judge": Group(
        summary="Judges.",
        commands={"calibrate": _command("suites:calibrate", "Measure a judge on labelled answers.")},
    ),
    "worker": _command("worker:worker", "Start a worker for offline stages and live judges.", raw=True),
    "release": Group(
        summary="Releases: plan, start, watch, sign, stop.",
        commands={
            "plan": _command("stages:plan", "What a release would go through, or why it would not start."),
            "start": _command("releases:start", "Release a version, following the app's plan."),
            "status": _command("releases:status", "How a release stands."),
            "watch": _command("watch:watch", "Follow a release until it ends."),
            "list": _command("releases:list_releases", "Releases, newest first."),
            "pause": _command("releases:pause", "Pause: the share stays, the dwell stops."),
            "resume": _command("releases:resume", "Go on after a pause."),
            "approve": _command("stages:approve", "Sign for what a release shows now."),
            "reject": _command("stages:reject", "Refuse a release that waits for approval."),
            "rerun": _command("stages:rerun", "Run a measured stage again."),
            "waiting": _command("freezes:list_waiting", "Releases that wait to be started."),
            "unqueue": _command("freezes:unqueue", "Take out the release that waits for an app."),
            "rollback": _command("releases:rollback", "Everybody back to the baseline at once."),
            "abort": _command("releases:abort", "Take the candidate out for no fault of its own."),
        },
    ),
    "report": _command("report:report", "The evidence pack of a release, as one HTML file or JSON."),
    "replay": _command("replay:replay", "Decide a release's decisions anew, from the evidence kept."),
    "freeze": Group(
        summary="One switch that holds all releases.",
        commands={
            "on": _command("freezes:freeze_on", "No release starts, takes a step or is promoted."),
            "off": _command("freezes:freeze_off", "Let releases go on."),
            "status": _command("freezes:freeze_status", "Whether all releases are frozen."),
        },
    ),
    "override": Group(
        summary="Pin all traffic of an app to a version that was live before.",
        commands={
            "set": _command("overrides:set_override", "Pin."),
            "clear": _command("overrides:clear_override", "Take the pin off."),
        },
    ),
    "calls": Group(
        summary="The call log: find, show, export.",
        alone=_command("calls:list_calls", "Calls, newest first."),
        commands={
            "show": _command("calls:show", "One call."),
            "export": _command("calls:export", "All calls of a query, as a file."),
            "fallbacks": _command("calls:fallbacks", "How many calls which fallback answered."),
            "erase": _command("calls:erase", "Delete the kept texts of a user, for good."),
        },
    ),
    "cache": Group(
        summary="Cached answers: what users are told where no version answers.",
        commands={
            "list": _command("cached_answers:list_answers", "Approved and proposed ones, newest first."),
            "propose": _command("cached_answers:propose", "Propose answers of calls, or your own."),
            "approve": _command("cached_answers:approve", "Let users be told them."),
            "remove": _command("cached_answers:remove", "Take some out."),
            "import": _command("cached_answers:import_answers", "Propose all of a file."),
        },
    ),
    "audit": Group(
        summary="The audit trail.",
        commands={
            "list": _command("audit:list_audit", "Entries, newest first."),
            "verify": _command("audit:verify", "Check the chain for edits, deletions and reordering."),
            "export": _command("audit:export", "The whole trail as JSON lines, to be kept elsewhere."),
        },
    ),
    "monitors": _command("monitors:monitors", "An app's monitors: levels, history, or one read on trial."),
    "judging": _command("judging:judging", "An app's live judges: judged, waiting, lag, cost."),
    "notices": Group(
        summary="Notices: who was told what, and who has seen it.",
        alone=_command("notices:list_notices", "Notices, newest first."),
        commands={
            "ack": _command("notices:ack", "Acknowledge one, so that it does not escalate."),
            "test": _command("notices:send_test", "Send a test notice to all targets of an app."),
        },
    ),
    "suspicions": Group(
        summary="Suspicions about answers: raise, confirm, dismiss, review.",
        alone=_command("suspicions:list_suspicions", "Suspicions, newest first."),
        commands={
            "raise": _command("suspicions:suspect", "Suspect an answer; the candidate that gave it is paused."),
            "confirm": _command("suspicions:confirm", "Confirm a violation: its release rolls back."),
            "dismiss": _command("suspicions:dismiss", "Say that they are none."),
            "review": _command("suspicions:review", "Record the red team's review of a pattern."),
        },
    ),
    "incidents": Group(
        summary="After a rollback: confirm, note, count, sign, close.",
        alone=_command("incidents:list_incidents", "Incidents, newest first."),
        commands={
            "list": _command("incidents:list_incidents", "Incidents, newest first."),
            "show": _command("incidents:show", "One incident: trigger, clock, duties, timeline."),
            "confirm": _command("incidents:confirm", "Say that on-call looks into it."),
            "note": _command("incidents:note", "Write down what was found or done."),
            "count": _command("incidents:count", "Count the users and sessions that met the candidate."),
            "sign": _command("incidents:sign", "Sign one of the duties before it is closed."),
            "close": _command("incidents:close", "Close it, so that the app may release again."),
            "units": _command("incidents:units", "Who met the candidate, as JSON lines of pseudonyms."),
        },
    ),
    "key": Group(
        summary="Keys of people and machines.",
        commands={
            "create": _command("keys:create", "Make a key; its text is shown once."),
            "list": _command("keys:list_keys", "All keys."),
            "revoke": _command("keys:revoke", "Revoke a key."),
        },
    ),
    "forecast": _command("forecast:forecast", "What an app's plan would see of its own traffic."),
    "rehearse": _command("rehearse:rehearse", "What a pipeline would catch, and how often it errs."),
    "hosts": _command("hosts:hosts", "Gateway hosts and their workers."),
    "sim": Group(
        summary="A simulated provider and simulated users.",
        commands={
            "provider": _command("sim:provider", "An OpenAI-compatible provider that needs no network.", raw=True),
            "traffic": _command("sim:traffic", "Users who return, talk and complain.", raw=True),
        },
    ),
    "version": _command("version:version", "The version of Serinus."),
}


def load(command: Command) -> Callable[..., Any]:
    """The function of a command."""
    module, _, name = command.target.partition(":")
    function: Callable[..., Any] = getattr(importlib.import_module(f"serinus.cli.{module}"), name)
    return function
