"""`serinus hosts`."""

from __future__ import annotations

from serinus.cli.api_client import connect
from serinus.cli.options import Json, Key, Url
from serinus.cli.output import print_json, print_table


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
        ]
        for host in document["items"]
    )
    columns = ("host", "workers", "revision", "leased", "data age", "in flight", "spool bytes", "dropped")
    print_table(columns, rows, "No gateway has reported yet.")
