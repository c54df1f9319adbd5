"""The store's front: data sets, selections, pages, events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, Self

import awkward as ak
import numpy as np
from sqlalchemy import ColumnElement, Connection, Integer, and_, literal, select

from alyx import query
from alyx.errors import NotFoundError, Problem, QueryError
from alyx.events.schema import Schema
from alyx.query.sql import condition
from alyx.records import ChunkInfo, Count, DatasetInfo, Page, Selection, StoredEvent
from alyx.settings import Settings
from alyx.store import datasets, integrity, migrations, payload, rows
from alyx.store.chunks import ChunkStore
from alyx.store.database import Database
from alyx.store.server import EmbeddedServer
from alyx.store.tables import ROW_BITS, chunk, dataset, event_header

#: Candidates whose payload is looked at in one go: to fill a page, or to estimate a count.
BLOCK = 5_000


class Store:
    """The event store.

    Parameters
    ----------
    database
        Connections to PostgreSQL.
    chunks
        The payload files.
    settings
        Caps on counts and bytes.
    server
        The embedded server that was started for this store alone, if any.
    """

    def __init__(
        self,
        database: Database,
        chunks: ChunkStore,
        settings: Settings,
        server: EmbeddedServer | None = None,
    ) -> None:
        self.database = database
        self.chunks = chunks
        self.settings = settings
        self._server = server

    @classmethod
    def open(cls, settings: Settings) -> Store:
        """Open the store that the settings name, and bring its tables up to date.

        Without a database address this is the embedded server below ``settings.home``,
        started if need be, and then stopped again with :meth:`close`.
        """
        url, started = settings.database_url, None
        if not url:
            server = EmbeddedServer(settings.home / "postgres")
            started = server if server.pid is None else None
            url = server.start()
        migrations.upgrade(url)
        database = Database(url, settings)
        chunks = ChunkStore(settings.objects, partial(integrity.flag, database))
        return cls(database, chunks, settings, started)

    def close(self) -> None:
        """Close the connections, and the server when it was started here and no one uses it."""
        self.database.close()
        if self._server is not None and self._server.clients() == 0:
            self._server.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def datasets(self) -> list[DatasetInfo]:
        """Return all data sets, by name."""
        with self.database.read() as connection:
            found = connection.execute(select(dataset).order_by(dataset.c.name))
            return [datasets.info(row) for row in found]

    def dataset(self, name: str) -> DatasetInfo:
        """Return one data set; NotFoundError names those that are like it."""
        with self.database.read() as connection:
            return datasets.info(datasets.find(connection, name))

    def select(self, dataset: str, where: Any = None, snapshot: int | None = None) -> Selection:
        """Check and compile a query; nothing of it runs.

        Parameters
        ----------
        dataset
            Name of the data set.
        where
            Builder JSON, cut text, an Expression, or ``None`` for all events.
        snapshot
            The commit to ask; the newest by default.

        Raises
        ------
        QueryError
            With every problem of the condition, each with its path.
        """
        with self.database.read() as connection:
            row = datasets.find(connection, dataset)
        schema = Schema.from_json(row.schema)
        expression = query.parse(where, schema)
        pinned = datasets.pinned(row, snapshot)
        compiled = condition(expression, event_header)
        seen = and_(rows.visible(row.id, pinned), compiled.where)
        sql, parameters = rows.sql_of(rows.page(seen, None, None))
        return Selection(
            dataset=dataset,
            snapshot=pinned,
            expression=expression,
            fingerprint=query.fingerprint(expression),
            phrase=query.phrase(expression, schema),
            sql=sql,
            parameters=parameters,
            exact=compiled.exact,
        )

    def count(self, selection: Selection) -> Count:
        """Count a selection's events: exactly up to a cap, past it a labelled estimate."""
        with self.database.read() as connection:
            where = _where(connection, selection)
            found = rows.count(connection, where, self.settings.exact_count)
            if selection.exact:
                return found
            candidates = rows.ids(connection, where, None if found.exact else BLOCK)
        passed = len(self._matching(selection, candidates))
        if found.exact:
            return Count(passed, exact=True)
        return Count(round(found.value * passed / max(1, len(candidates))), exact=False)

    def page(self, selection: Selection, limit: int = 100, after: int | None = None) -> Page:
        """Return one page of header rows, in the order of the ids."""
        with self.database.read() as connection:
            where = _where(connection, selection)
        found = self._rows(selection, where, limit + 1, after)
        more = found[limit - 1]["id"] if len(found) > limit else None
        return Page(rows.shown_columns(), found[:limit], more)

    def events(
        self, selection: Selection, fields: Sequence[str] | None = None, limit: int | None = None
    ) -> Iterator[ak.Array]:
        """Read a selection's payload, one array a chunk, with the field ``id``.

        Parameters
        ----------
        selection
            What :meth:`select` returned.
        fields
            Top-level fields; all by default.
        limit
            Most events.

        Raises
        ------
        QueryError
            The payload is larger than ``query_bytes``: such work is a job's.
        """
        with self.database.read() as connection:
            where = _where(connection, selection)
            ids = rows.ids(connection, where, limit if selection.exact else None)
            files = datasets.chunks_by_id(connection, np.unique(ids >> ROW_BITS))
        self._check_size(sum(file.bytes for file in files.values()))
        needed = () if selection.exact else query.payload_columns(selection.expression)
        columns = None if fields is None else [*fields, *needed]
        left = len(ids) if limit is None else limit
        for number, inside in payload.by_chunk(ids):
            events = payload.read(self.chunks, files[number], inside, columns)
            if not selection.exact:
                events = events[query.mask(selection.expression, events)]
            events = events[:left]
            left -= len(events)
            yield events if fields is None else payload.only(events, fields)
            if left == 0:
                return

    def event(self, id: int) -> StoredEvent:  # noqa: A002  the word that users know
        """Return one event by its id."""
        with self.database.read() as connection:
            file = datasets.chunks_by_id(connection, [id >> ROW_BITS]).get(id >> ROW_BITS)
            if file is None:
                raise NotFoundError(f"There is no event {id}.")
            where = and_(event_header.c.dataset_id == file.dataset_id, event_header.c.id == id)
            header = rows.as_rows(connection, rows.page(where, None, 1))
            owner = select(dataset.c.name).where(dataset.c.id == file.dataset_id)
            name = connection.execute(owner).scalar_one()
        if not header:
            raise NotFoundError(f"There is no event {id}.")
        row = id & ((1 << ROW_BITS) - 1)
        return StoredEvent(id, name, header[0], self.chunks.event(file.address, file.sha256, row))

    def chunk_list(self, selection: Selection) -> list[ChunkInfo]:
        """Return the chunks of a selection's snapshot that may hold an event of it."""
        with self.database.read() as connection:
            where = _where(connection, selection)
            held = (
                select(event_header.c.id.op(">>")(literal(ROW_BITS, Integer)))
                .where(where)
                .distinct()
            )
            return datasets.chunks(connection, chunk.c.id.in_(held))

    def _rows(
        self, selection: Selection, where: ColumnElement[bool], limit: int, after: int | None
    ) -> list[dict[str, Any]]:
        """Return the next rows of a selection; past the headers, block by block of candidates."""
        found: list[dict[str, Any]] = []
        size = limit if selection.exact else max(limit, BLOCK)
        while len(found) < limit:
            with self.database.read() as connection:
                block = rows.as_rows(connection, rows.page(where, after, size))
            found += block if selection.exact else self._filtered(selection, block)
            if len(block) < size:
                break
            after = block[-1]["id"]
        return found[:limit]

    def _filtered(
        self, selection: Selection, block: list[dict[str, Any]]
    ) -> list[dict[str, Any]]:  # fmt: skip
        ids = np.array([row["id"] for row in block], dtype=np.int64)
        passed = set(self._matching(selection, ids).tolist())
        return [row for row in block if row["id"] in passed]

    def _matching(self, selection: Selection, ids: payload.Ids) -> payload.Ids:
        with self.database.read() as connection:
            files = datasets.chunks_by_id(connection, np.unique(ids >> ROW_BITS))
        self._check_size(sum(file.bytes for file in files.values()))
        return payload.matching(self.chunks, files, ids, selection.expression)

    def _check_size(self, size: int) -> None:
        if size > self.settings.query_bytes:
            message = (
                f"The events take {size / 1e9:.1f} GB of payload, more than one query may read "
                f"({self.settings.query_bytes / 1e9:.1f} GB)."
            )
            hint = "Narrow the condition, or submit the work as a job."
            raise QueryError(problems=[Problem("", message, hint)])


def _where(connection: Connection, selection: Selection) -> ColumnElement[bool]:
    row = datasets.find(connection, selection.dataset)
    compiled = condition(selection.expression, event_header)
    return and_(rows.visible(row.id, selection.snapshot), compiled.where)
