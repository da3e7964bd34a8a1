"""A data set as a file: JSONL, one case on each line. Also made from CSV."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from serinus.core.errors import InvalidInput
from serinus.core.judging.case import Case, DataSet, data_set
from serinus.core.judging.scorers import KINDS
from serinus.core.versions import canonical as jcs
from serinus.files.faults import InvalidFile, did_you_mean, fault, refuse
from serinus.files.text import read_text

MAX_BYTES = 256 * 1024 * 1024
FIELDS = Case.__struct_encode_fields__
_MOST_FAULTS = 50
_PLACE = re.compile(r" - at `(?:key in )?\$\.?(.*)`$")
_RULES = tuple(kind for kind in KINDS if kind not in ("judge", "assertions"))


def parse_data_set(file: str, raw: bytes, limit_bytes: int = MAX_BYTES) -> DataSet:
    """The cases in these bytes; InvalidFile with every fault (the first 50), each naming `file`, line and field."""
    faults: list[InvalidInput] = []
    cases: list[Case] = []
    lines: dict[str, int] = {}
    for number, line in _lines(read_text(file, raw, limit_bytes)):
        try:
            case = parse_case(line)
        except InvalidInput as error:
            faults.append(_at(file, number, error))
            if len(faults) >= _MOST_FAULTS:
                break
            continue
        first = lines.setdefault(case.id, number)
        if first != number:
            what = f"`id`: {case.id!r} stands twice (first in line {first})"
            faults.append(fault(file, number, what, "give every case its own id"))
        cases.append(case)
    refuse(faults)
    if not cases:
        raise InvalidFile([fault(file, 1, "no case", 'write one on each line: {"id": "1", "input": "…"}')])
    return data_set(cases)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield number, line


def _at(file: str, line: int, error: InvalidInput) -> InvalidInput:
    return fault(file, line, f"`{error.where}`: {error.what}" if error.where else error.what, error.mend)


def parse_case(line: str) -> Case:
    """The case in a line of JSON; InvalidInput names the field."""
    return case_of(json_object(line, '{"id": "1", "input": "…"}'))


def json_object(line: str, example: str) -> dict[str, Any]:
    """The normal form of a JSON object on one line; InvalidInput for anything else."""
    try:
        tree = json.loads(line, object_pairs_hook=_unique_keys)
    except json.JSONDecodeError as error:
        what = f"not JSON: {error.msg} (column {error.colno})"
        raise InvalidInput(what, mend="check quotes, commas and brackets") from None
    except (RecursionError, ValueError):
        raise InvalidInput("not JSON that can be kept", mend="flatten it, or write long numbers as text") from None
    if not isinstance(tree, dict):
        raise InvalidInput("not a JSON object", mend=f"write {example}")
    normal: dict[str, Any] = jcs.normalise(tree)
    return normal


def case_of(tree: dict[str, Any]) -> Case:
    """The case in a JSON object; InvalidInput names the field."""
    for key in tree:
        if key not in FIELDS:
            raise InvalidInput("unknown field", where=key, mend=did_you_mean(key, FIELDS))
    if "id" not in tree:
        raise InvalidInput("missing", where="id", mend='give every case its own: "id": "refund-17"')
    _check_rules(tree.get("assert", []))
    try:
        return msgspec.convert(tree, Case)
    except msgspec.ValidationError as error:
        raise named(error) from None


def _check_rules(rules: object) -> None:
    """The words of rules get the better fault: which are known, and which is nearest."""
    for index, rule in enumerate(rules if isinstance(rules, list) else ()):
        kind = rule.get("kind") if isinstance(rule, dict) else None
        if kind not in _RULES:
            mend = did_you_mean(str(kind), _RULES)
            raise InvalidInput("no kind of rule", where=f"assert[{index}].kind", mend=mend)
        known = KINDS[kind].__struct_encode_fields__
        for key in rule:
            if key != "kind" and key not in known:
                raise InvalidInput("unknown field", where=f"assert[{index}].{key}", mend=did_you_mean(key, known))


def named(error: msgspec.ValidationError) -> InvalidInput:
    """What msgspec refuses, with the field as the place."""
    text = str(error)
    place = _PLACE.search(text)
    what = text[: place.start()] if place else text
    missing = re.search(r"missing required field `(.+)`", what)
    where = ".".join(part for part in (place[1] if place else "", missing[1] if missing else "") if part)
    return InvalidInput("missing" if missing else what[:1].lower() + what[1:], where=where, mend="see the reference")


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    tree = dict(pairs)
    if len(tree) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise InvalidInput("stands twice in one object", where=twice, mend="keep one of them")
    return tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Which columns of a CSV file hold what; empty: none."""

    text: str
    expected: str = ""
    id: str = ""
    tags: tuple[str, ...] = ()


def parse_csv(file: str, raw: bytes, columns: Columns, limit_bytes: int = MAX_BYTES) -> DataSet:
    """Cases from CSV with a header line; without an id column they are numbered by their rows. InvalidFile names the
    line."""
    text = read_text(file, raw, limit_bytes)
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        header = reader.fieldnames or ()
        wanted = [one for one in (columns.text, columns.expected, columns.id, *columns.tags) if one]
        for name in wanted:
            if name not in header:
                raise InvalidFile([fault(file, 1, f"no column `{name}`", did_you_mean(name, map(str, header)))])
        rows = list(_rows(file, reader, columns))
    except csv.Error as error:
        raise InvalidFile(
            [fault(file, reader.reader.line_num, f"not CSV: {error}", "quote fields with quotes in them")]
        ) from None
    lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    return parse_data_set(file, lines.encode(), limit_bytes * 2)


def _rows(file: str, reader: csv.DictReader[str], columns: Columns) -> Iterator[dict[str, Any]]:
    for number, row in enumerate(reader, 1):
        if None in row or None in row.values():
            raise InvalidFile([fault(file, reader.line_num, "more or fewer fields than the header", "quote commas")])
        case: dict[str, Any] = {"id": row[columns.id] if columns.id else f"row-{number}", "input": row[columns.text]}
        if columns.expected:
            case["expected"] = row[columns.expected]
        if columns.tags:
            case["tags"] = {name: row[name] for name in columns.tags if row[name]}
        yield case
