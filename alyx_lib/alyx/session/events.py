"""A selection of events: lazy, immutable, pinned to a snapshot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from alyx.errors import NotFoundError, Problem, QueryError, near
from alyx.records import Count, Page, Selection
from alyx.session import markup
from alyx.session.backend import Backend

if TYPE_CHECKING:
    import awkward as ak
    import hist
    import pandas as pd
    import pyarrow as pa
    import xarray as xr

    from alyx.events.schema import Schema


class Events:
    """The events that pass a condition.

    Nothing is read until it is asked for; what is asked twice gives the same answer, since
    the selection is pinned to a snapshot of its data set.

    Parameters
    ----------
    backend
        What answers.
    selection
        The checked condition.

    Examples
    --------
    >>> z = session.query("cms-dimuon-2010", "Muon.pair.charge == 0")  # doctest: +SKIP
    >>> len(z.where("60 < Muon.pair.mass < 120"))                      # doctest: +SKIP
    496
    """

    def __init__(self, backend: Backend, selection: Selection) -> None:
        self._backend = backend
        self._selection = selection

    @property
    def dataset(self) -> str:
        """Name of the data set."""
        return self._selection.dataset

    @property
    def snapshot(self) -> int:
        """Commit of the data set to which the selection is pinned."""
        return self._selection.snapshot

    @property
    def phrase(self) -> str:
        """The condition as an English sentence."""
        return self._selection.phrase

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the condition's canonical form, in hexadecimal."""
        return self._selection.fingerprint

    @property
    def sql(self) -> str:
        """The statement on the headers; values stand in :attr:`parameters`."""
        return self._selection.sql

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The values bound to the statement."""
        return self._selection.parameters

    @property
    def exact(self) -> bool:
        """Whether the headers alone decide, without reading payload."""
        return self._selection.exact

    @cached_property
    def schema(self) -> Schema:
        """Fields and collections of the data set."""
        return self._backend.dataset(self.dataset).schema

    def where(self, more: Any) -> Events:
        """Return those of the events that pass one more condition, of the same snapshot.

        Parameters
        ----------
        more
            As in :meth:`alyx.session.Session.query`.
        """
        from alyx.query import parse

        both = self._selection.expression & parse(more, self.schema)
        return Events(self._backend, self._backend.select(self.dataset, both, self.snapshot))

    @cached_property
    def _count(self) -> Count:
        return self._backend.count(self._selection)

    def count(self) -> Count:
        """Count the events: exactly up to a cap, past it a labelled estimate."""
        return self._count

    def __len__(self) -> int:
        count = self.count()
        if not count.exact:
            message = f"There are {count} events, too many to count exactly. Use .count()."
            raise QueryError(message)
        return count.value

    def __bool__(self) -> bool:
        return self.count().value > 0

    def page(self, limit: int = 100, after: int | None = None) -> Page:
        """Return one page of header rows, in the order of their ids.

        Parameters
        ----------
        limit
            Most rows, up to 10,000.
        after
            ``next`` of the page before.
        """
        if not 1 <= limit <= 10_000:
            problem = Problem("limit", f"A page has 1 to 10,000 rows, not {limit}.")
            raise QueryError(problems=[problem])
        return self._backend.page(self._selection, limit, after)

    def first(self) -> ak.Record:
        """Return the first event's payload, in the order of ids.

        Raises
        ------
        NotFoundError
            No event passes.
        """
        rows = self.page(1).rows
        if not rows:
            raise NotFoundError(f"No event of {self.dataset} passes: {self.phrase}")
        return self._backend.event(rows[0]["id"]).event

    def batches(
        self, fields: Sequence[str] | None = None, limit: int | None = None
    ) -> Iterator[ak.Array]:  # fmt: skip
        """Read the events chunk by chunk: for more of them than memory holds.

        Parameters
        ----------
        fields
            Names as ``Muon``, ``MET`` or ``Muon.pt``; all by default. The field ``id`` is
            always there.
        limit
            Most events.

        Returns
        -------
        Iterator of awkward.Array
            At least one array of records, which may be empty. Units: mm, GeV, radian.
        """
        columns = None if fields is None else self._columns(fields)
        return self._backend.events(self._selection, columns, limit)

    def to_awkward(
        self, fields: Sequence[str] | None = None, limit: int | None = None
    ) -> ak.Array:  # fmt: skip
        """Read the events as one awkward array of records; see :meth:`batches`."""
        import awkward as ak

        found = list(self.batches(fields, limit))
        return found[0] if len(found) == 1 else ak.concatenate(found)

    def to_arrow(
        self, fields: Sequence[str] | None = None, limit: int | None = None
    ) -> pa.Table:  # fmt: skip
        """Read the events as an Arrow table, collections as lists of structs."""
        from alyx.session.arrow import to_table

        return to_table(self.to_awkward(fields, limit))

    def to_xarray(self, paths: Sequence[str] | None = None) -> xr.Dataset:
        """Read per-event quantities as an xarray Dataset along the dimension ``id``.

        Parameters
        ----------
        paths
            As ``MET.pt``, ``Muon.n``, ``Muon.pair.mass``; all scalars by default.
        """
        from alyx.session.values import scalars, table

        wanted = scalars(self.schema) if paths is None else list(paths)
        events = self.to_awkward(wanted)
        many = [path for path in wanted if self.schema.collection_of(path) is not None]
        if many:
            problems = [Problem(path, "An event has many of these, a table one.") for path in many]
            raise QueryError(problems=problems)
        return table(events, wanted, self.schema)

    def to_pandas(self, paths: Sequence[str] | None = None) -> pd.DataFrame:
        """Read per-event quantities as a pandas DataFrame with one row an event."""
        return self.to_xarray(paths).to_dataframe()

    def histogram(self, path: str, bins: int, low: float, high: float) -> hist.Hist[Any]:
        """Fill a histogram here, chunk by chunk; for many events submit a job instead.

        Parameters
        ----------
        path
            A quantity as ``Muon.pair.mass``; of a collection's field every object is filled.
        bins, low, high
            The axis: number of bins, and its ends in the quantity's unit.
        """
        from alyx.session.values import histogram

        unit = field.unit if (field := self.schema.find(path)) else ""
        label = f"{path} [{unit}]" if unit else path
        return histogram(self.batches([path]), path, bins, low, high, label)

    def _columns(self, paths: Sequence[str]) -> list[str]:
        """Return the top-level fields of paths; all unknown ones at once."""
        names = [path for path in paths if path != "id"]
        known = {*self.schema.paths(), *(group.name for group in self.schema.collections)}
        known |= {path.partition(".")[0] for path in known}
        problems = [
            Problem(path, f"{self.dataset} has no field {path!r}.", near(path, sorted(known)))
            for path in names
            if path not in known
        ]
        if problems:
            raise QueryError(problems=problems)
        return sorted({name.partition(".")[0] for name in names})

    def __repr__(self) -> str:
        return f"<Events of {self.dataset}, snapshot {self.snapshot}: {self.phrase}>"

    def _repr_html_(self) -> str:
        return markup.events(self)
