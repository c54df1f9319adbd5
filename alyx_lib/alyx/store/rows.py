"""Statements on the event headers, and their rows: pages, ids, counts."""

from __future__ import annotations

import io
import math
from datetime import UTC
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select
from sqlalchemy.dialects.postgresql import psycopg

from alyx.records import Count
from alyx.store.tables import event_header

#: Columns of a header that users see; the rest is the store's own bookkeeping.
SHOWN = tuple(
    column
    for column in event_header.columns
    if column.name not in ("dataset_id", "added_in", "withdrawn_in")
)

_ID = np.dtype([("fields", ">i2"), ("size", ">i4"), ("id", ">i8")])
#: Signature, flags and length of the header extension of a binary COPY.
_BEGIN = 19


def visible(dataset: int, snapshot: int) -> ColumnElement[bool]:
    """Return the condition for what a snapshot of a data set shows."""
    columns = event_header.c
    withdrawn = or_(columns.withdrawn_in.is_(None), columns.withdrawn_in > snapshot)
    return and_(columns.dataset_id == dataset, columns.added_in <= snapshot, withdrawn)


def page(condition: ColumnElement[bool], after: int | None, limit: int | None) -> Select[Any]:
    """Return the statement for one keyset page, in the order of the ids."""
    statement = select(*SHOWN).where(condition).order_by(event_header.c.id).limit(limit)
    return statement if after is None else statement.where(event_header.c.id > after)


def as_rows(connection: Connection, statement: Select[Any]) -> list[dict[str, Any]]:
    """Run a statement and return its rows as plain, JSON-ready mappings."""
    return [_plain(dict(row)) for row in connection.execute(statement).mappings()]


def ids(
    connection: Connection, condition: ColumnElement[bool], limit: int | None = None
) -> NDArray[np.int64]:
    """Return the ids that a condition lets through, in order.

    The ids come as one binary COPY, whose rows are of one size and so are read in place.
    """
    statement = select(event_header.c.id).where(condition).order_by(event_header.c.id)
    shown, parameters = sql_of(statement.limit(limit))
    driver = connection.connection.driver_connection
    buffer = io.BytesIO()
    with (
        driver.cursor() as cursor,  # type: ignore[union-attr]  # a live connection has its driver
        cursor.copy(f"COPY ({shown}) TO STDOUT (FORMAT binary)", parameters) as copy,
    ):
        for block in copy:
            buffer.write(block)
    content = buffer.getbuffer()
    rows = np.frombuffer(content[_BEGIN:-2], dtype=_ID)
    return rows["id"].astype(np.int64)


def count(connection: Connection, condition: ColumnElement[bool], cap: int) -> Count:
    """Count the headers that a condition lets through: exactly to a cap, else an estimate."""
    capped = select(event_header.c.id).where(condition).limit(cap + 1).subquery()
    found = connection.execute(select(func.count()).select_from(capped)).scalar_one()
    if found <= cap:
        return Count(found, exact=True)
    return Count(max(found, estimate(connection, condition)), exact=False)


def estimate(connection: Connection, condition: ColumnElement[bool]) -> int:
    """Return the planner's estimate of the rows of a condition."""
    shown, parameters = sql_of(select(event_header.c.id).where(condition))
    found = connection.connection.cursor()
    found.execute(f"EXPLAIN (FORMAT json) {shown}", parameters)
    row = found.fetchone()
    return int(row[0][0]["Plan"]["Plan Rows"]) if row else 0


def sql_of(statement: Select[Any]) -> tuple[str, dict[str, Any]]:
    """Return a statement's text with named places, and the values bound to them."""
    # SQLAlchemy leaves its dialects untyped
    compiled = statement.compile(dialect=psycopg.dialect())  # type: ignore[no-untyped-call]
    return str(compiled), dict(compiled.params)


def shown_columns() -> tuple[str, ...]:
    """Return the names of the columns that users see."""
    return tuple(column.name for column in SHOWN)


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    time = row["time"]
    row["time"] = None if time is None else time.astimezone(UTC).isoformat()
    return {name: _finite(value) for name, value in row.items()}


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
