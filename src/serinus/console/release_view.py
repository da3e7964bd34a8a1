"""All that the page of a release shows, read at one moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from serinus.console.judging_view import JudgeLine, judge_lines
from serinus.console.monitor_view import MonitorLine, monitor_lines
from serinus.console.now_waiting import now_waiting
from serinus.console.parts import Parts
from serinus.console.stepper import StageMark, stepper
from serinus.control.compare_places import compare_places
from serinus.control.lookup import release_of
from serinus.control.name_versions import Names, name_releases
from serinus.control.read_gates import read_gates
from serinus.control.read_judging import read_judging
from serinus.core.audit.entry import Entry
from serinus.core.decision.side_by_side import Beside
from serinus.core.decision.signing import Signing, signing
from serinus.core.decision.standing import Standing, standing
from serinus.core.pipeline.stages import StageResult
from serinus.core.release.incident import Incident, incident_id
from serinus.core.release.release import Progress, Release
from serinus.core.release.suspicion import Suspicion, standing_of
from serinus.core.release.table import FINAL, SERVING
from serinus.ports.control_store import ControlTx, Page, StoredVersion

TIMELINE = 100
SUSPICIONS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseView:
    """A release, its two versions, how it stands, what it waits for and what was done to it (newest first).
    `suspicions`: about its calls, newest first, each with how it stands."""

    release: Release
    progress: Progress | None
    candidate: StoredVersion
    control: StoredVersion
    standing: Standing
    stages: tuple[StageMark, ...]
    signing: Signing | None
    results: tuple[StageResult, ...]
    entries: tuple[Entry, ...]
    names: Names
    monitors: tuple[MonitorLine, ...] = ()
    places: tuple[Beside, ...] = ()
    suspicions: tuple[tuple[Suspicion, str], ...] = ()
    judging: Sequence[JudgeLine] = ()
    incident: Incident | None = None

    @property
    def beside(self) -> tuple[Beside, ...]:
        """Each metric in each place; empty until some metric was seen in two of them."""
        return self.places if any(row.places > 1 for row in self.places) else ()

    @property
    def candidate_label(self) -> str:
        """What people call the candidate: its name with its state."""
        return self.names.label(self.release.app, self.release.candidate)

    @property
    def control_label(self) -> str:
        """What people call the control; the fallback message where nothing is live."""
        return self.names.label(self.release.app, self.release.control) or "the fallback message"

    @property
    def tag(self) -> str:
        """The tag of a rejected candidate."""
        return self.names.of(self.release.app, self.release.candidate).tag

    @property
    def final(self) -> bool:
        """Whether it has ended."""
        return self.release.state in FINAL

    @property
    def share(self) -> float:
        """The candidate's share of units now."""
        release = self.release
        return release.plan.candidate_share(release.step) if release.state in SERVING else 0.0

    @property
    def waiting(self) -> str:
        """What it lacked at the tick's last round; empty when that is nothing, or stands in the reason already."""
        text = now_waiting(self.release, self.progress) if not self.final else ""
        return "" if text == self.release.reason else text


def release_view(parts: Parts, id: str) -> ReleaseView:
    """The view of a release now; NotFound when there is none."""
    with parts.control.tx() as tx:
        release = release_of(tx, id)
        progress, revision = tx.progress(id), tx.revision()
        candidate, control = (version_named(tx, release.app, one) for one in (release.candidate, release.control))
        names = name_releases(tx, [release])
        suspicions, _ = tx.suspicions(Page(limit=SUSPICIONS), release=id)
        incident = tx.incident(incident_id(id))
        entries, _ = tx.audit_newest(id, Page(limit=TIMELINE))
        signed = signing(release, read_gates(tx, release)) if release.state in SERVING else None
        results = tuple(tx.stage_results(id))
        monitors = monitor_lines(tx, release.app, parts.clock.now_us()) if release.state in SERVING else ()
    now_us = parts.clock.now_us()
    with parts.telemetry.tx() as telemetry:
        sums, hosts, spreads = telemetry.sums(id), telemetry.hosts(), telemetry.spreads_of([id]).get(id, {})
        now = standing(release, progress, sums, hosts, revision, now_us, results, spreads)
        places = compare_places(telemetry, now_us, release, now, results, sums, spreads)
    return ReleaseView(
        release=release,
        progress=progress,
        candidate=candidate,
        control=control,
        names=names,
        standing=now,
        stages=stepper(release, progress),
        signing=signed,
        results=results,
        entries=tuple(entries),
        monitors=monitors,
        places=places,
        suspicions=tuple((one, standing_of(one, release)) for one in suspicions),
        incident=incident,
        judging=() if release.state in FINAL else judged_now(parts, release.app, now_us),
    )


def judged_now(parts: Parts, app: str, now_us: int) -> Sequence[JudgeLine]:
    """An app's live judges now."""
    return judge_lines(read_judging(parts.control, parts.telemetry, app, now_us))


def version_named(tx: ControlTx, app: str, digest: str) -> StoredVersion:
    """The app's version with this digest; one that is known by it alone when the store has it not (any more)."""
    unknown = StoredVersion(
        digest=digest, behaviour="", app=app, name=digest[:12], content=b"{}", created_at_us=0, created_by=""
    )
    return tx.find_version(app, digest) or unknown
