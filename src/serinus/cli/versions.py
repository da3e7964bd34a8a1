"""`serinus push`, `versions`, `show` and `live`."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Annotated

import typer

from serinus.adapters.ed25519 import Ed25519Key
from serinus.cli.api_client import ApiClient, Document, connect, part
from serinus.cli.apps import AppArgument
from serinus.cli.local_files import read_file
from serinus.cli.options import Cursor, Json, Key, Limit, Reason, Url
from serinus.cli.output import console, moment, name_of, plain, print_facts, print_json, print_table
from serinus.core.versions.content import canonical, digests
from serinus.core.versions.signing import signed_message
from serinus.files.version_file import parse_version_file

VersionArgument = Annotated[str, typer.Argument(metavar="VERSION", help="Name, digest, or its first 8 characters.")]


def push(
    app: AppArgument,
    file: Annotated[Path, typer.Argument(help="The version file; `-` for standard input.")],
    sign: Annotated[Path | None, typer.Option("--sign", metavar="KEYFILE", help="Sign it with this key.")] = None,
    url: Url = "",
    key: Key = "",
    json: Json = False,
) -> None:
    """Push a version file. The same content twice is the same version, so a repeated push does nothing.

    Example: serinus push support-bot prompts/support.md
    """
    content = parse_version_file(str(file), read_file(file))
    signer = Ed25519Key.read(str(sign), read_file(sign)) if sign else None
    with connect(url, key) as api:
        document = api.post(f"/apps/{part(app)}/versions", canonical(content))
        if signer:
            document["signature"] = _sign(api, app, digests(content).version, signer)
    if json:
        print_json(document)
        return
    verb = "pushed" if document["created"] else "was there already"
    console().print(f"{plain(document['name'])} {verb} ({document['digest'][:12]})")
    if signer:
        console().print(f"signed with {document['signature']['key_id']}")


def _sign(api: ApiClient, app: str, digest: str, signer: Ed25519Key) -> Document:
    """The signature as it is kept. The digest is our own: what is signed is what is in the file, not what the API
    says it got."""
    body = {
        "public_key": base64.b64encode(signer.public_bytes()).decode(),
        "signature": base64.b64encode(signer.sign(signed_message(digest))).decode(),
    }
    return api.post(f"/apps/{part(app)}/versions/{digest}/signatures", body)


def list_versions(
    app: AppArgument, url: Url = "", key: Key = "", json: Json = False, limit: Limit = 50, cursor: Cursor = ""
) -> None:
    """An app's versions, newest first.

    Example: serinus versions support-bot -n 10
    """
    with connect(url, key) as api:
        document = api.get(f"/apps/{part(app)}/versions", limit=limit, cursor=cursor)
    if json:
        print_json(document)
        return
    rows = (
        (name_of(one), one["digest"][:12], moment(one["created_at"]), one["created_by"], moment(one["was_live_at"]))
        for one in document["items"]
    )
    print_table(
        ("version", "digest", "pushed", "by", "first live"), rows, f"No version yet: `serinus push {app} FILE`."
    )


def show(app: AppArgument, version: VersionArgument, url: Url = "", key: Key = "", json: Json = False) -> None:
    """One version with its content.

    Example: serinus show support-bot support-bot-2026-W47-1
    """
    with connect(url, key) as api:
        document = api.get(f"/apps/{part(app)}/versions/{part(version)}")
        document["signatures"] = api.get(f"/apps/{part(app)}/versions/{document['digest']}/signatures")["items"]
    if json:
        print_json(document)
        return
    content = document["content"]
    names = ("version", "digest", "behaviour", "pushed", "by", "first live")
    keys = ("name", "digest", "behaviour", "created_at", "created_by", "was_live_at")
    facts: list[tuple[str, object]] = list(zip(names, (document[one] for one in keys), strict=True))
    facts[0] = ("version", name_of(document))
    if document["tag"]:
        facts.insert(1, ("tag", document["tag"]))
    facts.append(("signed", "\n".join(_signature(one) for one in document["signatures"])))
    facts += [(name, value) for name, value in content.items() if name not in ("messages", "schema")]
    print_facts(facts)
    for message in content["messages"]:
        console().print(f"\n[bold]# {message['role']}[/bold]\n{plain(message['template'])}")


def _signature(signature: Document) -> str:
    broken = "" if signature["valid"] else ": DOES NOT FIT the content"
    return f"{signature['key_id']} by {signature['signed_by']} at {moment(signature['signed_at'])}{broken}"


def live(
    app: AppArgument,
    version: VersionArgument,
    reason: Reason = "",
    url: Url = "",
    key: Key = "",
    json: Json = False,
) -> None:
    """Make the first version of an app live. Later ones go through a release.

    Example: serinus live support-bot support-bot-2026-W47-1
    """
    with connect(url, key) as api:
        document = api.post(f"/apps/{part(app)}/live", {"version": version, "reason": reason})
    if json:
        print_json(document)
        return
    console().print(f"{plain(app)} serves {plain(name_of(document['live']))}")
