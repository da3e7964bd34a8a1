"""Project files: what they mean, and how their faults are told."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serinus.core.errors import InvalidInput
from serinus.core.pipeline.app import AppConfig
from serinus.core.pipeline.plan import Guardrail, Limit, Plan, Step
from serinus.core.routing.snapshot import Endpoint, FormatRule, Limits
from serinus.files.faults import InvalidFile
from serinus.files.project_file import parse_project_file

GOOD = """pipeline: 1
endpoints:
  sim:
    base_url: http://127.0.0.1:9000/v1
    api_key_env: SIM_KEY
apps:
  support-bot:
    owner: ada@example.com
    unit: request
    overdue: 10s
    limits: {total: 2m, body: 1MiB}
    format: {kind: json_object, required_keys: [answer]}
    payload_days: 9
    stages:
      - kind: rollout
        steps:
          - {share: 2.5%, dwell: 5m, min_units: 200}
          - {share: 100%, dwell: 1d}
    guardrails:
      - {metric: call.invalid_format, max_ratio: 1.5, design_ratio: 3}
    triggers:
      - {metric: call.error, above: 2.5%, for: 5m}
      - {metric: call.overdue, above: 10%, for: 10s, min_requests: 5, action: pause}
    alpha: 0.001
    holdback: 2%
    lease: 20s
"""


def _faults(text: str) -> list[InvalidInput]:
    with pytest.raises(InvalidFile) as caught:
        parse_project_file("serinus.yaml", text.encode())
    return list(caught.value.faults)


def test_a_file_becomes_endpoints_and_apps() -> None:
    """Names and units of the file become core's values; what is left out has core's defaults."""
    project = parse_project_file("f", GOOD.encode())
    assert project.endpoints == (Endpoint(name="sim", base_url="http://127.0.0.1:9000/v1", api_key_env="SIM_KEY"),)
    assert project.apps == (
        AppConfig(
            name="support-bot",
            unit="request",
            overdue_s=10.0,
            limits=Limits(total_s=120.0, body_bytes=2**20),
            format_rule=FormatRule(kind="json_object", required_keys=("answer",)),
            payload_days=9,
            plan=Plan(
                owner="ada@example.com",
                steps=(Step(share=0.025, dwell_s=300.0, min_units=200), Step(share=1.0, dwell_s=86_400.0)),
                guardrails=(Guardrail(metric="call.invalid_format", max_ratio=1.5, design_ratio=3.0),),
                limits=(
                    Limit(metric="call.error", above=0.025, buckets=5, bucket_s=60),
                    Limit(metric="call.overdue", above=0.1, buckets=10, bucket_s=1, min_requests=5, action="pause"),
                ),
                alpha=0.001,
                holdback=0.02,
                lease_s=20.0,
            ),
        ),
    )


def test_J1_limits_are_written_in_the_units_of_their_metrics() -> None:
    """Seconds for a latency, tokens/s for a speed, percent for a share: core counts ms, tokens/s and parts of one."""
    text = GOOD.replace(
        "    alpha:",
        "      - {metric: latency.p99, above: 5s, for: 3m}\n"
        "      - {metric: speed.tokens_per_s, below: 15 tokens/s, for: 30s}\n    alpha:",
    )
    plan = parse_project_file("f", text.encode()).apps[0].plan
    assert plan is not None
    assert plan.limits[2:] == (
        Limit(metric="latency.p99", above=5000.0, buckets=3, bucket_s=60),
        Limit(metric="speed.tokens_per_s", below=15.0, buckets=30, bucket_s=1),
    )


def test_A6_what_is_missing_is_named_with_the_lines_to_write() -> None:
    """An app without owner, stages and triggers is told all three, each with what to write."""
    faults = _faults("pipeline: 1\napps:\n  bot:\n    unit: user\n")
    assert [(f.where, f.what) for f in faults] == [
        ("serinus.yaml:3", "no `owner` in `apps.bot`"),
        ("serinus.yaml:3", "no `stages` in `apps.bot`"),
        ("serinus.yaml:3", "no `triggers` in `apps.bot`"),
    ]
    lines = [f.mend.removeprefix("add `").removesuffix("`") for f in faults]
    text = "pipeline: 1\napps:\n  bot:\n    unit: user\n" + "".join(f"    {line}\n" for line in lines)
    assert parse_project_file("f", text.encode()).apps[0].name == "bot"


@pytest.mark.parametrize(
    ("old", "new", "line", "what", "mend"),
    [
        ("pipeline: 1", "pipeline: 2", 1, "`pipeline`: only 1 can stand here", "pipeline: 1"),
        ("pipeline: 1\n", "", 1, "no `pipeline`", "add `pipeline: 1`"),
        ("owner:", "ownr:", 8, "unknown key `ownr` in `apps.support-bot`", "did you mean `owner`?"),
        ("triggers:", "trigers:", 21, "unknown key `trigers`", "did you mean `triggers`?"),
        ("min_units", "min_unit", 17, "unknown key `min_unit`", "did you mean `min_units`?"),
        ("dwell: 5m", "dwell: 5", 17, "5 is not a duration", "`5m`"),
        ("share: 2.5%", "share: 250%", 17, "'250%' is not between 0% and 100%", "5%"),
        ("share: 2.5%", "share: 60%", 17, "share 60.00% cannot be compared", "50 %"),
        ("share: 100%", "share: 2%", 18, "share 2.00% does not grow", "grow"),
        ("share: 100%", "share: 50%", 16, "the last step is not 100 %", "100%"),
        ("kind: rollout", "kind: rolout", 15, "there is no stage of kind 'rolout'", "did you mean `rollout`?"),
        ("kind: rollout", "name: x", 15, "no `kind` in `apps.support-bot.stages[0]`", "add `kind: rollout`"),
        ("call.error", "call.eror", 22, "unknown metric 'call.eror'", "did you mean `call.error`?"),
        ("design_ratio: 3", "design_ratio: 1", 20, "max_ratio 1.5 must be", "design_ratio"),
        ("for: 10s", "for: 1.5s", 23, "not a whole number", "whole"),
        ("call.error, above: 2.5%", "latency.p99, above: 2.5%", 22, "latency.p99 has the unit ms", "`30s`"),
        ("above: 2.5%", "above: 5s", 22, "'5s' is not a share, and call.error has the unit share", "`5%`"),
        ("above: 2.5%", "below: 2.5%", 22, "call.error is better when lower", "above: 2.5%"),
        ("above: 2.5%, ", "", 22, "call.error has no bound", "above: 2.5%"),
        ("call.error, above: 2.5%", "speed.tokens_per_s, below: 15", 22, "15 is not a speed", "`15 tokens/s`"),
        ("lease: 20s", "lease: 5m", 26, "lease of 300.0 s", "90 s"),
        ("lease: 20s", "suspicions: {confirm_within: 1s}", 26, "within 1 s nobody can read the answer", "such as 15m"),
        ("alpha: 0.001", "alpha: 0%", 24, "alpha 0.0 is not in (0, 1)", "0.01"),
        ("http://127.0.0.1:9000/v1", "ftp://x", 4, "does not have the form", "https://"),
        ("http://127.0.0.1:9000/v1", "https://me:secret@x/v1", 4, "does not have the form", "https://"),
        ("support-bot:", "Support Bot:", 7, "does not have the form", "small letters"),
        ("unit: request", "unit: [request]", 9, "only 'user', 'request' or 'refuse'", "…"),
        ("owner: ada@example.com", "owner: 7", 8, "this is not text", "owner: ada"),
        ("required_keys: [answer]", "pattern: '('", 12, "not a regular expression", "escape"),
        ("guardrails:\n", "guardrails: 5\n    x:\n", 19, "this is not a list", "see"),
    ],
)
def test_a_fault_is_told_with_line_what_and_mend(old: str, new: str, line: int, what: str, mend: str) -> None:
    """Each fault points to the line it stands in and says what to write instead."""
    assert old in GOOD
    found = [f for f in _faults(GOOD.replace(old, new, 1)) if what in f.what]
    assert [f.where for f in found] == [f"serinus.yaml:{line}"]
    assert mend in found[0].mend or mend == "…"


def test_a_secret_in_a_url_is_not_repeated() -> None:
    """A refusal of a URL with a password does not print the password."""
    assert all("secret" not in str(f) for f in _faults(GOOD.replace("http://127", "http://me:secret@127")))


def test_a_file_that_is_no_mapping_is_refused() -> None:
    """An empty file and a list are told how a project file begins."""
    for text in ("", "- a", "hello"):
        assert _faults(text)[0].mend == "begin with the line `pipeline: 1`"


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_mutation_of_a_good_file_is_a_project_or_a_refusal(data: st.DataObject) -> None:
    """Cut, doubled and replaced pieces of a good file are read or refused."""
    at = data.draw(st.integers(0, len(GOOD)))
    cut = data.draw(st.integers(0, 30))
    new = data.draw(st.text("{}%#-:[]|'\" \nab1.", max_size=12))
    refusal = None
    try:
        parse_project_file("f", (GOOD[:at] + new + GOOD[at + cut :]).encode())
    except InvalidInput as error:
        refusal = error
    assert refusal is None or refusal.where.startswith("f:")
