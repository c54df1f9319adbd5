"""The CMS education CSV: a lepton pair a line (CERN Open Data, record 545)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alyx.errors import InputError, Problem
from alyx.events.readers import pairs


def accepts(head: bytes) -> bool:
    """Say whether a file begins with a line of column names."""
    first = head.split(b"\n", 1)[0].strip()
    return b"," in first and first.isascii() and b"Run" in first


def read(path: Path, step: int) -> Iterator[ak.Array]:
    """Read muon pairs, or electron pairs where columns of the calorimeter tell so."""
    row = 0
    with pd.read_csv(path, chunksize=step, skipinitialspace=True) as file:
        for table in file:
            pairs.check(list(table.columns), path)
            columns = {name: _numbers(table[name], name, path, row) for name in pairs.COLUMNS}
            row += len(table)
            yield pairs.events(columns, "Electron" if "HoverE1" in table.columns else "Muon")


def _numbers(values: pd.Series[Any], name: str, path: Path, first: int) -> NDArray[Any]:
    numbers = pd.to_numeric(values, errors="coerce")
    wrong = np.flatnonzero(numbers.isna().to_numpy())
    if len(wrong):
        shown = [Problem(f"{path}: {name}, row {first + row}", _text(values.iloc[row]))
                 for row in wrong[:20]]  # fmt: skip
        raise InputError(problems=shown)
    return np.asarray(numbers.to_numpy())


def _text(value: Any) -> str:
    return "The value is missing." if pd.isna(value) else f"{value!r} is no number."
