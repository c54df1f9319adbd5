"""Any event becomes a scene: everything finite, and few objects however large it is."""

from __future__ import annotations

from pathlib import Path

import awkward as ak
import numpy as np
import pytest

from alyx import display
from alyx.display.event_display import EventDisplay
from alyx.display.scenes import MOST_HITS, MOST_POINTS
from alyx.events.generator import z_to_dimuons
from alyx.events.readers import read
from alyx.ingest.samples import SAMPLES


def _event(tracks: int, hits: int) -> ak.Record:
    random = np.random.default_rng(tracks + hits)
    track = {name: random.normal(0, 1, (1, tracks)) for name in ("eta", "phi")}
    track |= {
        "pt": random.exponential(5, (1, tracks)),
        "charge": random.choice([-1, 0, 1], (1, tracks)),
    }
    hit = {axis: random.normal(0, 500, (1, hits)) for axis in "xyz"}
    columns = {
        "Track": ak.zip({name: ak.from_regular(v) for name, v in track.items()}),
        "Hit": ak.zip({name: ak.from_regular(v) for name, v in hit.items()}),
    }
    return ak.zip({"event": [1], **columns}, depth_limit=1)[0]


def test_a_synthetic_event_is_drawn_whole() -> None:
    event = z_to_dimuons(1, 5)[0]
    drawn = display.scene(event)
    assert (drawn.tracks, drawn.hits) == (len(event.Track), len(event.Hit))
    assert drawn.points.tolist() == np.stack([event.Hit[a] for a in "xyz"], axis=1).tolist()
    assert drawn.title == f"run {event.run}, luminosityBlock {event.luminosityBlock}, event 1"


def test_lines_pass_through_the_hits_of_their_track() -> None:
    event = z_to_dimuons(1, 6)[0]
    drawn = display.scene(event)
    lines = drawn.lines.reshape(len(event.Track), -1, 3)
    hits = event.Hit[event.Hit.track == 0]
    own = np.stack([ak.to_numpy(hits[axis]) for axis in "xyz"], axis=1)
    away = np.linalg.norm(lines[0][None] - own[:, None], axis=2).min(axis=1)
    spacing = np.linalg.norm(np.diff(lines[0], axis=0), axis=1).max()
    assert (away < 0.51 * spacing + 1).all()


def test_a_real_event_without_tracks_shows_its_muons() -> None:
    drawn = display.scene(next(read(SAMPLES[0].source()))[0])  # type: ignore[arg-type]
    assert (drawn.tracks, drawn.hits) == (2, 0)


@pytest.mark.parametrize(("tracks", "hits"), [(0, 0), (1, 0), (3000, 10), (8, 500_000)])
def test_any_size_keeps_the_budget(tracks: int, hits: int) -> None:
    drawn = display.scene(_event(tracks, hits))
    assert len(drawn.lines) <= 2 * MOST_POINTS
    assert len(drawn.points) <= MOST_HITS
    assert drawn.hits == hits
    for buffer in (drawn.lines, drawn.line_colours, drawn.points, drawn.detector):
        assert np.isfinite(buffer).all()
        assert buffer.dtype == np.float32


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 0.0])
def test_what_cannot_be_drawn_is_left_out(value: float) -> None:
    event = ak.Array([{"Track": [{"pt": value, "eta": 1.0, "phi": 2.0, "charge": 1}] * 2}])[0]
    drawn = display.scene(event)
    assert drawn.tracks == 0
    assert np.isfinite(drawn.lines).all()


def test_the_widget_changes_in_place() -> None:
    first, second = z_to_dimuons(2, 7)
    shown = display.show(first)
    assert isinstance(shown, EventDisplay)
    geometry = shown._lines
    shown.show(second)
    assert shown._lines is geometry
    assert (shown.tracks, shown.hits) == (len(second.Track), len(second.Hit))
    np.testing.assert_array_equal(
        shown._lines.attributes["position"].array, display.scene(second).lines
    )


def test_an_event_of_any_size_is_three_objects() -> None:
    for event in (_event(0, 0), _event(500, 9000)):
        drawn = [
            one
            for one in display.show(event).renderer.scene.children
            if "Camera" not in str(type(one))
        ]
        assert len(drawn) == 3


def test_a_picture_is_saved(tmp_path: Path) -> None:
    display.picture(z_to_dimuons(1, 8)[0], tmp_path / "event.png")
    assert (tmp_path / "event.png").read_bytes()[:4] == b"\x89PNG"


def test_a_closed_display_leaves_no_widget_in_the_kernel() -> None:
    from ipywidgets.widgets.widget import _instances

    before = set(_instances)
    shown = display.show(z_to_dimuons(1, 9)[0])
    assert len(set(_instances) - before) > 20
    shown.close()
    assert set(_instances) == before
