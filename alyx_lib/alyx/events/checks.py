"""What is wrong with events: values that no detector measures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from alyx.errors import Problem

#: Fields that are never below zero.
NOT_NEGATIVE = frozenset({"pt", "energy", "run", "luminosityBlock", "event"})
#: Azimuths are single precision: pi itself may be rounded up.
LARGEST_PHI = np.pi + 1e-5


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one field of some events.

    Parameters
    ----------
    path
        The field, as ``Muon.pt``.
    rows
        The events, by their place in the batch; one may be named more than once.
    values
        The wrong values, one a row.
    text
        What is wrong with them.
    """

    path: str
    rows: NDArray[np.int64]
    values: NDArray[Any]
    text: str


def faults(events: ak.Array) -> Iterator[Fault]:
    """Find what is wrong with events.

    An event's own energy and time may be NaN, which means unknown; infinity and negative
    values are wrong, and so is NaN of an object.

    Parameters
    ----------
    events
        A batch as :mod:`alyx.events` describes it.

    Examples
    --------
    >>> events = ak.Array([{"run": 1, "Muon": [{"pt": -2.0}]}])
    >>> [(fault.path, fault.rows.tolist(), fault.text) for fault in faults(events)]
    [('Muon.pt', [0], 'is negative')]
    """
    for name in events.fields:
        part = events[name]
        if not part.fields:
            yield from _wrong(part, name, unknown=True)
        for field in part.fields:
            yield from _wrong(part[field], f"{name}.{field}", unknown=part.ndim == 1)


def check(events: ak.Array, source: str, first_row: int = 0) -> list[Problem]:
    """Return what is wrong with events, one problem a field and row.

    Parameters
    ----------
    events
        A batch as :mod:`alyx.events` describes it.
    source
        Name of the file or stream.
    first_row
        Row of the batch's first event in the source.

    Examples
    --------
    >>> events = ak.Array([{"run": 1, "Muon": [{"pt": -2.0}]}])
    >>> str(check(events, "run7.root")[0])
    'run7.root: Muon.pt, row 0: -2.0 is negative.'
    """
    return [
        Problem(f"{source}: {fault.path}, row {first_row + row}", f"{value} {fault.text}.")
        for fault in faults(events)
        for row, value in zip(fault.rows, fault.values, strict=True)
    ]


def _wrong(values: ak.Array, path: str, *, unknown: bool) -> Iterator[Fault]:
    flat = ak.to_numpy(values if values.ndim == 1 else ak.flatten(values, axis=None))
    if flat.dtype.kind not in "fiu":
        return
    for bad, text in _rules(path.rsplit(".", maxsplit=1)[-1], flat, unknown):
        if bad.any():
            yield Fault(path, _rows(values)[bad], flat[bad], text)


def _rules(
    name: str, values: NDArray[Any], unknown: bool
) -> Iterator[tuple[NDArray[np.bool_], str]]:
    # one pass without a temporary array says whether a look at each value is worth it
    if not np.isfinite(values.sum(dtype=np.float64)):
        yield np.isinf(values), "is infinite"
        if not unknown:
            yield np.isnan(values), "is not a number"
    if name in NOT_NEGATIVE and np.fmin.reduce(values, initial=0) < 0:
        yield np.isfinite(values) & (values < 0), "is negative"
    if name == "charge":
        yield np.abs(values) > 1, "is no charge of a particle that is measured"
    if name == "phi":
        yield np.isfinite(values) & (np.abs(values) > LARGEST_PHI), "is past pi"


def _rows(values: ak.Array) -> NDArray[np.int64]:
    """Return the event of each value, when all stand in one row."""
    if values.ndim == 1:
        return np.arange(len(values))
    return np.repeat(np.arange(len(values)), ak.to_numpy(ak.num(values)))
