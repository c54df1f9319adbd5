"""Are the payload files what was written? A scan that goes on where it was, and flags."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, func, or_, select, update

from alyx.errors import IntegrityError
from alyx.store.database import Database
from alyx.store.tables import chunk, dataset

if TYPE_CHECKING:
    from alyx.store.catalog import Store

#: Called with the bytes checked so far, and all that are to be checked.
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Damage:
    """A payload file that is not what was written.

    Parameters
    ----------
    dataset, address
        Of what data set, and where the file stands.
    events
        Number of events in it.
    reason
        What is wrong.
    """

    dataset: str
    address: str
    events: int
    reason: str


@dataclass(slots=True)
class Report:
    """What a scan found.

    Parameters
    ----------
    files, bytes
        Number and size of the files that were checked.
    damaged
        Those that are not what was written.
    """

    files: int = 0
    bytes: int = 0
    damaged: list[Damage] = field(default_factory=list)


def verify(
    store: Store,
    name: str | None = None,
    *,
    older: timedelta = timedelta(0),
    rate: float | None = None,
    progress: Progress = lambda *_: None,
) -> Report:
    """Read every payload file and compare it with its checksum.

    Each file's outcome is kept as it is found, so that a scan that was interrupted goes on
    with ``older``; a file that is whole again loses its flag.

    Parameters
    ----------
    store
        What is scanned.
    name
        One data set; all by default.
    older
        Files that were verified within this time are left out.
    rate
        Bytes a second at most, so that others can work.
    progress
        Called after each file.
    """
    report = Report()
    waiting = list(_waiting(store, name, older))
    total = sum(row.bytes for row in waiting)
    began = time.monotonic()
    for row in waiting:
        reason = _checked(store, row)
        if reason:
            report.damaged.append(Damage(row.name, row.address, row.rows, reason))
        report.files += 1
        report.bytes += row.bytes
        progress(report.bytes, total)
        if rate:
            time.sleep(max(0.0, report.bytes / rate - (time.monotonic() - began)))
    return report


def flag(database: Database, address: str, reason: str | None) -> None:
    """Keep what is known of a file: verified just now, and what is wrong with it, if anything."""
    statement = update(chunk).where(chunk.c.address == address)
    with database.begin() as connection:
        connection.execute(statement.values(verified_at=func.now(), damage=reason))


def damaged(store: Store) -> list[Damage]:
    """Return the files that are known to be damaged."""
    statement = (
        select(dataset.c.name, chunk.c.address, chunk.c.rows, chunk.c.damage)
        .join(dataset, dataset.c.id == chunk.c.dataset_id)
        .where(chunk.c.damage.is_not(None))
        .order_by(chunk.c.id)
    )
    with store.database.read() as connection:
        return [Damage(*row) for row in connection.execute(statement)]


def _waiting(store: Store, name: str | None, older: timedelta) -> Iterator[Row[Any]]:
    due = or_(chunk.c.verified_at.is_(None), chunk.c.verified_at <= func.now() - older)
    statement = (
        select(chunk, dataset.c.name).join(dataset, dataset.c.id == chunk.c.dataset_id).where(due)
    )
    if name is not None:
        store.dataset(name)  # a wrong name is told
        statement = statement.where(dataset.c.name == name)
    with store.database.read() as connection:
        yield from connection.execute(statement.order_by(chunk.c.verified_at, chunk.c.id)).all()


def _checked(store: Store, row: Row[Any]) -> str | None:
    reason = None
    try:
        store.chunks.check(row.address, row.sha256.hex())
    except IntegrityError as error:
        reason = error.message
    flag(store.database, row.address, reason)
    return reason
