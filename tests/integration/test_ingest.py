"""Ingest: everything once, or nothing; the errors name the place."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import awkward as ak
import numpy as np
import pytest
from sqlalchemy import func, select, text, update

from alyx.errors import ConflictError, DuplicateError, InputError, SchemaError
from alyx.events.generator import z_to_dimuons
from alyx.ingest import ingest, sweep
from alyx.ingest import samples as sample_sets
from alyx.ingest import writer as writing
from alyx.settings import Settings
from alyx.store import Store
from alyx.store.tables import event_header, ingest_intent, metadata

pytestmark = pytest.mark.integration


def _nothing_is_stored(store: Store) -> None:
    with store.database.begin() as connection:
        for table in metadata.sorted_tables:
            assert connection.execute(select(func.count()).select_from(table)).scalar() == 0, table
    objects = store.settings.home / "objects"
    assert not [path for path in objects.rglob("*") if path.is_file()]


def _batches(*counts: int) -> list[ak.Array]:
    events = z_to_dimuons(sum(counts), 1)
    edges = np.cumsum([0, *counts])
    return [events[a:b] for a, b in itertools.pairwise(edges)]


def test_events_come_back_as_they_were(store: Store) -> None:
    batches = _batches(30, 1, 69)
    small = Store(store.database, store.chunks, replace(store.settings, chunk_events=40))
    receipt = ingest(small, "z", batches, kind="synthetic")
    assert (receipt.events, receipt.chunks, receipt.snapshot) == (100, 3, 1)
    read = ak.concatenate(list(store.events(store.select("z"))))
    expected = ak.concatenate(batches)
    assert ak.almost_equal(read[expected.fields], expected)


def test_headers_equal_the_events(store: Store) -> None:
    events = z_to_dimuons(50, 2)
    ingest(store, "z", [events], kind="synthetic")
    page = store.page(store.select("z"), limit=100)
    assert page.next is None
    assert [row["event"] for row in page.rows] == events.event.tolist()
    second = np.array([row["muon_pt2"] for row in page.rows], dtype=np.float32)
    assert second.tolist() == events.Muon.pt[:, 1].tolist()
    assert [row["n_track"] for row in page.rows] == ak.num(events.Track).tolist()
    assert [row["electron_pt1"] for row in page.rows] == [None] * 50
    times = [np.datetime64(row["time"].removesuffix("+00:00")) for row in page.rows]
    seconds = (np.array(times) - np.datetime64(0, "s")) / np.timedelta64(1, "s")
    np.testing.assert_allclose(seconds, events.time, atol=1e-6)


def test_events_stand_in_the_partition_of_their_month(store: Store) -> None:
    events = z_to_dimuons(3, 3)
    stamps = ["2011-04-30T23:59:59.999999", "2011-05-01T00:00:00", "nan"]
    seconds = [np.datetime64(s).astype("datetime64[us]").astype(float) / 1e6 for s in stamps[:2]]
    ingest(store, "z", [ak.with_field(events, [*seconds, np.nan], "time")], kind="synthetic")
    with store.database.read() as connection:
        found = connection.execute(text("SELECT tableoid::regclass::text FROM event_header"))
        assert sorted(row[0] for row in found) == [
            "event_header_2011_04",
            "event_header_2011_05",
            "event_header_default",
        ]


def test_repeated_events_of_a_source_are_stored_once(store: Store) -> None:
    events = z_to_dimuons(10, 4)
    receipt = ingest(store, "z", [events, events[3:7]], kind="synthetic")
    assert (receipt.events, receipt.repeated) == (10, 4)


def test_a_source_is_not_stored_twice(store: Store) -> None:
    ingest(store, "z", _batches(10), kind="synthetic", key="k")
    with pytest.raises(DuplicateError, match=r"is in z already: 10 events since .* Nothing was"):
        ingest(store, "z", _batches(10), key="k")
    assert store.dataset("z").events == 10


def test_events_that_are_there_already_are_named(store: Store) -> None:
    events = z_to_dimuons(10, 5)
    ingest(store, "z", [events[:6]], kind="synthetic")
    with pytest.raises(DuplicateError, match=rf"2 of its events .* event {events.event[4]}\."):
        ingest(store, "z", [events[4:]])
    assert store.dataset("z").events == 6
    assert len(list((store.settings.home / "objects").rglob("*.arrow"))) == 1


def test_a_snapshot_shows_the_same_events_for_ever(store: Store) -> None:
    events = z_to_dimuons(10, 6)
    ingest(store, "z", [events[:6]], kind="synthetic")
    pinned = store.select("z", snapshot=1)
    ingest(store, "z", [events[6:]])
    assert (store.count(pinned).value, store.count(store.select("z")).value) == (6, 10)


@pytest.mark.parametrize("value", [np.nan, np.inf, -1.0])
def test_unphysical_values_are_named_by_field_and_row(store: Store, value: float) -> None:
    first, second = _batches(20, 20)
    pt = ak.to_numpy(ak.flatten(second.Muon.pt)).copy()
    pt[2 * 7] = value
    bad = ak.with_field(second, ak.unflatten(pt, ak.num(second.Muon)), ["Muon", "pt"])
    with pytest.raises(InputError) as caught:
        ingest(store, "z", [first, bad], kind="synthetic")
    assert any("Muon" in p.path + p.message and "27" in p.path + p.message
               for p in caught.value.problems), caught.value.problems  # fmt: skip
    _nothing_is_stored(store)


def test_a_source_that_breaks_off_leaves_nothing(store: Store) -> None:
    def broken() -> Iterator[ak.Array]:
        yield from _batches(40)
        raise OSError("the disk went away")

    small = Store(store.database, store.chunks, replace(store.settings, chunk_events=10))
    with pytest.raises(OSError, match="went away"):
        ingest(small, "z", broken(), kind="synthetic")
    _nothing_is_stored(store)


def test_an_empty_source_is_refused(store: Store) -> None:
    with pytest.raises(InputError, match="holds no events"):
        ingest(store, "z", [], kind="synthetic")
    _nothing_is_stored(store)


@pytest.mark.parametrize(
    ("name", "kind", "match"),
    [("Z peak!", "real", "no name for a data set"), ("z", "fake", "real, simulated or synthetic")],
)
def test_a_wrong_name_or_kind_is_explained(
    store: Store, name: str, kind: str, match: str
) -> None:  # fmt: skip
    with pytest.raises(InputError, match=match):
        ingest(store, name, _batches(5), kind=kind)
    _nothing_is_stored(store)


def test_other_fields_than_the_data_sets_are_named(store: Store) -> None:
    events = z_to_dimuons(10, 7)
    ingest(store, "z", [events[:5]], kind="synthetic")
    fields = [name for name in events.fields if name != "Hit"]
    with pytest.raises(SchemaError, match=r"Hit\.x: z has this field, the source lacks it"):
        ingest(store, "z", [events[5:][fields]])


def test_the_sweeper_takes_only_what_has_expired(store: Store) -> None:
    draft = writing.Writer(store, "z", "test")
    for part in _batches(5, 5):
        draft.write(part)
    assert sweep(store) == 0
    with store.database.begin() as connection:
        first = ingest_intent.c.chunk_id == draft.staged[0].id
        past = text("now() - interval '1 second'")
        connection.execute(update(ingest_intent).where(first).values(expires_at=past))
    assert sweep(store) == 1
    assert len(list((store.settings.home / "objects").rglob("*.arrow"))) == 1


def test_a_commit_without_its_lease_stores_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "LEASE", -1)

    def swept() -> Iterator[ak.Array]:
        yield from _batches(store.settings.chunk_events)
        sweep(store)

    with pytest.raises(ConflictError, match="longer than its lease"):
        ingest(store, "z", swept(), kind="synthetic")
    _nothing_is_stored(store)


def test_samples_load_once(store_settings: Settings) -> None:
    first, again = sample_sets.load(store_settings), sample_sets.load(store_settings)
    assert first == again
    assert [(r.dataset, r.events) for r in first] == [
        ("cms-dimuon-2010", 500),
        ("z-dimuon-synthetic", sample_sets.EVENTS),
    ]


def test_the_real_sample_shows_the_z(store_settings: Settings) -> None:
    sample_sets.load(store_settings)
    with Store.open(store_settings) as store:
        pairs = store.select("cms-dimuon-2010", "Muon.pair.charge == 0")
        assert store.count(pairs).value == 496
        peak = store.select("cms-dimuon-2010", "80 < Muon.pair.mass < 100")
        with store.database.read() as connection:
            mass = connection.execute(select(func.avg(event_header.c.muon_pair_mass)))
            assert 80 < mass.scalar_one() < 100
        assert 300 < store.count(peak).value < 496


def test_a_real_file_is_ingested_from_its_path(store: Store, samples: Path) -> None:
    path = samples / "analysis" / "Run2012B_SingleMu-1000.parquet"
    assert ingest(store, "cms-single-mu", path).events == 1000
    pairs = store.select("cms-single-mu", "Muon.n >= 2 and Muon.pair.charge == 0")
    assert store.count(pairs).exact
