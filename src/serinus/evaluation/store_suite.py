"""Store what is evaluated with: data sets and suites, on record, never changed."""

from __future__ import annotations

from serinus.core.audit.entry import Action, Draft
from serinus.core.errors import InvalidInput, NotFound
from serinus.core.judging.case import stored_cases
from serinus.core.judging.suite import Suite, canonical_suite
from serinus.core.pipeline.app import unknown_app
from serinus.ports.control_store import ControlStore, ControlTx
from serinus.ports.datasets import StoredDataSet, StoredSuite
from serinus.ports.retry import run


def store_data_set(
    store: ControlStore, now_us: int, actor: str, app: str, digest: str, raw: bytes
) -> tuple[StoredDataSet, bool]:
    """The app's data set with these lines, and whether it is new. InvalidInput when the lines are not what the digest
    names, or are no cases."""
    data = stored_cases(raw)
    if data.digest != digest:
        raise InvalidInput(f"these lines are data set {data.digest}", where="digest", mend="put it under that digest")
    made = StoredDataSet(
        app=app,
        digest=digest,
        cases=len(data.cases),
        size_bytes=len(raw),
        created_at_us=now_us,
        created_by=actor,
        raw=raw,
    )

    def work(tx: ControlTx) -> tuple[StoredDataSet, bool]:
        _app(tx, app)
        if not tx.insert_data_set(made):
            found = tx.data_set(app, digest)
            return found or made, False
        _record(tx, now_us, actor, Action.DATA_SET_STORED, f"{app}/{digest[:12]}", digest)
        return made, True

    return run(store, work)


def store_suite(store: ControlStore, now_us: int, actor: str, app: str, suite: Suite) -> tuple[StoredSuite, bool]:
    """The newest suite of its name, and whether it was not that before. NotFound when its data set is not stored."""
    made = StoredSuite(
        app=app,
        name=suite.name,
        digest=suite.digest,
        content=canonical_suite(suite),
        created_at_us=now_us,
        created_by=actor,
    )

    def work(tx: ControlTx) -> tuple[StoredSuite, bool]:
        _app(tx, app)
        if tx.data_set(app, suite.data) is None:
            raise NotFound(f"{app} has no data set {suite.data[:12]}", where="data", mend="store the data set first")
        before = tx.suite(app, suite.name)
        if not tx.insert_suite(made):
            return before or made, False
        _record(tx, now_us, actor, Action.SUITE_STORED, f"{app}/{suite.name}", suite.digest, before)
        return made, True

    return run(store, work)


def _app(tx: ControlTx, name: str) -> None:
    if tx.app(name) is None:
        raise unknown_app(name, tx.apps())


def _record(
    tx: ControlTx, now_us: int, actor: str, action: Action, subject: str, after: str, before: StoredSuite | None = None
) -> None:
    tx.append_audit(
        Draft(
            at_us=now_us,
            actor=actor,
            action=action,
            subject=subject,
            before=before.digest if before else "",
            after=after,
        )
    )
