"""The processes of one run: found by the mark in their environment, ended in order."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

#: Lines of a log that an error quotes.
QUOTED = 8


def start(
    command: Sequence[str], log: Path, environ: Mapping[str, str], folder: Path
) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own, so that Ctrl-C reaches its starter alone."""
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, **environ},
            cwd=folder,
            start_new_session=True,
        )


def end(process: subprocess.Popen[bytes], patience: float) -> None:
    """Ask a process to end, wait, and kill it when it does not."""
    process.terminate()
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def marked(run: str) -> list[psutil.Process]:
    """Return the living processes that carry a run's mark, this one excepted."""
    return [one for one in psutil.process_iter() if one.pid != os.getpid() and _has(one, run)]


def sweep(run: str, patience: float = 5.0) -> int:
    """End whatever carries a run's mark but its database, and return how many they were."""
    found = _others(run)
    for process in found:
        _signal(process.terminate)
    for process in psutil.wait_procs(found, patience)[1]:
        _signal(process.kill)
    # a killed parent's children may have been born meanwhile
    late = _others(run)
    for process in late:
        _signal(process.kill)
    psutil.wait_procs(late, patience)
    return len(found)


def last_lines(log: Path) -> str:
    """Return the end of a log, for an error to quote."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-QUOTED:])
    except FileNotFoundError:
        return ""


def _others(run: str) -> list[psutil.Process]:
    # PostgreSQL is stopped by its own means, never killed
    return [one for one in marked(run) if one.name() != "postgres"]


def _has(process: psutil.Process, run: str) -> bool:
    try:
        living = process.status() != psutil.STATUS_ZOMBIE
        return bool(living and process.environ().get("ALYX_RUN") == run)
    except psutil.Error:
        return False


def _signal(send: Callable[[], None]) -> None:
    with suppress(psutil.NoSuchProcess):
        send()
