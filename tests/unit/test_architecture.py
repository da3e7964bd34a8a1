"""What machines keep: sizes, words, layers that are seen to break, and a light base install."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "serinus"
MAX_LINES = 400
BANNED_WORDS = {"utils", "util", "helper", "helpers", "manager", "common", "misc", "stuff"}
GATEWAY_MAY_IMPORT = {"routing", "versions", "wire", "records", "ids", "errors", "metrics", "fleet"}

# One planted line per contract of pyproject.toml: (file it goes into, what it says).
PLANTS = {
    "layers": ("control/planted.py", "import serinus.adapters.planted"),
    "siblings": ("gateway/planted.py", "import serinus.sim.planted"),
    "core-pure": ("core/routing/planted.py", "import time"),
    "core-light": ("core/routing/planted.py", "import serinus.core.stats.planted"),
    "gateway-alone": ("gateway/planted.py", "import sqlite3"),
    "use-cases-plain": ("agent/planted.py", "import fastapi"),
}


def python_files(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_no_file_is_longer_than_400_lines() -> None:
    """A file that grows beyond it holds more than one noun."""
    long = {relative(path): n for path in python_files("src", "tests", "bench") if (n := _lines(path)) > MAX_LINES}
    assert not long


def _lines(path: Path) -> int:
    return path.read_text(encoding="utf-8").count("\n")


def test_modules_are_named_after_what_they_hold() -> None:
    """No drawer for odds and ends."""
    named = {relative(path) for path in python_files("src", "tests") if BANNED_WORDS & set(path.stem.split("_"))}
    assert not named


def test_every_test_states_a_fact() -> None:
    """The docstring of a test says what holds, so that a red test can be read without its code."""
    silent = [
        f"{relative(path)}:{node.lineno} {node.name}"
        for path in python_files("tests")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not ast.get_docstring(node)
    ]
    assert not silent


def test_every_module_says_what_it_is_for() -> None:
    """The first line of a file is its contract."""
    trees = {relative(path): ast.parse(path.read_text(encoding="utf-8")) for path in python_files("src")}
    silent = [name for name, tree in trees.items() if tree.body and not ast.get_docstring(tree)]
    assert not silent


def test_no_test_uses_mocks() -> None:
    """Fakes are product code under a contract suite; servers are real."""
    users = [
        relative(path)
        for path in python_files("tests", "bench")
        for name in _imports(path)
        if name.startswith(("unittest.mock", "mock.")) or name == "mock"
    ]
    assert not users


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_the_gateway_knows_only_its_part_of_core() -> None:
    """Routing, versions, wire, records and the words they share; and of our packages no other but ports."""
    foreign = set()
    for path in python_files("src/serinus/gateway"):
        for name in _imports(path):
            match name.split("."):
                case ["serinus", "core", part, *_] if part not in GATEWAY_MAY_IMPORT:
                    foreign.add(f"{relative(path)}: {name}")
                case ["serinus", layer, *_] if layer not in ("core", "ports", "gateway"):
                    foreign.add(f"{relative(path)}: {name}")
    assert not foreign


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package and its contracts, free to be broken."""
    folder = tmp_path_factory.mktemp("layers")
    shutil.copytree(SOURCE, folder / "serinus", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    for planted in PLANTS.values():
        (folder / "serinus" / planted[0]).write_text('"""Planted."""\n')
    for target in ("adapters", "sim", "core/stats"):
        (folder / "serinus" / target / "planted.py").write_text('"""Planted."""\n')
    return folder


def lint(folder: Path, contract: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"]
    options = ["--no-logo", "--no-cache", "--contract", contract]
    return subprocess.run([*command, *options], cwd=folder, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("plant", sorted(PLANTS))
def test_a_planted_violation_breaks_its_contract(copy: Path, plant: str) -> None:
    """Each contract of the layers is seen to hold, and to break on one forbidden import."""
    contract = "layers" if plant == "siblings" else plant
    place, violation = PLANTS[plant]
    planted = copy / "serinus" / place
    held = lint(copy, contract)
    planted.write_text(f'"""Planted."""\n{violation}\n')
    broken = lint(copy, contract)
    planted.write_text('"""Planted."""\n')
    assert held.returncode == 0, held.stdout
    assert broken.returncode == 1, broken.stdout
    assert "BROKEN" in broken.stdout


def test_every_contract_has_its_plant() -> None:
    """A contract that nobody has seen break proves nothing."""
    contracts = re.findall(r'^id = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert set(contracts) == set(PLANTS) - {"siblings"}


@pytest.fixture(scope="module")
def base_install(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """The interpreter of an environment with the base install alone, and how many bytes that brought."""
    folder = tmp_path_factory.mktemp("base") / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python, site = folder / "bin" / "python", next((folder / "lib").glob("python*/site-packages"))
    before = _bytes(site)
    install = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", str(ROOT)]
    subprocess.run(install, check=True, timeout=100)
    return python, _bytes(site) - before


@pytest.mark.slow
def test_the_base_install_is_small(base_install: tuple[Path, int]) -> None:
    """At most 40 MB: it goes into other people's images."""
    assert base_install[1] <= 40_000_000


@pytest.mark.slow
def test_importing_serinus_is_quick(base_install: tuple[Path, int]) -> None:
    """At most 0.15 s, or three times what `json`, `ssl` and `asyncio` take on a slower machine."""
    ours, others = _import_s(base_install[0], "serinus"), _import_s(base_install[0], "json, ssl, asyncio")
    assert ours <= max(0.15, 3 * others)


@pytest.mark.slow
@pytest.mark.parametrize("part", ["routing.assignment", "routing.snapshot", "versions.compose", "records.call_id"])
def test_what_the_sdk_needs_runs_on_the_base_install(base_install: tuple[Path, int], part: str) -> None:
    """Assignment, snapshots, composing and call ids need nothing of the server."""
    assert _import_s(base_install[0], f"serinus.core.{part}") > 0


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _import_s(python: Path, names: str) -> float:
    """The quickest of five imports in fresh processes."""
    code = f"import time; t = time.perf_counter(); import {names}; print(time.perf_counter() - t)"
    runs = [subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=True) for _ in range(5)]
    return min(float(run.stdout) for run in runs)
