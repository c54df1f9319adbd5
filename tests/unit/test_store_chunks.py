"""Payload files: what is written is what is read, or it is said."""

from __future__ import annotations

from pathlib import Path

import awkward as ak
import pytest

from alyx.errors import IntegrityError
from alyx.store.chunks import BATCH, ChunkStore, _trusted, read_chunk


@pytest.fixture
def events() -> ak.Array:
    number = BATCH + 7
    return ak.Array(
        {
            "run": [1] * number,
            "event": list(range(number)),
            "Muon": [[{"pt": 20.0 + i, "charge": 1}] * (i % 3) for i in range(number)],
        }
    )


@pytest.fixture(params=["file", "memory"])
def chunks(request: pytest.FixtureRequest, tmp_path: Path) -> ChunkStore:
    url = (tmp_path / "objects").as_uri() if request.param == "file" else f"memory:/{tmp_path}"
    return ChunkStore(url)


def test_reads_back_what_was_written(chunks: ChunkStore, events: ak.Array) -> None:
    file = chunks.write(events, "a/b.arrow")
    assert file.rows == len(events)
    assert ak.almost_equal(chunks.read(file.address, file.sha256), events, dtype_exact=False)
    assert ak.almost_equal(
        read_chunk(chunks.url, file.address, file.sha256), events, dtype_exact=False
    )


def test_reads_only_the_columns_asked_for(chunks: ChunkStore, events: ak.Array) -> None:
    file = chunks.write(events, "a/b.arrow")
    read = chunks.read(file.address, file.sha256, ["Muon", "Jet"])
    assert read.fields == ["Muon"]
    assert len(read) == len(events)


def test_reads_one_event_across_batches(chunks: ChunkStore, events: ak.Array) -> None:
    file = chunks.write(events, "a/b.arrow")
    assert chunks.event(file.address, file.sha256, BATCH + 2).event == BATCH + 2


def test_a_slice_does_not_drag_its_parent_along(chunks: ChunkStore, events: ak.Array) -> None:
    part = chunks.write(events[:5], "a.arrow")
    assert part.bytes == chunks.write(ak.Array(events[:5].tolist()), "b.arrow").bytes


def test_a_changed_byte_is_found(tmp_path: Path, events: ak.Array) -> None:
    chunks = ChunkStore((tmp_path / "objects").as_uri())
    file = chunks.write(events, "a/b.arrow")
    path = tmp_path / "objects" / "a" / "b.arrow"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    _trusted().clear()
    with pytest.raises(IntegrityError, match=r"a/b\.arrow is not what was written"):
        chunks.read(file.address, file.sha256)


def test_a_missing_file_is_named(chunks: ChunkStore) -> None:
    with pytest.raises(IntegrityError, match=r"a/b\.arrow is missing"):
        chunks.read("a/b.arrow", "00")


def test_a_file_is_never_written_over(tmp_path: Path, events: ak.Array) -> None:
    chunks = ChunkStore((tmp_path / "objects").as_uri())
    file = chunks.write(events, "a/b.arrow")
    with pytest.raises(FileExistsError):
        chunks.write(events[:3], "a/b.arrow")
    assert len(chunks.read(file.address, file.sha256)) == len(events)
