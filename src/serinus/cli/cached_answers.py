"""`serinus cache …`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from serinus.cli.api_client import ApiClient, Document, connect, part
from serinus.cli.apps import AppArgument
from serinus.cli.local_files import read_file
from serinus.cli.options import Cursor, Json, Key, Limit, Reason, Url
from serinus.cli.output import console, moment, plain, print_json, print_table
from serinus.core.errors import InvalidInput
from serinus.core.pipeline.stored_answer import check_texts

IdsArgument = Annotated[list[str], typer.Argument(metavar="ANSWER…", help="Their ids: `ans_…`.")]
Language = Annotated[str, typer.Option("--language", help="A primary language such as de; without it: any.")]
_SHOWN = 60


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One answer of a file; other keys, as `cache list --json` has them, are passed over."""

    question: str
    answer: str
    language: str = ""


class _Listed(msgspec.Struct, frozen=True, kw_only=True):
    items: list[Line]


def list_answers(
    app: AppArgument,
    proposed: Annotated[bool, typer.Option("--proposed", help="Only those that wait for approval.")] = False,
    approved: Annotated[bool, typer.Option("--approved", help="Only those that users are told.")] = False,
    limit: Limit = 50,
    cursor: Cursor = "",
    url: Url = "",
    key: Key = "",
    json: Json = False,
) -> None:
    """Answers that stand in where no version answers, and those that are proposed to, newest first.

    Example: serinus cache list support-bot --proposed
    """
    state = "" if proposed == approved else "proposed" if proposed else "approved"
    with connect(url, key) as api:
        document = api.get(f"/apps/{part(app)}/cached-answers", state=state, limit=limit, cursor=cursor)
    if json:
        print_json(document)
        return
    rows = (
        [
            one["id"],
            one["state"],
            one["language"] or "any",
            _short(one["question"]),
            _short(one["answer"]),
            one["why"] or "written",
            f"{moment(one['proposed_at'])} {one['proposed_by']}",
        ]
        for one in document["items"]
    )
    columns = ("id", "state", "language", "question", "answer", "why", "proposed")
    print_table(columns, rows, f"No cached answers: `serinus cache propose {plain(app)} --call CALL`.", "id")


def propose(
    app: AppArgument,
    call: Annotated[str, typer.Option("--call", help="The call whose answer it is: `call_…`.")] = "",
    scored: Annotated[str, typer.Option("--scored", help="All that scored high in this metric.")] = "",
    at_least: Annotated[float, typer.Option("--at-least", help="So high, in [0, 1].")] = 0.9,
    most: Annotated[int, typer.Option("--most", min=1, max=200, help="So many new ones at most.")] = 20,
    question: Annotated[str, typer.Option("--question", help="What users ask, with --answer.")] = "",
    answer: Annotated[str, typer.Option("--answer", help="What they are to be told.")] = "",
    language: Language = "",
    version: Annotated[str, typer.Option("--version", help="Of which version; by default the live one.")] = "",
    url: Url = "",
    key: Key = "",
    json: Json = False,
) -> None:
    """Propose the answer of a call, those that scored high, or one that you write. Nobody is told it before somebody
    approves it.

    Example: serinus cache propose support-bot --scored judge.correctness --at-least 0.95
    """
    if sum(map(bool, (call, scored, question or answer))) != 1:
        raise InvalidInput("one of --call, --scored and --question says what", where="--call", mend="give one of them")
    with connect(url, key) as api:
        if scored:
            asked = {"metric": scored, "at_least": at_least, "most": most}
            document = api.post(f"/apps/{part(app)}/cached-answers/propose", asked)
        else:
            body = {"call": call, "question": question, "answer": answer, "language": language, "version": version}
            document = _propose(api, app, body)
    if json:
        print_json(document)
        return
    found = document["items"] if scored else [document]
    for one in found:
        _told(one)
    if not found:
        console().print("No call scored so high that could stand for others and is not proposed yet.")


def approve(ids: IdsArgument, reason: Reason = "", url: Url = "", key: Key = "", json: Json = False) -> None:
    """Approve answers: users are told them where no version answers. Read them first, with `cache list`.

    Example: serinus cache approve ans_0a1b… -m "checked with the helpdesk"
    """
    with connect(url, key) as api:
        documents = [api.post(f"/cached-answers/{part(id)}/approve", {"reason": reason}) for id in ids]
    _all_told(documents, json)


def remove(ids: IdsArgument, reason: Reason = "", url: Url = "", key: Key = "", json: Json = False) -> None:
    """Take answers out, approved or proposed: nobody is told them any more.

    Example: serinus cache remove ans_0a1b… -m "the page has moved"
    """
    with connect(url, key) as api:
        documents = [api.delete(f"/cached-answers/{part(id)}", {"reason": reason}) for id in ids]
    if json:
        print_json({"items": documents})
        return
    for one in documents:
        console().print(f"{plain(one['id'])} is taken out")


def import_answers(
    app: AppArgument,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="JSON lines, or what `cache list --json` prints.")],
    version: Annotated[str, typer.Option("--version", help="Of which version; by default the live one.")] = "",
    url: Url = "",
    key: Key = "",
    json: Json = False,
) -> None:
    """Propose all answers of a file: `question`, `answer` and, if it has one, `language` of each line. The whole file
    is checked before the first is sent. What is there already stays as it is.

    Example: serinus cache import support-bot answers.jsonl
    """
    lines = parse_lines(str(file), read_file(file))
    with connect(url, key) as api:
        documents = [_propose(api, app, {**msgspec.to_builtins(one), "version": version}) for one in lines]
    _all_told(documents, json)


def parse_lines(file: str, raw: bytes) -> list[Line]:
    """The answers in these bytes; InvalidInput with the line of the first fault."""
    try:
        listed = msgspec.json.decode(raw, type=_Listed).items
        found = list(enumerate(listed, 1))
    except msgspec.DecodeError:
        found = [(n, _line(f"{file}:{n}", text)) for n, text in enumerate(raw.splitlines(), 1) if text.strip()]
    for number, one in found:
        try:
            check_texts(one.question, one.answer, one.language)
        except InvalidInput as error:
            raise InvalidInput(error.what, where=f"{file}:{number}: {error.where}", mend=error.mend) from None
    return [one for _, one in found]


def _line(where: str, text: bytes) -> Line:
    try:
        return msgspec.json.decode(text, type=Line)
    except msgspec.DecodeError as error:
        mend = 'one object on each line: {"question": "…", "answer": "…", "language": "en"}'
        raise InvalidInput(str(error), where=where, mend=mend) from None


def _propose(api: ApiClient, app: str, body: Document) -> Document:
    return api.post(f"/apps/{part(app)}/cached-answers", body)


def _all_told(documents: list[Document], json: bool) -> None:
    if json:
        print_json({"items": documents})
        return
    for one in documents:
        _told(one)


def _told(one: Document) -> None:
    console().print(f"{plain(one['id'])} is {plain(one['state'])}: {plain(_short(one['question']))}")


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _SHOWN else flat[: _SHOWN - 1] + "…"
