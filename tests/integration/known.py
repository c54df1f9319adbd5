"""A small data set of which every number is known, and users of every kind."""

from __future__ import annotations

import awkward as ak
import numpy as np

from alyx_hub.api import User

SCOPES = ("read:datasets", "read:events", "write:events", "read:jobs", "write:jobs")
EVENTS = 40


def user(name: str, *scopes: str, admin: bool = False) -> User:
    held = frozenset(f"custom:alyx:{scope}!user={name}" for scope in scopes)
    return User(name, held, admin)


#: What the tests' Hub knows; tokens are the users' names with ``-token``.
USERS = {
    "marie-token": user("marie", *SCOPES),
    "lise-token": user("lise", *SCOPES),
    "admin-token": user("admin", *SCOPES, admin=True),
    "nothing-token": user("nothing"),
    "datasets-token": user("datasets", "read:datasets"),
    # holds everything, but for somebody else
    "thief-token": User("thief", user("marie", *SCOPES).scopes),
}


def collisions(number: int = EVENTS) -> ak.Array:
    """Event i has i % 4 muons of pt 10 i, 10 i - 1, ...; every fifth has no time and no MET."""
    index = np.arange(number)
    counts = index % 4
    place = ak.Array([list(range(count)) for count in counts])
    pt = ak.values_astype(10.0 * index - ak.values_astype(place, np.float64), np.float32)
    muons = ak.zip(
        {
            "pt": pt,
            "eta": ak.values_astype(place * 0.5 - 0.5, np.float32),
            "phi": ak.values_astype(place * 1.5, np.float32),
            "mass": ak.values_astype(ak.zeros_like(place) + 0.1057, np.float32),
            "charge": ak.values_astype(1 - 2 * (place % 2), np.int32),
        }
    )
    unknown = index % 5 == 0
    met = {
        "pt": np.where(unknown, np.nan, index).astype(np.float32),
        "phi": np.zeros(number, np.float32),
    }
    position = {axis: np.zeros(number, np.float32) for axis in "xyz"}
    return ak.zip(
        {
            "run": np.ones(number, np.int64),
            "luminosityBlock": np.full(number, 7, np.int64),
            "event": index + 100,
            "time": np.where(unknown, np.nan, 1.3e9 + index),
            "energy": np.full(number, 7000, np.float32),
            "vertex": ak.zip(position),
            "MET": ak.zip(met),
            "Muon": muons,
        },
        depth_limit=1,
    )
