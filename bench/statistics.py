"""How well releases are judged, here and by others: `python -m bench.statistics [--json] [--quick] [--seed N]`.

Scenarios times methods: false stops, detections, units until a decision, users exposed, bad answers, and η, how far
above the least that any test needs (`bench.judging`, docs/benchmarks.md).
"""

from __future__ import annotations

import sys
from pathlib import Path

_HERE = str(Path(__file__).resolve().parent)
if sys.path and sys.path[0] == _HERE:
    # A script's own directory comes first on the path: this file would stand before the library's `statistics`.
    sys.path[0] = str(Path(_HERE).parent)

if __name__ == "statistics":
    # Another script of this directory asked for the library's module and found this one.
    del sys.modules["statistics"]
    import statistics as _library

    sys.modules["statistics"] = _library
elif __name__ == "__main__":
    from bench.judging.command import main

    sys.exit(main())
