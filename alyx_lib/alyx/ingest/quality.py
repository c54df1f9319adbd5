"""What stands between a reader and the store: checks, order, no event twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import awkward as ak
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alyx.errors import InputError, Problem
from alyx.events.checks import check, faults

Mask = NDArray[np.bool_]

#: Most problems that one error tells of.
MOST_PROBLEMS = 20

_KEY = ("run", "luminosityBlock", "event")


def checked(batches: Iterable[ak.Array], source: str) -> Iterator[ak.Array]:
    """Pass batches on as long as they are physical.

    Parameters
    ----------
    batches
        Events in the order of the source.
    source
        Its name, for the problems' paths.

    Raises
    ------
    InputError
        With the problems of the batch, by field and row of the source.
    """
    first = 0
    for events in batches:
        problems = check(events, source, first_row=first)
        if problems:
            raise InputError(problems=_shortened(problems))
        first += len(events)
        yield events


def sifted(events: ak.Array) -> tuple[Mask, dict[str, int]]:
    """Say which events are physical, and what is wrong with the others.

    Parameters
    ----------
    events
        A batch of n events.

    Returns
    -------
    good : numpy.ndarray
        Truth values of shape ``(n,)``.
    reasons : dict
        From a reason to the number of events that have it.

    Examples
    --------
    >>> events = ak.Array([{"run": 1, "energy": 7000.0}, {"run": 1, "energy": -1.0}])
    >>> good, reasons = sifted(events)
    >>> good.tolist(), reasons
    ([True, False], {'energy is negative': 1})
    """
    good = np.ones(len(events), dtype=bool)
    reasons: dict[str, int] = {}
    for fault in faults(events):
        good[fault.rows] = False
        reasons[f"{fault.path} {fault.text}"] = len(np.unique(fault.rows))
    return good, reasons


class Distinct:
    """Drops events that came before, by (run, luminosity block, event).

    Examples
    --------
    >>> events = ak.Array([{"run": 1, "luminosityBlock": 1, "event": n} for n in (7, 8, 7)])
    >>> distinct = Distinct()
    >>> [batch.event.tolist() for batch in distinct([events, events])], distinct.repeated
    ([[7, 8], []], 4)
    """

    def __init__(self) -> None:
        self.repeated = 0
        self._seen = pd.MultiIndex.from_arrays([[], [], []], names=_KEY)

    def __call__(self, batches: Iterable[ak.Array]) -> Iterator[ak.Array]:
        """Pass on what is new of each batch."""
        for events in batches:
            key = pd.MultiIndex.from_arrays([ak.to_numpy(events[name]) for name in _KEY])
            new = ~(key.duplicated() | key.isin(self._seen))
            self.repeated += int((~new).sum())
            self._seen = self._seen.append(key[new])
            yield events if new.all() else events[new]


def by_pt(events: ak.Array) -> ak.Array:
    """Sort the objects of each collection by pt, the highest first.

    Hits name their track by its place, so they follow when tracks move.
    """
    for name in events.fields:
        fields = events[name].fields
        if "pt" not in fields or events[name].ndim < 2 or _is_sorted(events[name]["pt"]):
            continue
        order = ak.argsort(events[name]["pt"], axis=1, ascending=False, stable=True)
        events = ak.with_field(events, events[name][order], name)
        if name == "Track" and "Hit" in events.fields:
            events = ak.with_field(
                events, _renamed(events["Hit", "track"], order), ["Hit", "track"]
            )
    return events


def regrouped(batches: Iterable[ak.Array], size: int) -> Iterator[ak.Array]:
    """Cut batches anew into groups of one size; the last one may be smaller."""
    held: list[ak.Array] = []
    for events in batches:
        held.append(events)
        while sum(map(len, held)) >= size:
            joined = ak.concatenate(held) if len(held) > 1 else held[0]
            held = [joined[size:]]
            yield joined[:size]
    if sum(map(len, held)):
        yield ak.concatenate(held) if len(held) > 1 else held[0]


def _is_sorted(pt: ak.Array) -> bool:
    return bool(ak.all(pt[:, :-1] >= pt[:, 1:], axis=None))


def _renamed(track: ak.Array, order: ak.Array) -> ak.Array:
    place = ak.argsort(order, axis=1)
    known = ak.where(track < 0, 0, track)
    padded = ak.fill_none(ak.pad_none(place, 1, axis=1), 0)
    return ak.values_astype(ak.where(track < 0, -1, padded[known]), np.int32)


def _shortened(problems: list[Problem]) -> list[Problem]:
    more = len(problems) - MOST_PROBLEMS
    if more <= 0:
        return problems
    return [*problems[:MOST_PROBLEMS], Problem("", f"And {more} more problems of this kind.")]
