"""A job that was submitted: watch it, wait for it, take its result."""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from alyx.errors import JobError
from alyx.session import markup
from alyx.session.backend import ENDED, Backend, JobJson
from alyx.session.progress import Progress

if TYPE_CHECKING:
    import hist

#: Seconds without news after which a job is asked for again.
SILENCE = 5.0
#: Seconds between two questions where there is no stream.
PAUSE = 0.5


class Job:
    """A job; its properties say what was last heard of it, :meth:`refresh` asks again.

    Parameters
    ----------
    backend
        What answers.
    body
        The job as it travels.
    """

    def __init__(self, backend: Backend, body: JobJson) -> None:
        self._backend = backend
        self._body = body
        self._seq = 0

    @property
    def id(self) -> int:
        """Number of the job."""
        return int(self._body["id"])

    @property
    def name(self) -> str:
        """Name of the job."""
        return str(self._body["name"])

    @property
    def status(self) -> str:
        """QUEUED, STARTING, RUNNING, COMPLETED, FAILED or STOPPED."""
        return str(self._body["status"])

    @property
    def progress(self) -> dict[str, int]:
        """Chunks and events, done and in total."""
        return dict(self._body["progress"])

    @property
    def fraction(self) -> float:
        """Share of the chunks that are done, 0 to 1."""
        total = self.progress["chunks_total"]
        if total == 0:
            return float(self.status == "COMPLETED")
        return self.progress["chunks_done"] / total

    @property
    def error(self) -> str | None:
        """Why it failed."""
        error: str | None = self._body["error"]
        return error

    @property
    def waiting(self) -> str | None:
        """What it waits for."""
        waiting: str | None = self._body["waiting"]
        return waiting

    @property
    def seconds(self) -> float | None:
        """Time from submission to the end, in seconds; None while it goes on."""
        began, ended = self._body["submitted_at"], self._body["finished_at"]
        if ended is None:
            return None
        return (datetime.fromisoformat(ended) - datetime.fromisoformat(began)).total_seconds()

    @property
    def ended(self) -> bool:
        """Whether it is complete, failed or stopped."""
        return self.status in ENDED

    def as_json(self) -> JobJson:
        """Return the job as it travels."""
        return dict(self._body)

    def refresh(self) -> Self:
        """Ask how the job stands."""
        self._body = self._backend.job(self.id)
        return self

    def wait(self, timeout: float | None = None, *, progress: bool = True) -> Self:
        """Stay until the job has ended, whichever way.

        Parameters
        ----------
        timeout
            Longest time to stay, in seconds.
        progress
            Whether a line shows how far it is.

        Raises
        ------
        JobError
            The time is over; the job itself goes on.
        """
        line = Progress(progress)
        end = None if timeout is None else time.monotonic() + timeout
        try:
            while not self.refresh().ended:
                line.show(self)
                self._follow(line, end)
            line.show(self)
        finally:
            line.close()
        return self

    def _follow(self, line: Progress, end: float | None) -> None:
        """Take news until there are none for a while."""
        left = SILENCE if end is None else end - time.monotonic()
        if left <= 0:
            raise JobError(f"Job {self.id} has not ended yet: it is {self.status}.")
        seen = self._seq
        news = self._backend.job_events(self.id, seen, min(left, SILENCE))
        for number, body in news:
            self._seq, self._body = number, body
            line.show(self)
            if self.ended or (end is not None and time.monotonic() >= end):
                return
        if seen == self._seq:  # silence, or no stream at all: do not ask without pause
            time.sleep(min(left, PAUSE))

    def result(self) -> hist.Hist[Any]:
        """Return the histogram of a complete job.

        Raises
        ------
        JobError
            The job failed or was stopped.
        ConflictError
            The job has not ended.
        """
        from alyx.session.values import from_json

        return from_json(self._answer()["histogram"])

    def receipt(self) -> dict[str, Any]:
        """Return what the job read: each event of the selection once, or it says so."""
        return dict(self._answer()["receipt"])

    def _answer(self) -> dict[str, Any]:
        if self.status not in ENDED:
            self.refresh()
        if self.status in ("FAILED", "STOPPED"):
            reason = self.error or "it was stopped. Call .retry() to go on."
            raise JobError(f"Job {self.id} has no result: {reason}")
        return self._backend.result(self.id)

    def stop(self) -> Self:
        """Stop the job; the chunks that are done stay done."""
        return self._patch(target="STOPPED")

    def retry(self) -> Self:
        """Queue a failed or stopped job again; it goes on where it was."""
        return self._patch(target="QUEUED")

    def rename(self, name: str) -> Self:
        """Give the job another name."""
        return self._patch(name=name)

    def prioritise(self, priority: str) -> Self:
        """Move the job among those that wait: ``low``, ``normal`` or ``high``."""
        return self._patch(priority=priority)

    def _patch(self, **change: Any) -> Self:
        self._body = self._backend.patch_job(self.id, change)
        return self

    def __repr__(self) -> str:
        return f"<Job {self.id} {self.name!r}: {self.status}>"

    def _repr_html_(self) -> str:
        return markup.job(self)
