"""How long `serinus up` takes from the command to ready, beside a reference that loads the frameworks it rests on.

The reference is one process that imports FastAPI, SQLAlchemy, numpy and scipy.special and ends: what no start can go
below by much. Both take turns; medians are told. Wall time tells of the machine's load as well, so it comes with the
ratio. `ready` counts from the start of the process, in an empty folder, to the line that says where gateway and API
listen; then all of it is killed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REFERENCE = "import fastapi, sqlalchemy, numpy, scipy.special"


def up_s() -> float:
    """Seconds until `serinus up` is ready in a new folder."""
    with tempfile.TemporaryDirectory() as folder:
        words = ["-m", "serinus", "up", "--dir", str(Path(folder) / "data"), "--port", "0", "--api-port", "0", "--json"]
        begun = time.monotonic()
        with subprocess.Popen([sys.executable, *words], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            line = process.stdout.readline()
            took = time.monotonic() - begun
            process.terminate()
            process.wait()
    assert b'"ready":true' in line, line
    return took


def reference_s() -> float:
    """Seconds of the process that only imports."""
    begun = time.monotonic()
    subprocess.run([sys.executable, "-c", REFERENCE], check=True)
    return time.monotonic() - begun


def main() -> None:
    """Take turns, and tell."""
    parser = argparse.ArgumentParser(description="Time to ready of `serinus up`.")
    parser.add_argument("-n", type=int, default=10, help="runs of each")
    parser.add_argument("--json", action="store_true", help="one JSON line")
    options = parser.parse_args()
    pairs = [(up_s(), reference_s()) for _ in range(options.n)]
    ups, references = zip(*pairs, strict=True)
    ratio = statistics.median(up / one for up, one in pairs)
    if options.json:
        found = {
            "up_s_min": min(ups),
            "up_s_p50": statistics.median(ups),
            "reference_s_p50": statistics.median(references),
        }
        print(json.dumps({name: round(value, 3) for name, value in {**found, "times_reference": ratio}.items()}))
        return
    for name, seconds in (("serinus up", ups), ("reference", references)):
        print(f"{name:12} {min(seconds):6.2f} s  median {statistics.median(seconds):6.2f} s  {max(seconds):6.2f} s")
    print(f"ratio        {ratio:6.2f}")


if __name__ == "__main__":
    main()
