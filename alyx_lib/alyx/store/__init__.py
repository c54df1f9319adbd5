"""The event store: headers in PostgreSQL, payload in chunk files on an object store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from alyx.store.catalog import Store

__all__ = ["Store"]


def __getattr__(name: str) -> Any:
    # the server and the migrations are used without awkward and Arrow, which take long to import
    if name == "Store":
        from alyx.store.catalog import Store

        return Store
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
