"""What a supervisor tells of itself, in ``<home>/run/state.json``."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

import psutil

from alyx.errors import ConfigurationError
from alyx_hub.files import write_private

Phase = Literal["starting", "ready", "stopping", "failed"]


@dataclass(slots=True)
class State:
    """A run and how far it is.

    Parameters
    ----------
    run, pid, began
        The run's mark, and its supervisor with the time at which that process began
        (a process id is used again, the pair is not).
    url
        The public address.
    phase
        ``starting``, ``ready``, ``stopping`` or ``failed``.
    steps
        What was begun, with the seconds that it took; None while it goes on.
    error
        Why it failed.
    """

    home: Path
    run: str
    url: str
    pid: int = field(default_factory=os.getpid)
    began: float = field(default_factory=lambda: psutil.Process().create_time())
    phase: Phase = "starting"
    steps: list[tuple[str, float | None]] = field(default_factory=list)
    error: str = ""

    @property
    def alive(self) -> bool:
        """Whether the supervisor lives."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.began) < 1
            return bool(same and process.status() != psutil.STATUS_ZOMBIE)
        except psutil.NoSuchProcess:
            return False

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Tell of a step while it goes on, and how long it took."""
        began = time.monotonic()
        place = len(self.steps)
        self.steps.append((name, None))
        self.write()
        yield
        self.steps[place] = (name, round(time.monotonic() - began, 2))
        self.write()

    def enter(self, phase: Phase, error: str = "") -> None:
        """Move to another phase."""
        self.phase, self.error = phase, error
        self.write()

    def write(self) -> None:
        """Write it where others read it."""
        body: dict[str, Any] = asdict(self) | {"home": str(self.home)}
        write_private(path(self.home), json.dumps(body))

    def forget(self) -> None:
        """Remove it: nothing runs any more."""
        path(self.home).unlink(missing_ok=True)

    @classmethod
    def read(cls, home: Path) -> Self | None:
        """Return the state of a home's run, or None where none was begun."""
        try:
            found = json.loads(path(home).read_text())
        except (FileNotFoundError, NotADirectoryError):
            return None
        except PermissionError as error:
            raise ConfigurationError(
                f"{home} belongs to another account: name another folder, with --home FOLDER."
            ) from error
        found["steps"] = [(name, seconds) for name, seconds in found["steps"]]
        return cls(**found | {"home": Path(found["home"])})


def path(home: Path) -> Path:
    """Return where a home's state stands."""
    return home / "run" / "state.json"


def log_of(home: Path, name: str) -> Path:
    """Return where a process of an environment writes its log."""
    return home / "logs" / f"{name}.log"
