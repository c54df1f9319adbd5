"""One line of text that follows a job, in a terminal, a notebook or a log file."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alyx.session.job import Job

WIDTH = 30


def line(job: Job) -> str:
    """Return the line for a job as it stands."""
    done = round(job.fraction * WIDTH)
    bar = "█" * done + "░" * (WIDTH - done)
    progress = job.progress
    text = f"{job.name} {bar} {progress['chunks_done']}/{progress['chunks_total']} {job.status}"
    return f"{text}: {job.waiting}" if job.waiting and not job.ended else text


class Progress:
    """Draws the line over itself where that works, else once a change of state.

    Parameters
    ----------
    wanted
        Whether anything is shown.
    """

    def __init__(self, wanted: bool) -> None:
        self._wanted = wanted
        self._overwrites = sys.stdout.isatty() or _in_notebook()
        self._last = ""
        self._status = ""

    def show(self, job: Job) -> None:
        """Show how the job stands."""
        text = line(job)
        if not self._wanted or text == self._last:
            return
        if self._overwrites:
            sys.stdout.write("\r" + text.ljust(len(self._last)))
        elif job.status != self._status:
            sys.stdout.write(text + "\n")
        sys.stdout.flush()
        self._last, self._status = text, job.status

    def close(self) -> None:
        """End the line."""
        if self._wanted and self._overwrites and self._last:
            sys.stdout.write("\n")
            sys.stdout.flush()


def _in_notebook() -> bool:
    return type(sys.stdout).__module__.startswith("ipykernel")
