"""A process that forgets units until nothing is due, and says after each batch how many rows it deleted."""

from __future__ import annotations

import sys

from serinus.adapters.stores import open_stores
from serinus.control.prune_units import PruneUnits
from tests.fake_workers import ManualClock


def main(url: str, epoch: int) -> None:
    """On the stores at `url`, as the leader of this epoch."""
    clock = ManualClock()
    pruning = PruneUnits(*open_stores(url, now_us=clock.now_us, random_bytes=lambda size: bytes(size)), clock)
    while deleted := pruning.once(epoch):
        print(deleted, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
