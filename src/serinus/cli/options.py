"""Options that many commands share."""

from __future__ import annotations

from typing import Annotated

import typer

Url = Annotated[
    str,
    typer.Option("--url", help="Address of the API (or SERINUS_URL; by default this machine's `serinus up`)."),
]
Key = Annotated[str, typer.Option("--key", help="Key for the API (better: SERINUS_API_KEY).")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Reason = Annotated[str, typer.Option("--reason", "-m", help="Why; kept with the audit entry.")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, max=200, help="How many at most.")]
Cursor = Annotated[str, typer.Option("--cursor", help="`next_cursor` of the page before.")]
