"""The monthly range partitions of the event headers, in UTC."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, text

#: Key of the advisory lock under which partitions are made.
LOCK = 0x616C7979


def months_of(seconds: NDArray[np.float64]) -> list[np.datetime64]:
    """Return the months in which times fall, in order; unknown times (NaN) have none.

    Parameters
    ----------
    seconds
        Seconds since 1970-01-01 UTC, shape ``(n,)``.

    Examples
    --------
    >>> months_of(np.array([1_304_208_000.0, np.nan, 1_304_207_999.5])).__repr__()
    "[np.datetime64('2011-04'), np.datetime64('2011-05')]"
    """
    known = np.floor(seconds[np.isfinite(seconds)]).astype("datetime64[s]")
    return list(np.unique(known.astype("datetime64[M]")))


def make(connection: Connection, months: Iterable[np.datetime64]) -> None:
    """Make the partitions of these months unless they are there."""
    missing = [month for month in months if not _exists(connection, name_of(month))]
    if not missing:
        return
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
    connection.execute(text("SET LOCAL TIME ZONE 'UTC'"))
    for month in missing:
        bounds = f"FROM ('{month}-01') TO ('{month + 1}-01')"
        connection.execute(
            text(
                f"CREATE TABLE IF NOT EXISTS {name_of(month)} "
                f"PARTITION OF event_header FOR VALUES {bounds}"
            )
        )


def name_of(month: np.datetime64) -> str:
    """Return the name of a month's partition.

    Examples
    --------
    >>> name_of(np.datetime64("2011-05"))
    'event_header_2011_05'
    """
    return "event_header_" + str(month).replace("-", "_")


def _exists(connection: Connection, name: str) -> bool:
    found = connection.execute(text("SELECT to_regclass(:name)"), {"name": name})
    return found.scalar() is not None
