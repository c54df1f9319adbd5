"""The handler that relays a request of the panels, and its answer as it comes."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any, Final

import aiohttp
import tornado.web
from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler

from alyx.errors import AccessError, AlyxError, InputError, NotFoundError, ServiceError
from jupyter_alyx import routes
from jupyter_alyx.relay import AWAY, Relay

STREAM: Final = "text/event-stream"


class RelayHandler(APIHandler):
    """``<server>/alyx/api/<path>``, for the authenticated and authorised user only."""

    auth_resource = "alyx"

    def initialize(self, relay: Relay, body_limit: int) -> None:
        """Take what the extension gives to each request."""
        self.relay = relay
        self.body_limit = body_limit
        self._copying: asyncio.Task[None] | None = None

    @tornado.web.authenticated
    @authorized
    async def get(self, path: str) -> None:
        """Relay a GET; event streams stay open until one side ends."""
        await self._relay(path)

    @tornado.web.authenticated
    @authorized
    async def post(self, path: str) -> None:
        """Relay a POST."""
        await self._relay(path)

    @tornado.web.authenticated
    @authorized
    async def patch(self, path: str) -> None:
        """Relay a PATCH."""
        await self._relay(path)

    @tornado.web.authenticated
    @authorized
    async def delete(self, path: str) -> None:
        """Relay a DELETE."""
        await self._relay(path)

    def on_connection_close(self) -> None:
        """Leave the API too when the browser has left."""
        if self._copying is not None:
            self._copying.cancel()
        super().on_connection_close()

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer in ALYX's one error shape, whatever went wrong."""
        raised = (kwargs.get("exc_info") or (None, None, None))[1]
        error = raised if isinstance(raised, AlyxError) else _error(status_code)
        self.finish(error.as_json())

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Log what is ours as one line: the cure is in the sentence, not in a trace."""
        if isinstance(value, AlyxError):
            self.log.warning("%s %s: %s", self.request.method, self.request.path, value)
        else:
            super().log_exception(typ, value, tb)

    async def _relay(self, path: str) -> None:
        self._check(path)
        self._copying = asyncio.ensure_future(self._copy(path))
        try:
            await self._copying
        except AlyxError as error:
            self.set_status(error.status)
            raise tornado.web.Finish(error.as_json()) from error
        except asyncio.CancelledError:
            self.log.debug("The reader of %s has left.", path)

    def _check(self, path: str) -> None:
        allowed = routes.methods(path)
        if not allowed:
            raise tornado.web.HTTPError(404)
        if self.request.method not in allowed:
            self.set_header("Allow", ", ".join(sorted(allowed)))
            raise tornado.web.HTTPError(405)
        if len(self.request.body) > self.body_limit:
            raise tornado.web.HTTPError(413)

    async def _copy(self, path: str) -> None:
        sent = {
            name: self.request.headers[name] for name in routes.SENT if name in self.request.headers
        }
        query = routes.arguments(self.request.query)
        method = str(self.request.method)
        async with self.relay.open(method, path, query, sent, self.request.body) as response:
            self._begin(response)
            try:
                async for block in response.content.iter_any():
                    self.write(block)
                    await self.flush()
            except (aiohttp.ClientError, TimeoutError) as error:
                self._break(error)
                return
        await self._end(response)

    def _begin(self, response: aiohttp.ClientResponse) -> None:
        self.set_status(response.status)
        for name in routes.RETURNED:
            if name in response.headers:
                self.set_header(name, response.headers[name])
        self.set_header("Cache-Control", "no-store")
        if response.content_type == STREAM:
            self.set_header("X-Accel-Buffering", "no")

    async def _end(self, response: aiohttp.ClientResponse) -> None:
        if response.status == HTTPStatus.NO_CONTENT:
            self.clear_header("Content-Type")
        await tornado.web.RequestHandler.finish(self)

    def _break(self, error: Exception) -> None:
        """End an answer that broke so that the browser sees it broken, never whole."""
        if not self._headers_written:
            raise ServiceError(AWAY) from error
        self.log.warning("The ALYX service broke an answer off: %s", error)
        if self.request.connection is not None:
            self.request.connection.stream.close()  # type: ignore[attr-defined]


def _error(status: int) -> AlyxError:
    """Return the error that stands for a refusal of this server itself."""
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return AccessError("Log in to this Jupyter server, and reload the page.")
    if status == HTTPStatus.NOT_FOUND:
        return NotFoundError("There is no such route of the ALYX API here.")
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        return InputError("This route of the ALYX API does not take that method.")
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return InputError("The request is too large: send less at once.")
    return ServiceError("The Jupyter server could not relay the request to ALYX; its log says why.")
