"""The tick's reads of telemetry in SQL: one query for all active releases."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import BigInteger, ColumnElement, Select, and_, cast, func, literal, or_, select

from serinus.adapters.rollup_merge import US_PER_HOUR, add_hour
from serinus.adapters.schema_telemetry import rollups, sums
from serinus.adapters.sql_tx import SqlTx
from serinus.core.records.sums import ArmRollup, Rollup, Sum, SumKey
from serinus.core.routing.assignment import Arm
from serinus.ports.tick_reads import Answered

_KEY = SumKey.__struct_fields__
_LIMB = 32


_HISTOGRAMS = frozenset({"latency", "ttft"})
"""What no database can add up."""


@lru_cache(maxsize=4096)
def _events(raw: str, times: int = 1) -> dict[int, int]:
    found = msgspec.json.decode(raw, type=dict[int, int])
    return {bit: count * times for bit, count in found.items()} if times > 1 else found


class SqlTickReads(SqlTx):
    """The tick's part of a telemetry transaction."""

    def sums_of(self, releases: Collection[str]) -> dict[str, list[tuple[SumKey, Sum]]]:
        if not releases:
            return {}
        counted = (sums.c.count, sums.c.total, sums.c.squares_high, sums.c.squares_low)
        query = select(*(sums.c[name] for name in _KEY), *counted).where(
            self._own(sums), sums.c.release.in_(sorted(releases))
        )
        found: dict[str, list[tuple[SumKey, Sum]]] = {}
        # A row begins with its key, so that rows sort as `sum_order` sorts keys, whatever a database's collation is.
        in_order: list[tuple[Any, ...]] = sorted(tuple(row) for row in self._all(query))
        for release, stratum, metric, arm, bucket, count, total, high, low in in_order:
            key = SumKey(release, stratum, metric, arm, bucket)
            found.setdefault(release, []).append((key, Sum(count, total, (high << _LIMB) + low)))
        return found

    def answered(self, releases: Collection[str], from_us: int, to_us: int) -> dict[str, Answered]:
        if not releases:
            return {}
        query = (
            select(rollups.c.release, rollups.c.arm, rollups.c.start_us, func.sum(rollups.c.requests))
            .where(
                self._own(rollups, width_s=1),
                rollups.c.release.in_(sorted(releases)),
                and_(rollups.c.start_us >= from_us, rollups.c.start_us < to_us),
            )
            .group_by(rollups.c.release, rollups.c.arm, rollups.c.start_us)
        )
        found: dict[str, Answered] = {}
        for row in self._all(query):
            values: tuple[Any, ...] = tuple(row)
            release, arm, start_us, requests = values
            found.setdefault(release, {}).setdefault(arm, {})[start_us] = int(requests)
        return found

    def rollups_of(
        self, releases: Collection[str], width_s: int, from_us: int, to_us: int, fields: Collection[str]
    ) -> dict[str, list[ArmRollup]]:
        if not releases:
            return {}
        wanted = sorted(fields)
        query = (_added_up(wanted) if _HISTOGRAMS.isdisjoint(wanted) else _one_by_one(wanted)).where(
            self._own(rollups, width_s=width_s),
            rollups.c.release.in_(sorted(releases)),
            and_(rollups.c.start_us >= from_us, rollups.c.start_us < to_us),
        )
        found: dict[str, list[ArmRollup]] = {release: [] for release in releases}
        for row in self._all(query):
            values: tuple[Any, ...] = tuple(row)
            release, start_us, arm, events, times, requests, *others = values
            rest = dict(zip(wanted, others, strict=True)) if wanted else {}
            found[release].append(ArmRollup(start_us, arm, requests, _events(events, times), **rest))
        return found

    def served_by(
        self, versions: Mapping[str, str], from_us: int, to_us: int, fields: Collection[str]
    ) -> dict[str, list[Rollup]]:
        if not versions:
            return {}
        served = and_(
            rollups.c.app.in_(sorted(versions)),
            rollups.c.version.in_(sorted(set(versions.values()))),
            rollups.c.arm != int(Arm.SHADOW),
        )
        found: dict[str, list[Rollup]] = {app: [] for app in versions}
        for (app, version), rollup in self._bare(60, from_us, to_us, fields, served):
            if versions[app] == version:
                found[app].append(rollup)
        return found

    def hours_of(
        self, app: str, version: str, from_us: int, to_us: int, apart: Collection[tuple[str, int]] = ()
    ) -> dict[int, tuple[int, dict[int, int]]]:
        # Minutes of an hour with the same events are one row, and most have none: 100,000 minutes are a few hundred.
        hour = rollups.c.start_us // US_PER_HOUR
        minutes = select(hour, rollups.c.events, func.sum(rollups.c.requests), func.count()).where(
            self._own(rollups, width_s=60, app=app, version=version),
            rollups.c.arm != int(Arm.SHADOW),
            and_(rollups.c.start_us >= from_us, rollups.c.start_us < to_us),
            *(or_(rollups.c.release != release, rollups.c.stratum != stratum) for release, stratum in sorted(apart)),
        )
        found: dict[int, tuple[int, dict[int, int]]] = {}
        for row in self._all(minutes.group_by(hour, rollups.c.events)):
            values: tuple[Any, ...] = tuple(row)
            at, events, calls, times = values
            add_hour(found, int(at), int(calls), _events(events), times)
        return found

    def _bare(
        self, width_s: int, from_us: int, to_us: int, fields: Collection[str], among: ColumnElement[bool]
    ) -> Iterator[tuple[tuple[str, str], Rollup]]:
        """App and version of each row, and what of it was asked for, in order of start."""
        wanted = sorted(fields)
        names = ("app", "version", "release", "stratum", "arm", "start_us", "requests", "events", *wanted)
        within = and_(rollups.c.start_us >= from_us, rollups.c.start_us < to_us)
        query = select(*(rollups.c[name] for name in names)).where(self._own(rollups, width_s=width_s), among, within)
        for row in self._all(query.order_by(rollups.c.start_us)):
            values: tuple[Any, ...] = tuple(row)
            app, version, release, stratum, arm, start_us, requests, events, *others = values
            yield (
                (app, version),
                Rollup(
                    host="",
                    app="",
                    release=release,
                    stratum=stratum,
                    arm=arm,
                    version="",
                    start_us=start_us,
                    width_s=width_s,
                    requests=requests,
                    events=_events(events),
                    **dict(zip(wanted, others, strict=True)),
                ),
            )


_PLACE = (rollups.c.release, rollups.c.start_us, rollups.c.arm, rollups.c.events)


def _one_by_one(fields: Sequence[str]) -> Select[Any]:
    return select(*_PLACE, literal(1), rollups.c.requests, *(rollups.c[name] for name in fields))


def _added_up(fields: Sequence[str]) -> Select[Any]:
    """Rows with the same events together: most hosts and strata have none in a second."""
    # PostgreSQL's sums of integers are decimals.
    sums_of = (cast(func.sum(rollups.c[name]), BigInteger) for name in ("requests", *fields))
    return select(*_PLACE, func.count(), *sums_of).group_by(*_PLACE)
