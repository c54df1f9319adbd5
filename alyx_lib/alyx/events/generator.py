"""Synthetic events with known truth: Z to two muons in the reference detector."""

from __future__ import annotations

from typing import Any

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from alyx.events.detector import REFERENCE, Detector
from alyx.events.kinematics import Helices

#: Mass and width of the Z, and mass of the muon, in GeV (Particle Data Group, 2024).
Z_MASS, Z_WIDTH, MUON_MASS = 91.1880, 2.4955, 0.1056583755
#: Relative resolution of a muon's pt.
RESOLUTION = 0.012
#: Soft charged tracks beside the muons, on average.
SOFT = 12
#: The events are spread over April to June 2011, UTC, and over ten runs.
FIRST, LAST = 1_301_616_000.0, 1_309_478_400.0
RUNS = 10

Floats = NDArray[np.float64]


def z_to_dimuons(n: int, seed: int, *, first_event: int = 1) -> ak.Array:
    """Generate collisions with a Z that decays to two muons.

    The decay has exact kinematics: the true muons' invariant mass is the true Z mass. The
    reconstructed muons have a pt smeared by :data:`RESOLUTION`; tracks are exact helices
    from the beam line, and hits their exact crossings with the detector's layers.

    Parameters
    ----------
    n
        Number of events.
    seed
        Of the random numbers: the same seed gives the same events.
    first_event
        Number of the first event.

    Returns
    -------
    awkward.Array
        Events as :mod:`alyx.events` describes them, with a record ``truth``: mass, pt, eta
        and phi of the Z, in GeV and radian.

    Examples
    --------
    >>> events = z_to_dimuons(3, seed=1)
    >>> events.event.tolist(), ak.num(events.Muon).tolist()
    ([1, 2, 3], [2, 2, 2])
    """
    random = np.random.default_rng(seed)
    truth = _bosons(random, n)
    muons = _decay(random, truth)
    vertex = random.normal(0.0, 45.0, n)
    tracks = _tracks(random, muons, vertex)
    scalars = _scalars(random, n, first_event)
    smeared = muons["pt"] * random.normal(1.0, RESOLUTION, (n, 2))
    return ak.zip(
        {
            **scalars,
            "vertex": _on_beam(vertex),
            "MET": ak.zip(_met(random, n)),
            "Muon": _muon_array(muons | {"pt": smeared}),
            "Track": _ordered(tracks),
            "Hit": _hits(tracks, REFERENCE),
            "truth": ak.zip({name: _single(values) for name, values in truth.items()}),
        },
        depth_limit=1,
    )


def _bosons(random: np.random.Generator, n: int) -> dict[str, Floats]:
    """Draw Z bosons: a Breit-Wigner in mass, a falling pt, a flat rapidity."""
    mass = Z_MASS + 0.5 * Z_WIDTH * np.tan(np.pi * (random.uniform(0.04, 0.96, n) - 0.5))
    pt = random.gamma(1.6, 9.0, n) + 0.1
    rapidity = random.uniform(-2.0, 2.0, n)
    along = np.hypot(mass, pt) * np.sinh(rapidity)
    phi = random.uniform(-np.pi, np.pi, n)
    return {"mass": mass, "pt": pt, "eta": np.arcsinh(along / pt), "phi": phi}


def _decay(random: np.random.Generator, boson: dict[str, Floats]) -> dict[str, Floats]:
    """Decay isotropically at rest, and boost; arrays of shape (n, 2), plus and minus."""
    n = len(boson["mass"])
    cosine, azimuth = random.uniform(-1, 1, n), random.uniform(-np.pi, np.pi, n)
    sine = np.sqrt(1 - cosine**2)
    energy = boson["mass"] / 2
    size = np.sqrt(energy**2 - MUON_MASS**2)
    at_rest = size * np.stack([sine * np.cos(azimuth), sine * np.sin(azimuth), cosine])
    momentum = boson["pt"] * np.stack(
        [np.cos(boson["phi"]), np.sin(boson["phi"]), np.sinh(boson["eta"])]
    )
    total = np.sqrt(boson["mass"] ** 2 + (momentum**2).sum(axis=0))
    both = np.stack([_boosted(sign * at_rest, energy, momentum, total, boson) for sign in (1, -1)])
    px, py, pz = np.moveaxis(both, 1, 0)
    pt = np.hypot(px, py).T
    return {
        "pt": pt,
        "eta": np.arcsinh(pz.T / pt),
        "phi": np.arctan2(py, px).T,
        "charge": np.broadcast_to([1, -1], (n, 2)),
    }


def _boosted(
    momentum: Floats, energy: Floats, frame: Floats, total: Floats, boson: dict[str, Floats]
) -> Floats:
    """Boost a momentum from the rest frame of a boson of momentum ``frame``."""
    along = (momentum * frame).sum(axis=0)
    factor = along / (boson["mass"] * (total + boson["mass"])) + energy / boson["mass"]
    return np.asarray(momentum + factor * frame)


def _scalars(random: np.random.Generator, n: int, first: int) -> dict[str, Any]:
    time = np.sort(random.uniform(FIRST, LAST, n))
    number = ((time - FIRST) / (LAST - FIRST) * RUNS).astype(np.int64)
    return {
        "run": 160_000 + number,
        "luminosityBlock": 1 + ((time - FIRST) % 86_400 // 864).astype(np.int64),
        "event": np.arange(first, first + n, dtype=np.int64),
        "time": time,
        "energy": np.full(n, 7000.0, dtype=np.float32),
    }


def _on_beam(z: Floats) -> ak.Array:
    zero = _single(np.zeros(len(z)))
    return ak.zip({"x": zero, "y": zero, "z": _single(z)})


def _met(random: np.random.Generator, n: int) -> dict[str, Any]:
    return {
        "pt": _single(random.rayleigh(8.0, n)),
        "phi": _single(random.uniform(-np.pi, np.pi, n) * 0.9999),
    }


def _muon_array(muons: dict[str, Floats]) -> ak.Array:
    order = np.argsort(-muons["pt"], axis=1)
    sorted_ = {name: np.take_along_axis(v, order, axis=1) for name, v in muons.items()}
    columns = {name: ak.from_regular(_single(sorted_[name])) for name in ("pt", "eta", "phi")}
    columns["mass"] = ak.from_regular(np.full(order.shape, MUON_MASS, dtype=np.float32))
    columns["charge"] = ak.from_regular(sorted_["charge"].astype(np.int32))
    return ak.zip(columns)


def _tracks(
    random: np.random.Generator, muons: dict[str, Floats], vertex: Floats
) -> dict[str, ak.Array]:
    """Join the muons with soft tracks, sorted by pt."""
    counts = random.poisson(SOFT, len(vertex))
    total = int(counts.sum())
    soft = {
        "pt": 0.4 + random.exponential(0.8, total),
        "eta": random.uniform(-2.4, 2.4, total),
        "phi": random.uniform(-np.pi, np.pi, total),
        "charge": random.choice([-1, 1], total),
    }
    joined = {
        name: ak.concatenate(
            [ak.from_regular(muons[name]), ak.unflatten(soft[name], counts)], axis=1
        )
        for name in soft
    }
    order = ak.argsort(joined["pt"], axis=1, ascending=False)
    found = {name: values[order] for name, values in joined.items()}
    found["z"] = ak.broadcast_arrays(vertex, found["pt"])[0]
    return found


def _ordered(tracks: dict[str, ak.Array]) -> ak.Array:
    columns = {
        name: ak.values_astype(tracks[name], np.float32) for name in ("pt", "eta", "phi", "z")
    }
    zero = ak.zeros_like(columns["z"])
    charge = ak.values_astype(tracks["charge"], np.int32)
    return ak.zip(columns | {"charge": charge, "x": zero, "y": zero})


def _hits(tracks: dict[str, ak.Array], detector: Detector) -> ak.Array:
    """Cross all tracks with all layers, and keep the crossings on a layer's sensors."""
    flat = {name: ak.to_numpy(ak.flatten(values)) for name, values in tracks.items()}
    zero = np.zeros(len(flat["pt"]))
    helices = Helices(x=zero, y=zero, field=detector.field, **flat)
    points, valid = _crossings(helices, detector)
    counts = ak.num(tracks["pt"])
    events = np.repeat(np.arange(len(counts)), ak.to_numpy(counts))
    index = ak.to_numpy(ak.flatten(ak.local_index(tracks["pt"])))
    track, layer = np.nonzero(valid.T)
    columns: dict[str, Any] = {
        name: _single(values.T[track, layer]) for name, values in zip("xyz", points, strict=True)
    }
    columns |= {"layer": layer.astype(np.int32), "track": index[track].astype(np.int32)}
    per_event = np.bincount(events[track], minlength=len(counts))
    return ak.unflatten(ak.zip(columns), per_event)


def _crossings(helices: Helices, detector: Detector) -> tuple[Floats, NDArray[np.bool_]]:
    """Return points of shape (3, layers, tracks), and which of them lie on sensors."""
    barrel, disks = detector.barrel, detector.disks
    turned = np.stack(
        [helices.to_radius(layer.radius) for layer in barrel]
        + [helices.to_plane(disk.z) for disk in disks]
    )
    points = np.stack(helices.at(turned))
    radius = np.hypot(points[0], points[1])
    first = len(barrel)
    inside = np.array([layer.half_length for layer in barrel])[:, None]
    inner = np.array([disk.inner for disk in disks])[:, None]
    outer = np.array([disk.outer for disk in disks])[:, None]
    valid = np.isfinite(turned) & (turned < np.pi)
    valid[:first] &= np.abs(points[2, :first]) <= inside
    valid[first:] &= (radius[first:] >= inner) & (radius[first:] <= outer)
    return points, valid


def _single(values: Any) -> NDArray[np.float32]:
    return np.asarray(values, dtype=np.float32)
