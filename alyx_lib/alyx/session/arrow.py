"""Events as an Arrow IPC stream: written by the service, read by the session.

A message is handed on as it was allocated, never copied into a larger one. Arrow takes the
end of input at a message's border for the end of the stream; here the stream is whole only
with the end-of-stream marker, so that a cut connection is never a smaller answer.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import awkward as ak
import numpy as np
import pyarrow as pa
from pyarrow import ipc

from alyx.errors import IntegrityError, ServiceError
from alyx.records import Selection, StoredEvent

if TYPE_CHECKING:
    from alyx.store import Store

MEDIA_TYPE = "application/vnd.apache.arrow.stream"
#: Bytes in one message, roughly; larger batches are cut.
MESSAGE = 8_000_000
#: Arrow's end-of-stream marker: a continuation sign and a length of zero.
END = b"\xff\xff\xff\xff\x00\x00\x00\x00"


def batches(
    store: Store, selection: Selection, fields: Sequence[str] | None, limit: int | None
) -> Iterator[ak.Array]:
    """Read a selection's events; an empty answer is one empty batch with all its fields.

    Parameters
    ----------
    store, selection
        What is read.
    fields, limit
        As in :meth:`alyx.store.Store.events`.
    """
    empty = True
    for batch in store.events(selection, fields, limit):
        empty = False
        yield batch
    if empty:
        everything = store.select(selection.dataset, None, selection.snapshot)
        example = next(store.events(everything, fields, 1), None)
        yield ak.Array({"id": np.empty(0, np.int64)}) if example is None else example[:0]


def encode(
    batches: Iterable[ak.Array], metadata: dict[str, str] | None = None
) -> Iterator[memoryview]:  # fmt: skip
    """Return the messages of a stream.

    Parameters
    ----------
    batches
        At least one array of records, all with the same fields.
    metadata
        Texts that go with the stream's schema.
    """
    schema: pa.Schema | None = None
    for batch in batches:
        table = to_table(batch)
        if schema is None:
            schema = table.schema.with_metadata(metadata)
            yield memoryview(schema.serialize())
        for piece in _cast(table, schema).to_batches(max_chunksize=_rows(table)):
            yield memoryview(piece.serialize())
    yield memoryview(END)


def to_table(events: ak.Array) -> pa.Table:
    """Return events as a plain Arrow table, without awkward's own extension types."""
    return ak.to_arrow_table(events, extensionarray=False, list_to32=True)


def encode_event(stored: StoredEvent) -> Iterator[memoryview]:
    """Return the messages of a stream of one event, its header in the metadata."""
    layout = stored.event.layout
    row = ak.Array(layout.array[layout.at : layout.at + 1])
    about = {"id": stored.id, "dataset": stored.dataset, "header": dict(stored.header)}
    return encode([row], {"alyx": json.dumps(about)})


def decode(read: Callable[[int], bytes]) -> Iterator[ak.Array]:
    """Read the events of a stream, batch by batch; an empty answer is one empty batch.

    Parameters
    ----------
    read
        Returns so many of the next bytes, and fewer only at the end.

    Raises
    ------
    ServiceError
        The stream is cut, or is no Arrow.
    """
    source = _Source(read)
    try:
        with ipc.open_stream(pa.PythonFile(source, "r")) as reader:
            empty = True
            for batch in reader:
                empty = False
                yield ak.from_arrow(batch)
            if empty:
                yield ak.from_arrow(reader.schema.empty_table())
    except (pa.ArrowException, OSError) as error:
        raise ServiceError("The service's answer is cut, or is no Arrow stream.") from error
    if source.tail != END:
        raise ServiceError("The service's answer was cut before its end. Ask again.")


def decode_event(content: bytes) -> StoredEvent:
    """Read the answer that :func:`encode_event` wrote."""
    with ipc.open_stream(content) as reader:
        about = json.loads(reader.schema.metadata[b"alyx"])
        event = ak.from_arrow(reader.read_all())[0]
    return StoredEvent(about["id"], about["dataset"], about["header"], event)


class _Source:
    """What Arrow reads from; keeps the last bytes."""

    closed = False

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._read = read
        self.tail = b""

    def read(self, size: int) -> bytes:
        content = self._read(size)
        self.tail = (self.tail + content[-8:])[-8:]
        return content

    def close(self) -> None:
        self.closed = True


def _cast(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Return the table in the types of the stream's first batch; safely, or not at all."""
    if table.schema.equals(schema):
        return table
    try:
        return table.select(schema.names).cast(schema)
    except (pa.ArrowException, KeyError, ValueError) as error:
        raise IntegrityError(
            f"The chunks of the data set differ in their types: {error}"
        ) from error


def _rows(table: pa.Table) -> int:
    return max(1, int(len(table) * MESSAGE // max(1, table.nbytes)))
