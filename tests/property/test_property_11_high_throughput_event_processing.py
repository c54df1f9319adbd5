"""Property 11 on the real stream and a real PostgreSQL."""

from __future__ import annotations

import itertools
import threading
from typing import Any

import awkward as ak
from hypothesis import given, settings
from hypothesis import strategies as st

from alyx.events.generator import z_to_dimuons
from alyx.ingest.stream import Stream, Target
from alyx.store import Store

NUMBER = 40
EVENTS = z_to_dimuons(NUMBER, seed=11)[["run", "luminosityBlock", "event", "energy", "Muon"]]
names = (f"stream-{number}" for number in itertools.count())


class Watched(Stream):
    """Notes which writer stored what; each waits at its first batch until another has one."""

    def __init__(self, *arguments: Any, batches: int, **options: Any) -> None:
        self.by: dict[str, int] = {}
        self._meet = threading.Barrier(2) if batches > 1 else None
        super().__init__(*arguments, **options)

    def _store(self, events: ak.Array, key: str, into: Target) -> Any:
        name = threading.current_thread().name
        new = name not in self.by
        self.by[name] = self.by.get(name, 0) + 1
        if new and self._meet is not None and len(self.by) <= 2:
            self._meet.wait(30)
        return super()._store(events, key, into)


# Feature: alyx-distributed-orchestrator, Property 11: High-throughput event processing: For any collision event stream in normal operating conditions, the system should maintain throughput of at least 50,000 events per second using parallel processing  # noqa: E501
def test_every_event_is_stored_once_and_writers_share_the_work(store: Store) -> None:
    """Catches a stream that stores a batch anew when it is handed in twice."""

    @settings(max_examples=100)
    @given(
        cuts=st.lists(st.integers(1, NUMBER - 1), max_size=5, unique=True).map(sorted),
        writers=st.integers(2, 4),
        again=st.sets(st.integers(0, 5)),
    )
    def check(cuts: list[int], writers: int, again: set[int]) -> None:
        name = next(names)
        parts = [EVENTS[a:b] for a, b in itertools.pairwise([0, *cuts, NUMBER])]
        handed = [*enumerate(parts), *((n, parts[n]) for n in sorted(again) if n < len(parts))]
        with Watched(store, name, kind="synthetic", writers=writers, batches=len(handed)) as stream:
            tickets = [(n, stream.put(part, str(n), patience=30)) for n, part in handed]
            found = {n: ticket.result(60) for n, ticket in tickets}
            assert all(ticket.result() == found[n] for n, ticket in tickets)
        assert [found[n].events for n in range(len(parts))] == [len(part) for part in parts]
        selection = store.select(name)
        rows = store.page(selection, limit=10 * NUMBER).rows
        assert sorted(row["event"] for row in rows) == EVENTS.event.tolist()
        assert store.dataset(name).events == NUMBER
        if len(handed) > 1:
            assert len(stream.by) >= 2
        assert sum(stream.by.values()) == len(handed)

    check()
