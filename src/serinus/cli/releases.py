"""`serinus release …`, but for `watch`."""

from __future__ import annotations

from typing import Annotated

import typer

from serinus.adapters.clock import SystemClock
from serinus.cli.api_client import ApiClient, Document, connect, part
from serinus.cli.failures import Refused
from serinus.cli.options import Cursor, Json, Key, Limit, Reason, Url
from serinus.cli.output import console, moment, name_of, plain, print_json, print_table
from serinus.cli.release_table import cost_text, release_table
from serinus.core.versions.risk import MODIFIERS
from serinus.files.units import duration_s, percent_text
from serinus.ports.clock import Clock

ReleaseArgument = Annotated[
    str, typer.Argument(metavar="RELEASE", help="Id of the release, or the name of an app: its newest release.")
]
Seq = Annotated[int | None, typer.Option("--seq", min=0, help="Act only while the release is at this seq.")]
Wait = Annotated[bool, typer.Option("--wait", help="Come back when every gateway has confirmed.")]
Within = Annotated[str, typer.Option("--within", help="How long --wait waits at most, such as 90s.")]

TypeOption = Annotated[
    str,
    typer.Option("--type", help="The release type, such as base-model-upgrade; by default what differs implies it."),
]
TypeReason = Annotated[
    str, typer.Option("--type-reason", help="Why it is less than the difference implies; goes on record.")
]
Modifiers = Annotated[
    list[str] | None,
    typer.Option("--modifier", help=f"What no difference shows; may be repeated: {', '.join(MODIFIERS)}."),
]

_POLL_S = 0.1
_ID_PREFIX = "rel_"


def start(
    app: Annotated[str, typer.Argument(metavar="APP")],
    version: Annotated[str, typer.Argument(metavar="VERSION", help="Name, digest, or its first 8 characters.")],
    reason: Reason = "",
    acknowledge: Annotated[
        str, typer.Option("--acknowledge", help="Why it may start although `serinus forecast` finds errors.")
    ] = "",
    set_aside: Annotated[
        str, typer.Option("--set-aside", help="Why what spoke against earlier attempts of the same counts no more.")
    ] = "",
    type_: TypeOption = "",
    type_reason: TypeReason = "",
    modifier: Modifiers = None,
    url: Url = "",
    key: Key = "",
    json: Json = False,
) -> None:
    """Release a version, following the app's plan. One release per app at a time.

    Example: serinus release start support-bot support-bot-2026-W47-2 -m "kinder refusals" --modifier policy-change
    """
    body: Document = {"app": app, "version": version, "reason": reason}
    if acknowledge:
        body["acknowledge"] = acknowledge
    if set_aside:
        body["set_aside"] = set_aside
    if type_:
        body["type"] = type_
    if type_reason:
        body["type_reason"] = type_reason
    if modifier:
        body["modifiers"] = modifier
    with connect(url, key) as api:
        _told(api.post("/releases", body), json)


def status(release: ReleaseArgument, url: Url = "", key: Key = "", json: Json = False) -> None:
    """How a release stands: arms, rates, evidence, dwell, and why.

    Example: serinus release status support-bot
    """
    with connect(url, key) as api:
        document = fetch(api, release)
        document["cost"] = api.get(f"/releases/{part(document['id'])}/cost")["arms"]
    if json:
        print_json(document)
        return
    console().print(release_table(document))
    if cost := cost_text(document["cost"]):
        console().print(plain(cost))


def list_releases(
    app: Annotated[str, typer.Option("--app", help="Only this app's.")] = "",
    state: Annotated[list[str] | None, typer.Option("--state", help="Only in this state; may be repeated.")] = None,
    limit: Limit = 20,
    cursor: Cursor = "",
    url: Url = "",
    key: Key = "",
    json: Json = False,
) -> None:
    """Releases, newest first.

    Example: serinus release list --app support-bot --state running --state paused
    """
    with connect(url, key) as api:
        document = api.get("/releases", app=app, state=state, limit=limit, cursor=cursor)
    if json:
        print_json(document)
        return
    rows = (
        [
            item["id"],
            item["app"],
            name_of(item["candidate"]),
            item["state"],
            percent_text(item["share"]),
            moment(item["created_at"]),
            item["reason"],
        ]
        for item in document["items"]
    )
    print_table(
        ("release", "app", "candidate", "state", "share", "started", "reason"),
        rows,
        'No release: start one with `serinus release start APP VERSION -m "why"`.',
    )


def pause(
    release: ReleaseArgument, reason: Reason = "", seq: Seq = None, url: Url = "", key: Key = "", json: Json = False
) -> None:
    """Pause a release: the share stays, the dwell stops, a person resumes it. Harm still rolls it back.

    Example: serinus release pause support-bot -m "looking at the refusals"
    """
    with connect(url, key) as api:
        _told(_act(api, release, "pause", reason, seq), json)


def resume(
    release: ReleaseArgument, reason: Reason = "", seq: Seq = None, url: Url = "", key: Key = "", json: Json = False
) -> None:
    """Go on after a pause: an acknowledgement of what paused it, which counts again on later data only.

    Example: serinus release resume support-bot -m "the provider had an incident"
    """
    with connect(url, key) as api:
        _told(_act(api, release, "resume", reason, seq), json)


def rollback(
    release: ReleaseArgument,
    reason: Reason = "",
    seq: Seq = None,
    wait: Wait = False,
    within: Within = "120s",
    url: Url = "",
    key: Key = "",
    json: Json = False,
) -> None:
    """Everybody back to the baseline at once.

    Example: serinus release rollback support-bot -m "wrong prices" --wait
    """
    with connect(url, key) as api:
        _end(api, release, "rollback", reason, seq, within if wait else "", json)


def abort(
    release: ReleaseArgument,
    reason: Reason = "",
    seq: Seq = None,
    wait: Wait = False,
    within: Within = "120s",
    url: Url = "",
    key: Key = "",
    json: Json = False,
) -> None:
    """Take the candidate out for no fault of its own.

    Example: serinus release abort support-bot -m "superseded" --wait
    """
    with connect(url, key) as api:
        _end(api, release, "abort", reason, seq, within if wait else "", json)


def fetch(api: ApiClient, release: str) -> Document:
    """A release with its standing, by id or as the newest of an app."""
    return api.get(f"/releases/{part(resolved(api, release))}")


def await_end(api: ApiClient, release: str, within_s: float, clock: Clock) -> Document:
    """The release when it has ended; Refused when it has not within `within_s` seconds."""
    end_ns = clock.mono_ns() + int(within_s * 1e9)
    while True:
        document = api.get(f"/releases/{part(release)}")
        if document["final"]:
            return document
        if clock.mono_ns() >= end_ns:
            followers = document["standing"]["followers"]
            raise Refused(
                "not_confirmed",
                f"{followers['following']} of {followers['workers']} workers have confirmed within {within_s:g} s",
                where=release,
                mend="see `serinus hosts`; the lease of a silent gateway ends by itself",
            )
        clock.sleep(_POLL_S)


def _end(api: ApiClient, release: str, verb: str, reason: str, seq: int | None, within: str, json: bool) -> None:
    within_s = duration_s(within) if within else 0.0
    document = _act(api, release, verb, reason, seq)
    if within:
        document = await_end(api, document["id"], within_s, SystemClock())
    _told(document, json)


def _act(api: ApiClient, release: str, verb: str, reason: str, seq: int | None) -> Document:
    return api.post(f"/releases/{part(resolved(api, release))}/{verb}", {"reason": reason}, seq)


def resolved(api: ApiClient, release: str) -> str:
    """The id of a release that is named by it or by its app, whose newest it is; Refused when there is none."""
    if release.startswith(_ID_PREFIX):
        return release
    items = api.get("/releases", app=release, limit=1)["items"]
    if not items:
        raise Refused(
            "not_found",
            f"{release!r} is no release, and no app that has had one",
            where="release",
            mend=f"see `serinus release list`, or start one: `serinus release start {release} VERSION -m WHY`",
        )
    return str(items[0]["id"])


def _told(document: Document, json: bool) -> None:
    if json:
        print_json(document)
        return
    if document["state"] == "waiting":
        console().print(f"{document['id']} waits: {plain(document['why'])}")
        return
    console().print(f"{document['id']} is {document['state']}: {plain(document['reason'])}")
