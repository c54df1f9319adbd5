"""A data set in several chunks, and a job on it; shared by the rings that test jobs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Self

import awkward as ak
import httpx

from alyx.events.generator import z_to_dimuons
from alyx.ingest import ingest
from alyx.store import Store
from alyx_hub.api import User, create_app

#: Events in each chunk of the data set.
CHUNK = 10


def chunked(store: Store, events: ak.Array, chunks: int = 4) -> Store:
    """Store events as the data set ``small``, so many a chunk."""
    for place in range(chunks):
        piece = events[place * CHUNK : (place + 1) * CHUNK]
        ingest(store, "small", [piece], title="Small", kind="synthetic", key=f"small-{place}")
    return store


def spec(**changes: Any) -> dict[str, Any]:
    """Return a job on the data set, with changes."""
    histogram = {"quantity": "Muon.pt", "bins": 10, "low": 0.0, "high": 100.0}
    return {"name": "pt", "dataset": "small", "histogram": histogram} | changes


def collisions() -> ak.Array:
    """Return 40 synthetic events."""
    return z_to_dimuons(4 * CHUNK, seed=1)[["run", "luminosityBlock", "event", "energy", "Muon"]]


def everything(name: str, *, admin: bool = False) -> User:
    """Return a user who may do all with jobs of their own."""
    scopes = {f"custom:alyx:{verb}:jobs!user={name}" for verb in ("read", "write")}
    return User(name, frozenset(scopes), admin)


class Api:
    """The real API on a store, asked in place."""

    def __init__(self, store: Store, authenticate: Callable[[str], User | None]) -> None:
        app = create_app(store.settings, authenticate, store=store)
        transport = httpx.ASGITransport(app)
        self._http = httpx.AsyncClient(transport=transport, base_url="http://alyx.example")
        self._runner = asyncio.Runner()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._runner.run(self._http.aclose())
        self._runner.close()

    def ask(self, method: str, path: str, body: Any = None, token: str = "marie") -> httpx.Response:
        """Return the answer to a request."""
        headers = {"Authorization": f"Bearer {token}"}
        return self._runner.run(self._http.request(method, path, json=body, headers=headers))
