"""Real collision data from the file to the Z peak, by the public names, without a Hub."""

from __future__ import annotations

import pytest

import alyx
from alyx.ingest import samples as sample_sets
from alyx.settings import Settings

pytestmark = pytest.mark.integration


def test_from_real_data_to_the_z_peak(store_settings: Settings) -> None:
    sample_sets.load(store_settings)
    session = alyx.connect(
        database_url=store_settings.database_url, home=store_settings.home, pool_size=4
    )
    pairs = session.query("cms-dimuon-2010", "Muon.pair.charge == 0")
    assert pairs.count().value == 496
    job = session.submit(
        kind="histogram",
        dataset="cms-dimuon-2010",
        where="Muon.pair.charge == 0",
        histogram={"quantity": "Muon.pair.mass", "bins": 600, "low": 60, "high": 120},
    )
    job.wait(timeout=60)
    receipt = job.receipt()
    assert job.status == "COMPLETED"
    assert (receipt["complete"], receipt["events_read"], receipt["events_selected"]) == (
        True,
        500,
        496,
    )
    peak = alyx.analysis.gaussian_on_constant(job.result())
    assert peak.peak == pytest.approx(90.81, abs=0.05)
    assert peak.peak_error == pytest.approx(0.14, abs=0.02)
    first = session.query("z-dimuon-synthetic").page(1).rows[0]["id"]
    shown = alyx.display.show(session.event(first))
    assert shown.tracks > 2
    assert shown.hits > 10
    session.close()
