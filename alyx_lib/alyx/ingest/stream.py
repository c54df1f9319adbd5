"""Events as they come: a bounded queue, several writers, an acknowledgement after the commit.

A producer puts batches and gets a ticket for each; the ticket's result is the receipt, there
once the batch is committed. Bad events are set aside with the reasons and never stop the
stream. When the queue is full, batches are spooled to the disk up to a limit; past it the
producer is told how long to wait.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import awkward as ak

from alyx.errors import BusyError, ConflictError, DuplicateError, InputError, Problem
from alyx.ingest import quality, receipts
from alyx.ingest.receipts import Receipt
from alyx.ingest.spool import Spool
from alyx.ingest.writer import Writer
from alyx.store import Store

#: Bytes of events that wait in memory, and on the disk, at most.
MEMORY, SPOOL = 256_000_000, 2_000_000_000
#: How much the newest batch counts in the measured rate.
NEWEST = 0.2
#: Commits of a batch that others clash with, at most.
TRIES = 5

#: What a producer gets: the receipt, once it is committed.
Ticket = Future[Receipt]


@dataclass(frozen=True, slots=True)
class Target:
    """The data set that a batch goes to, and what it is called when it is made."""

    dataset: str
    title: str = ""
    kind: str = "real"


@dataclass(slots=True)
class Waiting:
    """A batch in the queue, in memory or in a spooled file."""

    target: Target
    key: str
    size: int
    events: ak.Array | None
    spooled: Path | None = None
    ticket: Ticket = field(default_factory=Future)


class Stream:
    """A stream of batches into the store.

    Parameters
    ----------
    store
        Where to.
    dataset, title, kind
        Where batches go that name no target of their own; made when missing.
    writers
        Threads that check, write and commit; what they spend most time in (compression,
        checksums, the disk, PostgreSQL) runs side by side.
    memory, spool
        Bytes of events that wait in memory, and after that on the disk, at most.

    Examples
    --------
    >>> with Stream(store, "run-2026") as stream:  # doctest: +SKIP
    ...     ticket = stream.put(events, key="file 7, part 3", patience=60)
    ...     ticket.result().events
    """

    def __init__(
        self,
        store: Store,
        dataset: str = "",
        *,
        title: str = "",
        kind: str = "real",
        writers: int = 2,
        memory: int = MEMORY,
        spool: int = SPOOL,
    ) -> None:
        self.store = store
        self.target = Target(dataset, title, kind)
        self.limits = {"memory": memory, "spool": spool}
        self.used = {"memory": 0, "spool": 0}
        self._rate = 0.0
        self._queue: deque[Waiting] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._spool = Spool(store.settings.home / "spool")
        self._writers = [threading.Thread(target=self._work, daemon=True) for _ in range(writers)]
        for writer in self._writers:
            writer.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def put(
        self, events: ak.Array, key: str, *, into: Target | None = None, patience: float = 0.0
    ) -> Ticket:
        """Hand in a batch.

        Parameters
        ----------
        events
            As :mod:`alyx.events` describes them.
        key
            What the batch is known by: handed in again, it is stored once, and the first
            receipt comes back.
        into
            The data set, if not the stream's own.
        patience
            Seconds to wait for room.

        Returns
        -------
        concurrent.futures.Future
            Its result is the :class:`~alyx.ingest.receipts.Receipt`, after the commit.

        Raises
        ------
        BusyError
            There is no room; ``delay`` says after how many seconds there should be.
        InputError
            The batch alone is larger than the limit.
        """
        events = ak.to_packed(events)  # a slice would drag its parent's buffers along
        size = int(events.nbytes)
        if size > self.limits["memory"]:
            limit = self.limits["memory"] / 1e6
            message = f"A batch has {size / 1e6:.0f} MB, and {limit:.0f} are the limit: cut it."
            raise InputError(problems=[Problem(key, message)])
        place = self._reserve(size, patience)
        waiting = Waiting(into or self.target, key, size, events)
        if place == "spool":
            self._set_down(waiting)
        with self._changed:
            self._queue.append(waiting)
            self._changed.notify_all()
        return waiting.ticket

    @property
    def depth(self) -> int:
        """Number of batches that wait."""
        return len(self._queue)

    @property
    def rate(self) -> float:
        """Bytes a second that were committed of late; 0 before the first commit."""
        return self._rate

    def close(self) -> None:
        """Take no more batches, and wait until all that were taken are committed."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for writer in self._writers:
            writer.join()
        self._spool.close()

    def _reserve(self, size: int, patience: float) -> str:
        end = time.monotonic() + patience
        with self._changed:
            while True:
                if self._closed:
                    raise ConflictError("The stream is closed: it takes no more batches.")
                for place in ("memory", "spool"):
                    if self.used[place] + size <= self.limits[place]:
                        self.used[place] += size
                        return place
                left = end - time.monotonic()
                if left <= 0:
                    raise self._busy(size)
                self._changed.wait(left)

    def _busy(self, size: int) -> BusyError:
        excess = sum(self.used.values()) + size - sum(self.limits.values())
        delay = excess / self._rate if self._rate else 1.0
        return BusyError(f"The queue is full: try again in {delay:.1f} s.", delay=delay)

    def _set_down(self, waiting: Waiting) -> None:
        try:
            name = f"{id(waiting):x}-{time.monotonic_ns()}"
            waiting.spooled = self._spool.write(waiting.events, name)
        except OSError:
            self._release("spool", waiting.size)
            raise
        waiting.events = None

    def _work(self) -> None:
        while (waiting := self._next()) is not None:
            place = "memory" if waiting.spooled is None else "spool"
            began = time.monotonic()
            try:
                if waiting.spooled is not None:
                    waiting.events = self._spool.take(waiting.spooled)
                receipt = self._store(waiting.events, waiting.key, waiting.target)
                waiting.ticket.set_result(receipt)
            except BaseException as error:  # noqa: BLE001  the producer is told, the stream goes on
                waiting.ticket.set_exception(error)
            else:
                self._measure(waiting.size, time.monotonic() - began)
            waiting.events = None
            self._release(place, waiting.size)

    def _next(self) -> Waiting | None:
        with self._changed:
            while not self._queue and not self._closed:
                self._changed.wait()
            return self._queue.popleft() if self._queue else None

    def _release(self, place: str, size: int) -> None:
        with self._changed:
            self.used[place] -= size
            self._changed.notify_all()

    def _measure(self, size: int, seconds: float) -> None:
        rate = len(self._writers) * size / max(seconds, 1e-6)
        self._rate = rate if not self._rate else NEWEST * rate + (1 - NEWEST) * self._rate

    def _store(self, events: ak.Array, key: str, into: Target) -> Receipt:
        """Store a batch, and return its receipt: the first one, where it came before."""
        good, reasons = quality.sifted(events)
        for _ in range(TRIES):
            try:
                return self._commit(events, good, reasons, key, into)
            except DuplicateError:
                with self.store.database.read() as connection:
                    known = receipts.find(connection, into.dataset, key)
                if known is not None:
                    return known
                again = receipts.stored(self.store, into.dataset, events) & good
                reasons = reasons | {"is stored already": int(again.sum())}
                good &= ~again
        raise ConflictError(f"{key}: others store the same events again and again.")

    def _commit(
        self,
        events: ak.Array,
        good: quality.Mask,
        reasons: dict[str, int],
        key: str,
        into: Target,
    ) -> Receipt:
        writer = Writer(self.store, into.dataset, key)
        distinct = quality.Distinct()
        try:
            kept = events if good.all() else events[good]
            sound = map(quality.by_pt, distinct([kept]))
            for chunk in quality.regrouped(sound, self.store.settings.chunk_events):
                writer.write(chunk)
            if not good.all():
                writer.set_aside(events[~good], reasons)
            title = into.title or into.dataset
            return receipts.commit(writer, key, title, into.kind, distinct.repeated)
        except BaseException:
            writer.abandon()
            raise
