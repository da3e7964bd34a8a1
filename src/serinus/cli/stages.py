"""`serinus release plan`, `approve`, `reject` and `rerun`."""

from __future__ import annotations

from typing import Annotated

import typer

from serinus.cli.api_client import Document, connect, part
from serinus.cli.failures import Refused
from serinus.cli.options import Json, Key, Reason, Url
from serinus.cli.output import console, name_of, plain, print_facts, print_json, print_table
from serinus.cli.plan_text import in_place_of, limit_text, rail_text, risk_facts, whom_text
from serinus.cli.releases import Modifiers, ReleaseArgument, Seq, TypeOption, TypeReason, fetch
from serinus.files.units import duration_text, percent_text

RoleOption = Annotated[str, typer.Option("--role", help="Sign in this role; needed when your key holds several.")]
_SHORTEST = 8


def plan(
    app: Annotated[str, typer.Argument(metavar="APP")],
    version: Annotated[str, typer.Argument(metavar="VERSION", help="Name, digest, or its first 8 characters.")],
    type_: TypeOption = "",
    type_reason: TypeReason = "",
    modifier: Modifiers = None,
    url: Url = "",
    key: Key = "",
    json: Json = False,
) -> None:
    """What a release of this version would go through, or why it would not start. Starts nothing.

    Example: serinus release plan support-bot support-bot-2026-W47-2
    """
    with connect(url, key) as api:
        document = api.get(
            f"/apps/{part(app)}/plan", version=version, type=type_, type_reason=type_reason, modifier=modifier
        )
    if json:
        print_json(document)
        return
    found = document["plan"]
    print_facts(
        [
            ("candidate", name_of(document["candidate"])),
            ("in place of", in_place_of(document)),
            *((("lineage", document["lineage"]),) if document.get("lineage") else ()),
            ("owner", found["owner"]),
            *risk_facts(document),
            *((f"{i}. {stage['name']}", stage_text(stage)) for i, stage in enumerate(found["stages"], 1)),
            ("guardrails", "\n".join(_guardrail(rail) for rail in found["guardrails"])),
            *((("not compared", ", ".join(compared)),) if (compared := document.get("not_compared")) else ()),
            ("triggers", "\n".join(limit_text(limit) for limit in found["limits"])),
        ]
    )


def approve(
    release: ReleaseArgument,
    reason: Reason = "",
    role: RoleOption = "",
    evidence: Annotated[
        str, typer.Option("--evidence", help="Digest of what you looked at, or its beginning; checked if given.")
    ] = "",
    seq: Seq = None,
    url: Url = "",
    key: Key = "",
    json: Json = False,
) -> None:
    """Sign for what a release shows now. Neither its author nor who started it can; twice is once.

    Example: serinus release approve support-bot --role ml_lead -m "read the regressions"
    """
    with connect(url, key) as api:
        seen = fetch(api, release)
        digest = _evidence(seen, evidence)
        body = {"evidence": digest, "role": role, "reason": reason}
        document = api.post(f"/releases/{part(seen['id'])}/approve", body, seq)
    if json:
        print_json(document)
        return
    if not seen["signing"] or digest != seen["signing"]["evidence"]:
        console().print(f"{seen['id']} was approved before as {plain(document['role'])}")
        return
    _print_results(seen)
    lacking = " and ".join(document["lacking"])
    still = f"{lacking} must still sign" if lacking else "all have signed, so the release goes on"
    console().print(f"{seen['id']} is approved as {plain(document['role'])}; {plain(still)}")


def reject(
    release: ReleaseArgument,
    reason: Reason = "",
    role: RoleOption = "",
    seq: Seq = None,
    url: Url = "",
    key: Key = "",
    json: Json = False,
) -> None:
    """Refuse a release that waits for approval. One no is enough; users who have seen it are taken back.

    Example: serinus release reject support-bot -m "it invents refunds"
    """
    with connect(url, key) as api:
        seen = fetch(api, release)
        document = api.post(f"/releases/{part(seen['id'])}/reject", {"role": role, "reason": reason}, seq)
    _told(document, json)


def rerun(
    release: ReleaseArgument,
    stage: Annotated[str, typer.Option("--stage", help="Name of the stage; by default the newest measured one.")] = "",
    reason: Reason = "",
    seq: Seq = None,
    url: Url = "",
    key: Key = "",
    json: Json = False,
) -> None:
    """Run a measured stage again. Its share is held meanwhile, and approvals of the earlier result lapse.

    Example: serinus release rerun support-bot --stage offline -m "the judge was down"
    """
    with connect(url, key) as api:
        seen = fetch(api, release)
        document = api.post(f"/releases/{part(seen['id'])}/rerun", {"stage": stage, "reason": reason}, seq)
    _told(document, json)


def stage_text(stage: Document) -> str:
    """A stage of a plan in words; its kind only where its name does not say it."""
    return _words(stage).removeprefix(f"{stage['name']}: ")


def _words(stage: Document) -> str:
    kind = stage["kind"]
    if kind == "offline":
        dry = ", dry run" if stage["dry_run"] else ""
        return f"offline: {', '.join(stage['suites'])} within {duration_text(stage['budget_s'])}{dry}"
    if kind == "shadow":
        dwell, budget = duration_text(stage["dwell_s"]), duration_text(stage["budget_s"])
        peak = stage.get("peak")
        seen = f", {peak['min_units']:,} of them in peak hours" if peak else ""
        share = percent_text(stage["share"])
        # What a first release runs in its stead is told of a plan that is not for one.
        instead = f"; in a first release {', '.join(stage['requests'])}" if stage.get("requests") else ""
        return f"shadow: {share} for {dwell}, {stage['min_units']:,} users{seen}, within {budget}{instead}"
    if kind == "approval":
        return f"approval: {', '.join(stage['roles'])}; reminder after {duration_text(stage['sla_s'])}"
    return "rollout: " + ", ".join(_step(step) for step in stage["steps"])


def _step(step: Document) -> str:
    shown = ", shown non-inferior" if step["require"] == "non_inferior" else ""
    units = f" and {step['min_units']:,} users an arm" if step["min_units"] else ""
    return f"{whom_text(step)} for {duration_text(step['dwell_s'])}{units}{shown}"


def _guardrail(rail: Document) -> str:
    return f"{rail_text(rail)} ({rail['role']})"


def _evidence(seen: Document, asked: str) -> str:
    """The digest to send: that of what is shown now, which the asked one must begin with; a whole one as it is."""
    now = str(seen["signing"]["evidence"]) if seen["signing"] else ""
    if len(asked) == 64 and asked != now:
        return asked
    if asked and (len(asked) < _SHORTEST or not now.startswith(asked)):
        raise Refused(
            "conflict",
            f"what is shown now has the digest {now[:12] or 'of nothing'}",
            where="--evidence",
            mend="look at it again: `serinus release status`",
        )
    if not now:
        raise Refused(
            "conflict",
            f"{seen['id']} is {seen['state']} in {seen['stage']} and waits for nobody's approval",
            where="release",
            mend="look at it: `serinus release status`",
        )
    return now


def _print_results(seen: Document) -> None:
    results = [stage["result"] for stage in seen["stages"] if stage["result"]]
    rows = ([one["name"], one["attempt"], one["outcome"], one["text"]] for one in results)
    if results:
        print_table(("stage", "run", "outcome", "numbers"), rows, "")


def _told(document: Document, json: bool) -> None:
    if json:
        print_json(document)
        return
    console().print(f"{document['id']} is {document['state']}: {plain(document['reason'])}")
