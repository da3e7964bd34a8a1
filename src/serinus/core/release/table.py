"""The transition table of a release: every (state, event) is here, or it is an error. The docs draw it from here."""

from __future__ import annotations

import enum

from serinus.core.errors import IllegalTransition


class State(enum.StrEnum):
    """Where a release stands; while `RUNNING`, its stage says more. `ROLLING_BACK` and `ABORTING` wait until every
    worker has confirmed; `REJECTED` is the end of a candidate that no user has seen."""

    CREATED = "created"
    RUNNING = "running"
    PAUSED = "paused"
    WATCHING = "watching"
    ROLLING_BACK = "rolling_back"
    ABORTING = "aborting"
    PROMOTED = "promoted"
    ROLLED_BACK = "rolled_back"
    ABORTED = "aborted"
    REJECTED = "rejected"


class Event(enum.StrEnum):
    """What can happen to a release. `ENTER` enters the next stage, `RERUN` an earlier one again; `ADVANCE` takes the
    next step, `WATCH` the last one (all but the holdback). `REJECT` is for a candidate that no user has seen."""

    START = "start"
    ENTER = "enter"
    RERUN = "rerun"
    ADVANCE = "advance"
    WATCH = "watch"
    PAUSE = "pause"
    RESUME = "resume"
    REJECT = "reject"
    ROLL_BACK = "roll_back"
    ABORT = "abort"
    CONFIRM = "confirm"
    PROMOTE = "promote"


FINAL = frozenset({State.PROMOTED, State.ROLLED_BACK, State.ABORTED, State.REJECTED})
ACTIVE = frozenset(set(State) - FINAL)
SERVING = frozenset({State.RUNNING, State.PAUSED, State.WATCHING})

TABLE: dict[tuple[State, Event], State] = {
    (State.CREATED, Event.START): State.RUNNING,
    (State.CREATED, Event.ABORT): State.ABORTED,
    (State.RUNNING, Event.ENTER): State.RUNNING,
    (State.RUNNING, Event.RERUN): State.RUNNING,
    (State.RUNNING, Event.ADVANCE): State.RUNNING,
    (State.RUNNING, Event.WATCH): State.WATCHING,
    (State.RUNNING, Event.PAUSE): State.PAUSED,
    (State.RUNNING, Event.REJECT): State.REJECTED,
    (State.RUNNING, Event.ROLL_BACK): State.ROLLING_BACK,
    (State.RUNNING, Event.ABORT): State.ABORTING,
    (State.PAUSED, Event.RESUME): State.RUNNING,
    (State.PAUSED, Event.RERUN): State.RUNNING,
    (State.PAUSED, Event.REJECT): State.REJECTED,
    (State.PAUSED, Event.ROLL_BACK): State.ROLLING_BACK,
    (State.PAUSED, Event.ABORT): State.ABORTING,
    (State.WATCHING, Event.PAUSE): State.PAUSED,
    (State.WATCHING, Event.PROMOTE): State.PROMOTED,
    (State.WATCHING, Event.ROLL_BACK): State.ROLLING_BACK,
    (State.WATCHING, Event.ABORT): State.ABORTING,
    (State.ROLLING_BACK, Event.CONFIRM): State.ROLLED_BACK,
    (State.ABORTING, Event.CONFIRM): State.ABORTED,
}


def after(state: State, event: Event) -> State:
    """The state that follows; IllegalTransition, naming what is possible, where the table has none."""
    following = TABLE.get((state, event))
    if following is None:
        possible = sorted(e.value for s, e in TABLE if s is state)
        raise IllegalTransition(
            f"a release that is {state.value} cannot {event.value}",
            where="release",
            mend=f"possible now: {', '.join(possible)}" if possible else "it has ended; start a new release",
        )
    return following
