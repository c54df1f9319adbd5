"""From flat columns of lepton pairs (``pt1``, ``eta1``, ..., ``Q2``) to canonical events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np

from alyx.errors import Problem, SchemaError, near
from alyx.events.readers import nanoaod

COLUMNS = ("Run", "Event", *(f"{name}{i}" for i in (1, 2) for name in ("pt", "eta", "phi", "Q")))
#: Masses in GeV (Particle Data Group, 2024).
MASSES = {"Muon": 0.1056583755, "Electron": 0.00051099895}


def check(names: Sequence[str], path: Path) -> None:
    """Raise SchemaError with all columns that a file lacks."""
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        raise SchemaError(
            problems=[
                Problem(f"{path}: {name}", "The column is missing.", near(name, list(names)))
                for name in missing
            ]
        )


def events(found: Mapping[str, Any], collection: str) -> ak.Array:
    """Build canonical events of one pair each.

    Parameters
    ----------
    found
        Arrays by the names of :data:`COLUMNS`.
    collection
        ``Muon`` or ``Electron``.
    """
    n = len(found["Run"])
    lists = {
        f"{collection}_{name}": _both(found, column)
        for name, column in (("pt", "pt"), ("eta", "eta"), ("phi", "phi"), ("charge", "Q"))
    }
    lists[f"{collection}_mass"] = ak.full_like(lists[f"{collection}_pt"], MASSES[collection])
    ids = {"run": found["Run"], "luminosityBlock": np.zeros(n), "event": found["Event"]}
    return nanoaod.events({name: ak.Array(v) for name, v in ids.items()} | lists)


def _both(found: Mapping[str, Any], name: str) -> ak.Array:
    pair = np.stack([np.asarray(found[f"{name}1"]), np.asarray(found[f"{name}2"])], axis=1)
    return ak.from_regular(ak.Array(pair))
