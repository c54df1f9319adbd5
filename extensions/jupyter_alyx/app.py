"""The extension and its settings (``c.AlyxExtension`` in ``jupyter_server_config.py``)."""

from __future__ import annotations

import os

from jupyter_server.extension.application import ExtensionApp
from jupyter_server.utils import url_path_join
from traitlets import Float, Integer, Unicode, default

from jupyter_alyx.handlers import RelayHandler
from jupyter_alyx.relay import Relay


class AlyxExtension(ExtensionApp):
    """Relays ``<server>/alyx/api/<path>`` to the ALYX API.

    The token is the server's own (``JUPYTERHUB_API_TOKEN``), read at each request; it is no trait,
    since traits are printed by ``--show-config``.
    """

    name = "jupyter_alyx"

    api_url = Unicode(
        config=True,
        help="Address of the ALYX API; by default the environment variable ALYX_API_URL.",
    )
    connect_seconds = Float(
        5.0, config=True, help="Seconds to wait for a connection to the ALYX API."
    )
    silence_seconds = Float(
        60.0,
        config=True,
        help="Seconds without a byte after which an answer counts as broken; "
        "streams carry a keepalive each 15 s.",
    )
    body_limit = Integer(
        1024 * 1024, config=True, help="Largest body of a request that is relayed, in bytes."
    )

    @default("api_url")
    def _api_url(self) -> str:
        return os.environ.get("ALYX_API_URL", "")

    def initialize_settings(self) -> None:
        """Make the one client of this server."""
        self.relay = Relay(
            self.api_url,
            connect_seconds=self.connect_seconds,
            silence_seconds=self.silence_seconds,
        )

    def initialize_handlers(self) -> None:
        """Add the one route."""
        pattern = url_path_join("alyx", "api", "(.*)")
        given = {"relay": self.relay, "body_limit": self.body_limit}
        self.handlers.append((pattern, RelayHandler, given))

    async def stop_extension(self) -> None:
        """Close the connections with the server."""
        await self.relay.close()
