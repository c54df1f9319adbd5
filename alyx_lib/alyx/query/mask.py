"""An expression on events in memory: the exact answer."""

from __future__ import annotations

from typing import Any

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from alyx.events.dataset import value
from alyx.query.expr import And, Comparison, Expression, Not, Or, Quantifier
from alyx.query.operators import COMPARISONS

Mask = NDArray[np.bool_]


def mask(expression: Expression, events: ak.Array) -> Mask:
    """Say which events meet an expression.

    Parameters
    ----------
    expression
        Checked against the events' schema.
    events
        A batch of n events.

    Returns
    -------
    numpy.ndarray
        Truth values of shape ``(n,)``. A comparison with NaN is false.

    Examples
    --------
    >>> events = ak.Array([{"MET": {"pt": 30.0}}, {"MET": {"pt": float("nan")}}])
    >>> mask(Comparison("MET.pt", ">", 20), events).tolist()
    [True, False]
    """
    match expression:
        case Comparison(path):
            return np.asarray(ak.to_numpy(compared(expression, value(events, path))))
        case And(parts):
            return _all([mask(part, events) for part in parts], len(events))
        case Or(parts):
            return ~_all([~mask(part, events) for part in parts], len(events))
        case Not(part):
            return ~mask(part, events)
        case Quantifier():
            return _counted(expression, events[expression.collection])
    raise TypeError(f"{expression!r} is no expression.")


def microseconds(seconds: Any) -> Any:
    """Round times to what PostgreSQL stores, so that both compilers compare the same."""
    whole = np.floor(seconds)
    return whole * 1e6 + np.round((seconds - whole) * 1e6)


def compared(node: Comparison, values: Any) -> Any:
    """Compare values of any shape, numbers in double precision as PostgreSQL does."""
    against = node.value
    if node.path == "time":
        values = microseconds(values)
        against = tuple(map(microseconds, against)) if isinstance(against, tuple) else (
            microseconds(against)
        )  # fmt: skip
    elif _is_single(values):
        values = ak.values_astype(values, np.float64)
    return COMPARISONS[node.operator].apply(abs(values) if node.absolute else values, against)


def _counted(node: Quantifier, objects: ak.Array) -> Mask:
    if node.condition == And(()):
        passed = ak.num(objects)
    else:
        passed = ak.sum(_objects(node.condition, objects), axis=1)
    number = ak.to_numpy(passed)
    match node.mode:
        case "atleast":
            return np.asarray(number >= node.number)
        case "atmost":
            return np.asarray(number <= node.number)
        case "exactly":
            return np.asarray(number == node.number)
        case "all":
            return np.asarray(number == ak.to_numpy(ak.num(objects)))


def _objects(expression: Expression, objects: ak.Array) -> ak.Array:
    """Say which objects meet a condition, in lists as the objects are."""
    match expression:
        case Comparison(path):
            return compared(expression, objects[path])
        case Not(part):
            return ~_objects(part, objects)
        case And(parts):
            found = _constant(objects, truth=True)
            for part in parts:
                found = found & _objects(part, objects)
            return found
        case Or(parts):
            found = _constant(objects, truth=False)
            for part in parts:
                found = found | _objects(part, objects)
            return found
    raise TypeError(f"{expression!r} is no condition on an object.")


def _constant(objects: ak.Array, *, truth: bool) -> ak.Array:
    counts = ak.num(objects)
    return ak.unflatten(np.full(int(ak.sum(counts)), truth), counts)


def _all(masks: list[Mask], length: int) -> Mask:
    found = np.ones(length, dtype=bool)
    for one in masks:
        found &= one
    return found


def _is_single(values: Any) -> bool:
    return "float32" in str(ak.type(values))
