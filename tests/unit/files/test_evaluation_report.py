"""Reports for others: text of cases and providers stays text in XML and Markdown."""

from __future__ import annotations

from xml.etree import ElementTree

from serinus.core.judging.answer import Answer
from serinus.core.judging.case import Case
from serinus.core.judging.gate import Run, report
from serinus.core.judging.report import SuiteReport, VersionRef
from serinus.core.judging.score import failed, passed, unscored
from serinus.core.judging.scorers import Exact
from serinus.core.judging.suite import Criterion, Suite
from serinus.core.judging.tally import BASELINE, CANDIDATE, Tally
from serinus.files.evaluation_report import document, junit, markdown

HOSTILE = '<script>alert("1")</script> | \x1b[31m & `x`\n# head'


def hostile() -> SuiteReport:
    """A report in which every name and reason is hostile."""
    criteria = (
        Criterion(name="exact", scorer=Exact(), min=0.9, max_drop=0.01),
        Criterion(name="dry", scorer=Exact(), min=0.9, dry_run=True),
    )
    tally = Tally(4, 2, [None, None])
    for side in (CANDIDATE, BASELINE):
        for case in range(4):
            tally.answered(side, Answer(text="x", latency_ms=5))
            tally.scored(side, 0, case, failed("no") if side == CANDIDATE and case else passed())
            tally.scored(side, 1, case, unscored(HOSTILE))
    ref = VersionRef(name=HOSTILE, digest="d" * 64, endpoint="e", model="m")
    cases = [Case(id=f"{HOSTILE}{i}", input="x") for i in range(4)]
    suite = Suite(name="golden", data="0" * 64, criteria=criteria)
    return report(Run(suite=suite, cases=cases, candidate=ref, baseline=ref, tally=tally, code="1"))


def test_D10_junit_is_xml_whatever_the_names_hold() -> None:
    """A case for each finding: fails as failures, what is neither passed nor failed as errors, dry runs as skipped."""
    found = hostile()
    (suite,) = ElementTree.fromstring(junit(found))
    kinds = [child.tag for case in suite for child in case]
    assert len(kinds) == len(found.findings)
    assert suite.get("failures") == str(kinds.count("failure")) == "1"
    assert suite.get("errors") == str(kinds.count("error"))
    assert suite.get("skipped") == str(kinds.count("skipped"))


def test_D10_markdown_holds_no_html_and_no_broken_table() -> None:
    """Every row has the same number of cells, and nothing of a case's id is markup."""
    text = markdown(hostile())
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert {line.replace("\\|", "").count("|") for line in rows} == {6}
    assert "<script" not in text
    assert "\x1b" not in text
    assert "\n# head" not in text
    assert "got worse in exact" in text


def test_the_document_has_outcome_sentence_and_numbers() -> None:
    """And no text of any case or answer."""
    tree = document(hostile())
    assert tree["outcome"] == "fail"
    assert tree["text"].startswith("golden fails: exact is 25.0%")
    assert tree["criteria"][0]["comparison"]["losses"] == 3
