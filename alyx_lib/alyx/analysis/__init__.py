"""From values to a result: fits of histograms, and how they are drawn."""

from __future__ import annotations

from alyx.analysis.fit import FitResult, gaussian_on_constant

__all__ = ["FitResult", "gaussian_on_constant"]
