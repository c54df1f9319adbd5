"""The 3D event display: from an event to buffers, and from buffers to pythreejs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from alyx.display.event_display import EventDisplay, show
    from alyx.display.pictures import picture
    from alyx.display.scenes import Scene, scene

__all__ = ["EventDisplay", "Scene", "picture", "scene", "show"]

_HOMES = {
    "EventDisplay": "event_display",
    "show": "event_display",
    "picture": "pictures",
    "Scene": "scenes",
    "scene": "scenes",
}


def __getattr__(name: str) -> Any:
    # widgets and matplotlib take long to import: only what is asked for is loaded
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
