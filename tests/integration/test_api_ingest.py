"""Events over HTTP: acknowledged after the commit, refused in the one error shape."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import awkward as ak
import httpx
import pytest

import alyx
from alyx.events.generator import z_to_dimuons
from alyx.session.arrow import MEDIA_TYPE, encode

pytestmark = pytest.mark.integration

EVENTS = z_to_dimuons(40, seed=3)[["run", "luminosityBlock", "event", "energy", "Muon"]]


def body(events: ak.Array) -> bytes:
    return b"".join(bytes(message) for message in encode([events]))


def hand_in(service: Any, content: bytes, key: str, **options: Any) -> httpx.Response:
    headers = {"Authorization": "Bearer marie-token", "Content-Type": MEDIA_TYPE}
    return httpx.post(
        f"{service.url}/ingest/stream", params={"key": key, **options}, content=content,
        headers=headers, timeout=60,
    )  # fmt: skip


def test_batches_of_many_producers_are_stored_once(service: Any) -> None:
    parts = [EVENTS[n::8] for n in range(8)]
    twice = [(body(part), str(n)) for n, part in enumerate(parts)] * 2
    with ThreadPoolExecutor(6) as producers:

        def produce(given: tuple[bytes, str]) -> dict[str, Any]:
            while (answer := hand_in(service, *given, kind="synthetic")).status_code == 503:
                assert int(answer.headers["Retry-After"]) >= 1
            assert answer.status_code == 201, answer.text
            receipt: dict[str, Any] = answer.json()
            return receipt

        receipts = list(producers.map(produce, twice))
    assert receipts[:8] == receipts[8:]
    assert sum(one["events"] for one in receipts[:8]) == 40
    with alyx.connect(api_url=service.url, api_token="marie-token") as session:
        events = session.query("stream")
        rows = events.page(100).rows
    assert sorted(row["event"] for row in rows) == sorted(EVENTS.event.tolist())


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"no arrow at all", "no Arrow IPC stream"),
        (b"", "no Arrow IPC stream"),
        (body(EVENTS)[:200], "no Arrow IPC stream"),
        (body(EVENTS[["energy"]]), "body.luminosityBlock"),
    ],
)
def test_garbage_is_refused_and_stores_nothing(service: Any, content: bytes, words: str) -> None:
    answer = hand_in(service, content, "bad")
    assert answer.status_code == 422
    assert words in answer.json()["error"]["message"]
    with alyx.connect(api_url=service.url, api_token="marie-token") as session:
        assert "stream" not in [one.name for one in session.datasets()]


def test_a_wrong_kind_and_a_wrong_name_are_told(service: Any) -> None:
    answer = hand_in(service, body(EVENTS), "one", kind="dream")
    assert answer.status_code == 422
    assert "real, simulated or synthetic" in answer.json()["error"]["message"]


def test_a_batch_that_is_too_large_is_refused_before_it_is_sent(service: Any) -> None:
    address = urlsplit(service.url)
    connection = HTTPConnection(str(address.hostname), address.port, timeout=30)
    connection.putrequest("POST", "/ingest/stream?key=big")
    connection.putheader("Authorization", "Bearer marie-token")
    connection.putheader("Content-Length", "64000001")
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()
