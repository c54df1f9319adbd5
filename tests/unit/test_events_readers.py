"""Real files come in as canonical events; others are refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import uproot

from alyx.errors import InputError, SchemaError
from alyx.events.checks import check
from alyx.events.dataset import distinct, value
from alyx.events.readers import read
from alyx.ingest.samples import SAMPLES


@pytest.fixture(scope="module")
def dimuons() -> Path:
    path = SAMPLES[0].source()
    assert isinstance(path, Path)
    return path


def test_the_real_sample_has_500_distinct_events(dimuons: Path) -> None:
    events = ak.concatenate(list(read(dimuons, step=1000)))
    assert len(events) == 2304
    assert check(events, "sample") == []
    once = distinct(events)
    opposite = once[value(once, "Muon.pair.charge") == 0]
    assert (len(once), len(opposite)) == (500, 496)
    mass = value(opposite, "Muon.pair.mass")
    assert 90 < np.median(mass[(mass > 80) & (mass < 100)]) < 92


@pytest.mark.parametrize(
    ("name", "collection", "number"),
    [
        ("Zmumu_Run2011A.csv", "Muon", 10_583),
        ("Zee_Run2011A.csv", "Electron", 18_885),
        ("Run2012B_SingleMu-1000.parquet", "Muon", 1_000),
        ("nano_dimuon.root", "Muon", 40),
    ],
)
def test_real_files_are_read(samples: Path, name: str, collection: str, number: int) -> None:
    events = ak.concatenate(list(read(samples / "analysis" / name)))
    assert len(events) == number
    assert {"pt", "eta", "phi", "mass", "charge"} <= set(events[collection].fields)
    assert check(events, name) == []
    pt = events[collection].pt
    assert ak.all(pt[:, :-1] >= pt[:, 1:])


def test_positions_are_in_millimetres(samples: Path) -> None:
    path = samples / "analysis" / "nano_dimuon.root"
    events = next(read(path))
    with uproot.open(path) as file:
        z = file["Events"]["PV_z"].array(library="np")
    np.testing.assert_allclose(ak.to_numpy(events.vertex.z), 10 * z, rtol=1e-6)


@pytest.mark.parametrize("kind", [pa.list_, pa.large_list])
def test_lists_of_parquet_with_and_without_nulls(tmp_path: Path, kind: Any) -> None:
    pt: list[list[float | None]] = [[30, 40], [], [10]]
    rest = {f"Muon_{name}": [[0.1, 0.2], [], [0.3]] for name in ("eta", "phi", "mass")}
    columns = {"run": [1] * 3, "luminosityBlock": [1] * 3, "event": [1, 2, 3], **rest}
    path = tmp_path / "nano.parquet"

    def written() -> Path:
        pq.write_table(pa.table({**columns, "Muon_pt": pa.array(pt, kind(pa.float32()))}), path)
        return path

    events = next(read(written()))
    assert events.Muon.pt.tolist() == [[40, 30], [], [10]]
    assert events.Muon.eta.tolist()[0] == pytest.approx([0.2, 0.1])
    pt[2] = [None]
    with pytest.raises(InputError, match=r"nano.parquet: Muon_pt: 1 values are null"):
        next(read(written()))


def test_an_unknown_format_is_named(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("no events here")
    with pytest.raises(InputError, match=r"notes\.txt is in no format that ALYX reads"):
        read(path)


def test_no_pairs_where_no_event_has_two_objects() -> None:
    muon = {"pt": 30.0, "eta": 0.1, "phi": 0.2, "mass": 0.1, "charge": 1}
    events = ak.Array([{"Muon": [muon]}, {"Muon": []}])
    for name in ("mass", "pt", "charge"):
        assert np.isnan(value(events, f"Muon.pair.{name}")).all()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.root cannot be opened: No such file"):
        read(tmp_path / "gone.root")


@pytest.mark.parametrize("part", [0.3, 0.7, 0.95])
def test_a_truncated_file_is_named(tmp_path: Path, dimuons: Path, part: float) -> None:
    content = dimuons.read_bytes()
    path = tmp_path / "cut.root"
    path.write_bytes(content[: int(len(content) * part)])
    with pytest.raises(InputError, match=r"cut\.root"):
        list(read(path))


def test_all_missing_branches_are_named_at_once(tmp_path: Path) -> None:
    path = tmp_path / "few.root"
    with uproot.recreate(path) as file:
        file["Events"] = {"run": np.array([1]), "Muon_pT": np.array([2.0])}
    with pytest.raises(SchemaError) as caught:
        list(read(path))
    paths = [problem.path.split(": ")[1] for problem in caught.value.problems]
    assert paths == ["luminosityBlock", "event", "Muon_pt", "Muon_eta", "Muon_phi"]
    assert caught.value.problems[2].hint == "Did you mean Muon_pT?"


def test_a_word_in_a_column_is_named_by_row(tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text(
        "Run,Event,pt1,eta1,phi1,Q1,pt2,eta2,phi2,Q2\n1,2,30,0,0,1,20,0,3,-1\n1,3,much,0,0,1,20,0,3,-1\n"
    )
    with pytest.raises(InputError, match=r"pairs\.csv: pt1, row 1: 'much' is no number"):
        list(read(path))
