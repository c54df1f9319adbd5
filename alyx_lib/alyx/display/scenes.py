"""From an event to buffers: what a display draws, as plain arrays.

All tracks are one buffer of line segments and all hits one of points, so that the number
of draw calls does not depend on the event.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from alyx.events.detector import REFERENCE, Detector
from alyx.events.kinematics import Helices

Points = NDArray[np.float32]

#: Points of a track's line at full detail, and of all tracks together at most.
STEPS, MOST_POINTS = 48, 200_000
#: Hits that are drawn at most; more are thinned evenly.
MOST_HITS = 200_000
#: Collections that are drawn as lines when an event has no tracks.
OBJECTS = ("Muon", "Electron", "Photon", "Tau", "Jet")
#: Smallest momentum that is drawn, in GeV: a helix of less is a curl at the start.
SMALLEST_PT = 0.05

COLOURS = {
    "Track": (0.50, 0.82, 1.00),
    "Muon": (1.00, 0.42, 0.38),
    "Electron": (0.45, 0.95, 0.55),
    "Photon": (0.98, 0.90, 0.45),
    "Tau": (0.85, 0.60, 1.00),
    "Jet": (1.00, 0.70, 0.28),
}


@dataclass(frozen=True, slots=True)
class Scene:
    """What is drawn of an event; all positions in mm.

    Parameters
    ----------
    lines, line_colours
        Ends of line segments, shape ``(2 * segments, 3)``, and their colours.
    points
        Hits, shape ``(hits, 3)``.
    detector
        Ends of the detector's segments, shape ``(2 * segments, 3)``.
    tracks, hits
        Number of tracks (or other objects) and hits that the event has.
    title
        A line about the event.
    """

    lines: Points
    line_colours: Points
    points: Points
    detector: Points
    tracks: int
    hits: int
    title: str


def scene(event: Any, detector: Detector = REFERENCE) -> Scene:
    """Turn an event into buffers.

    Parameters
    ----------
    event
        An awkward record, or anything that has one as ``event`` (a stored event).
    detector
        Its geometry and field.

    Returns
    -------
    Scene
        All of it finite: what has no finite position or momentum is left out.

    Examples
    --------
    >>> from alyx.events.generator import z_to_dimuons
    >>> drawn = scene(z_to_dimuons(1, seed=1)[0])
    >>> bool(drawn.tracks > 2 and drawn.hits > 10)
    True
    """
    record = event if isinstance(event, ak.Record) else event.event
    parts = _objects(record)
    helices = [_helices(objects, detector) for objects in parts.values()]
    steps = _steps(sum(len(one.pt) for one in helices))
    pieces = [_segments(one, detector, steps) for one in helices]
    colours = [_coloured(len(p), name) for p, name in zip(pieces, parts, strict=True)]
    hits = _hits(record)
    return Scene(
        lines=_joined(pieces),
        line_colours=_joined(colours),
        points=hits[:: -(-len(hits) // MOST_HITS) or 1],
        detector=wireframe(detector),
        tracks=sum(len(one.pt) for one in helices),
        hits=len(hits),
        title=_title(record),
    )


def wireframe(detector: Detector, around: int = 48) -> Points:
    """Return the detector's circles and staves as line segments.

    Parameters
    ----------
    detector
        Its layers.
    around
        Corners of a circle.
    """
    angle = np.linspace(0, 2 * np.pi, around + 1)
    ring = np.stack([np.cos(angle), np.sin(angle), np.zeros_like(angle)], axis=1)
    rings = [
        ring * [layer.radius, layer.radius, 0] + [0, 0, side * layer.half_length]
        for layer in detector.barrel
        for side in (-1, 1)
    ]
    rings += [
        ring * [radius, radius, 0] + [0, 0, disk.z]
        for disk in detector.disks
        for radius in (disk.inner, disk.outer)
    ]
    staves = [_staves(layer.radius, layer.half_length) for layer in detector.barrel]
    circles = [np.repeat(one, 2, axis=0)[1:-1] for one in rings]
    return np.concatenate([*circles, *staves]).astype(np.float32)


def _staves(radius: float, half: float) -> NDArray[np.float64]:
    angle = np.arange(8) * np.pi / 4
    x, y = radius * np.cos(angle), radius * np.sin(angle)
    ends = [np.stack([x, y, np.full(8, side * half)], axis=1) for side in (-1, 1)]
    return np.stack(ends, axis=1).reshape(-1, 3)


def _objects(record: Any) -> dict[str, Any]:
    names = ("Track",) if "Track" in record.fields else OBJECTS
    return {name: record[name] for name in names if name in record.fields}


def _helices(objects: Any, detector: Detector) -> Helices:
    names = ("pt", "eta", "phi", "charge", "x", "y", "z")
    columns = {name: _column(objects, name) for name in names}
    known = (columns["pt"] > SMALLEST_PT) & (np.abs(columns["eta"]) < 8)
    for values in columns.values():
        known &= np.isfinite(values)
    return Helices(field=detector.field, **{name: v[known] for name, v in columns.items()})


def _column(objects: Any, name: str) -> NDArray[np.float64]:
    if name not in objects.fields:
        return np.zeros(len(objects))
    return np.asarray(ak.to_numpy(objects[name]), dtype=np.float64)


def _steps(tracks: int) -> int:
    return max(2, min(STEPS, MOST_POINTS // max(1, tracks)))


def _segments(helices: Helices, detector: Detector, steps: int) -> Points:
    """Follow each track to the edge of the detector, or half way round its circle."""
    if not len(helices.pt):
        return np.zeros((0, 3), dtype=np.float32)
    outer = max(layer.radius for layer in detector.barrel) * 1.15
    end = max(disk.z for disk in detector.disks) * 1.1
    side = np.where(helices.eta < 0, -end, end)
    reached = np.fmin(helices.to_radius(outer), helices.to_plane(side))
    last = np.fmin(np.where(np.isfinite(reached), reached, np.pi), np.pi)
    turned = np.linspace(0, 1, steps)[:, None] * last
    neutral = helices.charge == 0
    points = np.stack(helices.at(turned), axis=-1)
    if neutral.any():
        points[:, neutral] = _straight(helices, turned)[:, neutral]
    ends = np.stack([points[:-1], points[1:]], axis=2)
    return np.ascontiguousarray(np.moveaxis(ends, 1, 0).reshape(-1, 3), dtype=np.float32)


def _straight(helices: Helices, turned: NDArray[np.float64]) -> NDArray[np.float64]:
    length = helices.radius * turned
    return np.stack(
        [
            helices.x + length * np.cos(helices.phi),
            helices.y + length * np.sin(helices.phi),
            helices.z + length * np.sinh(helices.eta),
        ],
        axis=-1,
    )


def _hits(record: Any) -> Points:
    if "Hit" not in record.fields:
        return np.zeros((0, 3), dtype=np.float32)
    hits = np.stack([_column(record["Hit"], axis) for axis in "xyz"], axis=1)
    return hits[np.isfinite(hits).all(axis=1)].astype(np.float32)


def _coloured(length: int, name: str) -> Points:
    return np.broadcast_to(np.array(COLOURS[name], dtype=np.float32), (length, 3))


def _joined(parts: list[Points]) -> Points:
    return np.concatenate([np.zeros((0, 3), dtype=np.float32), *parts])


def _title(record: Any) -> str:
    names = [name for name in ("run", "luminosityBlock", "event") if name in record.fields]
    return ", ".join(f"{name} {record[name]}" for name in names)
