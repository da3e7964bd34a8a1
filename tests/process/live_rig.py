"""A whole Serinus in real processes with one app that serves and may be released: for tests and benchmarks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from serinus.adapters.clock import SystemClock, system_random
from serinus.adapters.stores import open_stores
from serinus.demo.stack import Stack
from tests.process.users import Users

APP = "shop"
MODEL = "sim-large"
FAST = ("--speed", "inf")


def plan(**changes: Any) -> dict[str, Any]:
    """A plan that stays at one half for long, as the API takes it."""
    return {
        "owner": "ada@example.com",
        "steps": [{"share": 0.5, "dwell_s": 600}, {"share": 1.0, "dwell_s": 600}],
        "guardrails": [{"metric": "call.error"}],
        "limits": [{"metric": "call.error", "above": 0.98, "bucket_s": 1, "min_requests": 1}],
        "alpha": 0.001,
        "lease_s": 10,
        "freshness_s": 30,
    } | changes


class Live:
    """Provider, controls and a gateway; `start` starts them, and an app is live on `baseline` then."""

    def __init__(self, directory: Path, store: str | None = None) -> None:
        self.clock = SystemClock()
        self.stack = Stack(directory, self.clock, store)
        self.key = ""
        self.baseline = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stack.close()

    def start(
        self,
        declared: dict[str, Any],
        *,
        control: tuple[str, ...] = (),
        provider: tuple[str, ...] = FAST,
        workers: int = 2,
        prompt: str = "You are a shop.",
        endpoint: dict[str, Any] | None = None,
        **app: Any,
    ) -> Self:
        """Start everything; `declared` is the app's plan, `prompt` the live version's, `endpoint` and `app` what else
        is declared of these."""
        self.provider = self.stack.provider(*provider)
        self.control = self.stack.control(*control)
        self.gateway = self.stack.gateway(workers=workers)
        self.configure(declared, endpoint, **app)
        self.baseline = self.push(prompt)
        self.api("POST", f"/apps/{APP}/live", {"version": self.baseline, "reason": "first"})
        self.key = self.stack.caller_key(APP)
        self.port = int(self.gateway.ready["port"])
        newest = self.revision()
        assert self.stack.wait(lambda: self.all_follow(newest))
        return self

    def configure(self, declared: dict[str, Any], endpoint: dict[str, Any] | None = None, **app: Any) -> None:
        """Declare endpoint and app."""
        base_url = f"http://127.0.0.1:{self.provider.ready['port']}/v1"
        self.api("PUT", "/endpoints/main", {"base_url": base_url, **(endpoint or {})})
        self.api("PUT", f"/apps/{APP}", {"plan": declared, **app})

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """Call the API."""
        return self.stack.api(method, path, body)

    def push(self, prompt: str, model: str = MODEL, **content: Any) -> str:
        """A new version; its name."""
        messages = [{"role": "system", "template": prompt}]
        body = {"schema": 1, "endpoint": "main", "model": model, "messages": messages, **content}
        name: str = self.api("POST", f"/apps/{APP}/versions", body)["name"]
        return name

    def release(self, version: str, reason: str = "try") -> str:
        """Start a release; its id."""
        id: str = self.api("POST", "/releases", {"app": APP, "version": version, "reason": reason})["id"]
        return id

    def workers(self) -> list[dict[str, Any]]:
        """All gateway workers, as the API shows them."""
        return [worker for host in self.api("GET", "/hosts")["items"] for worker in host["workers"]]

    def revision(self) -> int:
        """The newest snapshot's number."""
        control, telemetry = open_stores(self.stack.store, now_us=self.clock.now_us, random_bytes=system_random)
        try:
            newest = control.latest_snapshot()
        finally:
            control.close()
            telemetry.close()
        return newest[0] if newest else 0

    def all_follow(self, revision: int) -> bool:
        """Whether every worker routes by this snapshot."""
        workers = self.workers()
        return bool(workers) and all(worker["acked"] >= revision for worker in workers)

    def users(self, **changes: Any) -> Users:
        """Users of the app."""
        return Users(self.port, self.key, APP, **changes)

    def cli(self, *words: str) -> Any:
        """What a `serinus` command says with `--json`; it must succeed."""
        done = self.run_cli(*words, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def run_cli(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a `serinus` command as the admin."""
        return subprocess.run(
            [sys.executable, "-m", "serinus", *words],
            env={**os.environ, "SERINUS_URL": self.stack.url, "SERINUS_API_KEY": self.stack.key},
            capture_output=True,
            text=True,
            check=False,
        )

    def audit(self) -> list[dict[str, Any]]:
        """The newest entries of the audit trail, oldest first."""
        items: list[dict[str, Any]] = self.api("GET", "/audit?limit=200")["items"]
        return items[::-1]

    def actions(self, id: str) -> list[str]:
        """What was done to a release, in order."""
        return [entry["action"] for entry in self.audit() if entry["subject"] == id]
