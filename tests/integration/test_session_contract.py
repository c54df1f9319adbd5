"""One session, two backends: what holds for the store holds for the API."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import awkward as ak
import numpy as np
import pytest
from known import collisions

import alyx
from alyx.errors import AccessError, InputError, NotFoundError, QueryError, ServiceError
from alyx.events.generator import z_to_dimuons
from alyx.ingest import ingest
from alyx.session import Session
from alyx.session.store_backend import StoreBackend
from alyx.store import Store

pytestmark = pytest.mark.integration


@pytest.fixture(params=["store", "api"])
def session(request: pytest.FixtureRequest, filled: Store) -> Iterator[Session]:
    if request.param == "store":
        opened = Session(StoreBackend(filled))
    else:
        url = request.getfixturevalue("service").url
        opened = alyx.connect(api_url=url, api_token="marie-token")
    with opened:
        yield opened


# -- data sets


def test_data_sets_are_listed_with_size_snapshot_and_schema(session: Session) -> None:
    (found,) = session.datasets()
    assert found == session.dataset("small")
    assert (found.name, found.kind, found.events, found.snapshot) == ("small", "synthetic", 40, 1)
    assert found.schema.find("Muon.pair.mass").unit == "GeV"


def test_an_unknown_data_set_gets_the_near_name(session: Session) -> None:
    for ask in (session.dataset, session.query):
        with pytest.raises(NotFoundError, match="Did you mean small"):
            ask("smal")


# -- selections


def test_a_selection_knows_its_meaning_before_anything_is_read(session: Session) -> None:
    events = session.query("small", "MET.pt > 20")
    assert "MET" in events.phrase
    assert "met_pt" in events.sql
    assert 20 in events.parameters.values()
    assert len(events.fingerprint) == 64
    assert events.snapshot == 1


def test_the_same_condition_in_three_languages_is_one(session: Session) -> None:
    builder = {"combinator": "and", "rules": [{"field": "MET.pt", "operator": ">", "value": "20"}]}
    ways = ["MET.pt > 20", alyx.field("MET.pt") > 20, builder]
    prints = {session.query("small", way).fingerprint for way in ways}
    assert len(prints) == 1


def test_counts_and_len(session: Session) -> None:
    events = session.query("small", "MET.pt > 20")
    assert str(events.count()) == "16"  # 21..39 without 25, 30, 35
    assert len(events) == 16
    assert not session.query("small", "MET.pt > 1000")


def test_a_condition_that_only_the_payload_can_decide_is_exact_too(session: Session) -> None:
    events = session.query("small", "atleast(1, Muon, pt > 300 and eta > 0.4)")
    assert not events.exact
    assert len(events) == 3  # events 31, 35 and 39 have a third muon with pt > 300
    assert [row["event"] for row in events.page().rows] == [131, 135, 139]
    assert events.to_awkward(["event"]).event.tolist() == [131, 135, 139]


def test_where_refines_and_leaves_the_first_as_it_was(session: Session) -> None:
    wide = session.query("small", "MET.pt > 20")
    narrow = wide.where("Muon.n == 3")
    assert (len(wide), len(narrow)) == (16, 4)  # 23, 27, 31, 39
    assert narrow.snapshot == wide.snapshot


def test_unknown_fields_are_told_all_at_once_with_near_names(session: Session) -> None:
    with pytest.raises(QueryError) as caught:
        session.query("small", "Muon.pair.mas > 60 and MTE.pt > 20")
    hints = " ".join(problem.hint or "" for problem in caught.value.problems)
    assert "Muon.pair.mass" in hints
    assert "MET.pt" in hints


@pytest.mark.parametrize("where", ["MET.pt >", "import os", "(" * 3000, [1, 2], 7])
def test_a_condition_that_is_none_is_an_error_with_a_sentence(session: Session, where) -> None:
    with pytest.raises(alyx.AlyxError) as caught:
        session.query("small", where)
    assert caught.value.status == 422
    assert "Traceback" not in str(caught.value)


# -- pages


def test_pages_follow_each_other_without_gap_or_double(session: Session) -> None:
    events, seen, after = session.query("small"), [], None
    while True:
        page = events.page(15, after)
        seen += [row["event"] for row in page.rows]
        after = page.next
        if after is None:
            break
    assert seen == list(range(100, 140))


@pytest.mark.parametrize("limit", [0, -1, 10_001])
def test_a_page_has_a_sensible_size(session: Session, limit: int) -> None:
    with pytest.raises(QueryError, match="1 to 10,000"):
        session.query("small").page(limit)


def test_a_number_that_is_unknown_is_none_in_a_row(session: Session) -> None:
    first = session.query("small").page(1).rows[0]
    assert first["met_pt"] is None
    assert first["time"] is None


# -- payload


def test_events_come_back_as_they_were_stored(session: Session) -> None:
    found, sent = session.query("small").to_awkward(), collisions()
    assert len(found) == 40
    assert ak.array_equal(found.Muon.pt, sent.Muon.pt)
    assert found.Muon.charge.tolist() == sent.Muon.charge.tolist()
    assert ak.array_equal(found.MET.pt, sent.MET.pt, equal_nan=True)
    assert ak.array_equal(found.time, sent.time, equal_nan=True)
    assert ak.type(found.Muon.pt).content.content.primitive == "float32"


def test_only_the_named_fields_are_read(session: Session) -> None:
    events = session.query("small", "Muon.n > 0")
    assert set(events.to_awkward(["Muon.pt", "run"]).fields) == {"id", "Muon", "run"}
    assert events.to_awkward(["Muon"], limit=3).Muon.pt.tolist()[0] == [10.0]
    with pytest.raises(QueryError, match="Did you mean Muon"):
        events.to_awkward(["Muom.pt"])


def test_an_empty_answer_keeps_its_fields_and_types(session: Session) -> None:
    empty = session.query("small", "MET.pt > 1000")
    assert len(empty.page().rows) == 0
    found = empty.to_awkward()
    assert len(found) == 0
    assert set(found.fields) == {"id", *collisions().fields}
    assert len(empty.to_arrow()) == 0
    assert empty.histogram("Muon.pt", bins=4, low=0, high=400).sum() == 0


def test_tables_of_scalars(session: Session) -> None:
    events = session.query("small", "Muon.n >= 2")
    dataset = events.to_xarray(["MET.pt", "Muon.pair.mass"])
    assert dataset.sizes["id"] == 20
    assert dataset["id"].values.tolist() == [row["id"] for row in events.page(20).rows]
    assert np.isfinite(dataset["Muon.pair.mass"]).all()
    frame = events.to_pandas(["MET.pt"])
    assert len(frame) == 20
    assert {"event", "MET.pt", "Muon.pair.mass"} <= set(events.to_pandas().columns)
    assert events.to_arrow(["Muon"]).num_rows == 20


def test_the_first_event(session: Session) -> None:
    events = session.query("small", "Muon.n >= 2")
    assert events.first().event == events.page(1).rows[0]["event"]
    with pytest.raises(NotFoundError, match="No event of small passes"):
        session.query("small", "MET.pt > 1e6").first()


def test_a_histogram_sums_over_the_chunks(session: Session) -> None:
    made = session.query("small").histogram("Muon.pt", bins=4, low=0, high=400)
    direct = np.histogram(ak.to_numpy(ak.flatten(collisions().Muon.pt)), 4, (0, 400))[0]
    assert made.values().tolist() == direct.tolist()


# -- single events


def test_an_event_by_its_id(session: Session) -> None:
    row = session.query("small", "event == 107").page().rows[0]
    stored = session.stored_event(row["id"])
    assert (stored.dataset, stored.header["event"], stored.header["n_muon"]) == ("small", 107, 3)
    assert session.event(np.int64(row["id"])).Muon.pt.tolist() == [70.0, 69.0, 68.0]


def test_nan_survives_in_an_event(session: Session) -> None:
    row = session.query("small", "event == 100").page().rows[0]
    assert math.isnan(session.event(row["id"]).MET.pt)


@pytest.mark.parametrize("number", [0, 10**15, -1, 2**64, "seven", None])
def test_an_unknown_event_is_not_found(session: Session, number: Any) -> None:
    with pytest.raises(NotFoundError):
        session.event(number)


# -- snapshots


def test_a_selection_stays_at_its_snapshot(session: Session, filled: Store) -> None:
    before = session.query("small")
    more = collisions(50)[40:]
    ingest(filled, "small", [more], key="more")
    assert len(before.page(1000).rows) == len(before.to_awkward(["run"])) == len(before) == 40
    assert len(session.query("small")) == 50
    assert len(session.query("small", snapshot=1)) == 40
    with pytest.raises(QueryError, match="snapshot"):
        session.query("small", snapshot=9)


# -- showing


def test_what_notebooks_show(session: Session) -> None:
    events = session.query("small", "MET.pt > 20")
    assert "16" in events._repr_html_()
    assert "small" in repr(events)
    assert "small" in session._repr_html_()


# -- what only the API can do wrong


@pytest.mark.parametrize("token", ["wrong", "nothing-token", "thief-token"])
def test_a_wrong_token_is_an_access_error(service: Any, token: str) -> None:
    with alyx.connect(api_url=service.url, api_token=token) as session:
        for ask in (session.datasets, lambda: session.query("small"), lambda: session.event(1)):
            with pytest.raises(AccessError):
                ask()


def test_a_token_for_data_sets_alone_reads_no_events(service: Any) -> None:
    with alyx.connect(api_url=service.url, api_token="datasets-token") as session:
        assert session.datasets()
        with pytest.raises(AccessError, match="read:events"):
            session.query("small")


def test_no_token_is_a_sentence(service: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JUPYTERHUB_API_TOKEN", raising=False)
    monkeypatch.delenv("ALYX_API_TOKEN", raising=False)
    with pytest.raises(alyx.errors.ConfigurationError, match="token"):
        alyx.connect(api_url=service.url)


def test_in_a_hub_the_environment_leads_to_the_api(
    service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALYX_API_URL", service.url)
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "marie-token")
    with alyx.connect() as session:
        assert service.url in repr(session)
        assert session.dataset("small").events == 40


def test_a_service_that_is_down_is_a_service_error(monkeypatch: pytest.MonkeyPatch) -> None:
    import stamina

    with (
        stamina.set_testing(True, attempts=2),
        alyx.connect(api_url="http://127.0.0.1:9", api_token="t") as session,
        pytest.raises(ServiceError, match="cannot be reached"),
    ):
        session.datasets()


def test_a_batch_is_handed_in_once(session: Session) -> None:
    batch = z_to_dimuons(30, seed=4)
    energy = np.array(batch.energy)
    energy[3] = -1
    batch = ak.with_field(batch, energy, "energy")
    receipt = session.ingest(batch, "handed-in", key="one", kind="synthetic", title="Mine")
    assert (receipt.events, receipt.aside, receipt.key) == (29, 1, "one")
    assert session.ingest(batch, "handed-in", key="one", kind="synthetic") == receipt
    assert session.query("handed-in").count().value == 29
    assert {one.name: one.title for one in session.datasets()}["handed-in"] == "Mine"
    with pytest.raises(InputError, match="real, simulated or synthetic"):
        session.ingest(z_to_dimuons(1, seed=5), "other", kind="dream")
