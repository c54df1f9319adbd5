"""No request is larger than the service can bear."""

from __future__ import annotations

from collections.abc import Mapping

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
    larger
        Other sizes, by the beginning of a path.
    """

    def __init__(self, app: ASGIApp, size: int, larger: Mapping[str, int]) -> None:
        self.app = app
        self.size = size
        self.larger = larger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        size = self._size(scope["path"].removeprefix(scope.get("root_path", "")))
        length = Headers(scope=scope).get("content-length", "0")
        if not length.isdecimal() or int(length) > size:
            refused = faults.answer(InputError(faults.TOO_LARGE), 413)
            await refused(scope, receive, send)
            return
        left = size

        async def limited() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise HTTPException(413)
            return message

        await self.app(scope, limited, send)

    def _size(self, path: str) -> int:
        return next((at for begin, at in self.larger.items() if path.startswith(begin)), self.size)
