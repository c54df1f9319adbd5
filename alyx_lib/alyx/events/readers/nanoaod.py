"""From NanoAOD's columns (``Muon_pt``, ``PV_x``, ...) to canonical events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np

from alyx.errors import Problem, SchemaError, near

EVENT = ("run", "luminosityBlock", "event")
CHARGED = ("Muon", "Electron", "Tau")
COLLECTIONS = (*CHARGED, "Photon", "Jet")
#: Needed of each collection that a file has; mass and charge are 0 where it has none.
NEEDED = ("pt", "eta", "phi")
_CENTIMETRE = 10.0


def columns(names: Sequence[str], path: Path) -> list[str]:
    """Return which columns to read of those that a file has.

    Raises
    ------
    SchemaError
        With all columns that are missing.
    """
    present = [name for name in COLLECTIONS if any(one.startswith(f"{name}_") for one in names)]
    wanted = [*EVENT, *(f"{name}_{field}" for name in present for field in NEEDED)]
    missing = [name for name in wanted if name not in names]
    if missing:
        raise SchemaError(
            problems=[
                Problem(f"{path}: {name}", "The branch is missing.", near(name, list(names)))
                for name in missing
            ]
        )
    optional = [f"{name}_mass" for name in present]
    optional += [f"{name}_charge" for name in CHARGED]
    optional += ["MET_pt", "MET_phi", "PV_x", "PV_y", "PV_z"]
    return [*wanted, *(name for name in optional if name in names)]


def events(found: Mapping[str, Any]) -> ak.Array:
    """Build canonical events of columns; positions go from cm to mm.

    Parameters
    ----------
    found
        Arrays by NanoAOD's names: flat for the event, lists for objects.
    """
    n = len(found["event"])
    unknown = np.full(n, np.nan)
    built: dict[str, Any] = {name: ak.values_astype(found[name], np.int64) for name in EVENT}
    built["time"] = unknown
    built["energy"] = unknown.astype(np.float32)
    vertex = {axis: found.get(f"PV_{axis}", unknown) for axis in "xyz"}
    built["vertex"] = ak.zip({axis: _single(v * _CENTIMETRE) for axis, v in vertex.items()})
    if "MET_pt" in found and "MET_phi" in found:
        built["MET"] = ak.zip({"pt": _single(found["MET_pt"]), "phi": _single(found["MET_phi"])})
    for name in COLLECTIONS:
        if f"{name}_pt" in found:
            built[name] = _objects(found, name)
    return ak.zip(built, depth_limit=1)


def _objects(found: Mapping[str, Any], name: str) -> ak.Array:
    pt = found[f"{name}_pt"]
    fields = {field: _single(found[f"{name}_{field}"]) for field in NEEDED}
    fields["mass"] = _single(found.get(f"{name}_mass", ak.zeros_like(pt)))
    if name in CHARGED:
        charge = found.get(f"{name}_charge", ak.zeros_like(pt))
        fields["charge"] = ak.values_astype(charge, np.int32)
    objects = ak.zip(fields)
    return objects[ak.argsort(objects.pt, axis=1, ascending=False)]


def _single(values: Any) -> ak.Array:
    return ak.values_astype(ak.Array(values), np.float32)
