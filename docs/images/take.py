"""Takes the console's pictures anew, from a run of the demo: `.venv/bin/python docs/images/take.py` (three minutes).

Needs chromium, and the `dev` extra.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser

from serinus.adapters.clock import SystemClock
from tests.process.browser import NARROW, Tab, chromium

HERE = Path(__file__).parent
_LOOK_S = 0.25
_DRAWN_MS = 1500
_WIDE = {"width": 1280, "height": 800}


class Photographer:
    """Follows a demo by its API and takes a picture when there is something to see."""

    def __init__(self, browser: Browser, url: str, key: str) -> None:
        self._browser = browser
        self._url = url
        self._key = key
        self._clock = SystemClock()

    def take(self, name: str, path: str, **options: Any) -> None:
        """One page as a picture."""
        tab = Tab(self._browser, self._url, self._key, **({"viewport": _WIDE} | options))
        tab.page.goto(path)
        tab.page.wait_for_timeout(_DRAWN_MS)
        tab.page.screenshot(path=HERE / f"{name}.png")
        tab.close()

    def releases(self) -> list[dict[str, Any]]:
        """All releases, the newest first."""
        headers = {"authorization": f"Bearer {self._key}"}
        listed = httpx.get(f"{self._url}/api/v1/releases", headers=headers, trust_env=False).json()["items"]
        paths = [f"{self._url}/api/v1/releases/{one['id']}" for one in listed]
        return [httpx.get(path, headers=headers, trust_env=False).json() for path in paths]

    def wait(self, true: Callable[[list[dict[str, Any]]], bool]) -> dict[str, Any]:
        """The newest release once this is so."""
        while True:
            found = self.releases()
            if found and true(found):
                return found[0]
            self._clock.sleep(_LOOK_S)


def _shadowed(found: list[dict[str, Any]]) -> bool:
    shadow = found[0]["standing"]["shadow"]
    return bool(shadow) and shadow["units"] >= 1000


def _climbing(found: list[dict[str, Any]]) -> bool:
    return bool(found[0]["step"] == 2 and found[0]["standing"]["arms"][0]["units"] > 1800)


def _address(lines: Any) -> tuple[str, str]:
    for line in lines:
        sys.stderr.write(line)
        if found := re.search(r"in a browser: (\S+), key (\S+)", line):
            return found[1], found[2]
    raise SystemExit("the demo ended before it had begun")


def main() -> None:
    """Run a demo and take all pictures."""
    with tempfile.TemporaryDirectory() as scratch, chromium() as browser:
        words = ["demo", "--json", "--stay", "--report", str(Path(scratch) / "r.html")]
        log = Path(scratch) / "log"
        with log.open("w") as progress:
            demo = subprocess.Popen(  # noqa: S603 - our own interpreter and command line
                [sys.executable, "-m", "serinus", *words], stdout=subprocess.PIPE, stderr=progress, text=True
            )
        try:
            clock = SystemClock()
            while "in a browser" not in log.read_text() and demo.poll() is None:
                clock.sleep(_LOOK_S)
            camera = Photographer(browser, *_address(log.read_text().splitlines(keepends=True)))
            camera.take("console-shadow", f"/releases/{camera.wait(_shadowed)['id']}")
            camera.take("console-release", f"/releases/{camera.wait(_climbing)['id']}")
            last = camera.wait(lambda found: len(found) == 3 and bool(found[0]["standing"]["arms"][0]["units"] > 200))
            camera.take("console-overview", "/")
            camera.wait(lambda found: bool(found[0]["final"]))
            camera.take("console-rolled-back", f"/releases/{last['id']}", color_scheme="dark")
            camera.take("console-phone", f"/releases/{last['id']}", viewport=NARROW)
        finally:
            demo.send_signal(signal.SIGINT)
            demo.wait()
    print(json.dumps(sorted(one.name for one in HERE.glob("console-*.png"))))


if __name__ == "__main__":
    main()
