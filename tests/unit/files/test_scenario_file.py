"""Scenario files: what is accepted, and how faults are told."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from serinus.core.errors import InvalidInput
from serinus.files import scenario_file
from serinus.files.faults import InvalidFile
from serinus.files.scenario_file import parse_scenario_file, shipped
from serinus.rehearsal.scenario import Effect, Rate

REFERENCE = (Path(__file__).parents[3] / "docs" / "reference" / "scenarios.md").read_text(encoding="utf-8")
SOUND = "scenario: 1\nname: ours\nrates:\n  call.error: 2%\n"


def faults(text: str) -> list[str]:
    """`line: what` of each fault."""
    with pytest.raises(InvalidFile) as caught:
        parse_scenario_file("f.yaml", text.encode())
    assert all(one.mend for one in caught.value.faults)
    return [f"{one.where.removeprefix('f.yaml:')}: {one.what}" for one in caught.value.faults]


def test_q1_a_scenario_is_read_with_its_units() -> None:
    """Shares and durations as people write them."""
    text = (
        SOUND
        + "  feedback.thumbs_down: {chance: 4%, delay: 6h}\neffect:\n  - {metric: call.error, ratio: 3, over: 2h}\n"
    )
    found = parse_scenario_file("f.yaml", text.encode())
    assert found.rates[1] == Rate(metric="feedback.thumbs_down", chance=0.04, delay_s=21600)
    assert found.effect == (Effect(metric="call.error", ratio=3.0, over_s=7200),)
    assert found.harmful


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", ["1: not a scenario"]),
        ("scenario: 2\n" + SOUND[12:], ["1: this is not a format that is known"]),
        ("scenario: 1\nname: x\n", ["1: no `rates`"]),
        (SOUND + "efect: []\n", ["5: unknown key `efect`"]),
        (SOUND + "rates2: 1\nhorizon: 5\n", ["5: unknown key `rates2`", "6: `horizon`: 5 is not a duration"]),
        ("scenario: 1\nname: x\nrates:\n  call.eror: 2%\n", ["4: `call.eror`: unknown metric 'call.eror'"]),
        ("scenario: 1\nname: x\nrates: 3\n", ["3: this is not a list of `metric: chance`"]),
        ("scenario: 1\nname: [x]\nrates: {call.error: 2%}\n", ["2: `name` is not text"]),
        (SOUND + "effect: {metric: call.error}\n", ["5: this is not a list"]),
        (SOUND + "effect:\n  - {metric: call.error}\n", ["6: no `ratio`"]),
        (SOUND + "effect:\n  - {metric: call.error, ratio: -1}\n", ["6: `effect.ratio`: -1 is not between 0 and 1000"]),
        (SOUND + "effect: [{metric: call.refusal, ratio: 2}]\n", ["5: `effect[0].metric`: call.refusal has no rate"]),
        (
            SOUND + "effect: [{metric: latency.p95, ratio: 2}]\n",
            ["5: `effect[0].metric`: nothing is said of latencies"],
        ),
        (
            SOUND + "latency: {}\neffect:\n  - {metric: latency.p95, ratio: 2, after_events: 5}\n",
            ["7: `effect.after_events`: latency has no events to wait for, and no call takes no time"],
        ),
        (
            SOUND + "latency: {}\neffect:\n  - {metric: latency.p95, ratio: 2}\n  - {metric: latency.p50, ratio: 2}\n",
            ["6: `effect`: latency stands twice"],
        ),
        (SOUND + "latency:\n  median: 0.9\n", ["6: `median`: 0.9 is not a duration"]),
        (SOUND + "judge:\n  dies: perhaps\n", ["6: `dies`: Expected `bool`, got `str`"]),
        (
            SOUND + "judge:\n  drop: 0.2\n",
            ["6: `judge.drop`: a drop of 0.2 does not fit 0.88 right and 0.08 different answers"],
        ),
        (SOUND + "populations:\n  staff: many\n", ["6: `staff`: 'many' is not a share"]),
        (SOUND + "populations:\n  staff: 0%\n", ["6: `populations.staff`: 0 is not between 1e-06 and 1"]),
        (SOUND + "people:\n  approve_afer: 2h\n", ["6: unknown key `approve_afer`"]),
        (SOUND + "traffic:\n  shape: nigth\n", ["6: `shape`: Invalid enum value 'nigth'"]),
        (SOUND + "traffic:\n  users: 1\n", ["6: `traffic.users`: 1 is not between 2 and 1e+07"]),
        (SOUND + "traffic:\n  users: .inf\n", ["6: `users`: Expected `int`, got `str`"]),
        (
            SOUND + "gaps:\n  - {from: 2h, for: 1h}\n  - {from: 1h, for: 1h}\n",
            ["7: `gaps[1]`: gaps overlap or are not in order"],
        ),
    ],
)  # fmt: skip
def test_q1_faults_name_their_line_and_how_to_mend_them(text: str, told: list[str]) -> None:
    """All at once, in the order of the file."""
    assert faults(text) == told


def test_q1_shipped_scenarios_are_sound_and_documented() -> None:
    """Each under its own name, with a title, in the reference."""
    files = shipped()
    assert {"healthy", "failures-x2", "failures-x3", "slow-leak", "one-segment"} <= set(files)
    for name, raw in files.items():
        found = parse_scenario_file(f"{name}.yaml", raw)
        assert found.name == name
        assert found.title
        assert f"| `{name}` |" in REFERENCE
    assert not parse_scenario_file("healthy.yaml", files["healthy"]).harmful


def test_q1_scenarios_in_the_documentation_are_accepted() -> None:
    """What a reader copies works."""
    blocks = re.findall(r"^```yaml\n(scenario: .*?)^```$", REFERENCE, re.MULTILINE | re.DOTALL)
    assert blocks
    for block in blocks:
        parse_scenario_file("example.yaml", block.encode())


@pytest.mark.parametrize(
    "title", ["File", "Traffic", "Rates", "Latency", "Judge", "People", "Effect", "Drift", "Outages", "Gaps"]
)
def test_q1_every_key_of_a_scenario_is_documented(title: str) -> None:
    """With a row in the table of what it belongs to, marked when it is required."""
    tables = {
        "File": scenario_file.SCENARIO,
        "Traffic": scenario_file.TRAFFIC,
        "Rates": scenario_file.RATE,
        "Latency": scenario_file.LATENCY,
        "Judge": scenario_file.JUDGE,
        "People": scenario_file.PEOPLE,
        "Effect": scenario_file.EFFECT,
        "Drift": scenario_file.DRIFT,
        "Outages": scenario_file.OUTAGE,
        "Gaps": scenario_file.GAP,
    }
    section = re.split(rf"^##+ {title}\n", REFERENCE, flags=re.MULTILINE)[1].split("\n##")[0]
    for name, key in tables[title].items():
        assert f"| `{name}`{' (required)' if key.required else ''} |" in section, name


def test_q1_values_that_no_file_can_hold_are_refused_too() -> None:
    """NaN and infinity are no chances."""
    for chance in (float("nan"), float("inf"), -0.1, 1.1):
        with pytest.raises(InvalidInput):
            Rate(metric="call.error", chance=chance)
