"""A stream meets bad events, repeats, full queues, a full disk, and processes that die."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest
from sqlalchemy import select

from alyx.errors import BusyError, ConflictError, InputError
from alyx.events.generator import z_to_dimuons
from alyx.ingest.stream import Stream, Target
from alyx.store import Store
from alyx.store.tables import ingest_aside

pytestmark = pytest.mark.integration

FIELDS = ["run", "luminosityBlock", "event", "energy", "Muon"]
EVENTS = z_to_dimuons(60, seed=5)[FIELDS]

PRODUCER = """
import sys
from pathlib import Path
from alyx.events.generator import z_to_dimuons
from alyx.ingest.stream import Stream, Target
from alyx.settings import Settings
from alyx.store import Store
with Store.open(Settings(database_url=sys.argv[1], home=Path(sys.argv[2]))) as store:
    with Stream(store, "killed", kind="synthetic") as stream:
        for number in range(400):
            events = z_to_dimuons(50, seed=1, first_event=1 + 50 * number)
            ticket = stream.put(events, str(number), patience=60)
            ticket.add_done_callback(
                lambda done, n=number: print(n, done.result().events, flush=True)
            )
"""


def stored(store: Store, name: str) -> list[int]:
    return [row["event"] for row in store.page(store.select(name), limit=10_000).rows]


class Held(Stream):
    """A stream whose writers wait until they are let go."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.go = threading.Event()
        super().__init__(*arguments, **options)

    def _store(self, events: ak.Array, key: str, into: Target) -> Any:
        self.go.wait(30)
        return super()._store(events, key, into)


def test_bad_events_are_set_aside_with_the_reasons(store: Store) -> None:
    energy = np.array(EVENTS.energy)
    energy[[3, 7]] = [-1, np.inf]
    mixed = ak.with_field(EVENTS, energy, "energy")
    with Stream(store, "mixed", kind="synthetic") as stream:
        receipt = stream.put(mixed, "one").result(30)
        nothing = stream.put(mixed[[3]], "two").result(30)
    assert (receipt.events, receipt.aside, receipt.chunks) == (58, 2, 1)
    assert (nothing.events, nothing.aside, nothing.snapshot) == (0, 1, receipt.snapshot)
    bad = EVENTS.event[[3, 7]].tolist()
    assert sorted(stored(store, "mixed")) == sorted(set(EVENTS.event.tolist()) - set(bad))
    with store.database.read() as connection:
        row = connection.execute(select(ingest_aside).where(ingest_aside.c.key == "one")).one()
    assert row.reasons == {"energy is negative": 1, "energy is infinite": 1}
    kept = store.chunks.read(row.address, row.sha256.hex())
    assert kept.event.tolist() == bad


def test_a_batch_that_comes_five_times_is_stored_once(store: Store) -> None:
    with Stream(store, "again", kind="synthetic", writers=3) as stream:
        found = [stream.put(EVENTS, "one") for _ in range(5)]
        assert len({ticket.result(30) for ticket in found}) == 1
    assert len(stored(store, "again")) == len(EVENTS)
    chunks = store.settings.home / "objects" / "chunks" / "again"
    assert len([path for path in chunks.rglob("*") if path.is_file()]) == 1


def test_events_of_another_batch_are_set_aside(store: Store) -> None:
    with Stream(store, "overlap", kind="synthetic") as stream:
        stream.put(EVENTS[:40], "one").result(30)
        receipt = stream.put(EVENTS[20:], "two").result(30)
    assert (receipt.events, receipt.aside) == (20, 20)
    assert sorted(stored(store, "overlap")) == sorted(EVENTS.event.tolist())


def test_a_full_queue_spools_and_then_says_how_long_to_wait(store: Store) -> None:
    size = int(1.2 * EVENTS.nbytes)
    with Held(store, "full", kind="synthetic", memory=2 * size, spool=size) as stream:
        parts = [EVENTS[n::4] for n in range(4)]
        known = [stream.put(ak.concatenate([part] * 4), str(n)) for n, part in enumerate(parts[:2])]
        assert stream.used["spool"] == 0
        known.append(stream.put(ak.concatenate([parts[2]] * 4), "2"))
        assert stream.used["spool"] > 0
        spool = store.settings.home / "spool"
        assert len(list(spool.rglob("*.arrow"))) == 1
        with pytest.raises(BusyError, match="try again in") as caught:
            stream.put(ak.concatenate([parts[3]] * 4), "3")
        assert caught.value.delay > 0
        stream.go.set()
        known.append(stream.put(ak.concatenate([parts[3]] * 4), "3", patience=30))
        assert [ticket.result(30).repeated for ticket in known] == [3 * len(one) for one in parts]
    assert sorted(stored(store, "full")) == sorted(EVENTS.event.tolist())
    assert not list(spool.iterdir())


def test_a_batch_beyond_the_limit_and_a_closed_stream_are_refused(store: Store) -> None:
    stream = Stream(store, "none", kind="synthetic", memory=100)
    with pytest.raises(InputError, match="cut it"):
        stream.put(EVENTS, "one")
    stream.close()
    with pytest.raises(ConflictError, match="closed"):
        stream.put(EVENTS[["run"]][:1], "two")


def test_a_full_disk_is_told_and_leaves_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with Stream(store, "disk", kind="synthetic", writers=1) as stream:
        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", full)
            with pytest.raises(OSError, match="No space left"):
                stream.put(EVENTS, "one").result(30)
        assert stream.put(EVENTS, "one").result(30).events == len(EVENTS)
    assert sorted(stored(store, "disk")) == sorted(EVENTS.event.tolist())


def test_what_was_acknowledged_survives_a_killed_process(store: Store, tmp_path: Path) -> None:
    address = store.settings.database_url
    command = [sys.executable, "-c", PRODUCER, address, str(store.settings.home)]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    assert process.stdout is not None
    told = [process.stdout.readline() for _ in range(20)]
    process.send_signal(signal.SIGKILL)
    told += process.stdout.readlines()
    process.wait()
    process.stdout.close()
    acknowledged = {int(line.split()[0]) for line in told if line.endswith("50\n")}
    assert len(acknowledged) >= 20, (tmp_path / "log").read_text()
    found = stored(store, "killed")
    assert len(found) == len(set(found))
    assert len(found) % 50 == 0
    expected = {1 + 50 * number + place for number in acknowledged for place in range(50)}
    assert expected <= set(found)
    # handed in again, all of it: what is there is known by its key
    with Stream(store, "killed", kind="synthetic") as stream:
        tickets = [
            stream.put(z_to_dimuons(50, seed=1, first_event=1 + 50 * n), str(n), patience=60)
            for n in sorted(acknowledged)[:20]
        ]
        assert all(ticket.result(60).events == 50 for ticket in tickets)
    assert sorted(stored(store, "killed")) == sorted(found)


def test_a_spool_that_nobody_holds_is_removed(store: Store) -> None:
    parent = store.settings.home / "spool"
    left = parent / "spool-left"
    left.mkdir(parents=True)
    (left / "lock").touch()
    (left / "batch.arrow").touch()
    with Stream(store, "first") as first:
        assert not left.exists()
        with Stream(store, "second"):
            assert len(list(parent.iterdir())) == 2
        assert first.depth == 0
    assert not list(parent.iterdir())


def test_writers_go_on_when_their_connections_are_cut(store: Store) -> None:
    parts = [EVENTS[n::12] for n in range(12)]
    with Stream(store, "cut", kind="synthetic") as stream:
        for number, part in enumerate(parts):
            if number % 3 == 0:
                with store.database.begin() as connection:
                    connection.exec_driver_sql(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                    )
            handed_in(stream, part, str(number))
    assert sorted(stored(store, "cut")) == sorted(EVENTS.event.tolist())


def handed_in(stream: Stream, part: ak.Array, key: str) -> None:
    """Hand a batch in until it is acknowledged, as a producer does."""
    for _ in range(10):
        try:
            stream.put(part, key, patience=30).result(30)
        except Exception:  # noqa: BLE001  the producer sends again whatever went wrong
            time.sleep(0.05)
        else:
            return
    pytest.fail("the batch was never acknowledged")
