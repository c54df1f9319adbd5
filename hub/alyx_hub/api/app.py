"""The application: routers, errors, limits and the store, put together."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio.to_thread
from fastapi import Depends, FastAPI
from sqlalchemy.exc import SQLAlchemyError

import alyx
from alyx.errors import AlyxError
from alyx.ingest import sweep
from alyx.ingest.stream import Stream
from alyx.settings import Settings
from alyx.store import Store
from alyx_hub.api import datasets, events, faults, health, ingest, jobs, meta, query
from alyx_hub.api.limits import BodyLimit
from alyx_hub.api.log import AccessLog, Prefix
from alyx_hub.api.models import ErrorOut
from alyx_hub.api.security import Authenticator, signed_in

log = logging.getLogger("alyx.api")

#: Seconds between two sweeps of abandoned payload files.
SWEEP = 600
#: Largest body of a request, in bytes.
BODY = 1_000_000
ERRORS: dict[int | str, dict[str, Any]] = {
    401: {"model": ErrorOut, "description": "No token, or one that nobody owns"},
    403: {"model": ErrorOut, "description": "The token lacks the scope"},
    422: {"model": ErrorOut, "description": "The request is wrong: all problems at once"},
    503: {"model": ErrorOut, "description": "Busy, unreachable, or past the time limit"},
}


def create_app(
    settings: Settings,
    authenticate: Authenticator,
    *,
    store: Store | None = None,
    prefix: str = "",
) -> FastAPI:
    """Return the service.

    Parameters
    ----------
    settings
        Where the store is, and its limits.
    authenticate
        Returns the owner of a token, or None.
    store
        A store that is open already, and stays so; by default one is opened at start and
        closed at the end.
    prefix
        The path below which a proxy serves it, as ``/services/alyx/``.
    """
    app = FastAPI(
        title="ALYX",
        version=alyx.__version__,
        summary="Data sets, queries, events and jobs of collision data",
        lifespan=_lifespan,
        # the generated pages are public and load scripts from elsewhere: see meta.py
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        telemetry={"tracing": False},
    )
    app.state.settings, app.state.authenticate, app.state.store = settings, authenticate, store
    app.include_router(health.router)
    for module in (meta, datasets, query, events, ingest, jobs):
        app.include_router(module.router, dependencies=[Depends(signed_in)], responses=ERRORS)
    faults.install(app)
    app.add_middleware(BodyLimit, size=BODY, larger={"/ingest/": ingest.BODY})
    app.add_middleware(AccessLog)
    app.add_middleware(Prefix, path=prefix)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    settings: Settings = app.state.settings
    # a thread that waits for a connection helps nobody: as many threads as connections
    anyio.to_thread.current_default_thread_limiter().total_tokens = max(4, settings.pool_size)
    own = app.state.store is None
    if own:
        app.state.store = await anyio.to_thread.run_sync(Store.open, settings)
    app.state.receiving, app.state.stream = 0, Stream(app.state.store)
    sweeping = asyncio.create_task(_sweep(app.state.store))
    try:
        yield
    finally:
        sweeping.cancel()
        # what was taken is committed before the end
        await anyio.to_thread.run_sync(app.state.stream.close)
        if own:
            await anyio.to_thread.run_sync(app.state.store.close)


async def _sweep(store: Store) -> None:
    """Remove, again and again, what killed ingests left and whose lease has run out."""
    while True:
        try:
            await anyio.to_thread.run_sync(sweep, store)
        except (AlyxError, SQLAlchemyError) as error:
            log.warning("the sweep of abandoned payload files failed: %s", error)
        await asyncio.sleep(SWEEP)
