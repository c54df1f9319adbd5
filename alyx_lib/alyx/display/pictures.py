"""A still picture of an event, for papers, pages and machines without a screen."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from alyx.display.scenes import Scene, scene

#: Views: across the beam and along it, as (name, horizontal, vertical) of x, y, z.
VIEWS = (("across the beam", 0, 1), ("along the beam", 2, 1))


class Picture(Figure):
    """A figure that a notebook shows, whether or not ``pyplot`` is in use there."""

    def _repr_png_(self) -> bytes:
        with io.BytesIO() as file:
            self.savefig(file, format="png", dpi=100)
            return file.getvalue()


def picture(event: Any, path: Path | str | None = None) -> Any:
    """Draw an event across and along the beam, on a dark ground.

    Parameters
    ----------
    event
        An awkward record or a stored event.
    path
        Where to save it, if anywhere.

    Returns
    -------
    Picture
        A matplotlib figure.
    """
    from matplotlib.style import context

    drawn = scene(event)
    with context("dark_background"):
        figure = Picture(figsize=(10, 4.6), layout="constrained")
        for place, (name, across, up) in enumerate(VIEWS):
            _draw(figure.add_subplot(1, 2, place + 1), drawn, name, across, up)
        figure.suptitle(f"{drawn.title} · {drawn.tracks} tracks · {drawn.hits} hits", fontsize=10)
        if path is not None:
            figure.savefig(path, dpi=150)
    return figure


def _draw(axes: Any, drawn: Scene, name: str, across: int, up: int) -> None:
    from matplotlib.collections import LineCollection

    shown = [across, up]
    frame = drawn.detector.reshape(-1, 2, 3)[:, :, shown]
    axes.add_collection(LineCollection(list(frame), colors="#3a4656", linewidths=0.4))
    lines = drawn.lines.reshape(-1, 2, 3)[:, :, shown]
    colours = list(drawn.line_colours[::2])
    axes.add_collection(LineCollection(list(lines), colors=colours, linewidths=1.2))
    axes.scatter(*drawn.points[:, shown].T, s=7, c="#ffd27f", linewidths=0, zorder=3)
    reach = np.abs(drawn.detector[:, shown]).max(axis=0) * 1.15
    axes.set(xlim=(-reach[0], reach[0]), ylim=(-reach[1], reach[1]), title=name)
    axes.set_xlabel(f"{'xyz'[across]} [mm]")
    axes.set_ylabel(f"{'xyz'[up]} [mm]")
