"""The Z peak is where CMS saw it."""

from __future__ import annotations

import awkward as ak
import hist
import matplotlib as mpl
import numpy as np
import pytest

from alyx.analysis import gaussian_on_constant
from alyx.analysis.plots import draw
from alyx.errors import InputError
from alyx.events.dataset import distinct, value
from alyx.events.readers import read
from alyx.ingest.samples import SAMPLES


def _filled(values: object, bins: int) -> hist.Hist:
    filled = hist.Hist.new.Reg(bins, 60, 120, label="mass [GeV]").Double()
    return filled.fill(values)


def test_the_real_z_peak() -> None:
    events = distinct(ak.concatenate(list(read(SAMPLES[0].source()))))  # type: ignore[arg-type]
    mass = value(events, "Muon.pair.mass")[value(events, "Muon.pair.charge") == 0]
    fit = gaussian_on_constant(_filled(mass, 600), 80, 100)
    assert fit.converged
    assert fit.peak == pytest.approx(90.81, abs=0.05)
    assert fit.peak_error == pytest.approx(0.14, abs=0.02)


def test_a_known_peak_is_found() -> None:
    random = np.random.default_rng(3)
    values = np.concatenate([random.normal(91, 2.5, 5000), random.uniform(60, 120, 3000)])
    fit = gaussian_on_constant(_filled(values, 120), 80, 102)
    assert abs(fit.peak - 91) < 4 * fit.peak_error
    assert abs(fit.width - 2.5) < 4 * fit.width_error
    assert fit.signal + fit.background == pytest.approx(
        np.sum((values > 80) & (values < 102)), rel=0.01
    )


@pytest.mark.parametrize(("values", "bins"), [([], 60), ([91.0] * 9, 6)])
def test_too_little_for_a_fit_is_told(values: list[float], bins: int) -> None:
    with pytest.raises(InputError, match="a fit needs five bins and some entries"):
        gaussian_on_constant(_filled(values, bins), 80, 100)


def test_a_plot_shows_data_and_fit() -> None:
    with mpl.rc_context({"backend": "Agg"}):
        filled = _filled(np.random.default_rng(1).normal(91, 3, 900), 60)
        ax = draw(filled, fit=gaussian_on_constant(filled))
        assert ax.get_xlabel() == "mass [GeV]"
        labels = [text.get_text() for text in ax.get_legend().get_texts()]
        assert any(label.startswith("peak 9") for label in labels)
        ax.figure.clear()
        mpl.pyplot.close(ax.figure)
