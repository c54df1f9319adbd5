"""Writes payload chunks under a lease, and takes back what was not committed."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import awkward as ak
from sqlalchemy import delete, func, insert, select, text

from alyx.events.schema import Schema
from alyx.store import Store, headers
from alyx.store.chunks import ChunkFile
from alyx.store.headers import Column
from alyx.store.tables import ingest_intent

#: Seconds from a chunk's intent to its commit; past them the sweeper may take the file.
LEASE = 3600


@dataclass(frozen=True, slots=True)
class Staged:
    """A chunk whose file is safe and whose rows are not yet committed.

    Parameters
    ----------
    id
        Number of the chunk, from its intent.
    file
        The file.
    columns
        Its header columns.
    """

    id: int
    file: ChunkFile
    columns: dict[str, Column]


@dataclass(frozen=True, slots=True)
class SetAside:
    """Events that are kept but not stored as events of the data set.

    Parameters
    ----------
    file
        Their payload.
    reasons
        What is wrong, and with how many of them.
    """

    file: ChunkFile
    reasons: dict[str, int]


class Writer:
    """The chunks of one ingest.

    Parameters
    ----------
    store
        Where to.
    dataset, source
        Name of the data set, and of what it comes from.
    """

    def __init__(self, store: Store, dataset: str, source: str) -> None:
        self.store = store
        self.dataset = dataset
        self.source = source
        self.staged: list[Staged] = []
        self.aside: SetAside | None = None
        self.leased: dict[int, str] = {}
        self.events = 0
        self.schema = Schema(scalars=(), collections=())

    def write(self, events: ak.Array) -> None:
        """Write one chunk: its intent first, so that a file is never without one."""
        number, address = self._lease("chunks")
        file = self.store.chunks.write(events, address)
        self.staged.append(Staged(number, file, headers.columns(events)))
        self.events += len(events)
        self.schema = Schema.of(events)

    def set_aside(self, events: ak.Array, reasons: dict[str, int]) -> None:
        """Keep events that are not to be stored, with what is wrong with them."""
        _, address = self._lease("aside")
        self.aside = SetAside(self.store.chunks.write(events, address), reasons)

    def abandon(self) -> None:
        """Remove what was written; what cannot be removed now is the sweeper's."""
        for address in self.leased.values():
            self.store.chunks.remove(address)
        with self.store.database.begin() as connection:
            leased = ingest_intent.c.chunk_id.in_(list(self.leased))
            connection.execute(delete(ingest_intent).where(leased))

    def _lease(self, kind: str) -> tuple[int, str]:
        unique = uuid.uuid4().hex
        address = f"{kind}/{self.dataset}/{unique[:2]}/{unique}.arrow"
        until = func.now() + text(f"interval '{LEASE} seconds'")
        statement = insert(ingest_intent).values(address=address, expires_at=until)
        with self.store.database.begin() as connection:
            row = connection.execute(statement.returning(ingest_intent.c.chunk_id))
            number = int(row.scalar_one())
        self.leased[number] = address
        return number, address


def sweep(store: Store) -> int:
    """Remove the files of intents whose lease has run out, and return their number.

    An ingest in flight is safe: its commit takes the intents back under a lock, and fails
    when one is gone.
    """
    expired = ingest_intent.c.expires_at < func.now()
    with store.database.begin() as connection:
        found = connection.execute(
            select(ingest_intent).where(expired).with_for_update(skip_locked=True)
        ).all()
        for intent in found:
            store.chunks.remove(intent.address)
        numbers = [intent.chunk_id for intent in found]
        connection.execute(delete(ingest_intent).where(ingest_intent.c.chunk_id.in_(numbers)))
    return len(found)
