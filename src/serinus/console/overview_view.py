"""All that the overview shows: what needs somebody, what is on its way, the apps and the hosts."""

from __future__ import annotations

from dataclasses import dataclass

from serinus.console.incident_view import needs_of
from serinus.console.monitor_view import monitor_lines
from serinus.console.needs_view import Need, needs
from serinus.console.now_waiting import now_waiting
from serinus.console.parts import Parts
from serinus.console.stepper import StageMark, stepper
from serinus.console.visitor import Visitor
from serinus.control.name_versions import Names, name_versions
from serinus.control.read_gates import read_gates
from serinus.core.decision.signing import Signing, signing
from serinus.core.decision.standing import Standing, data_age_s, standing
from serinus.core.fleet import HostStatus, is_mute, mute_sentence
from serinus.core.pipeline.app import AppState, unserved_apps
from serinus.core.pipeline.freeze import Freeze
from serinus.core.release.release import Progress, Release
from serinus.core.release.table import SERVING, State
from serinus.core.release.waiting import Waiting
from serinus.ports.control_store import ControlTx, Leader, Page
from serinus.ports.telemetry_store import TelemetryTx

ENDED = 8
NOTICES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Underway:
    """A release that has not ended."""

    release: Release
    standing: Standing
    stages: tuple[StageMark, ...]
    signing: Signing | None
    waiting: str

    @property
    def share(self) -> float:
        """The candidate's share of units now."""
        release = self.release
        return release.plan.candidate_share(release.step) if release.state in SERVING else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class OverviewView:
    """The overview of one moment. `names` are those of the versions shown."""

    needs: tuple[Need, ...]
    underway: tuple[Underway, ...]
    ended: tuple[Release, ...]
    apps: tuple[AppState, ...]
    hosts: tuple[HostStatus, ...]
    warnings: tuple[str, ...]
    names: Names
    revision: int
    leader: Leader | None
    freeze: Freeze | None
    waiting: tuple[Waiting, ...]
    data_age_s: float | None


def overview_view(parts: Parts, visitor: Visitor) -> OverviewView:
    """What this visitor sees now."""
    now_us = parts.clock.now_us()
    with parts.control.tx() as tx:
        active = tx.active_releases()
        progress = {release.id: tx.progress(release.id) for release in active}
        signings = {r.id: signing(r, read_gates(tx, r)) if r.state in SERVING else None for r in active}
        ended, _ = tx.releases(Page(limit=ENDED), None, _FINAL)
        notices, _ = tx.notices(Page(limit=NOTICES), None, waiting=True)
        apps, revision = tx.apps(), tx.revision()
        freeze, waiting = tx.freeze(), tx.waiting()
        suspected = tuple(tx.open_suspicions().values())
        incidents, _ = tx.incidents(Page(limit=NOTICES), is_open=True)
        names = _names(tx, [*active, *ended], apps)
        monitors = [(app.config.name, line) for app in apps for line in monitor_lines(tx, app.config.name, now_us)]
    with parts.telemetry.tx() as telemetry:
        hosts = telemetry.hosts()
        underway = tuple(
            _underway(telemetry, release, progress[release.id], signings[release.id], hosts, revision, now_us)
            for release in active
        )
    return OverviewView(
        needs=(
            *needs(
                visitor,
                underway,
                notices,
                monitors,
                {one.candidate: names.label(one.app, one.candidate) for one in active},
                suspected,
            ),
            *needs_of(visitor, incidents),
        ),
        underway=underway,
        ended=tuple(ended),
        apps=tuple(sorted(apps, key=lambda app: app.config.name)),
        hosts=tuple(sorted(hosts, key=lambda host: host.host)),
        warnings=_warnings(hosts, unserved_apps(apps)),
        names=names,
        revision=revision,
        leader=parts.control.leader(),
        freeze=freeze,
        waiting=tuple(waiting),
        data_age_s=data_age_s(hosts, now_us),
    )


def _warnings(hosts: list[HostStatus], unserved: tuple[str, ...]) -> tuple[str, ...]:
    """What is wrong with hosts: those that cannot say the message of apps with nothing live."""
    return tuple(mute_sentence(host.host, unserved) for host in hosts if unserved and is_mute(host))


_FINAL = (State.PROMOTED, State.ROLLED_BACK, State.ABORTED, State.REJECTED)


def _underway(
    telemetry: TelemetryTx,
    release: Release,
    progress: Progress | None,
    signed: Signing | None,
    hosts: list[HostStatus],
    revision: int,
    now_us: int,
) -> Underway:
    return Underway(
        release=release,
        standing=standing(
            release,
            progress,
            telemetry.sums(release.id),
            hosts,
            revision,
            now_us,
            spreads=telemetry.spreads_of([release.id]).get(release.id, {}),
        ),
        stages=stepper(release, progress),
        signing=signed,
        waiting=now_waiting(release, progress),
    )


def _names(tx: ControlTx, releases: list[Release], apps: list[AppState]) -> Names:
    routed = [(app.config.name, digest) for app in apps for digest in (app.live, app.override)]
    tried = [(release.app, digest) for release in releases for digest in (release.candidate, release.control)]
    return name_versions(tx, [*routed, *tried])
