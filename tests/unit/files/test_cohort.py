"""The cohort rule of a project file: who is exposed first, as people write it."""

from __future__ import annotations

from typing import Any

import pytest

from serinus.core.errors import InvalidInput
from serinus.core.pipeline.app import AppConfig
from serinus.core.pipeline.exposure import cohort_lines, concerns
from serinus.core.pipeline.population import Population, predicate_words
from serinus.core.routing.predicate import AllOf, AnyOf, Condition, Not, Predicate
from serinus.files.faults import InvalidFile
from serinus.files.predicates import Segments
from serinus.files.project_file import Project, parse_project_file

GOOD = """\
pipeline: 1
apps:
  bot:
    owner: ada@example.com
    cohort:
      unit: {from: api_key}
      attributes: [header, metadata]
      segments:
        internal: {when: {staff: true}, size: 2%}
        simple: {all: [{turn: chars, at_most: 400}, {not: internal}]}
      opted_in:
        beta: [acme, globex]
    stages:
      - kind: rollout
        steps:
          - {share: 2%, dwell: 2h, population: internal, opted_in: [beta]}
          - {share: 10%, dwell: 4h, population: simple}
          - {share: 10%, dwell: 4h, population: {region: [eu-west, eu-north]}}
          - {share: 5%, dwell: 4h, population: {when: {region: us-east}, size: 50%}}
          - {share: 50%, dwell: 4h}
          - {share: 100%, dwell: 24h}
    triggers: [{metric: call.error, above: 2.5%, for: 5m}]
"""
STAFF = Condition(name="staff", values=(True,))


def project(text: str = GOOD) -> Project:
    return parse_project_file("serinus.yaml", text.encode())


def app(text: str = GOOD) -> AppConfig:
    (found,) = project(text).apps
    return found


def test_A1_a_cohort_rule_is_read() -> None:
    """Unit, where attributes come from, who has opted in, and whom each step means."""
    config = app()
    assert (config.unit, config.attributes) == ("api_key", ("header", "metadata"))
    assert config.opted_in == {"beta": ("acme", "globex")}
    assert config.plan is not None
    short = Condition(about="turn", name="chars", op="at_most", values=(400,))
    assert [step.population for step in config.plan.steps] == [
        Population(when=STAFF, size=0.02, name="internal"),
        Population(when=AllOf(of=(short, Not(of=STAFF))), name="simple"),
        Population(when=Condition(name="region", values=("eu-west", "eu-north"))),
        Population(when=Condition(name="region", values=("us-east",)), size=0.5),
        None,
        None,
    ]
    assert config.plan.steps[0].opted_in == ("beta",)


def test_H14_a_share_is_of_the_traffic_and_a_small_population_is_halved() -> None:
    """2 % asked of internal users who are 2 %: half of them, 1 % of the traffic; 5 % of 50 % is a tenth of them."""
    plan = app().plan
    assert plan is not None
    assert [plan.slice_share(step) for step in range(6)] == pytest.approx([0.5, 0.1, 0.1, 0.1, 0.5, 0.99])
    assert [plan.candidate_share(step) for step in range(6)] == pytest.approx([0.01, 0.1, 0.1, 0.05, 0.5, 0.99])


def test_A1_check_says_who_is_exposed_first_in_words() -> None:
    """And warns of what is halved (H14), and of a size that is not said."""
    config = app()
    lines = list(cohort_lines(config))
    assert lines[0] == "a unit is the key that a call is made with"
    assert lines[1] == "step 1: half of internal (staff is true), and who opted in (beta)"
    assert lines[3] == "step 3: 10 % of those where region is eu-west or eu-north"
    assert lines[4] == "step 4: 5 % of the traffic, among those where region is us-east"
    assert lines[6:] == ["step 6: everyone but the holdback", "opted in (beta): 2 units"]
    assert config.plan is not None
    halved, *unsaid = concerns(config.plan)
    assert "internal is 2 % of the traffic" in halved
    assert "the candidate gets 1 %" in halved
    assert [line.partition(":")[0] for line in unsaid] == ["step 2", "step 3"]


def test_A6_an_app_without_a_cohort_rule_is_refused_with_the_line_to_write() -> None:
    """Who is exposed first is said before it happens; naming the unit alone says it too: everyone."""
    plain = GOOD[: GOOD.index("    cohort:")] + GOOD[GOOD.index("    stages:") :]
    for share in (2, 10, 10, 5):
        plain = plain.replace(f"          - {{share: {share}%", "#", 1)
    with pytest.raises(InvalidFile) as caught:
        project(plain)
    assert "no `cohort`" in caught.value.what
    assert "`cohort: {unit: user}`" in caught.value.mend
    declared = project(plain.replace("    stages:", "    unit: user\n    stages:"))
    assert declared.apps == project(plain.replace("    stages:", "    cohort: {unit: user}\n    stages:")).apps


def test_nobody_in_any_step_is_warned_of() -> None:
    """When all steps before 100 % are for some, the others meet the candidate at once."""
    text = GOOD.replace("          - {share: 50%, dwell: 4h}\n", "")
    plan = app(text).plan
    assert plan is not None
    assert list(concerns(plan))[-1].startswith("no step before 100 % is for everyone")


@pytest.mark.parametrize(
    ("old", "new", "line", "what", "mend"),
    [
        ("population: internal", "population: interal", 16, "no segment 'interal'", "internal"),
        ("{not: internal}", "{not: simple}", 8, "made of itself", "others"),
        ("{staff: true}", "{staff: {a: 1}}", 8, "internal: an attribute is compared with", "region"),
        ("size: 2%", "size: 2", 8, "not between 0% and 100%", "5%"),
        ("size: 2%", "size: 0%", 8, "population of 0%", "leave"),
        ("size: 2%", "sise: 2%", 8, "unknown key `sise`", "size"),
        ("at_most: 400", "at_mots: 400", 8, "unknown key `at_mots`", "at_most"),
        ("at_most: 400", "at_most: many", 8, "takes one number", "10"),
        ("turn: chars", "turn: words", 8, "no 'words'", "chars"),
        ("{turn: chars, at_most: 400}", "{turn: chars}", 8, "needs a name and what", "region"),
        ("{all: [{turn", "{every: [{turn", 8, "compared with texts", "region"),
        ("{region: [eu-west, eu-north]}", "[internal]", 18, "no predicate", "region"),
        ("{region: [eu-west, eu-north]}", "{all: internal}", 18, "`all` is not a list", "all"),
        ("{region: [eu-west, eu-north]}", "{not: internal, region: eu}", 18, "stands alone", "all"),
        ("{region: [eu-west, eu-north]}", "{size: 3%}", 18, "`size` does not stand here", "region"),
        ("opted_in: [beta]", "opted_in: [alpha]", 16, "no opted-in list 'alpha'", "beta"),
        ("attributes: [header, metadata]", "attributes: []", 16, "`staff` is an attribute", "attributes: [header]"),
        ("attributes: [header, metadata]", "attributes: [header, header]", 7, "stands twice", "metadata"),
        (
            "attributes: [header, metadata]",
            "attributes: [cookie]",
            7,
            "only 'header' or 'metadata'",
            "for example `attributes: ",
        ),
        ("{from: api_key}", "{from: ip}", 6, "no unit is 'ip'", "api_key"),
        ("    cohort:", "    unit: user\n    cohort:", 5, "declared twice", "cohort"),
        ("{share: 100%, dwell: 24h}", "{share: 100%, dwell: 24h, population: internal}", 21, "means everyone", "out"),
        ("- {share: 50%, dwell: 4h}", "- {share: 2%, dwell: 4h, population: internal}", 20, "does not grow", "grow"),
        ("[acme, globex]", "[acme, '']", 11, "empty, too long", "256"),
    ],
)
def test_A1_what_cannot_be_is_told_at_its_line(old: str, new: str, line: int, what: str, mend: str) -> None:
    """With what to write instead."""
    with pytest.raises(InvalidFile) as refused:
        project(GOOD.replace(old, new, 1))
    (fault,) = refused.value.faults
    assert (fault.where, what in fault.what, mend in fault.mend) == (f"serinus.yaml:{line}", True, True), fault


def test_a_step_inside_an_earlier_one_for_everyone_is_refused() -> None:
    """Whoever it means is in it already."""
    text = GOOD.replace("dwell: 4h, population: simple", "dwell: 4h")
    with pytest.raises(InvalidInput, match="does not grow"):
        project(text)


@pytest.mark.parametrize(
    ("written", "read", "words"),
    [
        ({"plan": "pro"}, Condition(name="plan", values=("pro",)), "plan is pro"),
        (
            {"plan": ["pro", "team"], "seats": 3},
            AllOf(of=(Condition(name="plan", values=("pro", "team")), Condition(name="seats", values=(3,)))),
            "plan is pro or team and seats is 3",
        ),
        (
            {"attribute": "seats", "at_least": 3, "below": 10},
            AllOf(
                of=(
                    Condition(name="seats", op="at_least", values=(3,)),
                    Condition(name="seats", op="below", values=(10,)),
                )
            ),
            "seats is at least 3 and seats is less than 10",
        ),
        (
            {"attribute": "plan", "prefix": "ent-"},
            Condition(name="plan", op="prefix", values=("ent-",)),
            "plan begins with ent-",
        ),
        (
            {"turn": "has_tools", "equals": False},
            Condition(about="turn", name="has_tools", values=(False,)),
            "the first turn has no tools",
        ),
        (
            {"turn": "messages", "equals": 1},
            Condition(about="turn", name="messages", values=(1,)),
            "the first turn has 1 messages",
        ),
        (
            {"any": ["staff", {"not": {"any": [{"a": 1}, {"b": 2}]}}]},
            AnyOf(of=(STAFF, Not(of=AnyOf(of=(Condition(name="a", values=(1,)), Condition(name="b", values=(2,))))))),
            "staff is true or not (a is 1 or b is 2)",
        ),
    ],
)
def test_A1_predicates_are_written_briefly_and_told_in_words(written: Any, read: Predicate, words: str) -> None:
    """Attributes by their name, comparisons and joins by words."""
    found = Segments({"staff": {"staff": True}}).predicate(written)
    assert found == read
    assert predicate_words(found) == words
