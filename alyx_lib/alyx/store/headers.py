"""From events to header rows, and from header rows to PostgreSQL's binary COPY.

A row's bytes are laid out for the case that every column has a value, as one NumPy
structured array; then the bytes of the missing ones are masked away. So no value is
ever a Python object.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import awkward as ak
import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, DateTime, Integer, SmallInteger
from sqlalchemy.dialects.postgresql import REAL

from alyx.events.dataset import value
from alyx.store.tables import ROW_BITS, SUMMARIES, event_header

Column = NDArray[Any]

#: PostgreSQL counts microseconds from 2000-01-01 UTC.
EPOCH = 946_684_800
#: What a binary COPY begins and ends with (PostgreSQL manual, COPY, Binary Format).
BEGIN = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
END = b"\xff\xff"

_KINDS = {BigInteger: ">i8", DateTime: ">i8", REAL: ">f4", SmallInteger: ">i2", Integer: ">i4"}
NAMES = tuple(column.name for column in event_header.columns)
FORMATS = {
    column.name: next(form for kind, form in _KINDS.items() if type(column.type) is kind)
    for column in event_header.columns
}

#: The occupancy mask has 8 bins of pseudorapidity in [-4, 4] times 8 of azimuth.
ETA_EDGES = np.linspace(-4.0, 4.0, 9)
PHI_EDGES = np.linspace(-np.pi, np.pi, 9)


def columns(events: ak.Array) -> dict[str, Column]:
    """Compute the header columns of events, NaN where a value is unknown.

    Parameters
    ----------
    events
        A batch as :mod:`alyx.events` describes it; its objects sorted by pt.

    Returns
    -------
    dict
        One array a column, of shape ``(len(events),)``; without the columns that the
        store itself fills in (``id``, ``dataset_id``, ``added_in``, ``withdrawn_in``).
    """
    found = {
        "run": _scalar(events, "run"),
        "luminosity_block": _scalar(events, "luminosityBlock"),
        "event": _scalar(events, "event"),
        "time": _moments(_known(events, "time")),
        "energy": _known(events, "energy"),
        "met_pt": _known(events, "MET.pt"),
        "muon_pair_mass": _known(events, "Muon.pair.mass"),
        "muon_pair_charge": _known(events, "Muon.pair.charge"),
        "region_mask": region_mask(events),
    }
    found |= {f"vertex_{axis}": _known(events, f"vertex.{axis}") for axis in "xyz"}
    for collection, name in SUMMARIES.items():
        found |= _summary(events, collection, name)
    return found


def encode(
    found: Mapping[str, Column], dataset: int, chunk: int, snapshot: int
) -> bytes:  # fmt: skip
    """Encode header columns of one chunk as rows of a binary COPY.

    Parameters
    ----------
    found
        What :func:`columns` returned.
    dataset, chunk, snapshot
        Numbers of the data set, of the chunk, and of the commit that adds it.

    Returns
    -------
    bytes
        The rows, without :data:`BEGIN` and :data:`END`.
    """
    rows = len(found["run"])
    filled = dict(found)
    filled["id"] = (np.int64(chunk) << ROW_BITS) | np.arange(rows)
    filled["dataset_id"] = np.full(rows, dataset)
    filled["added_in"] = np.full(rows, snapshot)
    filled["withdrawn_in"] = np.full(rows, np.nan)
    return _binary(filled, rows)


def region_mask(events: ak.Array) -> NDArray[np.int64]:
    """Say which of 64 regions of the detector an event's objects point to, a bit each.

    Examples
    --------
    >>> events = ak.Array([{"Muon": [{"eta": -3.9, "phi": -3.1}]}, {"Muon": []}])
    >>> region_mask(events).tolist()
    [1, 0]
    """
    masks = np.zeros(len(events), dtype=np.uint64)
    for name in SUMMARIES:
        if name not in events.fields or not {"eta", "phi"} <= set(events[name].fields):
            continue
        objects = events[name]
        number = ak.to_numpy(ak.num(objects))
        eta, phi = (ak.to_numpy(ak.flatten(objects[axis])) for axis in ("eta", "phi"))
        bins = 8 * _bin(eta, ETA_EDGES) + _bin(phi, PHI_EDGES)
        some = number > 0
        if some.any():
            bits = np.uint64(1) << bins.astype(np.uint64)
            begins = (np.cumsum(number) - number)[some]
            masks[some] |= np.bitwise_or.reduceat(bits, begins)
    return masks.view(np.int64)


def _bin(values: Column, edges: Column) -> Column:
    return np.clip(np.digitize(values, edges) - 1, 0, len(edges) - 2)


def _summary(events: ak.Array, collection: str, name: str) -> dict[str, Column]:
    if collection not in events.fields:
        missing = np.full(len(events), np.nan)
        none = np.zeros(len(events), dtype=np.int32)
        return {f"n_{name}": none, f"{name}_pt1": missing, f"{name}_pt2": missing}
    pt = ak.pad_none(events[collection]["pt"], 2, axis=1)
    leading = ak.to_numpy(ak.fill_none(pt[:, :2], np.nan))
    number = ak.to_numpy(ak.num(events[collection]))
    return {f"n_{name}": number, f"{name}_pt1": leading[:, 0], f"{name}_pt2": leading[:, 1]}


def _scalar(events: ak.Array, path: str) -> Column:
    return np.asarray(ak.to_numpy(value(events, path)))


def _known(events: ak.Array, path: str) -> Column:
    """Return a column of numbers, or of NaN where these events have no such field."""
    top, *rest = path.split(".")
    if top not in events.fields or (rest[0:1] == ["pair"] and "mass" not in events[top].fields):
        return np.full(len(events), np.nan)
    return np.asarray(ak.to_numpy(value(events, path)), dtype=np.float64)


def _moments(seconds: Column) -> Column:
    """Turn seconds since 1970 into PostgreSQL's microseconds since 2000, NaN kept."""
    whole = np.floor(seconds)
    return (whole - EPOCH) * 1e6 + np.round((seconds - whole) * 1e6)


def _binary(filled: Mapping[str, Column], rows: int) -> bytes:
    layout: list[tuple[str, str]] = [("fields", ">i2")]
    for name in NAMES:
        layout += [(f"{name} size", ">i4"), (name, FORMATS[name])]
    table = np.zeros(rows, dtype=layout)
    table["fields"] = len(NAMES)
    kept = np.ones((rows, table.dtype.itemsize), dtype=bool)
    for name in NAMES:
        size = np.dtype(FORMATS[name]).itemsize
        missing = np.isnan(filled[name])
        table[name] = np.where(missing, 0, filled[name])
        table[f"{name} size"] = np.where(missing, -1, size)
        start = table.dtype.fields[name][1]  # type: ignore[index]  # a structured type has fields
        kept[missing, start : start + size] = False
    return table.view(np.uint8).reshape(rows, -1)[kept].tobytes()
