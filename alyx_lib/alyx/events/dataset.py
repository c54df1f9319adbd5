"""Values of events by their path, and events that are told apart."""

from __future__ import annotations

from typing import Any

import awkward as ak
import numpy as np
import pandas as pd
from numpy.typing import NDArray

#: What makes an event one event.
KEY = ("run", "luminosityBlock", "event")


def value(events: ak.Array, path: str) -> Any:
    """Return the values of a path, derived ones included.

    Parameters
    ----------
    events
        A batch of n events.
    path
        A value of the event (``run``, ``MET.pt``), of its objects (``Muon.pt``), their
        number (``Muon.n``), or of the two leading ones together (``Muon.pair.mass``).

    Returns
    -------
    numpy.ndarray or awkward.Array
        An array of shape ``(n,)`` for a value of the event, lists for one of its objects.
        A pair's value is NaN where there are fewer than two objects.

    Examples
    --------
    >>> events = ak.Array([{"run": 7, "Muon": [{"pt": 30.0}, {"pt": 20.0}]}])
    >>> value(events, "run").tolist(), value(events, "Muon.pt").tolist()
    ([7], [[30.0, 20.0]])
    >>> value(events, "Muon.n").tolist()
    [2]
    """
    name, *rest = path.split(".")
    if rest == ["n"] and events[name].ndim > 1:
        return ak.to_numpy(ak.num(events[name]))
    if len(rest) == 2 and rest[0] == "pair":
        return pair(events[name], rest[1])
    found = events[(name, *rest)] if rest else events[name]
    return found if found.ndim > 1 else ak.to_numpy(found)


def pair(objects: ak.Array, name: str) -> NDArray[np.float32]:
    """Return mass, pt or charge of the two leading objects of each event.

    Parameters
    ----------
    objects
        A collection of n events, sorted by pt, descending.
    name
        ``mass`` and ``pt`` in GeV, ``charge``.

    Returns
    -------
    numpy.ndarray
        Shape ``(n,)``, computed in double and rounded to single precision as all of an
        event is stored; NaN where there are fewer than two objects.
    """
    both = ak.num(objects) >= 2
    values = np.full(len(objects), np.nan, dtype=np.float32)
    leading = objects[both][:, :2]
    if name == "charge":
        values[ak.to_numpy(both)] = ak.to_numpy(ak.sum(leading.charge, axis=1))
    else:
        values[ak.to_numpy(both)] = _summed(leading, name)
    return values


def _summed(leading: ak.Array, name: str) -> Any:
    import vector

    def column(axis: str, place: int) -> Any:
        return ak.to_numpy(leading[axis][:, place]).astype(np.float64)

    both: list[Any] = [
        vector.array({axis: column(axis, place) for axis in _AXES}) for place in (0, 1)
    ]
    return getattr(both[0] + both[1], name)


_AXES = ("pt", "eta", "phi", "mass")


def distinct(events: ak.Array) -> ak.Array:
    """Drop events that repeat an earlier one's run, luminosity block and event number.

    Examples
    --------
    >>> events = ak.Array([{"run": 1, "luminosityBlock": 1, "event": n} for n in (7, 8, 7)])
    >>> distinct(events).event.tolist()
    [7, 8]
    """
    return events[~key(events).duplicated()]


def key(events: ak.Array) -> pd.MultiIndex:
    """Return what tells events apart, as an index of pandas."""
    return pd.MultiIndex.from_arrays([ak.to_numpy(events[name]) for name in KEY], names=KEY)
