"""JupyterHub's configuration as a function of values: ``configure(c, values, credentials)``."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any

from alyx_dask import gateway
from alyx_hub import scopes, spawner
from alyx_hub.credentials import Credentials
from alyx_hub.files import proxy_command
from alyx_hub.values import Values, search_path

#: Seconds after which an idle server is stopped.
IDLE = 4 * 3600


def configure(c: Any, values: Values, credentials: Credentials) -> None:
    """Fill in a Hub's configuration.

    Parameters
    ----------
    c
        The configuration object of ``jupyterhub_config.py``.
    values
        Addresses, folders, users.
    credentials
        Passwords and tokens.
    """
    _addresses(c, values)
    _database(c, values, credentials)
    _proxy(c, values, credentials)
    _people(c, values, credentials)
    _servers(c, values)
    c.JupyterHub.services = services(values, credentials)


def services(values: Values, credentials: Credentials) -> list[dict[str, Any]]:
    """Return the Hub's services: the API, the Gateway, the culler, and the dispatcher's token."""
    python = [*_guard(), sys.executable, "-m"]
    return [
        {
            "name": "alyx",
            "url": f"http://127.0.0.1:{values.ports.api}",
            "command": [*python, "alyx_hub.api"],
            "environment": {**values.store_environment, **values.marked, "PATH": search_path()},
        },
        {
            "name": "dask-gateway",
            "command": [*_guard(), *gateway.command()],
            "environment": {**_gateway(values, credentials), **values.marked},
        },
        {
            "name": "idle-culler",
            "command": [*python, "jupyterhub_idle_culler", f"--timeout={IDLE}"],
            "environment": values.marked,
        },
        {"name": "alyx-dispatcher", "api_token": credentials.dispatcher},
    ]


def _gateway(values: Values, credentials: Credentials) -> dict[str, str]:
    return {
        "ALYX_GATEWAY_ADDRESS": f"127.0.0.1:{values.ports.gateway}",
        "ALYX_GATEWAY_API": f"127.0.0.1:{values.ports.gateway_api}",
        "ALYX_GATEWAY_FOLDER": str(values.home / "run" / "gateway"),
        "DASK_GATEWAY_ENCRYPT_KEYS": credentials.gateway,
        "PATH": search_path(),
    }


def _guard() -> list[str]:
    """Return what ends a service with the Hub: after kill -9 it would hold its port."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM"] if setpriv else []


def _addresses(c: Any, values: Values) -> None:
    c.JupyterHub.bind_url = f"http://{values.host}:{values.ports.public}/"
    c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{values.ports.hub}"
    c.JupyterHub.tornado_settings = {"slow_spawn_timeout": 20}


def _database(c: Any, values: Values, credentials: Credentials) -> None:
    c.JupyterHub.db_url = values.hub_database_url
    c.JupyterHub.cookie_secret = bytes.fromhex(credentials.cookie)


def _proxy(c: Any, values: Values, credentials: Credentials) -> None:
    c.ConfigurableHTTPProxy.command = proxy_command()
    c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{values.ports.proxy_api}"
    c.ConfigurableHTTPProxy.auth_token = credentials.proxy
    c.ConfigurableHTTPProxy.pid_file = str(values.home / "run" / "proxy.pid")


def _people(c: Any, values: Values, credentials: Credentials) -> None:
    c.JupyterHub.authenticator_class = "shared-password"
    c.SharedPasswordAuthenticator.user_password = credentials.password
    c.SharedPasswordAuthenticator.admin_password = credentials.admin_password
    c.Authenticator.admin_users = set(values.admins)
    c.Authenticator.allowed_users = {*values.users, *values.admins}
    # a team's account exists and owns a server, and nobody logs in as it; to block it would take
    # its server's rights too
    c.Authenticator.allow_existing_users = False
    accounts = {"teams": {"users": list(values.teams)}}
    members = {team: {"users": list(users)} for team, users in values.teams.items()}
    c.JupyterHub.load_groups = accounts | members
    c.JupyterHub.template_paths = [str(Path(__file__).with_name("templates"))]
    c.JupyterHub.template_vars = {"alyx_teams": values.teams}
    c.JupyterHub.custom_scopes = scopes.custom_scopes()
    c.JupyterHub.load_roles = scopes.roles(values)


def _servers(c: Any, values: Values) -> None:
    c.JupyterHub.spawner_class = "simple"
    c.SimpleLocalProcessSpawner.home_dir_template = str(values.home / "users" / "{username}")
    c.Spawner.cmd = spawner.command()
    c.Spawner.args = spawner.arguments()
    c.Spawner.environment = spawner.environment(values)
    c.Spawner.pre_spawn_hook = spawner.prepare
    c.Spawner.default_url = "/lab"
    c.Spawner.start_timeout = c.Spawner.http_timeout = 120


def from_environment(c: Any) -> None:
    """Configure the Hub of the run whose values file ``ALYX_VALUES`` names."""
    values = Values.read(Path(os.environ["ALYX_VALUES"]))
    configure(c, values, Credentials.of(values.home / "secrets"))
