"""`serinus check --traffic` and `serinus forecast`."""

from __future__ import annotations

import json

from .conftest import PROJECT, Cli

TRAFFIC = "traffic: 1\ncalls_per_hour: {0}\nusers: {{1h: {0}, 24h: {1}}}\nrates: {{call.error: 1%}}\n"


def test_check_tells_what_a_plan_would_see_of_expected_traffic(cli: Cli) -> None:
    """A table and sentences; exit code 1 when the plan is blind, 0 when it sees."""
    project = cli.file("serinus.yaml", PROJECT)
    few = cli.run("check", project, "--traffic", cli.file("few.yaml", TRAFFIC.format(10, 100)))
    assert few.exit_code == 1
    assert "error plan." in few.stdout
    assert "smallest harm seen" in few.stdout
    many = cli.run("check", project, "--traffic", cli.file("many.yaml", TRAFFIC.format(10**7, 10**8)))
    assert many.exit_code == 0, many.stdout
    assert "error plan." not in many.stdout


def test_check_with_traffic_is_one_json_document(cli: Cli) -> None:
    """`ok` is what the exit code says."""
    project, traffic = cli.file("serinus.yaml", PROJECT), cli.file("few.yaml", TRAFFIC.format(10, 100))
    found = cli.run("check", project, "--traffic", traffic, "--json")
    assert '"ok": false' in found.stdout
    assert '"forecasts": {' in found.stdout


def test_a_fault_in_the_traffic_is_told_with_its_line(cli: Cli) -> None:
    """As every fault of a file."""
    project, traffic = cli.file("serinus.yaml", PROJECT), cli.file("t.yaml", "traffic: 1\nusers: 3\n")
    found = cli.run("check", project, "--traffic", traffic)
    assert found.exit_code == 1
    assert "t.yaml:2" in found.stderr


def test_a_forecast_without_calls_says_what_to_do_instead(cli: Cli) -> None:
    """The API's words come through."""
    cli.prepared()
    found = cli.run("forecast", "bot")
    assert found.exit_code == 1
    assert "mend:" in found.stderr


def test_H5_a_guardrail_on_a_score_has_its_row(cli: Cli) -> None:
    """Users graded, and the smallest drop in points; without any traffic of grades a warning says what to give."""
    rail = "      - {metric: judge.correctness, max_drop: 0.02}\n"
    head, guardrails, rest = PROJECT.partition("guardrails:\n")
    assert guardrails
    project = cli.file("serinus.yaml", head + guardrails + rail + rest)
    known = TRAFFIC.format(10**5, 10**6)
    blind = cli.run("check", project, "--traffic", cli.file("blind.yaml", known))
    assert "give `scores:" in blind.stdout
    scores = "scores: {judge.correctness: {share: 5%, sd: 0.2}}\n"
    found = cli.run("check", project, "--traffic", cli.file("known.yaml", known + scores))
    assert "points lower" in found.stdout
    assert "graded" in found.stdout
    told = json.loads(cli.run("check", project, "--traffic", cli.file("known.yaml", known + scores), "--json").stdout)
    [drop] = told["forecasts"]["bot"]["drops"]
    assert (drop["metric"], drop["drop"]) == ("judge.correctness", 0.07)


def test_H5_check_tells_the_smallest_harm_to_cost_that_is_seen(cli: Cli) -> None:
    """How exactly the ratio is known, and what is seen of it; without `variation` a line says what is taken for it."""
    head, guardrails, rest = PROJECT.partition("guardrails:\n")
    rail = "      - {metric: cost.per_call, max_ratio: 1.1, design_ratio: 1.5}\n"
    project, known = cli.file("serinus.yaml", head + guardrails + rail + rest), TRAFFIC.format(10_000, 100_000)
    blind = cli.run("check", project, "--traffic", cli.file("blind.yaml", known), "--json")
    told = json.loads(blind.stdout)["forecasts"]["bot"]
    assert any(one["where"] == "traffic.variation" for one in told["findings"])
    more = cli.file("t.yaml", known + "variation: {cost.per_call: 80%}\n")
    found = json.loads(cli.run("check", project, "--traffic", more, "--json").stdout)["forecasts"]["bot"]
    [cost] = [one for one in found["steps"][0]["metrics"] if one["metric"] == "cost.per_call"]
    assert 1.1 < cost["smallest_harm"] < 3
    assert 0 < cost["error"] < 1
    assert not any(one["where"] == "traffic.variation" for one in found["findings"])
    assert "±" in cli.run("check", project, "--traffic", more).stdout
    early = cli.file("early.yaml", (head + guardrails + rail + rest).replace("min_units: 200", "min_units: 1"))
    few = cli.run("check", early, "--traffic", cli.file("few.yaml", TRAFFIC.format(100, 1000))).stdout
    assert "too few users" in few
