"""``python -m alyx_hub.api``: the service, as the Hub starts it."""

from __future__ import annotations

import logging
import os
import sys
from urllib.parse import urlsplit

import click
import uvicorn

from alyx import settings
from alyx.errors import AlyxError, ConfigurationError
from alyx_hub.api.app import create_app
from alyx_hub.api.security import HubAuthenticator


@click.command()
@click.option("--host", help="Address to listen on; by default that of JUPYTERHUB_SERVICE_URL.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; likewise.")
def main(host: str | None, port: int | None) -> None:
    """Serve the ALYX API as a service of JupyterHub."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    address = urlsplit(os.environ.get("JUPYTERHUB_SERVICE_URL", ""))
    port = address.port if port is None else port
    try:
        app = create_app(
            settings.load(),
            _authenticator(),
            prefix=os.environ.get("JUPYTERHUB_SERVICE_PREFIX", ""),
        )
        if port is None:
            raise ConfigurationError("Name the port: --port, or JUPYTERHUB_SERVICE_URL.")
    except AlyxError as error:
        sys.exit(f"Error: {error.message}")
    uvicorn.run(
        app,
        host=host or address.hostname or "127.0.0.1",
        port=port,
        access_log=False,  # uvicorn's writes query strings; ours is in log.py
        log_config=None,
        # an open event stream must not hold the Hub's stop for a minute
        timeout_graceful_shutdown=3,
    )


def _authenticator() -> HubAuthenticator:
    if not os.environ.get("JUPYTERHUB_API_TOKEN"):
        message = "JUPYTERHUB_API_TOKEN is missing: this is a service that JupyterHub starts."
        raise ConfigurationError(message)
    return HubAuthenticator()


if __name__ == "__main__":
    main()
