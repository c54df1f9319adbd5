"""A kernel on a Jupyter server that asks for a token, as ``nbclient`` runs cells in it.

Jupyter's own gateway client sends its token with each request, but not with the websocket.
"""

from __future__ import annotations

from threading import Thread
from typing import Any

import websocket
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_server.gateway.gateway_client import GatewayClient
from jupyter_server.gateway.managers import GatewayKernelClient, GatewayKernelManager
from jupyter_server.utils import url_path_join


class RemoteKernelClient(GatewayKernelClient):
    """Opens its websocket with the token."""

    async def start_channels(  # type: ignore[override]  # the asynchronous form of the parent's
        self,
        shell: bool = True,
        iopub: bool = True,
        stdin: bool = True,
        hb: bool = True,
        control: bool = True,
    ) -> None:
        """Open the websocket, and begin to listen."""
        gateway = GatewayClient.instance()
        path = (gateway.kernels_endpoint, self.kernel_id, "channels")
        self.channel_socket = websocket.create_connection(
            url_path_join(str(gateway.ws_url), *path),
            timeout=gateway.KERNEL_LAUNCH_TIMEOUT,
            enable_multithread=True,
            header={"Authorization": f"token {gateway.auth_token}"},
        )
        # the parent's own would connect again
        AsyncKernelClient.start_channels(self, shell, iopub, stdin, hb, control)
        self.response_router = Thread(target=self._route_responses, daemon=True)
        self.response_router.start()


class RemoteKernelManager(GatewayKernelManager):
    """Starts the kernel on the server, and gives the client above."""

    client_class = f"{__name__}.RemoteKernelClient"
    client_factory: Any = RemoteKernelClient
