"""ALYX: queries, 3D displays and jobs on collision events."""

__version__ = "0.1.0"
