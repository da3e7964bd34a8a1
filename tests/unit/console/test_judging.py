"""Live judges on the page of a release: both arms, lag, cost, and why nothing acts."""

from __future__ import annotations

import msgspec

from serinus.core.judging.answer import Price
from serinus.core.judging.judge import judge_digest
from serinus.core.judging.judgement import JudgementKey, Sampled, Trouble, Verdict
from serinus.core.judging.scorers import Judge
from serinus.core.pipeline.live_judge import LiveJudge
from serinus.core.pipeline.plan import Guardrail
from serinus.core.records import call_id

from .conftest import START_US, Console

HOSTILE = "<script>alert(1)</script>"
JUDGE = Judge(criterion="Right?", endpoint="sim", model=f"judge-1{HOSTILE}")
LIVE = LiveJudge(metric="judge.correctness", judge=JUDGE, share=0.02)


def test_I2_the_page_of_a_release_shows_its_live_judges(console: Console) -> None:
    """Each arm's mean and counts, the raised share, the lag and the reasons of what is unscored; nothing becomes
    markup, and a release without judges has no such part."""
    id = console.started()
    browser = console.browser("viewer")
    assert "Live judges" not in browser.page(f"/releases/{id}")
    raw_release = bytes.fromhex(id.removeprefix("rel_"))
    calls = [
        call_id.make(b"k", b"bot", START_US // 1000 - 90_000, bytes([n] * 5), raw_release, arm, 0, bytes(8))
        for n, arm in ((1, 1), (2, 1), (3, 2))
    ]
    digest = judge_digest(JUDGE)
    with console.control.tx() as tx:
        app = tx.app("bot")
        assert app is not None
        config = msgspec.structs.replace(app.config, live_judges=(LIVE,), payload_share=0.5)
        tx.put_app(msgspec.structs.replace(app, config=config))
    with console.telemetry.tx() as tx:
        keys = [JudgementKey(raw, LIVE.metric, digest) for raw in calls]
        tx.sample([Sampled(key=key, app="bot", share=0.5, at_us=1) for key in keys])
        tx.note_sampled(START_US)
        first, second = tx.claim_judgements("bot", LIVE.metric, digest, "w", START_US, START_US + 1, 2)
        tx.settle_judgement(first, Verdict(value=0.75, label="good", cost_nano=5_000_000), START_US)
        tx.settle_judgement(second, Verdict(value=None, reason=f"no {HOSTILE}"), START_US)
    page = browser.page(f"/releases/{id}")
    assert HOSTILE not in page
    for words in (
        "Live judges",
        "0.750",
        "Taken this hour",
        "1 (100 wanted: not yet)",
        "of both arms 50",
        "the oldest for",
        "no known price",
        "1 unscored",
    ):
        assert words in page, words
    assert "Nothing acts on it: the judge is not calibrated." in page
    app_page = browser.page("/apps/bot")
    assert HOSTILE not in app_page
    for words in ("Live judges", "judge-1", "1 wait", "1 unscored", "95 % of its scores came within", "0.750"):
        assert words in app_page, words
    console.clock.sleep(60)
    assert "No worker looks for calls to judge" in browser.page(f"/releases/{id}")


def test_I2_the_page_of_an_app_shows_what_its_judges_cost_and_what_keeps_them(console: Console) -> None:
    """Without a release as well: the queue, money spent of the limit and what of it is estimated, the last error, and
    scores that come too late; an app without judges has no such part."""
    console.prepared()
    browser = console.browser("viewer")
    assert "Live judges" not in browser.page("/apps/bot")
    live = msgspec.structs.replace(LIVE, price=Price(input=1, output=1), limit_usd_per_day=0.01)
    digest = judge_digest(live.judge)
    with console.control.tx() as tx:
        app = tx.app("bot")
        assert app is not None
        assert app.config.plan is not None
        rails = (Guardrail(metric=live.metric, maturation_s=60.0, dry_run=True),)
        plan = msgspec.structs.replace(app.config.plan, guardrails=rails)
        config = msgspec.structs.replace(app.config, live_judges=(live,), payload_share=0.5, plan=plan)
        tx.put_app(msgspec.structs.replace(app, config=config))
    raw = call_id.make(b"k", b"bot", START_US // 1000 - 90_000, bytes(5), bytes(16), 0, -1, bytes(8))
    with console.telemetry.tx() as tx:
        tx.sample([Sampled(key=JudgementKey(raw, live.metric, digest), app="bot", share=0.5, at_us=1)])
        tx.note_sampled(START_US)
        [one] = tx.claim_judgements("bot", live.metric, digest, "w", START_US, START_US + 1, 2)
        tx.settle_judgement(one, Verdict(value=0.75, cost_nano=10_000_000, estimated_nano=4_000_000), START_US)
        tx.put_judging_trouble("bot", Trouble(metric=live.metric, judge=digest, what=f"away {HOSTILE}", at_us=START_US))
    page = browser.page("/apps/bot")
    assert HOSTILE not in page
    for words in (
        "Live judges",
        "none waits",
        "about $0.0100 of $0.01 today",
        "Held back until tomorrow (UTC)",
        "$0.0040 of the cost are estimated from bytes",
        "Last error, ",
        "away &lt;script",
        "Scores come too late: 5 % of its scores come 90 s or more after their call, and the guardrail waits for 60 s",
        "Nothing acts on it: the judge is not calibrated.",
    ):
        assert words in page, words
