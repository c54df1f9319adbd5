"""A store with known events, and the API on a free port."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
import uvicorn
from fastapi import FastAPI
from known import USERS, collisions

from alyx.ingest import ingest
from alyx.store import Store
from alyx_hub.api import create_app


@pytest.fixture
def filled(store: Store) -> Store:
    """A store with the data set ``small``: 40 events in two chunks."""
    events = collisions()
    small = Store(store.database, store.chunks, replace(store.settings, chunk_events=25))
    ingest(small, "small", [events], title="Small", kind="synthetic", key="small")
    return store


@dataclass
class Service:
    """The API, running: its address, and its application."""

    url: str
    app: FastAPI


@pytest.fixture
def service(filled: Store) -> Iterator[Service]:
    """The API on a free port, in a thread."""
    app = create_app(filled.settings, USERS.get, store=filled)
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, log_config=None, timeout_graceful_shutdown=1
    )
    listening = config.bind_socket()
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    yield Service(f"http://127.0.0.1:{listening.getsockname()[1]}", app)
    server.should_exit = True
    thread.join()
    listening.close()
