"""The queue of calls that wait for a judge, and what came of each: part of a telemetry transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from serinus.core.judging.answer import NO_COST, Cost
from serinus.core.judging.judgement import (
    Claim,
    Judgement,
    JudgementCount,
    JudgementKey,
    Sampled,
    Trouble,
    Verdict,
    Waiting,
)


class JudgementReads(Protocol):
    """What people and the sampler ask."""

    def judgement_counts(self, app: str, from_us: int) -> list[JudgementCount]:
        """Of an app's calls that began from that time on, in order of their fields."""
        ...

    def waiting_judgements(self, app: str) -> list[Waiting]:
        """What waits, by metric and judge."""
        ...

    def judging_cost(self, app: str, metric: str, from_us: int) -> Cost:
        """What judgements of a metric have cost that were settled from that time on, or are not settled yet."""
        ...

    def judging_delay_us(self, app: str, metric: str, judge: str, from_us: int, share: float) -> int | None:
        """How long after their beginning this `share` of the calls had their score that began from then on; None when
        none of them has one."""
        ...

    def judging_troubles(self, app: str, from_us: int) -> list[Trouble]:
        """The last one of each judge of an app from that time on, in order of metric and judge."""
        ...

    def judgements_in_hand(self, app: str, metric: str, now_us: int) -> int:
        """How many of a metric some worker works on, as far as is known: claimed, and not silent for too long."""
        ...

    def judgements(self, call: bytes) -> list[Judgement]:
        """Of one call, in order of their keys."""
        ...

    def sampled_until_us(self) -> int:
        """When a worker was last done with looking for calls to judge; 0: none ever was."""
        ...


class JudgementTx(JudgementReads, Protocol):
    """The queue's part of a transaction. Whoever takes several judgements at once takes them in the order of keys."""

    def looked(self, spool: str) -> int:
        """Up to which byte of a spool segment its kept texts were looked at for samples; 0 for an unknown one."""
        ...

    def look(self, spool: str, expected: int, until: int, at_us: int) -> bool:
        """Compare and swap; False when somebody else has looked meanwhile (nothing is changed then)."""
        ...

    def note_sampled(self, at_us: int) -> None:
        """All texts that there were at this time have been looked at."""
        ...

    def sample(self, batch: Sequence[Sampled]) -> int:
        """Put into the queue what was never in it; how many."""
        ...

    def claim_judgements(
        self, app: str, metric: str, judge: str, holder: str, now_us: int, until_us: int, most: int
    ) -> list[Claim]:
        """Those that wait and are visible, oldest calls first, hidden from others until `until_us`."""
        ...

    def renew_judgements(self, holder: str, until_us: int) -> int:
        """Hide all that this holder works on for longer; how many."""
        ...

    def give_back_judgement(self, claim: Claim, at_us: int, cost: Cost = NO_COST) -> bool:
        """Let it be claimed from this time on, and add up what the attempt cost; False when somebody has claimed it
        since, or it is settled."""
        ...

    def settle_judgement(self, claim: Claim, verdict: Verdict, at_us: int) -> bool:
        """It is done, once, and its cost is added up; False as for `give_back_judgement`."""
        ...

    def give_up_judgements(self, app: str, metric: str, judge: str, reason: str, now_us: int) -> int:
        """All that wait and that nobody works on are unscored for this reason; how many."""
        ...

    def put_judging_trouble(self, app: str, trouble: Trouble) -> None:
        """It is the last one of its judge."""
        ...

    def unlogged_judgements(self, most: int) -> list[Judgement]:
        """Scored ones that are not in the event log yet, in the order of keys."""
        ...

    def log_judgements(self, keys: Collection[JudgementKey]) -> None:
        """They are in the event log."""
        ...

    def erase_evidence(self, unit: bytes, until_us: int) -> int:
        """Forget what judges said of the calls of a unit (8 bytes) that began up to then; of how many. Grades stay."""
        ...

    def forget_judgements(self, before_us: int, most: int) -> int:
        """Forget up to `most` of calls that began before that time, and up to where texts were looked at that nobody
        has looked at since; how many calls."""
        ...
