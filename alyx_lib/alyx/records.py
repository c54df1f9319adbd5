"""What a store and a service both answer with: the same records, at home and over the wire."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from alyx.events.schema import Schema
from alyx.query import Expression

if TYPE_CHECKING:
    import awkward as ak


@dataclass(frozen=True, slots=True)
class DatasetInfo:
    """A data set at its newest snapshot.

    Parameters
    ----------
    name, title
        Its name in queries, and a line for people.
    kind
        ``real``, ``simulated`` or ``synthetic``.
    events, chunks, bytes
        Number of events and payload files, and the files' size in bytes.
    snapshot
        Its commit number: a query pinned to one sees the same events for ever.
    schema
        Fields and collections of its events.
    created_at
        When the first event was stored, UTC.
    """

    name: str
    title: str
    kind: str
    events: int
    chunks: int
    bytes: int
    snapshot: int
    schema: Schema
    created_at: datetime

    def as_json(self) -> dict[str, Any]:
        """Return the wire form."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return values | {
            "schema": self.schema.as_json(),
            "created_at": self.created_at.isoformat(),
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> DatasetInfo:
        """Read the wire form."""
        values = {name: body[name] for name in cls.__slots__}
        values["schema"] = Schema.from_json(body["schema"])
        values["created_at"] = datetime.fromisoformat(body["created_at"])
        return cls(**values)


@dataclass(frozen=True, slots=True)
class Count:
    """A number of events; past the cap an estimate, and said to be one.

    Examples
    --------
    >>> str(Count(496, exact=True)), str(Count(1_200_000, exact=False))
    ('496', 'about 1,200,000')
    """

    value: int
    exact: bool

    def __str__(self) -> str:
        return f"{self.value:,}" if self.exact else f"about {self.value:,}"

    def as_json(self) -> dict[str, Any]:
        """Return the wire form."""
        return asdict(self)

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Count:
        """Read the wire form."""
        return cls(int(body["value"]), bool(body["exact"]))


@dataclass(frozen=True, slots=True)
class Selection:
    """A query that was checked, compiled and pinned to a snapshot.

    Parameters
    ----------
    dataset, snapshot
        What it is asked of.
    expression
        The condition; for a selection that came over the wire, rebuilt from it.
    fingerprint
        SHA-256 of the condition's canonical form, in hexadecimal.
    phrase
        The condition as an English sentence.
    sql, parameters
        The statement on the headers, and its bound values.
    exact
        Whether the headers alone decide; else the payload does, for the rows they let through.
    """

    dataset: str
    snapshot: int
    expression: Expression
    fingerprint: str
    phrase: str
    sql: str
    parameters: Mapping[str, Any]
    exact: bool

    def as_json(self) -> dict[str, Any]:
        """Return the wire form; the condition itself stays at home."""
        names = [name for name in self.__slots__ if name != "expression"]
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True)
class Page:
    """Some header rows of a selection, in the order of their ids.

    Parameters
    ----------
    columns
        Names of the columns.
    rows
        One mapping a row.
    next
        Give it as ``after`` to get the next page; ``None`` at the end.
    """

    columns: tuple[str, ...]
    rows: list[dict[str, Any]]
    next: int | None


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One event with its header.

    Parameters
    ----------
    id, dataset
        Where it is stored.
    header
        Its row in the database.
    event
        Its payload: an awkward record.
    """

    id: int
    dataset: str
    header: Mapping[str, Any]
    event: ak.Record


@dataclass(frozen=True, slots=True)
class ChunkInfo:
    """One payload file.

    Parameters
    ----------
    id
        Its number; the events in it have the ids ``id << 20 | row``.
    dataset_id
        The data set that it belongs to.
    address
        Where it stands, relative to the object store.
    sha256
        Checksum of its bytes, in hexadecimal.
    rows, bytes
        Number of its events, and its size in bytes.
    """

    id: int
    dataset_id: int
    address: str
    sha256: str
    rows: int
    bytes: int
