"""Fits of a peak, by a binned extended likelihood (iminuit)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alyx.errors import InputError

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FitResult:
    """A Gaussian on a constant background.

    Parameters
    ----------
    peak, peak_error, width, width_error
        Mean and standard deviation of the Gaussian, in the axis' unit.
    signal, background
        Number of entries in the Gaussian and in the constant, within the fitted range.
    low, high
        The fitted range.
    chi2, ndof
        Of the binned fit.
    converged
        Whether the minimum is one.
    """

    peak: float
    peak_error: float
    width: float
    width_error: float
    signal: float
    background: float
    low: float
    high: float
    chi2: float
    ndof: int
    converged: bool

    def __str__(self) -> str:
        peak = f"peak {self.peak:.2f} ± {self.peak_error:.2f}"
        return f"{peak}, width {self.width:.2f} ± {self.width_error:.2f}"

    def density(self, x: Floats) -> Floats:
        """Return entries per unit of the axis at these places."""
        return _gaussian(x, self.signal, self.peak, self.width) + self.background / (
            self.high - self.low
        )


def gaussian_on_constant(histogram: Any, low: float = 80.0, high: float = 100.0) -> FitResult:
    """Fit a Gaussian on a constant to the bins within a range.

    Parameters
    ----------
    histogram
        A one-dimensional ``hist.Hist``.
    low, high
        The range; bins that lie within it wholly are used.

    Returns
    -------
    FitResult

    Raises
    ------
    InputError
        Fewer than five bins, or no entries, in the range.
    """
    from iminuit import Minuit
    from iminuit.cost import ExtendedBinnedNLL

    counts, edges = _within(histogram, low, high)
    first, last = edges[0], edges[-1]

    def integral(x: Floats, signal: float, peak: float, width: float, background: float) -> Floats:
        gaussian = signal * _cumulative((x - peak) / width)
        return np.asarray(gaussian + background * (x - first) / (last - first))

    cost = ExtendedBinnedNLL(counts, edges, integral)
    start = edges[np.argmax(counts)]
    minuit = Minuit(
        cost,
        signal=0.8 * counts.sum(),
        peak=start,
        width=(last - first) / 8,
        background=0.2 * counts.sum(),
    )
    minuit.limits["signal", "background"] = (0, None)
    minuit.limits["width"] = ((last - first) / 1000, last - first)
    minuit.limits["peak"] = (first, last)
    minuit.migrad()
    minuit.hesse()
    value, error = minuit.values, minuit.errors
    return FitResult(
        peak=value["peak"],
        peak_error=error["peak"],
        width=value["width"],
        width_error=error["width"],
        signal=value["signal"],
        background=value["background"],
        low=first,
        high=last,
        chi2=float(minuit.fval or np.nan),
        ndof=len(counts) - 4,
        converged=bool(minuit.valid),
    )


def _within(histogram: Any, low: float, high: float) -> tuple[Floats, Floats]:
    edges = np.asarray(histogram.axes[0].edges, dtype=np.float64)
    inside = np.flatnonzero((edges[:-1] >= low - 1e-9) & (edges[1:] <= high + 1e-9))
    counts = np.asarray(histogram.values(), dtype=np.float64)[inside]
    if len(inside) < 5 or not counts.sum():
        raise InputError(
            f"Between {low:g} and {high:g} the histogram has {len(inside)} bins with "
            f"{counts.sum():g} entries; a fit needs five bins and some entries."
        )
    return counts, edges[inside[0] : inside[-1] + 2]


def _cumulative(x: Floats) -> Floats:
    return np.array([0.5 * (1 + math.erf(one / math.sqrt(2))) for one in x])


def _gaussian(x: Floats, number: float, mean: float, width: float) -> Floats:
    height = number / (width * math.sqrt(2 * math.pi))
    return np.asarray(height * np.exp(-0.5 * ((x - mean) / width) ** 2))
