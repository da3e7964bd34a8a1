"""An app's traffic as a file, for a plan that is checked before there is any."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from serinus.core.errors import InvalidInput
from serinus.core.lint.traffic import HOURS_OF_WEEK, Graded, Traffic
from serinus.core.metrics import event_metric, metric
from serinus.core.records.labels import scale_of
from serinus.files import units
from serinus.files.faults import InvalidFile, did_you_mean, fault, refuse
from serinus.files.text import read_text
from serinus.files.yaml_nodes import Node, parse_yaml

MAX_BYTES = 256 * 1024
EXAMPLE = "{traffic: 1, calls_per_hour: 1200, users: {1h: 300, 24h: 2500}, rates: {call.error: 1%}}"
_S_PER_HOUR = 3600.0
_PERCENT = re.compile(r"(\d{1,4}(?:\.\d{1,4})?)\s*%", re.ASCII)
_IN_FILE = {"hourly": "calls_per_hour", "reach": "users"}
_SHARES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p99.9": 0.999}


def parse_traffic_file(file: str, raw: bytes) -> Traffic:
    """The traffic in these bytes; InvalidFile with every fault found, each with its line and how to mend it."""
    root = parse_yaml(file, read_text(file, raw, MAX_BYTES))
    if not isinstance(root.value, dict) or "traffic" not in root.value:
        raise InvalidFile([fault(file, root.line, "not a file of traffic", f"write such as `{EXAMPLE}`")])
    faults: list[InvalidInput] = []
    found: dict[str, Any] = {}
    for name, node in root.value.items():
        read = _KEYS.get(name)
        if read is None:
            faults.append(fault(file, node.line, f"unknown key `{name}`", did_you_mean(name, _KEYS)))
            continue
        try:
            own = read(node)
            found |= own if "quantiles" not in own else {"quantiles": found.get("quantiles", {}) | own["quantiles"]}
        except InvalidInput as error:
            faults.append(fault(file, node.line, f"`{name}`: {error.what}", error.mend))
    faults += [
        fault(file, root.line, f"no `{name}`", f"write such as `{EXAMPLE}`")
        for name, field in (("calls_per_hour", "hourly"), ("users", "reach"))
        if field not in found and name not in root.value
    ]
    refuse(faults)
    try:
        return Traffic(days=0.0, **found)
    except InvalidInput as error:
        raise InvalidFile([_contradiction(file, root, error)]) from error


def _contradiction(file: str, root: Node, error: InvalidInput) -> InvalidInput:
    """What core refuses of numbers that are well written, at the key that holds them."""
    field = error.where.split(".")[1]
    key = _IN_FILE.get(field, field)
    return fault(file, root.line_of((key,)), f"`{key}`: {error.what}", error.mend)


def _format(node: Node) -> dict[str, Any]:
    if node.value != 1:
        raise InvalidInput("this is not a format that is known", mend="write `traffic: 1`")
    return {}


def _calls(node: Node) -> dict[str, Any]:
    """One number for all hours, or one for each hour of the week."""
    value = node.plain()
    given = value if isinstance(value, list) else [value] * HOURS_OF_WEEK
    numbers = [float(one) for one in given if isinstance(one, int | float) and not isinstance(one, bool)]
    if len(given) != HOURS_OF_WEEK or len(numbers) != HOURS_OF_WEEK:
        raise InvalidInput(
            "this is neither a number nor a list of 168",
            mend="write `calls_per_hour: 1200`, or one number for each hour of the week, Monday 00:00 UTC first",
        )
    return {"hourly": tuple(numbers)}


def _users(node: Node) -> dict[str, Any]:
    value = node.plain()
    if not isinstance(value, dict) or not value or not all(_is_number(count) for count in value.values()):
        raise InvalidInput("these are no distinct users", mend="write such as `users: {1h: 300, 24h: 2500, 7d: 9000}`")
    pairs = ((units.duration_s(window) / _S_PER_HOUR, float(count)) for window, count in value.items())
    return {"reach": tuple(sorted(pairs))}


def _rates(node: Node) -> dict[str, Any]:
    value = node.plain()
    if not isinstance(value, dict):
        raise InvalidInput("this is not a list of `metric: share`", mend="write such as `rates: {call.error: 1%}`")
    return {"rates": {event_metric(str(name)).name: units.share(rate) for name, rate in value.items()}}


def _heaviest(node: Node) -> dict[str, Any]:
    return {"heaviest_unit": units.share(node.plain())}


def _quantiles(measure: str) -> Callable[[Node], dict[str, Any]]:
    def read(node: Node) -> dict[str, Any]:
        value = node.plain()
        mend = f"write such as `{measure}: {{p50: 900ms, p95: 2.4s, p99: 4s}}`"
        if not isinstance(value, dict) or not value:
            raise InvalidInput("these are no quantiles", mend=mend)
        pairs = []
        for name, text in value.items():
            if name not in _SHARES:
                raise InvalidInput(f"{name!r} is no quantile", mend=mend)
            pairs.append((_SHARES[name], 1000 * units.duration_s(text)))
        return {"quantiles": {measure: tuple(sorted(pairs))}}

    return read


def _dollars(name: str) -> Callable[[Node], dict[str, Any]]:
    def read(node: Node) -> dict[str, Any]:
        return {name: round(units.amount("usd", str(node.plain())) * 1e9)}

    return read


def _judged(node: Node) -> dict[str, Any]:
    return {"judged": units.share(node.plain())}


def _variation(node: Node) -> dict[str, Any]:
    """By metric of cost or tokens: the standard deviation of a call's, as a share of the mean."""
    value = node.plain()
    mend = "write such as `variation: {cost.per_call: 80%, tokens.per_call: 1.2}`"
    if not isinstance(value, dict):
        raise InvalidInput("this is not a list of `metric: share`", mend=mend)
    strange = [str(name) for name in value if metric(str(name)).kind != "ratio"]
    if strange:
        raise InvalidInput(f"{strange[0]} is neither cost nor tokens", mend=mend)
    return {"variation": {str(name): _times(one, mend) for name, one in value.items()}}


def _times(value: object, mend: str) -> float:
    found = _PERCENT.fullmatch(value.strip()) if isinstance(value, str) else None
    if found:
        return float(found[1]) / 100
    if not _is_number(value):
        raise InvalidInput(f"{value!r} is no share of the mean", mend=mend)
    return float(str(value))


def _scores(node: Node) -> dict[str, Any]:
    """By score: the share of calls that get one, and their mean and standard deviation on the score's own scale."""
    value = node.plain()
    mend = "write such as `scores: {judge.correctness: {share: 5%, mean: 0.8, sd: 0.2}}`"
    if not isinstance(value, dict) or not all(isinstance(one, dict) and "share" in one for one in value.values()):
        raise InvalidInput("these are no scores with a share of calls", mend=mend)
    return {"graded": {str(name): _graded(str(name), one, mend) for name, one in value.items()}}


def _graded(name: str, given: dict[str, Any], mend: str) -> Graded:
    scale = scale_of(metric(name).name)
    strange = [field for field, one in given.items() if field != "share" and not _is_number(one)]
    if scale is None or strange or given.keys() - {"share", "mean", "sd"}:
        raise InvalidInput(f"{name} is no score, or these are no numbers", mend=mend)
    known: dict[str, float] = {"share": units.share(given["share"])}
    if "mean" in given:
        known["mean"] = (given["mean"] - scale.low) / (scale.high - scale.low)
    if "sd" in given:
        known["sd"] = given["sd"] / (scale.high - scale.low)
    return Graded(**known, guessed="mean" not in given)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_KEYS: dict[str, Callable[[Node], dict[str, Any]]] = {
    "traffic": _format,
    "calls_per_hour": _calls,
    "users": _users,
    "rates": _rates,
    "heaviest_user": _heaviest,
    "latency": _quantiles("latency"),
    "ttft": _quantiles("ttft"),
    "cost_per_call": _dollars("cost_nano"),
    "judged": _judged,
    "judge_call": _dollars("judge_nano"),
    "scores": _scores,
    "variation": _variation,
}
