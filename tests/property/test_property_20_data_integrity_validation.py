"""Property 20 on real payload files and a real PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from job_samples import chunked, collisions

from alyx.errors import IntegrityError
from alyx.store import Store, integrity


def changed(content: bytes, kind: str, place: float, other: float, value: int) -> bytes:
    """Return a file's bytes with one change; it may come out as it was."""
    at, to = int(place * len(content)), int(other * len(content))
    body = bytearray(content)
    match kind:
        case "flip":
            body[at] ^= 1 << (value % 8)
        case "drop":
            del body[at]
        case "cut":
            del body[at:]
        case "add":
            body.insert(at, value)
        case "swap":
            body[at], body[to] = body[to], body[at]
    return bytes(body)


def replaced(path: Path, content: bytes) -> None:
    """Put other bytes in a file's place, as a broken disk or a careless hand would."""
    new = path.with_suffix(".new")
    new.write_bytes(content)
    new.replace(path)


# Feature: alyx-distributed-orchestrator, Property 20: Data integrity validation: For any data integrity check, the system should validate checksums and immediately flag any corruption detected  # noqa: E501
def test_any_change_of_any_file_is_flagged_by_the_scan_and_by_a_reader(store: Store) -> None:
    """Catches a reader that trusts a file for ever once it was whole."""
    chunks = chunked(store, collisions()).chunk_list(store.select("small"))
    folder = store.settings.home / "objects"
    kinds = ["flip", "drop", "cut", "add", "swap", "missing"]

    @settings(max_examples=120)
    @given(
        number=st.integers(0, len(chunks) - 1),
        kind=st.sampled_from(kinds),
        place=st.floats(0, 1, exclude_max=True),
        other=st.floats(0, 1, exclude_max=True),
        value=st.integers(0, 255),
        scan_first=st.booleans(),
    )
    def check(
        number: int, kind: str, place: float, other: float, value: int, scan_first: bool
    ) -> None:
        assert store.event(chunks[number].id << 20).id == chunks[number].id << 20
        assert integrity.verify(store).damaged == integrity.damaged(store) == []
        path = folder / chunks[number].address
        content = path.read_bytes()
        wrong = changed(content, kind, place, other, value)
        if kind == "missing":
            path.unlink()
        else:
            replaced(path, wrong)
        try:
            if kind != "missing" and wrong == content:
                assert integrity.verify(store).damaged == []
                return
            if scan_first:
                assert [one.address for one in integrity.verify(store).damaged] == [
                    chunks[number].address
                ]
            with pytest.raises(IntegrityError, match=chunks[number].address):
                store.event(chunks[number].id << 20)
            found = integrity.damaged(store)
            assert [one.address for one in found] == [chunks[number].address]
            assert found[0].events == chunks[number].rows
            for one in chunks:
                if one is not chunks[number]:
                    store.event(one.id << 20)
        finally:
            replaced(path, content)

    check()
