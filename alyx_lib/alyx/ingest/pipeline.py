"""From a file or batches to stored events: all of them once, or none.

A chunk's address is leased by an intent row, its file written and flushed; then headers,
chunk rows and the receipt are committed in one transaction that takes the leases back.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path

import awkward as ak

from alyx.errors import InputError
from alyx.events import readers
from alyx.ingest import quality, receipts
from alyx.ingest.receipts import Receipt
from alyx.ingest.writer import Writer
from alyx.store import Store

#: Called with the number of events stored so far.
Progress = Callable[[int], None]


def ingest(
    store: Store,
    dataset: str,
    source: Path | str | Iterable[ak.Array],
    *,
    title: str = "",
    kind: str = "real",
    key: str | None = None,
    progress: Progress | None = None,
) -> Receipt:
    """Store the events of a file, or of batches, in a data set.

    Repeated events of the source, by (run, luminosity block, event), are stored once.

    Parameters
    ----------
    store
        Where to.
    dataset
        Name of the data set, made when missing.
    source
        A file that one of the readers knows, or batches as :mod:`alyx.events` describes them.
    title, kind
        Of a data set that is made: a line for people, and ``real``, ``simulated`` or
        ``synthetic``.
    key
        What the source is known by, so that it is not stored twice; by default the SHA-256
        of the file's bytes.
    progress
        Called with the number of events written, chunk by chunk.

    Raises
    ------
    InputError
        The source cannot be read or is not physical: all problems, by file, field and row.
    DuplicateError
        The source, or some of its events, are stored already. Nothing is stored then.
    """
    batches: Iterable[ak.Array]
    if isinstance(source, str | Path):
        name, batches = str(source), readers.read(source)
        key = key or _digest(Path(source))
    else:
        name, batches = "batches", source
        key = key or uuid.uuid4().hex
    receipts.refuse_known(store, dataset, key, name)
    return _store(Writer(store, dataset, name), batches, key, title or dataset, kind, progress)


def _store(
    writer: Writer,
    batches: Iterable[ak.Array],
    key: str,
    title: str,
    kind: str,
    progress: Progress | None,
) -> Receipt:
    distinct = quality.Distinct()
    events = map(quality.by_pt, distinct(quality.checked(batches, writer.source)))
    try:
        for chunk in quality.regrouped(events, writer.store.settings.chunk_events):
            writer.write(chunk)
            if progress:
                progress(writer.events)
        if not writer.events:
            raise InputError(f"{writer.source} holds no events.")
        return receipts.commit(writer, key, title, kind, distinct.repeated)
    except BaseException:
        writer.abandon()
        raise


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
