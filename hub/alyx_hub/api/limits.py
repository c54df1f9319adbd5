"""No request is larger than the service can bear."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from alyx.errors import InputError
from alyx_hub.api import faults


class BodyLimit:
    """Refuse bodies that are too large: by their announced length, else while they come.

    Parameters
    ----------
    app
        What is protected.
    size
        Largest body, in bytes.
    """

    def __init__(self, app: ASGIApp, size: int) -> None:
        self.app = app
        self.size = size

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        length = Headers(scope=scope).get("content-length", "0")
        if not length.isdecimal() or int(length) > self.size:
            refused = faults.answer(InputError(faults.TOO_LARGE), 413)
            await refused(scope, receive, send)
            return
        left = self.size

        async def limited() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise HTTPException(413)
            return message

        await self.app(scope, limited, send)
