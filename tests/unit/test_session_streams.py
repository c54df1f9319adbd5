"""What the session reads from the wire: server-sent events, and Arrow that may be cut."""

from __future__ import annotations

import io

import awkward as ak
import pytest

from alyx.errors import IntegrityError, ServiceError
from alyx.session import arrow
from alyx.session.api_backend import _reader
from alyx.session.sse import Message, messages

BATCHES = [
    ak.Array({"id": [1, 2], "Muon": [[{"pt": 1.5}], []]}),
    ak.Array({"id": [3], "Muon": [[{"pt": 2.5}, {"pt": 0.5}]]}),
]


def stream() -> bytes:
    return b"".join(arrow.encode(BATCHES))


def test_batches_survive_the_wire_one_by_one() -> None:
    found = list(arrow.decode(io.BytesIO(stream()).read))
    assert [batch.tolist() for batch in found] == [batch.tolist() for batch in BATCHES]


def test_large_batches_are_cut_into_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrow, "MESSAGE", 1000)
    many = ak.Array({"id": list(range(1000))})
    found = list(arrow.decode(io.BytesIO(b"".join(arrow.encode([many]))).read))
    assert len(found) > 5
    assert ak.concatenate(found).id.tolist() == many.id.tolist()


def test_every_cut_is_seen() -> None:
    whole = stream()
    for size in range(len(whole)):
        with pytest.raises(ServiceError, match="cut"):
            list(arrow.decode(io.BytesIO(whole[:size]).read))


@pytest.mark.parametrize("content", [b"<html>" * 100, b"\x00" * 64, b"{}"])
def test_what_is_no_arrow_is_a_service_error(content: bytes) -> None:
    with pytest.raises(ServiceError):
        list(arrow.decode(io.BytesIO(content).read))


def test_batches_of_other_types_are_refused_not_changed() -> None:
    other = ak.Array({"id": [4], "Muon": ["text"]})
    with pytest.raises(IntegrityError, match="differ"):
        list(arrow.encode([BATCHES[0], other]))


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
def test_the_reader_gives_exactly_what_is_asked_for(size: int) -> None:
    content = bytes(range(256)) * 4
    read = _reader(content[i : i + size] for i in range(0, len(content), size))
    parts = [read(n) for n in (5, 0, 300, 1, 10_000)]
    assert [len(part) for part in parts] == [5, 0, 300, 1, 718]
    assert b"".join(parts) == content
    assert read(1) == b""


def test_server_sent_events_are_read_with_number_kind_and_data() -> None:
    lines = [
        *(": keepalive", "", "id: 7", "event: progress", 'data: {"a": 1}', ""),
        *("event:state", "data:one", "data: two", "", "id: 9", "data: last", ""),
        *("event: state", "data: not ended by an empty line"),
    ]
    assert list(messages(lines)) == [
        Message("7", "progress", '{"a": 1}'),
        Message("7", "state", "one\ntwo"),
        Message("9", "message", "last"),
    ]
