"""Sign-in at the Gateway by the Hub's tokens."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from dask_gateway_server.auth import JupyterHubAuthenticator, unauthorized


class HubAuthenticator(JupyterHubAuthenticator):  # type: ignore[misc]  # comes without types
    """Answers 401 to a token that the Hub does not know.

    The Hub refuses such a token with 403, which the parent takes for a fault of its own.
    """

    async def authenticate(self, request: Any) -> Any:
        """Return who asks."""
        try:
            return await super().authenticate(request)
        except web.HTTPInternalServerError as error:
            raise unauthorized("jupyterhub") from error
