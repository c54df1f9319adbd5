"""Property 5 on the real scene: any event becomes buffers that a display can draw."""

from __future__ import annotations

import math
from typing import Any

import awkward as ak
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from alyx.display.scenes import MOST_HITS, MOST_POINTS, scene
from alyx.events.detector import REFERENCE

WILD = st.sampled_from([math.nan, math.inf, -math.inf, 0.0, -1.0, 1e-30, 1e30])
FINE = st.floats(-3, 3)
NUMBER = st.one_of(FINE, WILD)
TRACK = st.fixed_dictionaries(
    {
        "pt": st.one_of(st.floats(0.1, 500), WILD),
        "eta": NUMBER,
        "phi": NUMBER,
        "charge": st.integers(-1, 1),
        "x": NUMBER,
        "y": NUMBER,
        "z": NUMBER,
    }
)
HIT = st.fixed_dictionaries(
    {"x": NUMBER, "y": NUMBER, "z": NUMBER, "layer": st.integers(0, 12), "track": st.just(-1)}
)


def many(kind: st.SearchStrategy[Any], most: int) -> st.SearchStrategy[list[Any]]:
    """Return a few drawn objects, or one of them thousands of times over."""
    few = st.lists(kind, max_size=6)
    return few | st.tuples(kind, st.integers(1, most)).map(lambda drawn: [drawn[0]] * drawn[1])


def record(tracks: list[Any], hits: list[Any]) -> ak.Record:
    """Return an event in ALYX's types, also where it has no objects."""
    track, hit = (
        ak.zip(
            {
                name: np.array([one[name] for one in objects], np.int32 if whole else np.float32)
                for name, whole in fields.items()
            }
        )
        for objects, fields in (
            (tracks, dict.fromkeys(("pt", "eta", "phi", "x", "y", "z"), False) | {"charge": True}),
            (hits, dict.fromkeys("xyz", False) | {"layer": True, "track": True}),
        )
    )
    scalars = {"run": [1], "luminosityBlock": [1], "event": [7]}
    lists = {"Track": ak.unflatten(track, [len(tracks)]), "Hit": ak.unflatten(hit, [len(hits)])}
    return ak.Array({**scalars, **lists})[0]


# Feature: alyx-distributed-orchestrator, Property 5: Visualization rendering performance: For any collision event selected for visualization, the system should render particle trajectories in 3D space within 2 seconds and include all required elements (detector geometry, particle paths, hit points)  # noqa: E501
@settings(max_examples=150)
@given(tracks=many(TRACK, 3_000), hits=many(HIT, 20_000))
def test_a_scene_has_the_detector_a_path_a_track_and_a_point_a_hit(
    tracks: list[dict[str, float]], hits: list[dict[str, float]]
) -> None:
    """Catches a scene that lets a track's NaN through to the graphics card."""
    with np.errstate(all="ignore"):
        drawn = scene(record(tracks, hits))
    for buffer in (drawn.lines, drawn.line_colours, drawn.points, drawn.detector):
        assert buffer.dtype == np.float32
        assert buffer.shape[1:] == (3,)
        assert np.isfinite(buffer).all()
    # the detector: each layer of the barrel reaches its radius
    radii = np.hypot(drawn.detector[:, 0], drawn.detector[:, 1])
    for layer in REFERENCE.barrel:
        assert np.isclose(radii, layer.radius, rtol=1e-4).any()
    # a path a track: what is finite and has momentum begins where it begins
    names = ("pt", "eta", "phi", "x", "y", "z")
    sound = [one for one in tracks if all(math.isfinite(one[name]) for name in names)]
    sound = [one for one in sound if 0.1 <= one["pt"] <= 500]
    sound = [one for one in sound if max(abs(one[name]) for name in names[1:]) <= 3]
    for one in sound[:20]:
        start = np.array([one[axis] for axis in "xyz"])
        assert (np.abs(drawn.lines - start).max(axis=1) < 1e-2).any()
    assert len(drawn.lines) == len(drawn.line_colours)
    assert len(drawn.lines) <= 2 * max(MOST_POINTS, 2 * len(tracks))
    # a point a hit
    known = sum(all(math.isfinite(np.float32(one[axis])) for axis in "xyz") for one in hits)
    assert len(drawn.points) == known <= MOST_HITS
