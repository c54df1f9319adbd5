"""The panels' own tests (vitest and fast-check), their types and their lint."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PANELS = ROOT / "extensions" / "labextension"
NPM = ROOT / ".ci" / "npm"


@pytest.fixture(scope="module", autouse=True)
def packages() -> None:
    """Skip where the panels' packages are not installed and cannot be."""
    if (PANELS / "node_modules" / "vitest").exists():
        return
    found = _npm("--version")
    if found.returncode:
        pytest.skip(f"the panels are tested with npm: {found.stderr.strip()}")
    installed = _npm("ci", "--silent")
    if installed.returncode:
        pytest.skip(f"npm cannot install the panels' packages: {installed.stderr.strip()[-200:]}")


def _npm(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(NPM), str(PANELS), *arguments], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("script", ["test", "check", "lint"])
def test_npm_script_passes(script: str) -> None:
    done = _npm("run", script, "--silent")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_lock_names_no_registry() -> None:
    lock = json.loads((PANELS / "package-lock.json").read_text())
    assert not [name for name, package in lock["packages"].items() if "resolved" in package]


def test_npm_says_what_to_do_where_there_is_none(tmp_path: Path) -> None:
    """The script looks for the wheel beside itself: a copy elsewhere finds neither."""
    script = tmp_path / ".ci" / "npm"
    script.parent.mkdir()
    shutil.copy(NPM, script)
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("sh", "dirname", "cat"):
        (tools / name).symlink_to(str(shutil.which(name)))
    done = subprocess.run(
        [str(script), str(tmp_path), "--version"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PATH": str(tools)},
    )
    assert done.returncode == 1
    assert "make install" in done.stderr
