"""ALYX: queries, 3D displays and jobs on collision events.

::

    import alyx
    session = alyx.connect()
    z = session.query("cms-dimuon-2010", "Muon.pair.charge == 0")
    z.histogram("Muon.pair.mass", bins=60, low=60, high=120).plot()

What stands in ``__all__`` is public. All of it is imported on first use, so that
``import alyx`` is quick: kernels begin with it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import alyx.analysis as analysis
    import alyx.display as display
    from alyx import errors, events, jobs, query
    from alyx.errors import AlyxError
    from alyx.query import field
    from alyx.session import Events, Job, Session, connect
    from alyx.settings import Settings

__version__ = "0.1.0"

__all__ = [
    "AlyxError",
    "Events",
    "Job",
    "Session",
    "Settings",
    "analysis",
    "connect",
    "display",
    "errors",
    "events",
    "field",
    "jobs",
    "query",
]

#: Public names, and the modules that they come from; the rest of ``__all__`` are modules.
_SOURCES = {
    "AlyxError": "alyx.errors",
    "Events": "alyx.session",
    "Job": "alyx.session",
    "Session": "alyx.session",
    "Settings": "alyx.settings",
    "connect": "alyx.session",
    "field": "alyx.query",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'alyx' has no attribute {name!r}")
    if name in _SOURCES:
        return getattr(import_module(_SOURCES[name]), name)
    return import_module(f"alyx.{name}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
