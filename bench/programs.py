"""The programs that are measured, and those that measure: started on one core each, stopped at the end."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from serinus.adapters.clock import host_ns
from serinus.core.routing import lease
from serinus.core.routing.assignment import RampPoint
from serinus.core.routing.snapshot import App, Caller, Endpoint, Message, Release, Snapshot, Version, encode

NATIVE = Path(__file__).parent / "native"
KEY = "sk-bench-0123456789"
GATEWAY_CORE, LOAD_CORE = "0", "1"
_READY_S, _SLOW_READY_S = 10.0, 60.0
_SHARE = 0.1
_LIVE, _CANDIDATE = "11" * 32, "22" * 32
_NGINX = """
worker_processes 1; master_process off; daemon off; pid {root}/nginx.pid; error_log {root}/error.log;
events {{ worker_connections 8192; }}
http {{
  access_log off; client_body_temp_path {root}/body; proxy_temp_path {root}/proxy; fastcgi_temp_path {root}/fastcgi;
  uwsgi_temp_path {root}/uwsgi; scgi_temp_path {root}/scgi; client_body_buffer_size 64k; tcp_nodelay on;
  keepalive_requests 100000000; keepalive_timeout 75s;
  upstream fast {{ server 127.0.0.1:{fast}; keepalive 1200; keepalive_requests 100000000; }}
  upstream paced {{ server 127.0.0.1:{paced}; keepalive 1200; keepalive_requests 100000000; }}
  proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off;
  server {{ listen 127.0.0.1:{listen} reuseport backlog=4096; location / {{ proxy_pass http://fast; }} }}
  server {{ listen 127.0.0.1:{listen_paced} reuseport backlog=4096; location / {{ proxy_pass http://paced; }} }}
}}
"""
_LITELLM = """
model_list:
  - model_name: assistant
    litellm_params: {{model: openai/gpt-mock-2026, api_base: "http://127.0.0.1:{upstream}/v1", api_key: sk-upstream}}
general_settings: {{master_key: {key}}}
"""


class Missing(Exception):
    """A program that the measurement needs is not installed."""


def compiled(name: str) -> Path:
    """The path of a native tool, compiled when its source is newer."""
    source, target = NATIVE / f"{name}.c", NATIVE / "bin" / name
    if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
        compiler = shutil.which("gcc") or shutil.which("cc")
        if compiler is None:
            raise Missing("no C compiler: install gcc to build bench/native")
        target.parent.mkdir(exist_ok=True)
        subprocess.run([compiler, "-O2", "-o", str(target), str(source)], check=True)
    return target


def free_ports(count: int) -> int:
    """The first of `count` neighbouring ports that are free now."""
    for base in range(20_000, 60_000, 100):
        with contextlib.ExitStack() as stack:
            try:
                for port in range(base, base + count):
                    probe = stack.enter_context(socket.socket())
                    probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return base
    raise Missing("no free ports")


def cpu_ns(pid: int) -> int:
    """On-CPU time of all threads of a process."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            total += int((task / "schedstat").read_text().split()[0])
    return total


def rss_mb(pid: int) -> float:
    """Resident memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def wait_for_port(port: int, ready_s: float = _READY_S) -> None:
    """Return when something listens."""
    deadline = time.monotonic() + ready_s
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        if time.monotonic() > deadline:
            raise Missing(f"nothing listens on port {port}")
        time.sleep(0.01)


@contextlib.contextmanager
def running(core: str, *command: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process pinned to a core, for the time of the block."""
    process = subprocess.Popen(["taskset", "-c", core, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def mock(port: int) -> Iterator[None]:
    """The upstream: `port` answers at once, `port + 1` paces its chunks."""
    with running(LOAD_CORE, str(compiled("mock")), str(port)):
        wait_for_port(port + 1)
        yield


@contextlib.contextmanager
def nginx(root: Path, port: int, upstream: int) -> Iterator[int]:
    """nginx as plain proxy on `port` (fast) and `port + 1` (paced); its pid."""
    binary = shutil.which("nginx") or "/usr/sbin/nginx"
    if not Path(binary).exists():
        raise Missing("nginx is not installed: the figures are ratios to it (apt-get install nginx-light)")
    folder = root / "nginx"
    folder.mkdir()
    config = folder / "nginx.conf"
    config.write_text(_NGINX.format(root=folder, fast=upstream, paced=upstream + 1, listen=port, listen_paced=port + 1))
    with running(GATEWAY_CORE, binary, "-c", str(config), "-p", str(folder)) as process:
        wait_for_port(port + 1)
        yield process.pid


@contextlib.contextmanager
def litellm(executable: str, root: Path, port: int, upstream: int) -> Iterator[int]:
    """LiteLLM's proxy with one worker, its key check on and all else as it comes, before the fast upstream; its pid."""
    if shutil.which(executable) is None:
        raise Missing(f"{executable} is not there: pip install 'litellm[proxy]' in an environment of its own")
    config = root / "litellm.yaml"
    config.write_text(_LITELLM.format(key=KEY, upstream=upstream))
    command = ("env", "LITELLM_LOCAL_MODEL_COST_MAP=True", "LITELLM_LOG=ERROR", executable, "--config", str(config))
    with running(GATEWAY_CORE, *command, "--host", "127.0.0.1", "--port", str(port)) as process:
        wait_for_port(port, _SLOW_READY_S)
        yield process.pid


@contextlib.contextmanager
def gateway(root: Path, port: int, upstream: int) -> Iterator[tuple[int, float]]:
    """One gateway worker under a release at 10 %, lease renewed, spool emptied; its pid and time to readiness."""
    host = root / "host"
    host.mkdir()
    (host / "snapshot").write_bytes(encode(snapshot(upstream)))
    agent = _Agent(host)
    begun = time.monotonic()
    command = (sys.executable, "-m", "serinus.bootstrap.worker", "--host-dir", str(host), "--port", str(port))
    with running(GATEWAY_CORE, *command, "--instance", "01" * 16) as process:
        wait_for_port(port)
        ready_s = time.monotonic() - begun
        with agent:
            _wait_for_lease(host / "workers" / f"{'01' * 16}.json")
            yield process.pid, ready_s


class _Agent:
    """Stands in for the host agent: renews the lease and takes finished spool segments away."""

    def __init__(self, host: Path) -> None:
        self._host = host
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *failure: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        boot = int(Path("/proc/sys/kernel/random/boot_id").read_text().replace("-", "")[:16], 16)
        fd = os.open(self._host / "lease", os.O_RDWR | os.O_CREAT, 0o600)
        counter = 0
        while not self._over.wait(0.2):
            counter += 1
            os.pwrite(fd, lease.encode(counter, host_ns(), boot), 0)
            for path in sorted((self._host / "spool").glob("*/*.spool"))[:-1]:
                path.unlink()
        os.close(fd)


def _wait_for_lease(status: Path) -> None:
    deadline = time.monotonic() + _READY_S
    while not (status.exists() and json.loads(status.read_bytes())["leased"]):
        if time.monotonic() > deadline:
            raise Missing("the worker did not take up its lease")
        time.sleep(0.02)


def snapshot(upstream: int) -> Snapshot:
    release = Release(
        id="rel_" + "ab" * 16,
        salt="bench",
        candidate=_CANDIDATE,
        control=_LIVE,
        ramp=(RampPoint(revision=1, step=0, share=_SHARE),),
    )
    versions = {}
    apps = {}
    for name, endpoint in (("assistant", "fast"), ("slow", "paced")):
        digests = [hashlib.sha256(f"{name}{digest}".encode()).hexdigest() for digest in (_LIVE, _CANDIDATE)]
        for number, digest in enumerate(digests, 1):
            versions[digest] = Version(
                digest=digest,
                name=f"{name}-2026-W47-{number}",
                behaviour=digest,
                endpoint=endpoint,
                model="gpt-mock-2026",
                messages=(Message(role="system", template=f"You are version {number}. Answer in a friendly tone."),),
                parameters='"temperature":0.7,"max_tokens":256',
            )
        moved = {"control": digests[0], "candidate": digests[1]}
        apps[name] = App(name=name, live=digests[0], release=_replaced(release, moved))
    return Snapshot(
        revision=1,
        issued_at_us=1,
        mac_key="aa" * 32,
        pseudonym_key="bb" * 32,
        callers=(Caller(key_sha256=hashlib.sha256(KEY.encode()).hexdigest(), name="bench"),),
        endpoints={
            "fast": Endpoint(name="fast", base_url=f"http://127.0.0.1:{upstream}/v1"),
            "paced": Endpoint(name="paced", base_url=f"http://127.0.0.1:{upstream + 1}/v1"),
        },
        versions=versions,
        apps=apps,
    )


def _replaced(release: Release, changes: dict[str, str]) -> Release:
    return Release(
        id=release.id, salt=release.salt, ramp=release.ramp, candidate=changes["candidate"], control=changes["control"]
    )
