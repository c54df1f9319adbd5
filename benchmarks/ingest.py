"""Durable events a second, beside the design document's layout and the machine's own limit.

``python -m benchmarks.ingest [--quick] [--events N] [--json]``. All in one run, in a temporary
folder and an own PostgreSQL with ``fsync`` and ``synchronous_commit`` on:

- ALYX: producers, processes of their own, send fresh ids over a pool of payloads; the stream
  composes batches, checks, compresses, hashes, writes and commits them;
- the seed layout: a row an event with its hits as JSONB, and a row a track, by COPY from two
  processes, with the B-trees that its queries need and no index on the hits;
- the raw limit: the same bytes hashed and written durably, the same header rows by COPY.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import multiprocessing
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import psutil
import psycopg

from alyx.ingest.stream import Stream, Ticket
from alyx.settings import Settings
from alyx.store import Store, headers
from alyx.store.chunks import _encode, _write_durably
from alyx.store.server import EmbeddedServer

#: Events in a batch, batches in the pool, producers, writers.
BATCH, POOL, PRODUCERS, WRITERS = 5_000, 4, 2, 3
TRACKS, HITS = 40, 240
BEGAN, MONTH = 1_304_208_000.0, 2_000_000.0


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="50,000 events.")
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true", help="One JSON object as the last line.")
    asked = parser.parse_args()
    found = measure(50_000 if asked.quick else asked.events)
    if asked.json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"{name:32} {value:,.4g}")


def measure(events: int) -> dict[str, float]:
    """Return the figures for so many events."""
    pool = [payload(seed) for seed in range(POOL)]
    with tempfile.TemporaryDirectory(prefix="alyx-bench-") as folder:
        settings = Settings(home=Path(folder), chunk_events=BATCH)
        server = EmbeddedServer(settings.home / "postgres")
        server.start()
        try:
            with Store.open(settings) as store:
                found = streamed(store, pool, events)
                found |= against(store, pool, found, events)
        finally:
            server.stop()
    return found


def against(
    store: Store, pool: list[ak.Array], ours: dict[str, float], events: int
) -> dict[str, float]:
    """Return the peers' figures and the ratios to them."""
    raw = raw_limit(store, pool, min(events, 300_000))
    seed = seed_layout(store, pool, max(2_000, min(events // 50, 10_000)))
    rate = ours["events_per_second"]
    return {
        "raw_limit_events_per_second": raw,
        "fraction_of_raw_limit": rate / raw,
        "seed_layout_events_per_second": seed,
        "ratio_to_seed_layout": rate / seed,
    }


def payload(seed: int) -> ak.Array:
    """Return a batch of events with about 40 tracks and 240 hits each, 7 kB."""
    random = np.random.default_rng(seed)
    tracks, hits = random.poisson(TRACKS, BATCH), random.poisson(HITS, BATCH)

    def column(counts: Any, low: float, high: float) -> ak.Array:
        values = random.uniform(low, high, counts.sum()).astype(np.float32)
        return ak.unflatten(values, counts)

    def whole(counts: Any, low: int, high: int) -> ak.Array:
        values = random.integers(low, high, counts.sum()).astype(np.int32)
        return ak.unflatten(values, counts)

    pt = ak.sort(column(tracks, 0.5, 50), axis=1, ascending=False)
    axes = {axis: column(tracks, -1, 1) for axis in "xyz"}
    angles = {"eta": column(tracks, -2.5, 2.5), "phi": column(tracks, -3.1, 3.1)}
    track = ak.zip({"pt": pt, **angles, "charge": 2 * whole(tracks, 0, 2) - 1, **axes})
    places = {axis: column(hits, -1000, 1000) for axis in "xyz"}
    places["energy"] = column(hits, 0, 1)
    hit = ak.zip({**places, "layer": whole(hits, 0, 13), "track": whole(hits, 0, 20)})
    scalar = {axis: random.uniform(-1, 1, BATCH).astype(np.float32) for axis in "xyz"}
    met = {"pt": np.abs(scalar["x"]) * 40, "phi": scalar["y"] * 3}
    return ak.Array(
        {
            "energy": np.full(BATCH, 7000, np.float32),
            "vertex": ak.zip(scalar),
            "MET": ak.zip(met),
            "Track": track,
            "Hit": hit,
        }
    )


def batch(pool: list[ak.Array], number: int) -> ak.Array:
    """Return a payload of the pool with ids and times of its own."""
    events = pool[number % POOL]
    ids = {
        "run": np.full(BATCH, 160_000 + number // 1000),
        "luminosityBlock": np.full(BATCH, 1 + number % 1000),
        "event": np.arange(number * BATCH, (number + 1) * BATCH),
        "time": BEGAN + np.linspace(0, MONTH, BATCH),
    }
    return ak.Array({**ids, **{name: events[name] for name in events.fields}})


def produce(numbers: list[int], out: Any) -> None:
    """Send ids, in a process of its own; the payload stands in the pool."""
    out.send("ready")
    for number in numbers:
        out.send(number)
    out.send(None)
    out.close()


def streamed(store: Store, pool: list[ak.Array], events: int) -> dict[str, float]:
    """Run ALYX's stream, and count what is stored afterwards."""
    with Stream(store, "warm", kind="synthetic", writers=1) as stream:
        stream.put(batch(pool, 1_000_000), "warm").result()
    numbers = list(range(events // BATCH))
    before = folder_size(store)
    with memory_watched(store) as peak, Stream(
        store, "bench", kind="synthetic", writers=WRITERS
    ) as stream:  # fmt: skip
        feeders = [Feeder(stream, pool, numbers[n::PRODUCERS]) for n in range(PRODUCERS)]
        began = time.monotonic()
        for one in feeders:
            one.start()
        tickets = [ticket for one in feeders for ticket in one.wait()]
        stored = sum(ticket.result().events for ticket in tickets)
        took = time.monotonic() - began
    rows, distinct = counted(store)
    return {
        "events": stored,
        "events_per_second": stored / took,
        "bytes_per_event": float(pool[0].nbytes) / BATCH,
        "stored_bytes_per_event": (folder_size(store) - before) / stored,
        "peak_rss_mb": peak[0] / 1e6,
        "lost": stored - distinct,
        "duplicated": rows - distinct,
    }


class Feeder(threading.Thread):
    """A producer in a process of its own, and the thread that hands its batches to the stream."""

    def __init__(self, stream: Stream, pool: list[ak.Array], numbers: list[int]) -> None:
        super().__init__()
        context = multiprocessing.get_context("spawn")
        self._receive, send = context.Pipe(duplex=False)
        self._process = context.Process(target=produce, args=(numbers, send))
        self._process.start()
        send.close()
        self._stream, self._pool = stream, pool
        self._tickets: list[Ticket] = []
        self._receive.recv()  # the process has started

    def run(self) -> None:
        """Hand in what comes."""
        while (number := self._receive.recv()) is not None:
            events = batch(self._pool, number)
            self._tickets.append(self._stream.put(events, f"batch {number}", patience=600))

    def wait(self) -> list[Ticket]:
        """Return the tickets, when all is handed in."""
        self.join()
        self._process.join()
        return self._tickets


def raw_limit(store: Store, pool: list[ak.Array], events: int) -> float:
    """Hash and write the same bytes, COPY the same headers, and nothing else."""
    known = [batch(pool, 2_000_000 + number) for number in range(POOL)]
    files = [_encode(one) for one in known]
    rows = [headers.encode(headers.columns(one), 0, number, 1) for number, one in enumerate(known)]
    names = ", ".join(headers.NAMES)
    statement = f"COPY event_header ({names}) FROM STDIN (FORMAT binary)"
    folder = store.settings.home / "raw"

    def write(number: int) -> None:
        buffer = files[number % POOL]
        hashlib.sha256(buffer).hexdigest()
        _write_durably(str(folder / f"{number}.arrow"), buffer)
        with psycopg.connect(store.database.url) as link, link.cursor().copy(statement) as copy:
            copy.write(headers.BEGIN + rows[number % POOL] + headers.END)

    began = time.monotonic()
    with ThreadPoolExecutor(WRITERS) as writers:
        list(writers.map(write, range(events // BATCH)))
    return events / (time.monotonic() - began)


SEED = """
CREATE TABLE seed_event (id bigint PRIMARY KEY, run bigint, at timestamptz, energy real,
    hits jsonb);
CREATE TABLE seed_track (id bigserial PRIMARY KEY, event_id bigint REFERENCES seed_event,
    pt real, eta real, phi real, charge int, x real, y real, z real);
CREATE INDEX ON seed_event (at);
CREATE INDEX ON seed_event (energy);
CREATE INDEX ON seed_track (event_id);
"""


def seed_layout(store: Store, pool: list[ak.Array], events: int) -> float:
    """Store events as the design document's tables have them, two writers, COPY."""
    with psycopg.connect(store.database.url, autocommit=True) as connection:
        connection.execute(SEED)
    size = 500
    pieces = [pool[0][n * size : (n + 1) * size] for n in range(BATCH // size)]
    parts = [(n * size, pieces[n % len(pieces)]) for n in range(events // size)]
    began = time.monotonic()
    context = multiprocessing.get_context("fork")
    workers = [
        context.Process(target=_seed_write, args=(store.database.url, parts[n::2]))
        for n in range(2)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return events / (time.monotonic() - began)


def _seed_write(url: str, parts: list[tuple[int, ak.Array]]) -> None:
    with psycopg.connect(url) as connection:
        for first, events in parts:
            hits, tracks = io.StringIO(), io.StringIO()
            for row, (hit, track) in enumerate(
                zip(events.Hit.to_list(), events.Track.to_list(), strict=True), start=first
            ):
                hits.write(f"{row}\t160000\t2011-05-01\t7000\t{json.dumps(hit)}\n")
                for one in track:
                    values = "\t".join(str(value) for value in one.values())
                    tracks.write(f"{row}\t{values}\n")
            _copy_text(connection, "seed_event (id, run, at, energy, hits)", hits)
            columns = ", ".join(events.Track.fields)
            _copy_text(connection, f"seed_track (event_id, {columns})", tracks)
            connection.commit()


def _copy_text(connection: Any, table: str, text: io.StringIO) -> None:
    with connection.cursor().copy(f"COPY {table} FROM STDIN") as copy:
        copy.write(text.getvalue())


def counted(store: Store) -> tuple[int, int]:
    """Return the rows of the data set, and its distinct events."""
    statement = (
        "SELECT count(*), count(DISTINCT event) FROM event_header WHERE dataset_id = "
        "(SELECT id FROM dataset WHERE name = 'bench')"
    )
    with psycopg.connect(store.database.url) as connection:
        found = connection.execute(statement).fetchone()
    assert found is not None
    return int(found[0]), int(found[1])


@contextmanager
def memory_watched(store: Store) -> Iterator[list[int]]:
    """Sum the memory of this process, its children and PostgreSQL, shared pages once."""
    peak, done = [0], threading.Event()
    postmaster = EmbeddedServer(store.settings.home / "postgres").pid

    def watch() -> None:
        while not done.wait(0.5):
            roots = [psutil.Process(), *([psutil.Process(postmaster)] if postmaster else [])]
            family = [one for root in roots for one in (root, *root.children(recursive=True))]
            peak[0] = max(peak[0], sum(map(_proportional, family)))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield peak
    finally:
        done.set()
        thread.join()


def _proportional(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.Error:
        return 0


def folder_size(store: Store) -> int:
    """Return the bytes of the payload files."""
    folder = store.settings.home / "objects"
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    os.environ.setdefault("PYTHONWARNINGS", "ignore")
    main()
