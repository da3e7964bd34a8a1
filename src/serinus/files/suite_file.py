"""A suite as a file: YAML that names a data set, scorers and thresholds."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from serinus.core.errors import InvalidInput
from serinus.core.judging.calibration import Calibration
from serinus.core.judging.case import DataSet
from serinus.core.judging.scorers import KINDS, Scorer
from serinus.core.judging.suite import DIGEST, Criterion, Suite
from serinus.files import units
from serinus.files.dataset_file import named, parse_data_set
from serinus.files.faults import InvalidFile, did_you_mean, fault, refuse
from serinus.files.text import read_text
from serinus.files.yaml_nodes import Node, parse_yaml

MAX_BYTES = 1024 * 1024
Read = Callable[[object], Any]
Load = Callable[[str], bytes]
Path = tuple[str | int, ...]


def _usd(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise InvalidInput("not an amount of US dollars", mend="write a number such as 2.50")
    return float(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key of the file: the field of core that it fills, and how its value is read (None: as it stands)."""

    field: str
    read: Read | None = None
    example: str = ""


SUITE_KEYS: dict[str, Key] = {
    "suite": Key(field="schema", example="1"),
    "name": Key(field="name", example="golden"),
    "data": Key(field="data", example="golden.jsonl"),
    "scorers": Key(field="criteria", example="[{name: exact, kind: exact, min: 90%}]"),
    "splits": Key(field="splits"),
    "repeats": Key(field="repeats"),
    "min_cases": Key(field="min_cases"),
    "max_unscored": Key(field="max_unscored", read=units.share),
    "prices": Key(field="prices"),
    "max_cost": Key(field="max_cost_usd", read=_usd),
    "concurrency": Key(field="concurrency"),
    "requests_per_minute": Key(field="requests_per_minute"),
    "timeout": Key(field="timeout_s", read=units.duration_s),
    "tries": Key(field="tries"),
}
REQUIRED = ("suite", "name", "data", "scorers")
CRITERION_KEYS: dict[str, Key] = {
    "name": Key(field="name", example="category"),
    "kind": Key(field="kind", example="exact"),
    "where": Key(field="where"),
    "min": Key(field="min", read=units.share),
    "confident": Key(field="confident"),
    "max_drop": Key(field="max_drop", read=units.share),
    "min_cases": Key(field="min_cases"),
    "dry_run": Key(field="dry_run"),
    "calibration": Key(field="calibration"),
}
# Keys of one kind whose unit the file writes and core has in the name.
_OF_KIND: dict[str, dict[str, Key]] = {
    "latency": {"at_most": Key(field="at_most_s", read=units.duration_s)},
    "cost": {"at_most": Key(field="at_most_usd", read=_usd)},
    "number": {"relative": Key(field="relative", read=units.share)},
}
_PLACE = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


def keys_of(kind: str) -> dict[str, Key]:
    """The keys that a scorer of this kind takes besides those of all."""
    own = _OF_KIND.get(kind, {})
    hidden = {key.field for key in own.values()}
    fields = (name for name in KINDS[kind].__struct_encode_fields__ if name not in hidden)
    return {**own, **{name: Key(field=name) for name in fields if name not in own}}


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteFile:
    """A suite, and its data set where the file names one by its path."""

    suite: Suite
    data: DataSet | None


def parse_suite_file(file: str, raw: bytes, load: Load) -> SuiteFile:
    """The suite in these bytes. `load` gives the bytes of a file that it names, by the path that stands there.
    InvalidFile with every fault found, each naming `file`, line and how to mend it."""
    root = parse_yaml(file, read_text(file, raw, MAX_BYTES))
    if not isinstance(root.value, dict):
        raise InvalidFile([fault(file, root.line, "not a suite", "begin with the line `suite: 1`")])
    return _Reader(file, root, load).suite()


class _Reader:
    """Reads one file; gathers faults."""

    def __init__(self, file: str, root: Node, load: Load) -> None:
        self._file = file
        self._root = root
        self._load = load
        self._faults: list[InvalidInput] = []

    def suite(self) -> SuiteFile:
        top = self._mapping((), self._root, SUITE_KEYS, REQUIRED)
        entries = self._root.value["scorers"] if isinstance(self._root.value, dict) and "criteria" in top else None
        listed = entries.value if entries else None
        if entries is not None and not isinstance(listed, list):
            self._add(("scorers",), "this is not a list", "begin each scorer with `- name: …`")
        criteria = [
            self._criterion(("scorers", i), node) for i, node in enumerate(listed if isinstance(listed, list) else ())
        ]
        data = self._data(top.get("data"))
        refuse(self._faults)
        top["criteria"] = tuple(one for one in criteria if one is not None)
        top["data"] = data.digest if data else top["data"]
        suite = self._converted((), top, Suite)
        refuse(self._faults)
        assert suite is not None
        return SuiteFile(suite=suite, data=data)

    def _mapping(self, path: Path, node: Node, keys: Mapping[str, Key], required: tuple[str, ...]) -> dict[str, Any]:
        """Fields of core with their values; every fault is noted, and its key left out."""
        found: dict[str, Any] = {}
        if not isinstance(node.value, dict):
            self._add(path, "this is not a list of `key: value`", "write `name: …`")
            return found
        for name, child in node.value.items():
            if name not in keys:
                self._add((*path, name), f"unknown key `{name}`", did_you_mean(name, keys))
                continue
            key = keys[name]
            try:
                found[key.field] = key.read(child.plain()) if key.read else child.plain()
            except InvalidInput as error:
                self._add((*path, name), f"`{name}`: {error.what}", error.mend)
        for name in required:
            if name not in node.value:
                self._add(path, f"no `{name}`", f"add `{name}: {keys[name].example}`")
        return found

    def _criterion(self, path: Path, node: Node) -> Criterion | None:
        tree = node.value if isinstance(node.value, dict) else {}
        kind = tree["kind"].plain() if "kind" in tree else None
        if kind is not None and kind not in KINDS:
            self._add((*path, "kind"), f"no kind of scorer `{kind}`", did_you_mean(str(kind), KINDS))
            return None
        keys = {**CRITERION_KEYS, **(keys_of(str(kind)) if kind else {})}
        before = len(self._faults)
        found = self._mapping(path, node, keys, ("name", "kind"))
        if len(self._faults) > before:
            return None
        own = {
            name: found.pop(name) for name in list(found) if name == "kind" or name not in Criterion.__struct_fields__
        }
        found["scorer"] = self._converted(path, own, Scorer)
        found["calibration"] = self._calibration((*path, "calibration"), found.pop("calibration", None))
        if len(self._faults) > before:
            return None
        built: Criterion | None = self._converted(path, found, Criterion)
        return built

    def _converted(self, path: Path, value: object, kind: Any) -> Any:
        try:
            return msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            self._refused(path, named(error))
        except InvalidInput as error:
            self._refused(path, error)
        return None

    def _calibration(self, path: Path, name: object) -> Calibration | None:
        if name is None:
            return None
        raw = self._loaded(path, name)
        try:
            return msgspec.json.decode(raw, type=Calibration) if raw is not None else None
        except (msgspec.ValidationError, msgspec.DecodeError):
            self._add(path, f"`{name}` is not a calibration", "make it with `serinus judge calibrate`")
            return None

    def _data(self, name: object) -> DataSet | None:
        if name is None or (isinstance(name, str) and DIGEST.fullmatch(name)):
            return None
        raw = self._loaded(("data",), name)
        if raw is None:
            return None
        try:
            return parse_data_set(str(name), raw)
        except InvalidFile as error:
            self._faults += error.faults
            return None

    def _loaded(self, path: Path, name: object) -> bytes | None:
        try:
            if isinstance(name, str) and name:
                return self._load(name)
            self._add(path, "this is not a file name", "write a path beside this file")
        except InvalidInput as error:
            self._add(path, f"`{name}` {error.what}", error.mend)
        return None

    def _refused(self, path: Path, error: InvalidInput) -> None:
        place = [int(index) if index else word for word, index in _PLACE.findall(error.where)]
        self._add((*path, *place), f"`{error.where}`: {error.what}" if error.where else error.what, error.mend)

    def _add(self, path: Path, what: str, mend: str) -> None:
        self._faults.append(fault(self._file, self._root.line_of(path), what, mend))
