"""Find out which attempt of its lineage a release would be, and what its predecessors cost."""

from __future__ import annotations

import math
from collections.abc import Iterator

from serinus.core.decision.harm import last_log_e
from serinus.core.decision.wording import odds
from serinus.core.errors import Conflict
from serinus.core.pipeline.plan import Plan
from serinus.core.release.lineage import Lineage
from serinus.core.release.release import Release
from serinus.core.release.table import State
from serinus.core.stats.multiplicity import YEAR_US, Budget, Spent, carried, retry_level
from serinus.core.versions.content import parse_content
from serinus.core.versions.kinship import nearly_same
from serinus.ports.control_store import ControlTx, Page, StoredVersion

_WITHOUT_SUCCESS = frozenset({State.ROLLED_BACK, State.ABORTED})
_PAGE = 100
_LOOKED_BACK = 1_000


def find_lineage(
    tx: ControlTx, app: str, plan: Plan, control: str, candidate: StoredVersion, set_aside: str = ""
) -> Lineage:
    """The lineage that a release of this candidate would go on with. Attempts are earlier releases in place of the
    same version whose candidate was nearly the same and was seen by users.

    Conflict when what the last attempt showed rolls this one back by itself; `set_aside` is a person's reason why it
    should count no more.
    """
    if not control:
        return Lineage()  # nothing was compared, so nothing counts on
    content = parse_content(candidate.content)
    earlier = [
        release
        for release in _releases(tx, app, _LOOKED_BACK)
        if release.state in _WITHOUT_SUCCESS and release.exposed and release.control == control
    ]
    kin = {
        stored.digest
        for stored in tx.versions_of(sorted({release.candidate for release in earlier}))
        if nearly_same(parse_content(stored.content), content)
    }
    attempts = [release for release in earlier if release.candidate in kin]
    if not attempts:
        return Lineage()
    ids = tuple(release.id for release in reversed(attempts))
    if set_aside:
        return Lineage(attempt=len(ids) + 1, earlier=ids, set_aside=set_aside)
    evidence = _evidence(tx, attempts[0])
    if carried(evidence, 0.0) >= math.log(1 / plan.alpha):
        raise Conflict(
            f"{candidate.name} is nearly what release {ids[-1]} tried, and the evidence of harm against that, "
            f"{odds(evidence)} to 1, counts on: it would be rolled back at once",
            where="version",
            mend="change what harmed; or, if that was not the candidate's fault, start it with `--set-aside` and why",
        )
    return Lineage(attempt=len(ids) + 1, earlier=ids, carried=evidence)


def lineage_text(plan: Plan, lineage: Lineage) -> str:
    """What being a later attempt means; empty for a first one."""
    if lineage.attempt == 1:
        return ""
    against = f"evidence of harm of {odds(lineage.carried)} to 1 counts on"
    if lineage.set_aside:
        against = f"earlier evidence is set aside: {lineage.set_aside}"
    level = retry_level(plan.beta, lineage.attempt)
    return f"attempt {lineage.attempt} of its lineage, shown non-inferior at {level:g}, {against}"


def spend_alpha(tx: ControlTx, now_us: int, app: str, plan: Plan) -> None:
    """Refuse a release for which the app's yearly budget of false rollbacks is too small; InvalidInput says what is
    left."""
    if not plan.alpha_per_year or plan.first:  # no comparison, no false rollback by one
        return
    spent = []
    for release in _releases(tx, app, _LOOKED_BACK):
        if now_us - release.created_at_us >= YEAR_US:
            break
        if release.exposed and not release.plan.first:
            spent.append(Spent(release.created_at_us, release.plan.alpha))
    Budget(yearly=plan.alpha_per_year, spent=tuple(spent)).granted(plan.alpha, now_us)


def _evidence(tx: ControlTx, release: Release) -> float:
    """log E of harm when it ended, with what it carried itself."""
    progress = tx.progress(release.id)
    return last_log_e(release, progress) if progress is not None else release.lineage.carried


def _releases(tx: ControlTx, app: str, most: int) -> Iterator[Release]:
    """The app's releases, newest first."""
    cursor = ""
    for _ in range(most // _PAGE):
        found, cursor = tx.releases(Page(limit=_PAGE, cursor=cursor), app)
        yield from found
        if not cursor:
            return
