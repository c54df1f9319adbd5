"""Helices: the paths of charged particles in a field along the beam."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: GeV of transverse momentum for a radius of 1 mm in 1 T: the speed of light in m/ns.
CURVATURE = 0.299792458e-3


@dataclass(frozen=True, slots=True)
class Helices:
    """Tracks that start on the beam line, one an entry of each array.

    Parameters
    ----------
    pt
        Transverse momentum in GeV, positive.
    eta, phi
        Direction at the start.
    charge
        Plus or minus one.
    x, y, z
        Start, in mm.
    field
        In tesla, along z.
    """

    pt: Floats
    eta: Floats
    phi: Floats
    charge: Floats
    x: Floats
    y: Floats
    z: Floats
    field: float

    @property
    def radius(self) -> Floats:
        """Radius of the circle across the beam, in mm."""
        return self.pt / (CURVATURE * self.field)

    def at(self, turned: Any) -> tuple[Floats, Floats, Floats]:
        """Return the points where the direction has turned by these angles.

        Parameters
        ----------
        turned
            Angle along the circle in radian, positive; of shape ``(..., tracks)``.

        Returns
        -------
        tuple
            x, y, z in mm, each of the shape of ``turned``.
        """
        # in a field along +z a positive charge turns clockwise
        sign = -np.sign(self.charge)
        angle = self.phi + sign * turned
        x = self.x + sign * self.radius * (np.sin(angle) - np.sin(self.phi))
        y = self.y - sign * self.radius * (np.cos(angle) - np.cos(self.phi))
        return x, y, self.z + self.radius * turned * np.sinh(self.eta)

    def to_radius(self, radius: float) -> Floats:
        """Return the angle at the first crossing of a cylinder; NaN where there is none.

        For tracks that start on the axis: the chord from the start has the cylinder's radius.
        """
        with np.errstate(invalid="ignore"):
            return 2 * np.arcsin(radius / (2 * self.radius))

    def to_plane(self, z: float | Floats) -> Floats:
        """Return the angle at a plane across the beam; NaN where it is behind the track."""
        with np.errstate(divide="ignore", invalid="ignore"):
            turned = (z - self.z) / (self.radius * np.sinh(self.eta))
        return np.where(turned > 0, turned, np.nan)
