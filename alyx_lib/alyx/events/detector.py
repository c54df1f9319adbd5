"""The reference detector: layers of a silicon tracker in a solenoid.

Its measures are round numbers near those of the CMS tracker (CMS Collaboration, JINST 3
(2008) S08004): a barrel of cylinders, end-caps of disks, 3.8 T along the beam.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Barrel:
    """A cylinder around the beam.

    Parameters
    ----------
    radius, half_length
        In mm.
    """

    radius: float
    half_length: float


@dataclass(frozen=True, slots=True)
class Disk:
    """A disk across the beam.

    Parameters
    ----------
    z, inner, outer
        Position and radii, in mm.
    """

    z: float
    inner: float
    outer: float


@dataclass(frozen=True, slots=True)
class Detector:
    """Barrel layers, then end-cap disks; hits name their layer by its place in this order.

    Parameters
    ----------
    field
        Magnetic field along z, in tesla.
    barrel, disks
        The layers.
    """

    field: float
    barrel: tuple[Barrel, ...]
    disks: tuple[Disk, ...]


REFERENCE = Detector(
    field=3.8,
    barrel=tuple(
        Barrel(radius, half)
        for radius, half in (
            (44, 270), (73, 270), (102, 270), (255, 650), (340, 650), (430, 650), (520, 650),
            (610, 1090), (696, 1090), (782, 1090), (868, 1090), (965, 1090), (1080, 1090),
        )
    ),
    disks=tuple(
        Disk(sign * z, inner, outer)
        for sign in (-1, 1)
        for z, inner, outer in (
            (345, 60, 150), (465, 60, 150), (775, 230, 500), (900, 230, 500), (1030, 230, 500),
            (1250, 230, 1100), (1400, 230, 1100), (1550, 310, 1100), (1700, 310, 1100),
            (1960, 310, 1100), (2150, 390, 1100), (2350, 390, 1100), (2650, 500, 1100),
        )
    ),
)  # fmt: skip
