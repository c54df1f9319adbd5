"""The one transaction in which an ingest becomes visible, and the receipt that it leaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import Connection, Row, delete, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import IntegrityError as ConstraintError

from alyx.errors import ConflictError, DuplicateError, InputError, Problem, SchemaError
from alyx.events import dataset as events_of
from alyx.events.schema import Schema
from alyx.store import headers, partitions
from alyx.store.tables import chunk, dataset, ingest_aside, ingest_intent, ingest_receipt

if TYPE_CHECKING:
    import awkward as ak
    from numpy.typing import NDArray

    from alyx.ingest.writer import SetAside, Staged, Writer
    from alyx.store import Store


@dataclass(frozen=True, slots=True)
class Receipt:
    """What one ingest stored.

    Parameters
    ----------
    dataset, source
        Where to, and where from.
    key
        What the source is known by: SHA-256 of its bytes, or as given.
    events
        Events that it stored.
    repeated
        Events of the source that were dropped since they came before in it.
    chunks
        Payload files that it wrote.
    snapshot
        The data set's commit that shows the events.
    committed_at
        When, UTC.
    aside
        Events that were set aside, with the reasons (:mod:`alyx.ingest.stream`).
    """

    dataset: str
    source: str
    key: str
    events: int
    repeated: int
    chunks: int
    snapshot: int
    committed_at: datetime
    aside: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return the wire form."""
        return asdict(self) | {"committed_at": self.committed_at.isoformat()}

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Receipt:
        """Read what :meth:`as_json` wrote."""
        moment = datetime.fromisoformat(body["committed_at"])
        return cls(**{**body, "committed_at": moment})


def refuse_known(store: Store, name: str, key: str, source: str) -> None:
    """Raise DuplicateError when a source is in a data set already."""
    with store.database.read() as connection:
        known = find(connection, name, key)
    if known is not None:
        raise DuplicateError(
            f"{source} is in {name} already: {known.events:,} events since "
            f"{known.committed_at:%Y-%m-%d %H:%M} UTC. Nothing was stored."
        )


def find(connection: Connection, name: str, key: str) -> Receipt | None:
    """Return the receipt of a source in a data set, if there is one."""
    statement = (
        select(ingest_receipt)
        .join(dataset, dataset.c.id == ingest_receipt.c.dataset_id)
        .where(dataset.c.name == name, ingest_receipt.c.key == key)
    )
    row = connection.execute(statement).one_or_none()
    return None if row is None else _receipt(name, row)


def commit(writer: Writer, key: str, title: str, kind: str, repeated: int) -> Receipt:
    """Make an ingest visible, all of it at once.

    Raises
    ------
    DuplicateError
        The source, or one of its events, is stored already.
    SchemaError
        The data set's events have other fields.
    """
    staged = writer.staged
    with writer.store.database.begin() as connection:
        months = {month for part in staged for month in partitions.months_of(_seconds(part))}
        partitions.make(connection, sorted(months))
    with writer.store.database.begin() as connection:
        owner = _locked(connection, writer, title, kind)
        if find(connection, writer.dataset, key) is not None:
            raise DuplicateError(f"{writer.source} is in {writer.dataset} already.")
        _take_leases(connection, writer)
        snapshot = owner.snapshot + 1
        blocks = _blocks(staged)
        clashing = _known_blocks(connection, owner.id, blocks)
        if staged:
            _copy(connection, staged, owner.id, snapshot)
            _refuse_stored(connection, owner.id, clashing, writer)
            _add_chunks(connection, staged, owner.id, snapshot)
            _add_blocks(connection, owner.id, blocks)
        values = {
            "key": key,
            "source": writer.source,
            "events": writer.events,
            "repeated": repeated,
            "chunks": len(staged),
            "snapshot": snapshot if staged else owner.snapshot,
            "aside": writer.aside.file.rows if writer.aside else 0,
        }
        receipt = _receipt(writer.dataset, _record(connection, owner.id, staged, values))
        if writer.aside:
            _add_aside(connection, owner.id, key, writer.aside)
        return receipt


def _locked(connection: Connection, writer: Writer, title: str, kind: str) -> Row[Any]:
    """Make the data set unless it is there, and take its lock: one commit at a time."""
    values = {"name": writer.dataset, "title": title, "kind": kind}
    schema = writer.schema.as_json()
    new = upsert(dataset).values(schema=schema, **values)
    try:
        connection.execute(new.on_conflict_do_nothing(index_elements=["name"]))
    except ConstraintError as error:
        raise _explained(error, writer.dataset, kind) from error
    statement = select(dataset).where(dataset.c.name == writer.dataset).with_for_update()
    row = connection.execute(statement).one()
    if writer.staged:
        _check_schema(Schema.from_json(row.schema), writer)
    return row


def _explained(error: ConstraintError, name: str, kind: str) -> InputError:
    constraint = getattr(getattr(error.orig, "diag", None), "constraint_name", "")
    if constraint == "dataset_kind":
        return InputError(f"A data set is real, simulated or synthetic, not {kind!r}.")
    return InputError(
        f"{name!r} is no name for a data set: begin with a letter or digit, and go on with "
        "lower-case letters, digits, dots, dashes and underscores, 100 at most."
    )


def _check_schema(known: Schema, writer: Writer) -> None:
    have, want = set(writer.schema.paths()), set(known.paths())
    lacks = f"{writer.dataset} has this field, the source lacks it."
    adds = f"{writer.dataset} has no such field."
    problems = [
        Problem(f"{writer.source}: {path}", lacks if path in want else adds)
        for path in sorted(want ^ have)
    ]
    if problems:
        raise SchemaError(problems=problems)


def _take_leases(connection: Connection, writer: Writer) -> None:
    leased = ingest_intent.c.chunk_id.in_(list(writer.leased))
    statement = delete(ingest_intent).where(leased)
    taken = connection.execute(statement.returning(ingest_intent.c.chunk_id)).all()
    if len(taken) != len(writer.leased):
        raise ConflictError(
            "The ingest took longer than its lease, so that its files may have been removed. "
            "Nothing was stored: run it again."
        )


def _copy(connection: Connection, staged: list[Staged], owner: int, snapshot: int) -> None:
    names = ", ".join(headers.NAMES)
    cursor: Any = connection.connection.cursor()
    with cursor.copy(f"COPY event_header ({names}) FROM STDIN (FORMAT binary)") as copy:
        copy.write(headers.BEGIN)
        for part in staged:
            copy.write(headers.encode(part.columns, owner, part.id, snapshot))
        copy.write(headers.END)


def _blocks(staged: list[Staged]) -> dict[tuple[int, int], int]:
    """Return the number of events of each (run, luminosity block)."""
    pairs = np.concatenate(
        [
            np.zeros((0, 2), dtype=np.int64),
            *(
                np.stack([part.columns["run"], part.columns["luminosity_block"]], axis=1)
                for part in staged
            ),
        ]
    )
    found, counts = np.unique(pairs, axis=0, return_counts=True)
    return {(int(a), int(b)): int(n) for (a, b), n in zip(found, counts, strict=True)}


_GIVEN = "unnest(CAST(:runs AS bigint[]), CAST(:blocks AS bigint[])) AS given (run, block)"


def _known_blocks(
    connection: Connection, owner: int, blocks: dict[tuple[int, int], int]
) -> list[tuple[int, int]]:
    """Return those blocks that hold events of the data set already."""
    statement = text(
        f"SELECT given.run, given.block FROM {_GIVEN} "  # noqa: S608  a constant
        "JOIN run_block USING (run) "
        "WHERE luminosity_block = given.block AND dataset_id = :owner"
    )
    found = connection.execute(statement, _arrays(blocks) | {"owner": owner})
    return [(row.run, row.block) for row in found]


def _refuse_stored(
    connection: Connection, owner: int, blocks: list[tuple[int, int]], writer: Writer
) -> None:
    """Raise DuplicateError when one of the new events was there before.

    Only blocks that held events before can clash, so a data set that grows run by run
    pays nothing.
    """
    if not blocks:
        return
    statement = text(
        "SELECT run, luminosity_block, event, count(*) OVER () AS number "  # noqa: S608
        f"FROM event_header JOIN {_GIVEN} USING (run) "
        "WHERE dataset_id = :owner AND luminosity_block = given.block AND withdrawn_in IS NULL "
        "GROUP BY run, luminosity_block, event HAVING count(*) > 1 "
        "ORDER BY run, luminosity_block, event LIMIT 1"
    )
    row = connection.execute(statement, _arrays(blocks) | {"owner": owner}).one_or_none()
    if row is not None:
        raise DuplicateError(
            f"{writer.source}: {row.number:,} of its events are in {writer.dataset} already, the "
            f"first of them run {row.run}, luminosity block {row.luminosity_block}, event "
            f"{row.event}. Nothing was stored."
        )


def _arrays(blocks: Any) -> dict[str, list[int]]:
    return {"runs": [run for run, _ in blocks], "blocks": [block for _, block in blocks]}


def _add_chunks(connection: Connection, staged: list[Staged], owner: int, snapshot: int) -> None:
    rows = [
        {
            "id": part.id,
            "dataset_id": owner,
            "address": part.file.address,
            "sha256": bytes.fromhex(part.file.sha256),
            "rows": part.file.rows,
            "bytes": part.file.bytes,
            "added_in": snapshot,
        }
        for part in staged
    ]
    connection.execute(insert(chunk), rows)


def _add_blocks(
    connection: Connection, owner: int, blocks: dict[tuple[int, int], int]
) -> None:  # fmt: skip
    statement = text(
        "INSERT INTO run_block (dataset_id, run, luminosity_block, events) "
        "SELECT :owner, * FROM unnest("
        "CAST(:runs AS bigint[]), CAST(:blocks AS bigint[]), CAST(:events AS bigint[])) "
        "ON CONFLICT (dataset_id, run, luminosity_block) "
        "DO UPDATE SET events = run_block.events + excluded.events"
    )
    values = _arrays(blocks) | {"events": list(blocks.values())}
    connection.execute(statement, values | {"owner": owner})


def _add_aside(connection: Connection, owner: int, key: str, aside: SetAside) -> None:
    values = {
        "dataset_id": owner,
        "key": key,
        "address": aside.file.address,
        "sha256": bytes.fromhex(aside.file.sha256),
        "events": aside.file.rows,
        "reasons": aside.reasons,
    }
    connection.execute(insert(ingest_aside).values(**values))


def stored(store: Store, name: str, events: ak.Array) -> NDArray[np.bool_]:
    """Say which of some events a data set holds already.

    Parameters
    ----------
    store
        Where to look.
    name
        Of the data set.
    events
        A batch of n events.

    Returns
    -------
    numpy.ndarray
        Truth values of shape ``(n,)``.
    """
    statement = text(
        "SELECT run, luminosity_block, event FROM event_header "  # noqa: S608
        f"JOIN {_GIVEN} USING (run) JOIN dataset ON dataset.id = dataset_id "
        "WHERE name = :name AND luminosity_block = given.block AND withdrawn_in IS NULL"
    )
    own = events_of.key(events)
    blocks = own.droplevel(2).unique()
    with store.database.read() as connection:
        found = connection.execute(statement, _arrays(blocks) | {"name": name}).all()
    return np.asarray(own.isin([tuple(row) for row in found]))


def _record(
    connection: Connection, owner: int, staged: list[Staged], values: dict[str, Any]
) -> Row[Any]:
    columns = dataset.c
    connection.execute(
        update(dataset)
        .where(columns.id == owner)
        .values(
            snapshot=values["snapshot"],
            events=columns.events + values["events"],
            chunks=columns.chunks + len(staged),
            bytes=columns.bytes + sum(part.file.bytes for part in staged),
        )
    )
    statement = insert(ingest_receipt).values(dataset_id=owner, committed_at=func.now(), **values)
    return connection.execute(statement.returning(ingest_receipt)).one()


def _receipt(name: str, row: Row[Any]) -> Receipt:
    values = dict(row._mapping)
    values.pop("dataset_id")
    return Receipt(dataset=name, **values)


def _seconds(part: Staged) -> Any:
    return part.columns["time"] / 1e6 + headers.EPOCH
