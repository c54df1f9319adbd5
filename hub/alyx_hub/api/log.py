"""The access log, without query strings: a token that was sent in one must not stay."""

from __future__ import annotations

import logging
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger("alyx.access")


class AccessLog:
    """Log user, method, path, status and duration of each request."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun, status = time.monotonic(), 0

        async def watched(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self.app(scope, receive, watched)
        finally:
            user = getattr(scope.get("state", {}).get("user"), "name", "-")
            seconds = time.monotonic() - begun
            path = ascii(scope["path"])[1:-1]  # no line breaks of the client's in the log
            log.info("%s %s %s %d %.3fs", user, scope["method"], path, status, seconds)


class Prefix:
    """Tell the application the path below which the Hub's proxy serves it."""

    def __init__(self, app: ASGIApp, path: str) -> None:
        self.app = app
        self.path = path.rstrip("/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] in ("http", "websocket"):
            scope = {**scope, "root_path": self.path}
        await self.app(scope, receive, send)
