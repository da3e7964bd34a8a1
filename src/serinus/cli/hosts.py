"""`serinus hosts`."""

from __future__ import annotations

from collections import Counter
from typing import Any

from serinus.cli.api_client import connect
from serinus.cli.options import Json, Key, Url
from serinus.cli.output import console, plain, print_json, print_table


def hosts(url: Url = "", key: Key = "", json: Json = False) -> None:
    """Gateway hosts: workers, the snapshot each follows, records on their way.

    Example: serinus hosts --json
    """
    with connect(url, key) as api:
        document = api.get("/hosts")
    if json:
        print_json(document)
        return
    rows = (
        [
            host["host"],
            len(host["workers"]),
            sorted({worker["acked"] for worker in host["workers"]}),
            f"{sum(worker['leased'] for worker in host['workers'])} of {len(host['workers'])}",
            f"{host['lag_s']:.1f} s",
            host["in_flight"],
            host["spool_bytes"],
            sum(worker["dropped"] for worker in host["workers"]),
            _mirrored(host["workers"]),
            f"{host['clock_offset_s']:+.1f} s",
        ]
        for host in document["items"]
    )
    columns = (
        "host", "workers", "revision", "leased", "data age", "in flight", "spool bytes", "dropped", "mirrored", "clock",
    )  # fmt: skip
    print_table(columns, rows, "No gateway has reported yet.")
    for host in document["items"]:
        if host["warning"]:
            console().print(plain(host["warning"]))


def _mirrored(workers: list[dict[str, Any]]) -> str:
    """Copies sent to candidates, and those that were not, by reason."""
    drops: Counter[str] = Counter()
    for worker in workers:
        drops.update(worker["mirror_drops"])
    sent = f"{sum(worker['mirror_sent'] for worker in workers):,}"
    why = ", ".join(f"{count:,} {reason}" for reason, count in drops.most_common())
    return f"{sent}, not: {why}" if why else sent
