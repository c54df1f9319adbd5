"""Histograms drawn as the field draws them (mplhep)."""

from __future__ import annotations

from typing import Any

import numpy as np

from alyx.analysis.fit import FitResult


def draw(histogram: Any, *, fit: FitResult | None = None, ax: Any = None) -> Any:
    """Draw a histogram, with its fit if there is one.

    Parameters
    ----------
    histogram
        A one-dimensional ``hist.Hist``.
    fit
        What :func:`alyx.analysis.gaussian_on_constant` returned.
    ax
        matplotlib axes; a new dark figure by default.

    Returns
    -------
    matplotlib.axes.Axes
    """
    import matplotlib.pyplot as plt
    import mplhep

    with plt.style.context("dark_background"):
        if ax is None:
            ax = plt.subplots(figsize=(7, 4.5), layout="constrained")[1]
        errors = np.sqrt(histogram.variances())
        style = {"histtype": "errorbar", "color": "#7fd1ff", "label": "data"}
        mplhep.histplot(histogram, ax=ax, yerr=errors, **style)
        width = float(np.mean(histogram.axes[0].widths))
        ax.set_xlabel(histogram.axes[0].label)
        ax.set_ylabel(f"entries / {width:g}")
        if fit is not None:
            _draw_fit(ax, fit, width)
        ax.legend(frameon=False)
    return ax


def _draw_fit(ax: Any, fit: FitResult, width: float) -> None:
    x = np.linspace(fit.low, fit.high, 200)
    ax.plot(x, width * fit.density(x), color="#ffb347", label=str(fit))
