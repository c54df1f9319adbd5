"""One request to the ALYX API, made with the server's own token."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import aiohttp

from alyx.errors import ServiceError

TOKEN = "JUPYTERHUB_API_TOKEN"  # noqa: S105 - the name of the variable, not a token
AWAY = "The ALYX service cannot be reached; it may be starting. Try again in a moment."
UNSET = (
    "This Jupyter server does not know where ALYX is: ALYX_API_URL is not set. "
    "Servers that the Hub starts have it; elsewhere use alyx.connect() in a notebook."
)


class Relay:
    """A client of the API that holds its connections.

    Parameters
    ----------
    url
        The address of the API, without a slash at its end; empty where there is none.
    connect_seconds, silence_seconds
        How long to wait for a connection, and for the next byte of an answer. The API sends a
        keepalive each 15 s on its streams, so silence means that it is gone.
    """

    def __init__(self, url: str, *, connect_seconds: float, silence_seconds: float) -> None:
        self.url = url.rstrip("/")
        self._timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=connect_seconds, sock_read=silence_seconds
        )
        self._session: aiohttp.ClientSession | None = None

    @asynccontextmanager
    async def open(
        self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send a request; the answer is open inside the block.

        Raises
        ------
        ServiceError
            When there is no API, it cannot be reached, or what answers is not ALYX.
        """
        if not self.url:
            raise ServiceError(UNSET)
        target = f"{self.url}/{path}" + (f"?{query}" if query else "")
        try:
            # A redirect would carry the token elsewhere: none is followed.
            response = await self._client().request(
                method, target, headers=self._headers(headers), data=body, allow_redirects=False
            )
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ServiceError(AWAY) from error
        async with response:
            _check(response)
            yield response

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            # aiohttp's transports close in the loop's next turn
            await asyncio.sleep(0)

    def _client(self) -> aiohttp.ClientSession:
        # made at first use: a session belongs to the running loop
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=0)
            self._session = aiohttp.ClientSession(connector=connector, timeout=self._timeout)
        return self._session

    @staticmethod
    def _headers(headers: Mapping[str, str]) -> dict[str, str]:
        token = os.environ.get(TOKEN, "")
        return {**headers, "Authorization": f"Bearer {token}", "Accept-Encoding": "identity"}


def _check(response: aiohttp.ClientResponse) -> None:
    """Refuse what a proxy says in the API's place: its pages are not for the panels."""
    if 300 <= response.status < 400:
        raise ServiceError(f"{AWAY} (It answered with a redirect.)")
    if response.status >= 400 and response.content_type != "application/json":
        raise ServiceError(f"{AWAY} (It answered with status {response.status}.)")
