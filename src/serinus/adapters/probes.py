"""All sources of monitors outside of the stores, behind one port."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from serinus.adapters.fetch import Fetcher
from serinus.adapters.http_check import measure_http
from serinus.adapters.promql_source import measure_promql
from serinus.adapters.sql_source import SqlQuestions
from serinus.adapters.sql_text import parsed_query
from serinus.core.monitoring.reading import Measured
from serinus.core.pipeline.monitor import HttpSource, PromqlSource, SqlSource
from serinus.ports.monitors import Question


class Probes:
    """`segments`: where the event log lies; None where it cannot be read. `secret` gives what a variable holds."""

    def __init__(self, segments: Path | None, secret: Callable[[str], str]) -> None:
        self._sql = SqlQuestions(segments) if segments else None
        self._fetcher = Fetcher(secret)

    def measure(self, asked: Question) -> Measured:
        match asked.source:
            case SqlSource() as source:
                if self._sql is None:
                    return Measured(fault="this control process cannot read the event log: start it with --segments")
                return self._sql.measure(asked, source)
            case PromqlSource() as source:
                return measure_promql(self._fetcher, asked, source)
            case HttpSource() as source:
                return measure_http(self._fetcher, asked, source)

    def check_query(self, where: str, query: str) -> None:
        parsed_query(where, query)

    def close(self) -> None:
        """End the thread that fetches."""
        self._fetcher.close()
