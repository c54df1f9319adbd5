"""Payload files: Arrow IPC with LZ4, checksummed, written once and never changed.

A file holds record batches of a few hundred events, so that one event is read without
its neighbours. Files stand on any fsspec store; on a plain folder they are mapped into
memory, and written durably: file and folder are flushed before the name is given.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import awkward as ak
import fsspec
import pyarrow as pa
from pyarrow import ipc

from alyx.errors import IntegrityError

#: Events in one record batch: what is read to get one event.
BATCH = 500


@dataclass(frozen=True, slots=True)
class ChunkFile:
    """A payload file that was written.

    Parameters
    ----------
    address
        Where it stands, relative to the object store.
    sha256
        Checksum of its bytes, in hexadecimal.
    rows, bytes
        Number of its events, and its size in bytes.
    """

    address: str
    sha256: str
    rows: int
    bytes: int


class ChunkStore:
    """Payload files on one object store.

    Parameters
    ----------
    url
        fsspec address: a folder (``file:///...``), ``memory://``, ``s3://bucket/prefix``.
    damaged
        Called with the address of a file that is not what was written, and what is wrong.

    Examples
    --------
    >>> import awkward as ak
    >>> chunks = ChunkStore("memory://chunks-example")
    >>> file = chunks.write(ak.Array({"run": [1, 1], "event": [7, 8]}), "a/b.arrow")
    >>> chunks.read(file.address, file.sha256).event.tolist()
    [7, 8]
    """

    def __init__(
        self, url: str, damaged: Callable[[str, str], None] = lambda *_: None
    ) -> None:  # fmt: skip
        self.url = url
        self._damaged = damaged
        self.files, self.root = fsspec.url_to_fs(url)
        self.local = "file" in _protocols(self.files)

    def write(self, events: ak.Array, address: str) -> ChunkFile:
        """Write events to a new file, and return only when they are safe.

        Parameters
        ----------
        events
            An array of records, one an event.
        address
            Where, relative to the store; nothing may stand there yet.
        """
        buffer = _encode(events)
        digest = hashlib.sha256(buffer).hexdigest()
        if self.local:
            _write_durably(self._path(address), buffer)
        else:
            self.files.pipe_file(self._path(address), buffer.to_pybytes())
        return ChunkFile(address, digest, len(events), buffer.size)

    def read(
        self, address: str, sha256: str, columns: Sequence[str] | None = None
    ) -> ak.Array:  # fmt: skip
        """Read a file's events.

        Parameters
        ----------
        address, sha256
            Where, and the checksum that its bytes must have.
        columns
            Top-level fields; all by default. A field that the file lacks is left out.

        Raises
        ------
        IntegrityError
            The file is missing, or its bytes are not those that were written.
        """
        return ak.from_arrow(self._reader(address, sha256, columns).read_all())

    def event(self, address: str, sha256: str, row: int) -> ak.Record:
        """Read one event of a file by its row; only its record batch is decoded."""
        batch = self._reader(address, sha256, None).get_batch(row // BATCH)
        return ak.from_arrow(batch)[row % BATCH]

    def check(self, address: str, sha256: str) -> None:
        """Raise IntegrityError when a file is not what was written, whatever was known of it."""
        path = self._path(address)
        try:
            _check(self._bytes(path), address, sha256)
        except FileNotFoundError as error:
            raise _missing(address) from error

    def remove(self, address: str) -> None:
        """Remove a file; one that is missing is fine."""
        path = self._path(address)
        if self.files.exists(path):
            self.files.rm_file(path)

    def _reader(
        self, address: str, sha256: str, columns: Sequence[str] | None
    ) -> ipc.RecordBatchFileReader:
        buffer = self._verified(address, sha256)
        reader = ipc.open_file(buffer)
        if columns is None:
            return reader
        wanted = [i for i, name in enumerate(reader.schema.names) if name in set(columns)]
        # an empty list would mean all fields
        options = ipc.IpcReadOptions(included_fields=wanted or [0])
        return ipc.open_file(buffer, options=options)

    def _verified(self, address: str, sha256: str) -> pa.Buffer:
        path = self._path(address)
        try:
            buffer = self._bytes(path)
            known: tuple[str | int, ...] = (path, sha256, *self._state(path))
            if known not in _trusted():
                _check(buffer, address, sha256)
                _trusted()[known] = None
        except FileNotFoundError as error:
            self._damaged(address, _missing(address).message)
            raise _missing(address) from error
        except IntegrityError as error:
            self._damaged(address, error.message)
            raise
        return buffer

    def _state(self, path: str) -> tuple[int, ...]:
        """Return what changes when a local file is written anew; elsewhere files never are."""
        if not self.local:
            return ()
        found = Path(path).stat()
        return found.st_ino, found.st_size, found.st_mtime_ns

    def _bytes(self, path: str) -> pa.Buffer:
        if self.local:
            return pa.memory_map(path).read_buffer()
        return pa.py_buffer(self.files.cat_file(path))

    def _path(self, address: str) -> str:
        return f"{self.root}/{address}"


def read_chunk(
    url: str, address: str, sha256: str, columns: Sequence[str] | None = None
) -> ak.Array:
    """Read a payload file's events with nothing but the object store's address.

    Parameters
    ----------
    url
        fsspec address of the object store.
    address, sha256, columns
        As in :meth:`ChunkStore.read`.
    """
    return _store(url).read(address, sha256, columns)


@lru_cache(maxsize=8)
def _store(url: str) -> ChunkStore:
    return ChunkStore(url)


@lru_cache(maxsize=1)
def _trusted() -> dict[tuple[str | int, ...], None]:
    """Files whose bytes this process has verified: files are never changed in place."""
    return {}


def _missing(address: str) -> IntegrityError:
    return IntegrityError(f"The payload file {address} is missing.")


def _check(buffer: pa.Buffer, address: str, sha256: str) -> None:
    found = hashlib.sha256(buffer).hexdigest()
    if found != sha256:
        raise IntegrityError(
            f"The payload file {address} is not what was written: "
            f"its SHA-256 is {found[:12]}..., not {sha256[:12]}..."
        )


def _encode(events: ak.Array) -> pa.Buffer:
    # packed: a slice must not drag its parent's buffers along
    table = ak.to_arrow_table(ak.to_packed(events), extensionarray=False, list_to32=True)
    sink = pa.BufferOutputStream()
    options = ipc.IpcWriteOptions(compression="lz4")
    with ipc.new_file(sink, table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=BATCH)
    return sink.getvalue()


def _write_durably(path: str, buffer: pa.Buffer) -> None:
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_suffix(".part")
    with draft.open("wb") as file:
        file.write(memoryview(buffer))
        file.flush()
        os.fsync(file.fileno())
    os.link(draft, target)  # unlike a rename, this fails where a file stands already
    draft.unlink()
    _flush_folder(target.parent)


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _protocols(files: Any) -> tuple[str, ...]:
    protocol = files.protocol
    return (protocol,) if isinstance(protocol, str) else tuple(protocol)
