"""The tables of the in-memory control store."""

from __future__ import annotations

from serinus.adapters.memory_table import Table, Undo
from serinus.core.audit.entry import Entry
from serinus.core.monitoring.reading import Reading
from serinus.core.pipeline.app import AppState
from serinus.core.pipeline.freeze import Freeze
from serinus.core.pipeline.stages import StageResult
from serinus.core.pipeline.stored_answer import StoredAnswer
from serinus.core.release.approval import Approval
from serinus.core.release.incident import Incident
from serinus.core.release.release import Progress, Release
from serinus.core.release.suspicion import Suspicion
from serinus.core.release.waiting import Waiting
from serinus.core.routing.snapshot import Endpoint
from serinus.ports.control_store import ApiKey, Delivery, Notice, Secrets, Signature, StoredVersion
from serinus.ports.datasets import StoredDataSet, StoredSuite
from serinus.ports.jobs import Job
from serinus.ports.payloads import Erasure


class ControlRows:
    """Keyed by name or id, or by an ordinal from 1 where order counts."""

    def __init__(self, journal: list[Undo], secrets: Secrets) -> None:
        self.secrets = secrets
        self.apps: Table[str, AppState] = Table(journal)
        self.endpoints: Table[str, Endpoint] = Table(journal)
        self.versions: Table[int, StoredVersion] = Table(journal)
        self.version_numbers: Table[tuple[str, str], int] = Table(journal)
        self.releases: Table[int, Release] = Table(journal)
        self.progress: Table[str, Progress] = Table(journal)
        self.snapshots: Table[int, bytes] = Table(journal)
        self.audit: Table[int, Entry] = Table(journal)
        self.outbox: Table[int, Notice] = Table(journal)
        self.deliveries: Table[tuple[int, str], Delivery] = Table(journal)
        self.signatures: Table[tuple[str, str, str], Signature] = Table(journal)
        self.data_sets: Table[int, StoredDataSet] = Table(journal)
        self.suites: Table[int, StoredSuite] = Table(journal)
        self.jobs: Table[str, Job] = Table(journal)
        self.stage_results: Table[tuple[str, int, int], StageResult] = Table(journal)
        self.approvals: Table[tuple[str, int, str, str, str, str], Approval] = Table(journal)
        self.newest_readings: Table[tuple[str, str, str], Reading] = Table(journal)
        self.readings: Table[int, Reading] = Table(journal)
        self.erasures: Table[str, Erasure] = Table(journal)
        self.freezes: Table[str, Freeze] = Table(journal)
        self.waiting: Table[str, Waiting] = Table(journal)
        self.suspicions: Table[int, Suspicion] = Table(journal)
        self.incidents: Table[int, Incident] = Table(journal)
        self.answers: Table[int, StoredAnswer] = Table(journal)
        self.keys: Table[str, ApiKey] = Table(journal)
        self.remembered: Table[str, tuple[str, int, bytes, int]] = Table(journal)
