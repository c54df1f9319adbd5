"""Property 13 on the real stream and a real PostgreSQL, with slow and failing writers."""

from __future__ import annotations

import itertools
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import awkward as ak
from hypothesis import given, settings
from hypothesis import strategies as st

from alyx.errors import BusyError, ServiceError
from alyx.events.generator import z_to_dimuons
from alyx.ingest.stream import Stream, Ticket
from alyx.store import Store

BATCH, BATCHES = 4, 10
EVENTS = z_to_dimuons(BATCH * BATCHES, seed=13)[["run", "luminosityBlock", "event", "Muon"]]
PARTS = [ak.to_packed(EVENTS[n * BATCH : (n + 1) * BATCH]) for n in range(BATCHES)]
LARGEST = max(int(part.nbytes) for part in PARTS)
names = (f"busy-{number}" for number in itertools.count())


class Faulty(Stream):
    """A stream whose writers are slow or fail, as a plan says, one step a commit."""

    def __init__(self, *arguments: Any, plan: list[str], **options: Any) -> None:
        self.plan = iter(plan)
        self.open = self.most = 0
        self._counted = threading.Lock()
        super().__init__(*arguments, **options)

    def _reserve(self, size: int, patience: float) -> str:
        place = super()._reserve(size, patience)
        self._count(size)
        return place

    def put(self, events: ak.Array, key: str, **options: Any) -> Ticket:
        ticket = super().put(events, key, **options)
        ticket.add_done_callback(lambda _: self._count(-int(events.nbytes)))
        return ticket

    def _count(self, size: int) -> None:
        with self._counted:
            self.open += size
            self.most = max(self.most, self.open)

    def _commit(self, *arguments: Any) -> Any:
        match next(self.plan, "well"):
            case "slow":
                time.sleep(0.01)
            case "fail before":
                raise ServiceError("The disk is gone.")
            case "fail after":
                super()._commit(*arguments)
                raise ServiceError("The connection is gone.")
        return super()._commit(*arguments)


def produced(stream: Stream, numbers: list[int], patience: float) -> list[float]:
    """Hand batches in until each is acknowledged, and return the delays that were told."""
    delays = []
    for number in numbers:
        while True:
            try:
                stream.put(PARTS[number], str(number), patience=patience).result(60)
                break
            except BusyError as error:
                delays.append(error.delay)
                time.sleep(min(error.delay, 0.005))
            except ServiceError:
                continue
    return delays


# Feature: alyx-distributed-orchestrator, Property 13: Backpressure and overload handling: For any processing bottleneck or system overload condition, the system should implement backpressure mechanisms to prevent data loss and queue excess work with estimated processing delays  # noqa: E501
def test_memory_is_bounded_and_nothing_acknowledged_is_lost(store: Store) -> None:
    """Catches a stream that gives a batch's room back before the batch is committed."""

    @settings(max_examples=100)
    @given(
        plan=st.lists(st.sampled_from(["well", "slow", "fail before", "fail after"]), max_size=12),
        producers=st.integers(1, 5),
        memory=st.integers(1, 2),
        spool=st.integers(0, 2),
        patience=st.sampled_from([0.0, 0.02]),
    )
    def check(plan: list[str], producers: int, memory: int, spool: int, patience: float) -> None:
        name = next(names)
        limits = {"memory": memory * LARGEST, "spool": spool * LARGEST}
        with (
            Faulty(store, name, kind="synthetic", plan=plan, **limits) as stream,
            ThreadPoolExecutor(producers) as pool,
        ):
            shares = [list(range(BATCHES))[n::producers] for n in range(producers)]
            delays = list(pool.map(produced, [stream] * producers, shares, [patience] * producers))
        assert all(delay > 0 for delay in itertools.chain(*delays))
        assert stream.most <= sum(limits.values())
        assert stream.used == {"memory": 0, "spool": 0}
        rows = store.page(store.select(name), limit=1000).rows
        assert sorted(row["event"] for row in rows) == sorted(EVENTS.event.tolist())

    check()
    spool = store.settings.home / "spool"
    assert not list(spool.iterdir())
