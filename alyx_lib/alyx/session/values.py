"""Events as histograms and tables of per-event values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import awkward as ak
import hist
import numpy as np
from numpy.typing import NDArray

from alyx.errors import Problem, QueryError
from alyx.events.dataset import value
from alyx.events.schema import Schema

if TYPE_CHECKING:
    import xarray as xr


def histogram(
    batches: Iterable[ak.Array], path: str, bins: int, low: float, high: float, label: str
) -> hist.Hist[Any]:
    """Fill a histogram batch by batch; NaN is left out.

    Parameters
    ----------
    batches
        Events with the field of the path.
    path
        A quantity; of a collection's field every object is filled.
    bins, low, high
        The axis, in the quantity's unit.
    label
        The axis's text.
    """
    if not (bins >= 1 and np.isfinite([low, high]).all() and low < high):
        message = "A histogram has at least one bin, and an axis from a low to a higher number."
        raise QueryError(problems=[Problem("histogram", message)])
    made = _empty(bins, low, high, label)
    for batch in batches:
        made.fill(_flat(value(batch, path)))
    return made


def from_json(body: Mapping[str, Any]) -> hist.Hist[Any]:
    """Return the histogram that a job answered with, overflow included.

    Examples
    --------
    >>> axis = {"bins": 2, "low": 0, "high": 2, "label": "x"}
    >>> from_json({"axes": [axis], "values": [3, 4], "underflow": 1, "overflow": 0}).sum(flow=True)
    8.0
    """
    (axis,) = body["axes"]
    made = _empty(axis["bins"], axis["low"], axis["high"], axis["label"])
    counts = [body.get("underflow", 0), *body["values"], body.get("overflow", 0)]
    made.view(flow=True)[...] = counts
    return made


def table(events: ak.Array, paths: Sequence[str], schema: Schema) -> xr.Dataset:
    """Return values of events as a Dataset along ``id``, with units as attributes.

    Parameters
    ----------
    events
        With the fields of the paths, and their ids.
    paths
        Values of the event, one number each.
    schema
        Where units and descriptions stand.
    """
    import xarray as xr

    variables = {}
    for path in paths:
        field = schema.find(path)
        about = {"units": field.unit, "long_name": field.description} if field else {}
        variables[path] = ("id", np.asarray(value(events, path)), about)
    return xr.Dataset(variables, coords={"id": ak.to_numpy(events["id"])})


def scalars(schema: Schema) -> list[str]:
    """Return the paths that have one number an event; objects' own fields have many."""
    return [
        path
        for path in schema.paths()
        if schema.collection_of(path) is None
        and (field := schema.find(path)) is not None
        and field.kind != "text"
    ]


def _empty(bins: int, low: float, high: float, label: str) -> hist.Hist[Any]:
    return hist.Hist(hist.axis.Regular(bins, low, high, label=label), storage=hist.storage.Double())


def _flat(values: Any) -> NDArray[np.float64]:
    flat = ak.drop_none(ak.flatten(ak.Array(values), axis=None))
    numbers: NDArray[np.float64] = np.asarray(ak.to_numpy(flat), dtype=np.float64)
    return numbers[~np.isnan(numbers)]
