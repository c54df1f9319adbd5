"""A kernel on a Jupyter server that asks for a token, as ``nbclient`` runs cells in it.

Jupyter's own gateway client sends its token with each request, but not with the websocket,
and falls silent at the first message that carries buffers, as those of widgets do.
"""

from __future__ import annotations

import json
from threading import Thread
from typing import Any

import websocket
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_server.gateway.gateway_client import GatewayClient
from jupyter_server.gateway.managers import GatewayKernelClient, GatewayKernelManager
from jupyter_server.services.kernels.connection.base import deserialize_binary_message
from jupyter_server.utils import url_path_join


class TextSocket(websocket.WebSocket):
    """Gives each message as text; buffers, which stand in no output of a cell, are left out."""

    def recv(self) -> str:
        """Return the next message."""
        opcode, data = self.recv_data()
        if opcode != websocket.ABNF.OPCODE_BINARY:
            return str(data, "utf-8")
        message = deserialize_binary_message(data)  # type: ignore[no-untyped-call]
        return json.dumps({**message, "buffers": []}, default=str)


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
            class_=TextSocket,
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
