"""Synthetic events are what they say they are."""

from __future__ import annotations

import awkward as ak
import numpy as np
import vector

from alyx.events.checks import check
from alyx.events.detector import REFERENCE
from alyx.events.generator import MUON_MASS, _bosons, _decay, z_to_dimuons
from alyx.events.kinematics import CURVATURE
from alyx.events.schema import Schema


def test_a_seed_gives_the_same_events() -> None:
    assert z_to_dimuons(20, 7).tolist() == z_to_dimuons(20, 7).tolist()
    assert z_to_dimuons(20, 7).Muon.pt.tolist() != z_to_dimuons(20, 8).Muon.pt.tolist()


def test_the_decay_is_exact() -> None:
    random = np.random.default_rng(1)
    truth = _bosons(random, 500)
    muons = _decay(random, truth)
    first, second = (
        vector.array(
            {name: muons[name][:, i] for name in ("pt", "eta", "phi")}
            | {"mass": np.full(500, MUON_MASS)}
        )
        for i in (0, 1)
    )
    both = first + second
    np.testing.assert_allclose(both.mass, truth["mass"], rtol=1e-9)
    np.testing.assert_allclose(both.pt, truth["pt"], rtol=1e-6)


def test_events_are_physical_and_sorted() -> None:
    events = z_to_dimuons(200, 2)
    assert check(events, "generator") == []
    for name in ("Muon", "Track"):
        assert ak.all(events[name].pt[:, :-1] >= events[name].pt[:, 1:])
    assert ak.all(ak.sum(events.Muon.charge, axis=1) == 0)


def test_hits_lie_on_their_layer_and_their_track() -> None:
    events = z_to_dimuons(50, 3)
    hits = events.Hit
    layer = ak.to_numpy(ak.flatten(hits.layer))
    radius = np.hypot(ak.to_numpy(ak.flatten(hits.x)), ak.to_numpy(ak.flatten(hits.y)))
    z = ak.to_numpy(ak.flatten(hits.z))
    first = len(REFERENCE.barrel)
    barrel = layer < first
    radii = np.array([one.radius for one in REFERENCE.barrel])
    np.testing.assert_allclose(radius[barrel], radii[layer[barrel]], rtol=1e-4)
    places = np.array([disk.z for disk in REFERENCE.disks])
    np.testing.assert_allclose(z[~barrel], places[layer[~barrel] - first], rtol=1e-4)


def test_tracks_bend_with_their_momentum() -> None:
    """All hits of a track have the distance of its radius from the centre of its circle."""
    events = z_to_dimuons(30, 4)
    for event in events:
        track = event.Track[0]
        own = event.Hit[event.Hit.track == 0]
        radius = track.pt / (CURVATURE * REFERENCE.field)
        x = radius * track.charge * np.sin(track.phi)
        y = -radius * track.charge * np.cos(track.phi)
        away = np.hypot(ak.to_numpy(own.x) - x, ak.to_numpy(own.y) - y)
        np.testing.assert_allclose(away, radius, rtol=2e-4)


def test_the_schema_survives_the_wire() -> None:
    schema = Schema.of(z_to_dimuons(5, 5))
    assert Schema.from_json(schema.as_json()) == schema
    field = schema.find("Muon.pair.mass")
    assert field is not None
    assert field.unit == "GeV"
    assert schema.collection_of("Muon.pair.mass") is None
