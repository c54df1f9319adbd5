"""Data sets and their chunks, as rows of the database."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select

from alyx.errors import NotFoundError, Problem, QueryError, near
from alyx.events.schema import Schema
from alyx.records import ChunkInfo, DatasetInfo
from alyx.store.tables import chunk, dataset


def find(connection: Connection, name: str) -> Row[Any]:
    """Return a data set's row; NotFoundError names those that are like it."""
    row = connection.execute(select(dataset).where(dataset.c.name == name)).one_or_none()
    if row is None:
        known = connection.execute(select(dataset.c.name).order_by(dataset.c.name)).scalars()
        hint = near(name, list(known))
        problem = Problem("dataset", f"There is no data set {name!r}.", hint)
        raise NotFoundError(problems=[problem])
    return row


def info(row: Row[Any]) -> DatasetInfo:
    """Return what users see of a data set's row."""
    values = dict(row._mapping)
    values.pop("id")
    return DatasetInfo(**values | {"schema": Schema.from_json(row.schema)})


def pinned(row: Row[Any], snapshot: int | None) -> int:
    """Return the snapshot to ask: the newest, or the given one if it exists."""
    if snapshot is None:
        return int(row.snapshot)
    if not 0 <= snapshot <= row.snapshot:
        message = f"{row.name} has no snapshot {snapshot}; its newest is {row.snapshot}."
        raise QueryError(problems=[Problem("snapshot", message)])
    return snapshot


def chunks(connection: Connection, condition: ColumnElement[bool]) -> list[ChunkInfo]:
    """Return the chunks of a condition, by number."""
    found = connection.execute(select(chunk).where(condition).order_by(chunk.c.id))
    return [_chunk(row) for row in found]


def chunks_by_id(connection: Connection, numbers: Iterable[int]) -> dict[int, ChunkInfo]:
    """Return chunks by their numbers; one that is missing is left out."""
    wanted = [int(number) for number in numbers]
    return {file.id: file for file in chunks(connection, chunk.c.id.in_(wanted))}


def _chunk(row: Row[Any]) -> ChunkInfo:
    return ChunkInfo(
        id=row.id,
        dataset_id=row.dataset_id,
        address=row.address,
        sha256=row.sha256.hex(),
        rows=row.rows,
        bytes=row.bytes,
    )
