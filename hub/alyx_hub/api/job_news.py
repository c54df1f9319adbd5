"""One listener a process for what happens to jobs; it wakes every open stream."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg

from alyx.jobs.news import CHANNEL

log = logging.getLogger("alyx.api")

#: Seconds between two tries to reach the database again; streams poll meanwhile.
AGAIN = 5.0


class JobNews:
    """Listens on PostgreSQL while anyone follows.

    Parameters
    ----------
    url
        PostgreSQL address.
    """

    def __init__(self, url: str) -> None:
        self._url = url.replace("postgresql+psycopg://", "postgresql://", 1)
        self._heard: set[asyncio.Event] = set()
        self._listener: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def follow(self) -> AsyncIterator[asyncio.Event]:
        """Give an event that is set whenever something happened to any job."""
        heard = asyncio.Event()
        self._heard.add(heard)
        if self._listener is None:
            self._listener = asyncio.create_task(self._listen())
        try:
            yield heard
        finally:
            self._heard.discard(heard)
            if not self._heard and self._listener is not None:
                self._listener.cancel()
                self._listener = None

    async def _listen(self) -> None:
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    self._url, autocommit=True
                ) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    async for _ in connection.notifies():
                        for heard in self._heard:
                            heard.set()
            except psycopg.Error as error:
                log.warning("The listener lost the database: %s", error)
            await asyncio.sleep(AGAIN)
