"""The event display in a notebook, on pythreejs: three draw calls for any event."""

from __future__ import annotations

from typing import Any

import ipywidgets
import numpy as np
import pythreejs as three

from alyx.display.scenes import Scene, scene

BACKGROUND = "#0b0e14"
HIT_COLOUR = "#ffd27f"
DETECTOR_COLOUR = "#3a4656"
#: Far enough to see the whole detector, in mm.
CAMERA = (4200.0, 2200.0, 4200.0)


class EventDisplay(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets is untyped
    """A widget that shows an event; drag to turn, scroll to zoom, right drag to move.

    Parameters
    ----------
    event
        An awkward record or a stored event.
    width, height
        In pixels.
    """

    def __init__(self, event: Any, *, width: int = 900, height: int = 560) -> None:
        drawn = scene(event)
        self._lines, lines = _segments(drawn.lines, drawn.line_colours)
        self._points, points = _dots(drawn.points)
        _, detector = _segments(drawn.detector, None)
        self.renderer = _renderer([detector, lines, points], width, height)
        self._legend = ipywidgets.HTML()
        super().__init__([self._legend, self.renderer])
        self._tell(drawn)

    def show(self, event: Any) -> None:
        """Show another event in the same widget, in one frame; the camera stays."""
        drawn = scene(event)
        self.renderer._pause_autorender = True  # noqa: SLF001  pythreejs' way to draw once
        _set(self._lines.attributes["position"], drawn.lines)
        _set(self._lines.attributes["color"], drawn.line_colours)
        _set(self._points.attributes["position"], drawn.points)
        self.renderer._pause_autorender = False  # noqa: SLF001
        self.renderer.render(self.renderer.scene, self.renderer.camera)
        self._tell(drawn)

    def close(self) -> None:
        """Close the display with all of its parts: each one left is sent to every page."""
        for part in _parts(self):
            ipywidgets.Widget.close(part)

    def _tell(self, drawn: Scene) -> None:
        self.tracks, self.hits = drawn.tracks, drawn.hits
        text = f"{drawn.title} · {drawn.tracks} tracks · {drawn.hits} hits"
        self._legend.value = f"<span style='font-family: monospace'>{text}</span>"


def show(event: Any, *, width: int = 900, height: int = 560) -> EventDisplay:
    """Show an event in 3D.

    Parameters
    ----------
    event
        An awkward record, or what ``session.event(id)`` returns.
    width, height
        In pixels.

    Returns
    -------
    EventDisplay
        A widget; ``tracks`` and ``hits`` count what the event has.

    Examples
    --------
    >>> from alyx.events.generator import z_to_dimuons
    >>> display = show(z_to_dimuons(1, seed=1)[0])
    >>> display.tracks > 2
    True
    """
    return EventDisplay(event, width=width, height=height)


def _parts(widget: Any) -> dict[Any, None]:
    """Return a widget and all that it is made of."""
    found: dict[Any, None] = {}
    left = [widget]
    while left:
        one = left.pop()
        if isinstance(one, ipywidgets.Widget) and one not in found:
            found[one] = None
            left += [getattr(one, name) for name in one.keys]
        elif isinstance(one, dict):
            left += one.values()
        elif isinstance(one, list | tuple):
            left += one
    return found


def _segments(positions: Any, colours: Any | None) -> tuple[Any, Any]:
    attributes = {"position": _attribute(positions)}
    if colours is not None:
        attributes["color"] = _attribute(colours)
        material = three.LineBasicMaterial(vertexColors="VertexColors")
    else:
        material = three.LineBasicMaterial(color=DETECTOR_COLOUR, transparent=True, opacity=0.45)
    geometry = three.BufferGeometry(attributes=attributes)
    # the bounds are not computed anew when an event is replaced
    return geometry, three.LineSegments(geometry, material, frustumCulled=False)


def _dots(positions: Any) -> tuple[Any, Any]:
    geometry = three.BufferGeometry(attributes={"position": _attribute(positions)})
    material = three.PointsMaterial(color=HIT_COLOUR, size=4, sizeAttenuation=False)
    return geometry, three.Points(geometry, material, frustumCulled=False)


def _renderer(objects: list[Any], width: int, height: int) -> Any:
    camera = three.PerspectiveCamera(
        position=CAMERA, fov=45, aspect=width / height, near=10, far=60_000
    )
    controls = three.OrbitControls(controlling=camera)
    return three.Renderer(
        camera=camera,
        scene=three.Scene(children=[*objects, camera], background=BACKGROUND),
        controls=[controls],
        width=width,
        height=height,
        antialias=False,
    )


def _attribute(values: Any) -> Any:
    return three.BufferAttribute(_padded(values), normalized=False)


def _set(attribute: Any, values: Any) -> None:
    attribute.array = _padded(values)


def _padded(values: Any) -> Any:
    """Return the buffer, or for an empty one two points in one place, which draw nothing."""
    return np.ascontiguousarray(values) if len(values) else np.zeros((2, 3), dtype=np.float32)
