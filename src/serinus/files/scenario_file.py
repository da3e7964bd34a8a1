"""A scenario of a rehearsal as a file: traffic, rates, and what goes wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

import msgspec

from serinus.core.errors import InvalidInput
from serinus.core.metrics import REGISTRY
from serinus.files import units
from serinus.files.faults import InvalidFile, did_you_mean, fault, refuse
from serinus.files.text import read_text
from serinus.files.yaml_nodes import Node, parse_yaml
from serinus.rehearsal.scenario import Drift, Effect, Gap, Judge, Latency, Outage, People, Rate, Scenario, Traffic

MAX_BYTES = 256 * 1024
Read = Callable[[object], Any]
Path = tuple[str | int, ...]


def _metric(value: object) -> str:
    if not isinstance(value, str) or value not in REGISTRY:
        raise InvalidInput(f"unknown metric {value!r}", mend=did_you_mean(str(value), REGISTRY))
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key of the file: the field that it fills, how its value is read, and what may stand there."""

    field: str
    read: Read | None = None
    example: str
    required: bool = False


def _key(field: str, example: str, read: Read | None = None, required: bool = False) -> Key:
    return Key(field=field, read=read, example=example, required=required)


_METRIC = _key("metric", "call.error", _metric, required=True)
_FROM = _key("from_s", "6h", units.duration_s)
_FROM_WHEN = _key("from_s", "6h", units.duration_s, required=True)
_FOR = _key("for_s", "20m", units.duration_s, required=True)

TRAFFIC: dict[str, Key] = {
    "requests_per_day": _key("requests_per_day", "250000"),
    "shape": _key("shape", "day"),
    "starts_at": _key("starts_at_s", "9h", units.duration_s),
    "users": _key("users", "20000"),
    "tail": _key("tail", "1.0"),
    "turns": _key("turns", "2"),
    "pause": _key("pause_s", "60s", units.duration_s),
    "spread": _key("spread", "1.0"),
}
LATENCY: dict[str, Key] = {
    "median": _key("median_s", "900ms", units.duration_s),
    "spread": _key("spread", "0.6"),
}
JUDGE: dict[str, Key] = {
    "cases": _key("cases", "2000"),
    "correct": _key("correct", "88%", units.share),
    "differs": _key("differs", "8%", units.share),
    "drop": _key("drop", "0.05"),
    "noise": _key("noise", "1%", units.share),
    "max_drop": _key("max_drop", "0.03"),
    "takes": _key("takes_s", "30m", units.duration_s),
    "dies": _key("dies", "true"),
    "live": _key("live", "20%", units.share),
    "live_after": _key("live_after_s", "5m", units.duration_s),
    "live_drop": _key("live_drop", "0.05"),
    "live_drop_from": _key("live_drop_from_s", "12h", units.duration_s),
}
PEOPLE: dict[str, Key] = {"approve_after": _key("approve_after_s", "2h", units.duration_s)}
RATE: dict[str, Key] = {
    "chance": _key("chance", "2%", units.share, required=True),
    "delay": _key("delay_s", "6h", units.duration_s),
    "after": _key("after_s", "2d", units.duration_s),
}
EFFECT: dict[str, Key] = {
    "metric": _METRIC,
    "ratio": _key("ratio", "3", required=True),
    "from": _FROM,
    "after_events": _key("after_events", "800"),
    "over": _key("over_s", "12h", units.duration_s),
    "segment": _key("segment", "20%", units.share),
}
DRIFT: dict[str, Key] = {
    "metric": _METRIC,
    "kind": _key("kind", "step", required=True),
    "factor": _key("factor", "2", required=True),
    "from": _FROM,
    "over": _key("over_s", "12h", units.duration_s),
}
OUTAGE: dict[str, Key] = {
    "metric": _METRIC,
    "chance": _key("chance", "60%", units.share, required=True),
    "from": _FROM_WHEN,
    "for": _FOR,
}
GAP: dict[str, Key] = {"from": _FROM_WHEN, "for": _FOR}
SCENARIO: dict[str, Key] = {
    "scenario": _key("scenario", "1", required=True),
    "name": _key("name", "failures-x3", required=True),
    "title": _key("title", "Three times the failures"),
    "traffic": _key("traffic", "{requests_per_day: 250000}"),
    "rates": _key("rates", "{call.error: 2%}", required=True),
    "latency": _key("latency", "{median: 900ms, spread: 0.6}"),
    "judge": _key("judge", "{drop: 0.05}"),
    "people": _key("people", "{approve_after: 2h}"),
    "populations": _key("populations", "{internal: 8%}"),
    "effect": _key("effect", "[{metric: call.error, ratio: 3}]"),
    "drift": _key("drift", "[{metric: call.error, kind: step, factor: 2, from: 6h}]"),
    "outages": _key("outages", "[{metric: call.error, chance: 60%, from: 6h, for: 20m}]"),
    "gaps": _key("gaps", "[{from: 6h, for: 20m}]"),
    "horizon": _key("horizon_s", "7d", units.duration_s),
    "past": _key("past_s", "7d", units.duration_s),
}
_PARTS: dict[str, tuple[type[msgspec.Struct], dict[str, Key]]] = {
    "traffic": (Traffic, TRAFFIC),
    "latency": (Latency, LATENCY),
    "judge": (Judge, JUDGE),
    "people": (People, PEOPLE),
}
_LISTS: dict[str, tuple[type[msgspec.Struct], dict[str, Key]]] = {
    "effect": (Effect, EFFECT),
    "drift": (Drift, DRIFT),
    "outages": (Outage, OUTAGE),
    "gaps": (Gap, GAP),
}


def parse_scenario_file(file: str, raw: bytes) -> Scenario:
    """The scenario in these bytes; InvalidFile with every fault found, each naming `file`, line and how to mend it."""
    root = parse_yaml(file, read_text(file, raw, MAX_BYTES))
    if not isinstance(root.value, dict):
        raise InvalidFile([fault(file, root.line, "not a scenario", "begin with the line `scenario: 1`")])
    return _Reader(file, root).scenario(root.value)


def shipped() -> dict[str, bytes]:
    """The files of the scenarios that come with Serinus, by name."""
    folder = resources.files("serinus.files").joinpath("scenarios")
    found = {one.name.removesuffix(".yaml"): one for one in folder.iterdir() if one.name.endswith(".yaml")}
    return {name: found[name].read_bytes() for name in sorted(found)}


class _Reader:
    """Reads one file; gathers faults."""

    def __init__(self, file: str, root: Node) -> None:
        self._file = file
        self._root = root
        self._faults: list[InvalidInput] = []

    def scenario(self, tree: Mapping[str, Node]) -> Scenario:
        self._check_keys((), tree, SCENARIO)
        if "scenario" in tree and tree["scenario"].value != 1:
            self._add(("scenario",), "this is not a format that is known", "write `scenario: 1`")
        found: dict[str, Any] = {"rates": self._rates(tree.get("rates"))}
        for name in ("name", "title"):
            if name in tree:
                found[name] = self._text((name,), tree[name])
        for name in ("horizon", "past"):
            if name in tree:
                found |= self._fields((name,), {name: tree[name]}, SCENARIO, ())
        for name, (kind, keys) in _PARTS.items():
            if name in tree:
                found[name] = self._struct((name,), tree[name], kind, keys)
        for name, (kind, keys) in _LISTS.items():
            if name in tree:
                found[name] = self._list((name,), tree[name], kind, keys)
        if "populations" in tree:
            found["populations"] = self._sizes(tree["populations"])
        refuse(self._faults)
        built = self._converted((), lambda: Scenario(**found))
        refuse(self._faults)
        assert isinstance(built, Scenario)
        return built

    def _rates(self, node: Node | None) -> tuple[Rate | None, ...]:
        if node is None:
            return ()
        if not isinstance(node.value, dict):
            self._add(("rates",), "this is not a list of `metric: chance`", "write `rates: {call.error: 2%}`")
            return ()
        return tuple(self._rate(("rates", name), name, child) for name, child in node.value.items())

    def _rate(self, path: Path, name: str, node: Node) -> Rate | None:
        known = self._read(path, _metric, name)
        if isinstance(node.value, dict):
            fields = self._mapping(path, node, RATE)
        else:
            fields = {"chance": self._read(path, units.share, node.plain())}
        if known is None or fields is None or fields.get("chance") is None:
            return None
        rate: Rate | None = self._converted(path, lambda: msgspec.convert({"metric": known, **fields}, Rate))
        return rate

    def _sizes(self, node: Node) -> dict[str, float]:
        if not isinstance(node.value, dict):
            self._add(("populations",), "this is not a list of `name: share`", "write `populations: {internal: 8%}`")
            return {}
        return {name: self._read(("populations", name), units.share, one.plain()) for name, one in node.value.items()}

    def _list(self, path: Path, node: Node, kind: type[msgspec.Struct], keys: Mapping[str, Key]) -> tuple[Any, ...]:
        if not isinstance(node.value, list):
            self._add(path, "this is not a list", f"write `{path[-1]}: {SCENARIO[str(path[-1])].example}`")
            return ()
        return tuple(self._struct((*path, i), child, kind, keys) for i, child in enumerate(node.value))

    def _struct(self, path: Path, node: Node, kind: type[msgspec.Struct], keys: Mapping[str, Key]) -> Any:
        fields = self._mapping(path, node, keys)
        return None if fields is None else self._converted(path, lambda: msgspec.convert(fields, kind))

    def _mapping(self, path: Path, node: Node, keys: Mapping[str, Key]) -> dict[str, Any] | None:
        """The fields, or None when any is wrong."""
        if not isinstance(node.value, dict):
            self._add(path, "this is not a list of `key: value`", f"write `{{{_shown(keys)}}}`")
            return None
        before = len(self._faults)
        self._check_keys(path, node.value, keys)
        found = self._fields(path, node.value, keys, path)
        return found if len(self._faults) == before else None

    def _check_keys(self, path: Path, tree: Mapping[str, Node], keys: Mapping[str, Key]) -> None:
        for name in tree:
            if name not in keys:
                self._add((*path, name), f"unknown key `{name}`", did_you_mean(name, keys))
        for name, key in keys.items():
            if key.required and name not in tree:
                self._add(path, f"no `{name}`", f"add `{name}: {key.example}`")

    def _fields(self, path: Path, tree: Mapping[str, Node], keys: Mapping[str, Key], at: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, child in tree.items():
            if name in keys:
                key = keys[name]
                place = (*at, name) if at else path
                found[key.field] = self._read(place, key.read, child.plain()) if key.read else child.plain()
        return found

    def _read(self, path: Path, read: Read, value: object) -> Any:
        try:
            return read(value)
        except InvalidInput as error:
            self._add(path, f"`{path[-1]}`: {error.what}", error.mend)
            return None

    def _text(self, path: Path, node: Node) -> str:
        if isinstance(node.value, str) and node.value:
            return node.value
        self._add(path, f"`{path[-1]}` is not text", f"write `{path[-1]}: {SCENARIO[str(path[-1])].example}`")
        return ""

    def _converted(self, path: Path, build: Callable[[], Any]) -> Any:
        try:
            return build()
        except msgspec.ValidationError as error:
            what, name = _plainly(str(error))
            self._add((*path, name), what, "see docs/reference/scenarios.md")
        except InvalidInput as error:
            self._add(self._place(path, error.where), f"`{error.where}`: {error.what}", error.mend)
        return None

    def _place(self, path: Path, where: str) -> Path:
        """Where in the file a field of core stands."""
        name = where.rpartition(".")[2].removesuffix("_s")
        whole = where.partition(".")[0].partition("[")
        inner = (int(whole[2].rstrip("]")),) if whole[2].rstrip("]").isdecimal() else ()
        return (*path, name) if path else (whole[0], *inner, name)

    def _add(self, path: Path, what: str, mend: str) -> None:
        self._faults.append(fault(self._file, self._root.line_of(path), what, mend))


def _shown(keys: Mapping[str, Key]) -> str:
    return ", ".join(f"{name}: {key.example}" for name, key in keys.items() if key.required)


def _plainly(text: str) -> tuple[str, str]:
    """msgspec's words with the key of the file in place of its own notation, and that key."""
    what, _, place = text.partition(" - at ")
    name = place.strip("`$.").removesuffix("_s")
    return (f"`{name}`: {what}" if name else what), name
