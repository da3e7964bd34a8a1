"""One gateway worker process: `python -m serinus.bootstrap.worker --host-dir D --host H --port P --instance HEX`.

Ready when `/ready` answers 200. SIGTERM and SIGINT drain: open answers are finished, new connections refused.
"""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import os
import signal
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import uvloop

from serinus.adapters.clock import host_ns
from serinus.adapters.conversation_table import ConversationTable
from serinus.adapters.spool_writer import SpoolWriter
from serinus.bootstrap.collector import settle_collector
from serinus.core.fleet import WorkerStatus
from serinus.core.routing.snapshot import READER
from serinus.gateway.chance import Chance
from serinus.gateway.host_watch import HostWatch
from serinus.gateway.log import Log
from serinus.gateway.recorder import Recorder
from serinus.gateway.server import Gateway

_TICK_S = 0.02
_BACKLOG = 4096
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_MIB = 1024 * 1024


def _now_us() -> int:
    return time.time_ns() // 1000


def parse_arguments(argv: list[str]) -> argparse.Namespace:
    """The worker's arguments; exits with status 2 and a usage line when they are wrong."""
    parser = argparse.ArgumentParser(prog="python -m serinus.bootstrap.worker", description=__doc__)
    parser.add_argument("--host-dir", type=Path, required=True, help="directory shared with the host agent")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, required=True, help="port to listen on, shared with other workers")
    parser.add_argument("--instance", required=True, help="32 hexadecimal digits naming this start of a worker")
    parser.add_argument("--workers", type=int, default=1, help="how many workers share this host's bounds")
    parser.add_argument("--spool-limit-mb", type=float, default=256.0, help="unshipped records kept at most")
    parser.add_argument("--segment-mb", type=float, default=4.0, help="size of one spool segment")
    parser.add_argument("--drain-s", type=float, default=600.0, help="longest wait for open answers at the end")
    arguments = parser.parse_args(argv)
    try:
        if len(bytes.fromhex(arguments.instance)) != 16:
            raise ValueError
    except ValueError:
        parser.error("--instance takes 32 hexadecimal digits")
    return arguments


class Worker:
    """Everything of one worker, wired."""

    def __init__(
        self, arguments: argparse.Namespace, loop: asyncio.AbstractEventLoop, now_us: Callable[[], int]
    ) -> None:
        self._arguments = arguments
        self._loop = loop
        host_dir: Path = arguments.host_dir
        boot = int(_BOOT_ID.read_text().replace("-", "")[:16], 16)
        self._log = Log(sys.stderr, now_us, host_ns, instance=arguments.instance, pid=os.getpid())
        (host_dir / "workers").mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = _take_lock(host_dir / "workers" / f"{arguments.instance}.lock")
        self._spool = SpoolWriter(
            host_dir / "spool" / arguments.instance,
            instance=bytes.fromhex(arguments.instance),
            boot=boot,
            now_us=now_us,
            segment_bytes=int(arguments.segment_mb * _MIB),
            limit_bytes=int(arguments.spool_limit_mb * _MIB),
        )
        self._conversations = ConversationTable(host_dir / "conversations")
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="host")
        chance = Chance(os.urandom)
        self._gateway = Gateway(
            loop,
            recorder=Recorder(self._spool, now_us, chance),
            conversations=self._conversations,
            mono_ns=host_ns,
            chance=chance,
            log=self._log,
            workers=arguments.workers,
        )
        self._watch = HostWatch(
            host_dir,
            arguments.instance,
            boot=boot,
            loop=loop,
            executor=self._executor,
            environment=os.environ,
            adopt=self._gateway.adopt,
            status=self._status,
            log=self._log,
        )

    async def run(self) -> None:
        """Serve until a signal, then drain."""
        loop, arguments = self._loop, self._arguments
        loop.set_exception_handler(self._log_failure)
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        self._watch.load_now()
        server = await loop.create_server(
            self._gateway.connection, arguments.host, arguments.port, reuse_port=True, backlog=_BACKLOG
        )
        self._tick()
        settle_collector()
        self._log.write("info", "listening", host=arguments.host, port=arguments.port)
        await stop.wait()
        self._log.write("info", "draining", active=self._gateway.active)
        await asyncio.sleep(0)  # accept what the kernel holds already
        server.close()
        try:
            await asyncio.wait_for(self._gateway.drain(), arguments.drain_s)
        except TimeoutError:
            self._log.write("warning", "drain_cut", active=self._gateway.active)
        self._gateway.cut_off()
        self._executor.shutdown(wait=True)
        self._spool.close()
        self._log.write("info", "stopped", requests=self._gateway.requests)

    def _tick(self) -> None:
        now_ns = host_ns()
        self._loop.call_later(_TICK_S, self._tick)
        self._gateway.deadlines.tick(now_ns)
        self._watch.poll(now_ns)
        self._spool.refill()

    def _status(self) -> WorkerStatus:
        gateway = self._gateway
        return WorkerStatus(
            instance=self._arguments.instance,
            pid=os.getpid(),
            acked=gateway.revision,
            leased=self._watch.leased,
            dropped=self._spool.dropped,
            requests=gateway.requests,
            mirror_sent=gateway.mirrors.sent,
            mirror_dropped=gateway.mirrors.drops.total(),
            mirror_drops=dict(gateway.mirrors.drops),
            breakers=gateway.breakers(),
            reader=READER,
        )

    def _log_failure(self, loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        self._log.write_spaced(
            "error", "failure", "loop", what=str(context.get("message")), exception=repr(context.get("exception"))
        )


def _take_lock(path: Path) -> int:
    """Hold the lock for the process's life: its release tells the host agent that the worker is dead."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return fd


async def _serve(arguments: argparse.Namespace, now_us: Callable[[], int]) -> None:
    await Worker(arguments, asyncio.get_running_loop(), now_us).run()


def main(argv: list[str] | None = None, now_us: Callable[[], int] = _now_us) -> None:
    """Run a worker until it is told to stop, by the machine's wall clock."""
    uvloop.run(_serve(parse_arguments(sys.argv[1:] if argv is None else argv), now_us))


if __name__ == "__main__":
    main()
