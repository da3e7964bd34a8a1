"""How live judges stand, on the command line, against a real API on loopback."""

from __future__ import annotations

import msgspec

from serinus.core.judging.scorers import Judge
from serinus.core.pipeline.live_judge import LiveJudge

from .conftest import Cli

LIVE = LiveJudge(
    metric="judge.correctness", judge=Judge(criterion="Right?", endpoint="sim", model="judge-1"), share=0.02
)


def test_I2_an_apps_judges_are_shown_with_what_keeps_them_from_acting(cli: Cli) -> None:
    """Share, counts, lag and cost in a row, and a sentence for each thing to know; JSON is the API's."""
    _, second = cli.prepared()
    assert "No live judge" in cli.ok("judging", "bot")
    with cli.control.tx() as tx:
        app = tx.app("bot")
        assert app is not None
        tx.put_app(msgspec.structs.replace(app, config=msgspec.structs.replace(app.config, live_judges=(LIVE,))))
    shown = cli.ok("judging", "bot")
    for words in ("judge.correctness", "judge-1", "2 %", "no price", "nothing acts on it: the judge is not calibrated"):
        assert words in shown, words
    [found] = cli.json("judging", "bot")["items"]
    assert (found["waiting"], found["lag_s"], found["acts"]) == (0, None, False)
    cli.ok("release", "start", "bot", second)
    assert "0 (100 wanted: not yet)" in cli.ok("judging", "bot")
