"""The wire itself: bodies, limits, streams and the one error shape."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pyarrow as pa
import pytest
from sqlalchemy import text

from alyx.errors import IntegrityError, ServiceError
from alyx.session.arrow import END, MEDIA_TYPE
from alyx.store import Store
from alyx_hub.api import create_app

pytestmark = pytest.mark.integration


@pytest.fixture
def client(service: Any) -> Iterator[httpx.Client]:
    headers = {"Authorization": "Bearer marie-token"}
    with httpx.Client(base_url=service.url, headers=headers, timeout=60) as opened:
        yield opened


def error(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message", "problems"}
    assert "Traceback" not in answer.text
    return body["error"]


# -- answers


def test_preview_tells_meaning_statement_and_count(client: httpx.Client) -> None:
    told = client.post("/query/preview", json={"dataset": "small", "where": "MET.pt > 20"}).json()
    assert told["valid"]
    assert told["count"] == {"value": 16, "exact": True}
    assert told["exact"]
    assert "met_pt" in told["sql"]
    assert told["where"]["rules"][0]["field"] == "MET.pt"


def test_preview_of_a_wrong_condition_is_an_answer_with_problems(client: httpx.Client) -> None:
    rule = {"field": "MET.ptt", "operator": ">", "value": "20"}
    where = {"combinator": "and", "rules": [rule]}
    told = client.post("/query/preview", json={"dataset": "small", "where": where}).json()
    assert not told["valid"]
    assert told["problems"][0]["path"].startswith("rules[0]")
    assert "MET.pt" in told["problems"][0]["hint"]
    assert told["count"] is None


def test_query_pages(client: httpx.Client) -> None:
    body = {"dataset": "small", "where": "Muon.n == 3", "limit": 4}
    first = client.post("/query", json=body).json()
    assert [row["event"] for row in first["rows"]] == [103, 107, 111, 115]
    assert set(first["columns"]) == set(first["rows"][0])
    second = client.post("/query", json=body | {"after": first["next"]}).json()
    assert second["rows"][0]["event"] == 119
    assert second["count"] == first["count"] == {"value": 10, "exact": True}
    assert second["fingerprint"] == first["fingerprint"]


def test_an_event_as_json_has_null_for_unknown_numbers(client: httpx.Client) -> None:
    row = client.post("/query", json={"dataset": "small", "limit": 1}).json()["rows"][0]
    answer = client.get(f"/events/{row['id']}").json()
    assert answer["dataset"] == "small"
    assert answer["header"] == row
    assert answer["event"]["MET"]["pt"] is None


def test_events_are_one_whole_arrow_stream(client: httpx.Client) -> None:
    body = {"dataset": "small", "where": "Muon.n == 3", "fields": ["Muon", "run"]}
    answer = client.post("/query/events", json=body)
    assert answer.headers["Content-Type"] == MEDIA_TYPE
    assert answer.content.endswith(END)
    table = pa.ipc.open_stream(answer.content).read_all()
    assert set(table.column_names) == {"id", "Muon", "run"}
    assert table.num_rows == 10


def test_the_service_describes_itself_without_other_hosts(client: httpx.Client) -> None:
    assert client.get("/openapi.json").json()["info"]["title"] == "ALYX"
    page = client.get("/docs").text
    assert "POST /query" in page
    assert "http://" not in page
    assert "https://" not in page


# -- errors


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nowhere", 404), ("GET", "/query", 405), ("GET", "/datasets/nothing", 404)],
)
def test_wrong_addresses(client: httpx.Client, method: str, path: str, status: int) -> None:
    assert error(client.request(method, path), status)["message"].endswith((".", "?"))


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "dataset"),
        ({"dataset": 7}, "dataset"),
        ({"dataset": "small", "limit": 0}, "limit"),
        ({"dataset": "small", "limit": 10_001}, "limit"),
        ({"dataset": "small", "wher": "MET.pt > 1"}, "wher"),
        ({"dataset": "small", "snapshot": -1}, "snapshot"),
        ({"dataset": "small", "after": 2**63}, "after"),
        ({"dataset": "small", "where": "x" * 10_001}, "where"),
        ({"dataset": "small", "where": {"rules": [1] * 6000}}, "where"),
    ],
)
def test_wrong_bodies_name_the_place(client: httpx.Client, body: Any, path: str) -> None:
    problems = error(client.post("/query", json=body), 422)["problems"]
    assert problems[0]["path"].startswith(path)


def test_all_wrong_fields_are_told_at_once(client: httpx.Client) -> None:
    body = {"limit": 0, "after": -1, "extra": True}
    problems = error(client.post("/query", json=body), 422)["problems"]
    assert {problem["path"] for problem in problems} == {"dataset", "limit", "after", "extra"}


@pytest.mark.parametrize("depth", [50, 500, 20_000])
def test_a_condition_too_deep_is_refused(client: httpx.Client, depth: int) -> None:
    where = '{"combinator":"and","rules":[' * depth + "]}" * depth
    content = f'{{"dataset": "small", "where": {where}}}'
    answer = client.post("/query", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)
    error(answer, answer.status_code)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[]", b"null"])
def test_a_body_that_is_no_json_object_is_refused(client: httpx.Client, content: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = client.post("/query", content=content, headers=headers)
    assert answer.status_code in (400, 422)
    error(answer, answer.status_code)


def test_a_body_too_large_is_refused_with_and_without_its_length(client: httpx.Client) -> None:
    large = json.dumps({"dataset": "small", "where": "x" * 2_000_000}).encode()
    headers = {"Content-Type": "application/json"}
    error(client.post("/query", content=large, headers=headers), 413)
    pieces = iter([large[:700_000], large[700_000:]])
    error(client.post("/query", content=pieces, headers=headers), 413)


def test_a_query_past_the_time_limit_is_503_with_a_sentence(
    client: httpx.Client, filled: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*_: object) -> None:
        with filled.database.read() as connection:
            connection.execute(text("SET statement_timeout = 50"))
            connection.execute(text("SELECT pg_sleep(20)"))

    monkeypatch.setattr(filled, "page", slow)
    told = error(client.post("/query", json={"dataset": "small"}), 503)
    assert "time limit" in told["message"]


def test_an_unexpected_error_tells_a_number_and_nothing_of_the_inside(
    client: httpx.Client, filled: Store, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("a secret of the inside")

    monkeypatch.setattr(filled, "page", broken)
    told = error(client.post("/query", json={"dataset": "small"}), 500)
    assert "secret" not in json.dumps(told)
    number = told["message"].rsplit(" ", 1)[1].rstrip(".")
    assert number in caplog.text


def test_an_error_before_the_first_byte_of_a_stream_is_an_error(
    client: httpx.Client, filled: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> Any:
        raise IntegrityError("The payload file is missing.")
        yield

    monkeypatch.setattr(filled, "events", broken)
    assert (
        error(client.post("/query/events", json={"dataset": "small"}), 500)["code"] == "integrity"
    )


def test_an_error_after_the_first_byte_cuts_the_stream(
    service: Any, client: httpx.Client, filled: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    import alyx

    whole = filled.events

    def broken(*arguments: Any) -> Any:
        yield next(whole(*arguments))
        raise IntegrityError("The payload file is missing.")

    with alyx.connect(api_url=service.url, api_token="marie-token") as session:
        events = session.query("small")
        monkeypatch.setattr(filled, "events", broken)
        with pytest.raises(ServiceError, match="cut before its end"):
            events.to_awkward()
    with pytest.raises(httpx.RemoteProtocolError):
        client.post("/query/events", json={"dataset": "small"})


# -- the log, the prefix


def test_the_access_log_names_user_and_path_but_no_token(
    client: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "alyx.access")
    client.get("/datasets?token=geheim")
    # the line is written after the answer
    for _ in range(100):
        if line := caplog.text:
            break
        time.sleep(0.02)
    assert "marie GET /datasets 200" in line
    assert "geheim" not in line
    assert "marie-token" not in line


async def test_below_a_prefix_routes_answer_as_behind_the_proxy(filled: Store) -> None:
    app = create_app(filled.settings, lambda _: None, store=filled, prefix="/services/alyx/")
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://hub.example") as client:
        assert (await client.get("/services/alyx/health")).json() == {"status": "ok"}
        assert (await client.get("/services/alyx/datasets")).status_code == 401


async def test_the_application_opens_its_own_store_and_closes_it(filled: Store) -> None:
    app = create_app(filled.settings, lambda _: None)
    async with app.router.lifespan_context(app):
        assert [info.name for info in app.state.store.datasets()] == ["small"]
