"""What a person may do to a release, in words, and how it is done: by the same use-cases as over the API."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from serinus.console.form import Form
from serinus.console.release_view import ReleaseView
from serinus.console.visitor import Visitor
from serinus.control.abort_release import abort_release
from serinus.control.approve_release import approve_release
from serinus.control.pause_release import pause_release
from serinus.control.reject_release import reject_release
from serinus.control.rerun_stage import rerun_stage
from serinus.control.resume_release import resume_release
from serinus.control.roll_back_release import roll_back_release
from serinus.core.access import Operation
from serinus.core.pipeline.stages import MeasuredStage
from serinus.core.release.table import TABLE, Event, State
from serinus.core.release.transitions import stage_trigger
from serinus.ports.control_store import ControlStore

Do = Callable[[ControlStore, int, Visitor, str, Form], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseAct:
    """One act. `button` names it, `says` tells what follows from it."""

    name: str
    operation: Operation
    event: Event
    button: str
    says: str
    do: Do
    tone: str = "plain"

    def is_possible(self, view: ReleaseView, visitor: Visitor) -> bool:
        """Whether it makes sense now and this visitor may do it. The use-case decides when it is done."""
        if not visitor.may(self.operation) or not _allows(view, self.event):
            return False
        return not self.signs or bool(roles_to_sign(view, visitor))

    @property
    def signs(self) -> bool:
        """Whether it is a signature at an approval."""
        return self.operation in (Operation.APPROVE_RELEASE, Operation.REJECT_RELEASE)


def roles_to_sign(view: ReleaseView, visitor: Visitor) -> tuple[str, ...]:
    """The visitor's roles that the approval asks for; those that nobody has signed for yet, if there are any."""
    if view.signing is None:
        return ()
    held = tuple(role for role in view.signing.stage.roles if role in visitor.key.roles)
    return tuple(role for role in held if role in view.signing.lacking) or held


def possible_acts(view: ReleaseView, visitor: Visitor) -> Iterator[ReleaseAct]:
    """The acts to offer now, the mildest first."""
    return (act for act in ACTS.values() if act.is_possible(view, visitor))


def stages_to_rerun(view: ReleaseView) -> tuple[str, ...]:
    """The measured stages that it was in, the newest first."""
    stages = view.release.plan.stages[: view.release.stage + 1]
    return tuple(stage.name for stage in reversed(stages) if isinstance(stage, MeasuredStage))


def _allows(view: ReleaseView, event: Event) -> bool:
    release = view.release
    if event in (Event.ENTER, Event.REJECT):
        return view.signing is not None
    if event is Event.RERUN:
        other_pause = release.hold is not None and release.hold.trigger != stage_trigger(release.stage)
        return bool(stages_to_rerun(view)) and not other_pause and (release.state, event) in TABLE
    if event is Event.RESUME and any(one.pending for one, _ in view.suspicions):
        return False
    if event is Event.ROLL_BACK and not release.exposed:
        return False
    return release.state is not State.CREATED and (release.state, event) in TABLE


def _pause(store: ControlStore, now_us: int, visitor: Visitor, id: str, form: Form) -> object:
    return pause_release(store, now_us, visitor.actor, id, form.reason(), form.number("seq"))


def _resume(store: ControlStore, now_us: int, visitor: Visitor, id: str, form: Form) -> object:
    return resume_release(store, now_us, visitor.actor, id, form.reason(), form.number("seq"))


def _abort(store: ControlStore, now_us: int, visitor: Visitor, id: str, form: Form) -> object:
    return abort_release(store, now_us, visitor.actor, id, form.reason(), form.number("seq"))


def _roll_back(store: ControlStore, now_us: int, visitor: Visitor, id: str, form: Form) -> object:
    return roll_back_release(store, now_us, visitor.actor, id, form.reason(), form.number("seq"))


def _rerun(store: ControlStore, now_us: int, visitor: Visitor, id: str, form: Form) -> object:
    return rerun_stage(store, now_us, visitor.actor, id, form.reason(), form.number("seq"), form.text("stage"))


def _approve(store: ControlStore, now_us: int, visitor: Visitor, id: str, form: Form) -> object:
    return approve_release(
        store, now_us, visitor.actor, visitor.key.roles, id, form.text("evidence"), form.text("role"), form.reason(),
        form.number("seq"),
    )  # fmt: skip


def _reject(store: ControlStore, now_us: int, visitor: Visitor, id: str, form: Form) -> object:
    return reject_release(
        store, now_us, visitor.actor, visitor.key.roles, id, form.text("role"), form.reason(), form.number("seq")
    )


ACTS: dict[str, ReleaseAct] = {
    act.name: act
    for act in (
        ReleaseAct(
            name="approve",
            operation=Operation.APPROVE_RELEASE,
            event=Event.ENTER,
            button="Approve",
            says="You sign for this version and for exactly the evidence shown. The release goes on once every role "
            "has signed; if the evidence changes, your signature lapses.",
            do=_approve,
            tone="primary",
        ),
        ReleaseAct(
            name="reject",
            operation=Operation.REJECT_RELEASE,
            event=Event.REJECT,
            button="Refuse",
            says="One no is enough: the release ends. Users who have the candidate get the baseline back at once "
            "(in a first release: the fallback message).",
            do=_reject,
            tone="danger",
        ),
        ReleaseAct(
            name="resume",
            operation=Operation.RESUME_RELEASE,
            event=Event.RESUME,
            button="Resume",
            says="You acknowledge what paused it. What paused it counts again on later data only; everything else "
            "counts on.",
            do=_resume,
            tone="primary",
        ),
        ReleaseAct(
            name="pause",
            operation=Operation.PAUSE_RELEASE,
            event=Event.PAUSE,
            button="Pause",
            says="The share stays as it is and the dwell clock stops. Proven harm still rolls it back. "
            "A person resumes. In a first release, whoever begins a conversation meanwhile gets the fallback message.",
            do=_pause,
        ),
        ReleaseAct(
            name="rerun",
            operation=Operation.RERUN_STAGE,
            event=Event.RERUN,
            button="Measure again",
            says="The stage is measured once more. Approvals that rest on its old result lapse.",
            do=_rerun,
        ),
        ReleaseAct(
            name="abort",
            operation=Operation.ABORT_RELEASE,
            event=Event.ABORT,
            button="Abort",
            says="The candidate is taken out for no fault of its own; everybody is on the baseline at once (in a first "
            "release: gets the fallback message).",
            do=_abort,
            tone="danger",
        ),
        ReleaseAct(
            name="rollback",
            operation=Operation.ROLL_BACK_RELEASE,
            event=Event.ROLL_BACK,
            button="Roll back",
            says="Everybody is on the baseline at once (in a first release: gets the fallback message), in "
            "conversations at the next turn. This cannot be undone: the candidate needs a new release.",
            do=_roll_back,
            tone="danger",
        ),
    )
}
