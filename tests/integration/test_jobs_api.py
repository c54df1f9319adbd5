"""The routes of jobs on the real application and a real PostgreSQL, streams included."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import uvicorn
from job_samples import Api, chunked, collisions, everything, spec

from alyx.jobs.local import LocalRunner
from alyx.store import Store
from alyx_hub.api import User, create_app

pytestmark = pytest.mark.integration


@pytest.fixture
def filled(store: Store) -> Store:
    return chunked(store, collisions())


@pytest.fixture
def users() -> dict[str, User]:
    return {name: everything(name) for name in ("marie", "lise")}


@pytest.fixture
def api(filled: Store, users: dict[str, User]) -> Iterator[Api]:
    with Api(filled, users.get) as client:
        yield client


@pytest.fixture
def url(filled: Store, users: dict[str, User]) -> Iterator[str]:
    """The API on a free port: a stream needs a real connection."""
    app = create_app(filled.settings, users.get, store=filled)
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, log_config=None, timeout_graceful_shutdown=1
    )
    listening = config.bind_socket()
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    listening.close()


def stream(url: str, path: str, after: int | None = None) -> Iterator[tuple[int, str, Any]]:
    headers = {"Authorization": "Bearer marie"}
    headers |= {} if after is None else {"Last-Event-ID": str(after)}
    number, kind = 0, ""
    with httpx.stream("GET", f"{url}{path}", headers=headers, timeout=20) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            name, _, value = line.partition(": ")
            number = int(value) if name == "id" else number
            kind = value if name == "event" else kind
            if name == "data":
                yield number, kind, json.loads(value)


def followed(events: Iterator[tuple[int, str, Any]]) -> list[tuple[int, str, Any]]:
    found = []
    for event in events:
        found.append(event)
        if event[2]["job"]["status"] == "COMPLETED":
            break
    return found


def test_a_dry_run_forecasts_and_queues_nothing(api: Api) -> None:
    answer = api.ask("POST", "/jobs?dry_run=true", spec())
    assert (answer.status_code, answer.json()["valid"]) == (200, True)
    assert answer.json()["forecast"]["chunks"] == 4
    assert api.ask("GET", "/jobs").json() == {"jobs": []}


def test_a_stream_tells_all_in_order_and_goes_on_where_it_ended(
    url: str, filled: Store
) -> None:  # fmt: skip
    headers = {"Authorization": "Bearer marie"}
    made = httpx.post(f"{url}/jobs", json=spec(), headers=headers).json()
    path = f"/jobs/{made['id']}/events"
    live = stream(url, path)
    assert next(live)[2]["job"]["status"] == "QUEUED"
    runner = LocalRunner(filled, "marie")
    runner.kick()
    heard = followed(live)
    live.close()
    runner.close()
    numbers = [number for number, _, _ in heard]
    assert numbers == sorted(set(numbers))
    assert "partial" in {kind for _, kind, _ in heard}
    again = followed(stream(url, path, after=numbers[0]))
    assert [number for number, _, _ in again] == numbers[1:]


def test_a_stream_ends_soon_after_the_right_does(
    url: str, users: dict[str, User], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alyx_hub.api.jobs.RIGHTS", 0.1)
    monkeypatch.setattr("alyx_hub.api.jobs.POLL", 0.1)
    headers = {"Authorization": "Bearer marie"}
    made = httpx.post(f"{url}/jobs", json=spec(), headers=headers).json()
    live = stream(url, f"/jobs/{made['id']}/events")
    next(live)
    del users["marie"]
    assert list(live) == []


def test_another_users_job_is_in_no_list_and_no_stream(api: Api, filled: Store) -> None:
    made = api.ask("POST", "/jobs", spec(), token="lise").json()
    assert api.ask("GET", "/jobs").json() == {"jobs": []}
    for path in (f"/jobs/{made['id']}", f"/jobs/{made['id']}/events"):
        assert api.ask("GET", path).status_code == 404


def test_deleting_a_queued_job_stops_it_first(api: Api) -> None:
    made = api.ask("POST", "/jobs", spec()).json()
    assert api.ask("DELETE", f"/jobs/{made['id']}").json()["status"] == "STOPPED"
    assert api.ask("DELETE", f"/jobs/{made['id']}").status_code == 204
    assert api.ask("GET", f"/jobs/{made['id']}").status_code == 404


@pytest.mark.parametrize("body", [None, [], "x", 5])
def test_a_body_that_is_no_object_is_refused(api: Api, body: Any) -> None:
    assert api.ask("POST", "/jobs", body).status_code == 422
