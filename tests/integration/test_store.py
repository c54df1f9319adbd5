"""The store's answers: data sets, selections, counts, pages, events."""

from __future__ import annotations

from dataclasses import replace

import awkward as ak
import numpy as np
import pytest

from alyx.errors import NotFoundError, QueryError
from alyx.events.generator import z_to_dimuons
from alyx.ingest import ingest
from alyx.settings import Settings
from alyx.store import Store

pytestmark = pytest.mark.integration

#: Not decided by the headers alone: which muon is central stands in the payload.
CENTRAL = "atleast(2, Muon, pt > 20 and abs(eta) < 1.2)"


@pytest.fixture
def events() -> ak.Array:
    return z_to_dimuons(300, 11)


@pytest.fixture
def filled(store: Store, events: ak.Array) -> Store:
    small = Store(store.database, store.chunks, replace(store.settings, chunk_events=70))
    ingest(small, "z", [events], title="Z to two muons", kind="synthetic")
    return store


def _central(events: ak.Array) -> list[int]:
    good = (events.Muon.pt > 20) & (abs(events.Muon.eta) < 1.2)
    return events.event[ak.sum(good, axis=1) >= 2].tolist()


def test_a_data_set_tells_what_it_holds(filled: Store) -> None:
    (info,) = filled.datasets()
    assert (info.name, info.title, info.kind) == ("z", "Z to two muons", "synthetic")
    assert (info.events, info.chunks, info.snapshot) == (300, 5, 1)
    assert {"Muon.pt", "Muon.pair.mass", "energy"} <= set(info.schema.paths())
    assert info == type(info).from_json(info.as_json())


def test_an_unknown_data_set_is_answered_with_near_names(filled: Store) -> None:
    with pytest.raises(NotFoundError, match=r"no data set 'zz'.*Did you mean z\?"):
        filled.select("zz")


def test_an_unknown_field_is_answered_with_near_names(filled: Store) -> None:
    with pytest.raises(QueryError, match=r"Did you mean .*Muon\.pair\.mass"):
        filled.select("z", "Muon.pair.mas > 60")


def test_an_unknown_snapshot_is_refused(filled: Store) -> None:
    with pytest.raises(QueryError, match="no snapshot 7; its newest is 1"):
        filled.select("z", snapshot=7)


def test_headers_decide_where_they_can(filled: Store, events: ak.Array) -> None:
    selection = filled.select("z", "atleast(2, Muon, pt > 30)")
    assert selection.exact
    expected = events.event[events.Muon.pt[:, 1] > 30].tolist()
    assert [row["event"] for row in filled.page(selection, 1000).rows] == expected
    assert filled.count(selection).value == len(expected)


def test_the_payload_decides_the_rest(filled: Store, events: ak.Array) -> None:
    selection = filled.select("z", CENTRAL)
    assert not selection.exact
    expected = _central(events)
    assert 0 < len(expected) < 300
    assert [row["event"] for row in filled.page(selection, 1000).rows] == expected
    assert filled.count(selection).value == len(expected)
    read = ak.concatenate(list(filled.events(selection)))
    assert read.event.tolist() == expected


@pytest.mark.parametrize("where", [None, "Muon.pair.charge == 0", CENTRAL])
def test_pages_are_disjoint_and_complete(filled: Store, where: str | None) -> None:
    selection = filled.select("z", where)
    ids: list[int] = []
    after = None
    while True:
        page = filled.page(selection, 37, after)
        ids += [row["id"] for row in page.rows]
        if page.next is None:
            break
        after = page.next
    assert ids == sorted(set(ids))
    assert len(ids) == filled.count(selection).value


def test_a_count_past_the_cap_is_called_an_estimate(filled: Store) -> None:
    capped = Store(filled.database, filled.chunks, replace(filled.settings, exact_count=100))
    count = capped.count(capped.select("z"))
    assert not count.exact
    assert count.value > 100
    assert not capped.count(capped.select("z", CENTRAL)).exact


def test_only_the_fields_asked_for_come_back(filled: Store) -> None:
    for where in (None, CENTRAL):
        batch = next(filled.events(filled.select("z", where), fields=["run", "MET", "Nothing"]))
        assert set(batch.fields) <= {"id", "run", "MET"}
        assert {"id", "run"} <= set(batch.fields)


@pytest.mark.parametrize("where", [None, CENTRAL])
def test_a_limit_is_a_limit(filled: Store, where: str | None) -> None:
    read = list(filled.events(filled.select("z", where), limit=75))
    expected = min(75, filled.count(filled.select("z", where)).value)
    assert sum(map(len, read)) == expected


def test_an_event_is_found_by_its_id(filled: Store, events: ak.Array) -> None:
    page = filled.page(filled.select("z"), 300)
    row = page.rows[150]
    found = filled.event(row["id"])
    assert (found.dataset, found.header["event"]) == ("z", row["event"])
    assert found.event.Muon.pt.tolist() == events[150].Muon.pt.tolist()


@pytest.mark.parametrize("id_", [0, 1 << 20 | 70, 12345 << 20])
def test_an_event_that_is_not_there(filled: Store, id_: int) -> None:
    with pytest.raises(NotFoundError, match=f"no event {id_}"):
        filled.event(id_)


def test_a_large_query_is_sent_to_a_job(filled: Store) -> None:
    small = Store(filled.database, filled.chunks, replace(filled.settings, query_bytes=1000))
    with pytest.raises(QueryError, match="submit the work as a job"):
        list(small.events(small.select("z")))


def test_chunks_without_a_candidate_are_left_out(filled: Store, events: ak.Array) -> None:
    last = int(np.max(ak.to_numpy(events.event)))
    chunks = filled.chunk_list(filled.select("z", f"event == {last}"))
    assert len(chunks) == 1
    assert len(filled.chunk_list(filled.select("z"))) == 5


def test_nothing_is_found_quietly(filled: Store) -> None:
    selection = filled.select("z", "Muon.n > 1000")
    assert filled.count(selection).value == 0
    assert filled.page(selection).rows == []
    assert list(filled.events(selection)) == []


def test_a_query_past_its_time_is_told(filled: Store, store_settings: Settings) -> None:
    from sqlalchemy import text

    from alyx.errors import ServiceError

    with (
        Store.open(replace(store_settings, statement_timeout=0.05)) as hasty,
        pytest.raises(ServiceError, match="past the time limit"),
        hasty.database.read() as connection,
    ):
        connection.execute(text("SELECT pg_sleep(5)"))
