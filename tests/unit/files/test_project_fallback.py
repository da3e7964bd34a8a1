"""Fallbacks and circuit breakers in the project file."""

from __future__ import annotations

import pytest

from serinus.core.pipeline.app import CachedFallback
from serinus.core.routing.snapshot import BreakerRule
from serinus.files.faults import InvalidFile
from serinus.files.project_file import parse_project_file

FILE = """pipeline: 1
endpoints:
  sim:
    base_url: http://127.0.0.1:9000/v1
    breaker: {failures: 3, share: 90%, window: 30s, open: 500ms}
apps:
  bot:
    owner: ada@example.com
    fallback_message: One moment, please.
    fallback_after: 5.5s
    stages: [{kind: rollout, steps: [{share: 100%, dwell: 1d}]}]
    triggers: [{metric: call.error, above: 2.5%, for: 5m}]
    cohort: {unit: user}
"""


def _fault(text: str) -> tuple[str, str]:
    with pytest.raises(InvalidFile) as caught:
        parse_project_file("f", text.encode())
    (found,) = caught.value.faults
    return found.where, f"{found.what}: {found.mend}"


def test_what_the_file_says_of_fallbacks_becomes_cores_values_J5() -> None:
    """Units as people write them; what is left out has core's defaults."""
    project = parse_project_file("f", FILE.encode())
    assert (project.apps[0].fallback_message, project.apps[0].fallback_after_s) == ("One moment, please.", 5.5)
    assert project.endpoints[0].breaker == BreakerRule(failures=3, share=0.9, window_s=30.0, open_s=0.5)
    plain = parse_project_file(
        "f", FILE.replace("    breaker: {failures: 3, share: 90%, window: 30s, open: 500ms}\n", "").encode()
    )
    assert plain.endpoints[0].breaker == BreakerRule()


def test_a_time_without_a_message_is_refused() -> None:
    """It would cut answers for nothing; the line says so."""
    where, told = _fault(FILE.replace("    fallback_message: One moment, please.\n", ""))
    assert where == "f:9"
    assert "no message to fall back on" in told
    assert _fault(FILE.replace("5.5s", "20m"))[0] == "f:10"


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("share: 90%", "share: 0%", "this is not above 0: for example `share: 80%`"),
        ("window: 30s", "window: 0s", "this is not above 0: for example `window: 10s`"),
        ("failures: 3", "failures: -1", "this is below 0: for example `failures: 10`"),
        ("open: 500ms", "opened: 1s", "unknown key `opened`"),
    ],
)
def test_a_breaker_that_means_nothing_is_told_with_its_line(old: str, new: str, what: str) -> None:
    """At the line of the endpoint, with what could stand there."""
    where, told = _fault(FILE.replace(old, new))
    assert where == "f:5"
    assert what in told


JSON = "    fallback_json: {answer: One moment}\n    fallback_after"
RULED = "    format: {kind: json_object, required_keys: [answer, tone]}\n"


def test_J5_a_json_message_is_an_object_beside_the_text() -> None:
    """Any object; in the snapshot it stands as it will be sent."""
    project = parse_project_file("f", FILE.replace("    fallback_after", JSON).encode())
    assert project.apps[0].fallback_json == {"answer": "One moment"}


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        (
            FILE.replace("    fallback_after", RULED + "    fallback_after"),
            "f:",
            "`fallback_json: {answer: …, tone: …}`",
        ),
        (FILE.replace("    fallback_after", RULED + JSON), "f:11", "is not one with tone"),
        (
            FILE.replace("    fallback_message: One moment, please.\n", "").replace(
                "    fallback_after: 5.5s\n", JSON.removesuffix("    fallback_after")
            ),
            "f:9",
            "no message for the others",
        ),
        (FILE.replace("    fallback_after", JSON.replace("{answer: One moment}", "{}")), "f:10", "for example"),
        (FILE.replace("    fallback_after", JSON.replace("{answer: One moment}", "later")), "f:10", "for example"),
    ],
)
def test_J5_a_message_that_would_break_a_parser_is_refused(text: str, line: str, what: str) -> None:
    """A text where the app's format is JSON, an object without the keys, JSON alone, nothing."""
    where, told = _fault(text)
    assert where.startswith(line)
    assert what in told


CACHED = "    fallback_cached: {confidence: 80%, after: 2s}\n    fallback_after"


def test_J5_cached_answers_and_a_hand_off_are_declared_with_their_units() -> None:
    """`{}` is enough; what is left out has core's defaults."""
    words = "    hand_off_message: A colleague will.\n    hand_off_json: {answer: A colleague will}\n"
    app = parse_project_file("f", FILE.replace("    fallback_after", words + CACHED).encode()).apps[0]
    assert app.fallback_cached == CachedFallback(confidence=0.8, after_s=2.0)
    assert (app.hand_off_message, app.hand_off_json) == ("A colleague will.", {"answer": "A colleague will"})
    plain = parse_project_file(
        "f", FILE.replace("    fallback_after", "    fallback_cached: {}\n    fallback_after").encode()
    )
    assert plain.apps[0].fallback_cached == CachedFallback(confidence=0.75, after_s=0.0)
    assert parse_project_file("f", FILE.encode()).apps[0].fallback_cached is None


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        ("confidence: 80%", "confidence: 0%", "f:10", "this is not above 0: for example `confidence: 75%`"),
        ("after: 2s", "after: 6s", "f:10", "no time within the 5.5 s that a version is waited for"),
        ("after: 2s", "later: 2s", "f:10", "unknown key `later`"),
        ("    fallback_after: 5.5s\n", "    hand_off_json: {answer: x}\n", "f:11", "declare hand_off_message, too"),
        (CACHED.partition("\n")[0], "    hand_off_message: x", "f:10", "`fallback_cached: {}`"),
        (
            "    fallback_cached",
            "    format: {kind: json_object, required_keys: [answer]}\n    fallback_json: {answer: x}\n"
            "    hand_off_message: x\n    fallback_cached",
            "f:",
            "`hand_off_json: {answer: …}`",
        ),
    ],
)  # fmt: skip
def test_J5_a_cache_that_means_nothing_is_told_with_its_line(old: str, new: str, line: str, what: str) -> None:
    """With what could stand there."""
    where, told = _fault(FILE.replace("    fallback_after", CACHED).replace(old, new))
    assert where.startswith(line)
    assert what in told


def test_J5_a_cache_needs_a_message_for_what_it_does_not_know() -> None:
    """The line is the cache's."""
    with pytest.raises(InvalidFile) as caught:
        parse_project_file(
            "f",
            FILE.replace("    fallback_after", CACHED)
            .replace("    fallback_message: One moment, please.\n", "")
            .encode(),
        )
    assert "no message for questions" in str(caught.value)
