"""What one environment is made of: addresses, folders, users. No secrets but the database's."""

from __future__ import annotations

import ipaddress
import json
import os
import socket
import sys
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Self

from alyx.settings import Settings
from alyx_hub.files import write_private

#: Users of the one-machine default.
USERS = ("marie", "lise")
ADMINS = ("admin",)
#: Team workspaces: the account that owns the shared server, and who may open it.
TEAMS = {"team-higgs": USERS}


@dataclass(frozen=True, slots=True)
class Ports:
    """TCP ports; only ``public`` is meant for people."""

    public: int
    hub: int
    proxy_api: int
    api: int
    gateway: int
    gateway_api: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """One environment on one machine.

    Parameters
    ----------
    home
        Folder of database, payload files, logs, users' homes.
    store_environment
        How a trusted process reaches the store, as ``ALYX_*``; never given to a kernel.
    ports
        Where its servers listen.
    host
        Address that the public port listens on: loopback unless said otherwise.
    users, admins, teams
        Who may log in, and the shared servers with their members.
    run
        Mark that every process of this run carries in its environment, as ``ALYX_RUN``.
    """

    home: Path
    store_environment: dict[str, str] = field(repr=False)
    ports: Ports
    host: str = "127.0.0.1"
    users: tuple[str, ...] = USERS
    admins: tuple[str, ...] = ADMINS
    teams: dict[str, tuple[str, ...]] = field(default_factory=lambda: dict(TEAMS))
    run: str

    @classmethod
    def of(cls, settings: Settings, *, host: str, port: int, run: str) -> Self:
        """Choose free ports beside the public one; the settings name the running database."""
        return cls(
            home=settings.home,
            store_environment=settings.as_environment(),
            ports=Ports(port, *free_ports(len(fields(Ports)) - 1)),
            host=host,
            run=run,
        )

    @property
    def url(self) -> str:
        """The public address."""
        return public_url(self.host, self.ports.public)

    @property
    def database_url(self) -> str:
        """Address of PostgreSQL."""
        return self.store_environment["ALYX_DATABASE_URL"]

    @property
    def api_url(self) -> str:
        """The ALYX API, through the public proxy."""
        return f"{self.url}/services/alyx"

    @property
    def gateway_url(self) -> str:
        """The Gateway, at its own proxy: loopback only, so that nothing of it is public."""
        return f"http://127.0.0.1:{self.ports.gateway}/services/dask-gateway"

    @property
    def hub_database_url(self) -> str:
        """The Hub's own tables: schema ``hub`` of the same database."""
        url = self.database_url.replace("postgresql://", "postgresql+psycopg://", 1)
        return f"{url}{'&' if '?' in url else '?'}options=-csearch_path%3Dhub"

    @property
    def marked(self) -> dict[str, str]:
        """Environment that each process of this run carries, so that none is left behind."""
        return {"ALYX_RUN": self.run}

    @property
    def gateway_environment(self) -> dict[str, str]:
        """How a client reaches the Gateway, with the token that it has."""
        return {
            "DASK_GATEWAY__ADDRESS": self.gateway_url,
            "DASK_GATEWAY__PROXY_ADDRESS": f"gateway://127.0.0.1:{self.ports.gateway}",
            "DASK_GATEWAY__AUTH__TYPE": "jupyterhub",
        }

    def write(self) -> Path:
        """Write the values, for their owner alone, where the Hub's configuration reads them."""
        path = self.home / "run" / "values.json"
        write_private(path, json.dumps(asdict(self), default=str, indent=1))
        return path

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read what :meth:`write` wrote."""
        found: dict[str, Any] = json.loads(path.read_text())
        found["home"] = Path(found["home"])
        found["ports"] = Ports(**found["ports"])
        found["teams"] = {team: tuple(members) for team, members in found["teams"].items()}
        return cls(**found | {"users": tuple(found["users"]), "admins": tuple(found["admins"])})


def public_url(host: str, port: int) -> str:
    """Return the address at which browsers and kernels of this machine reach the proxy."""
    return f"http://{'127.0.0.1' if _is_everywhere(host) else host}:{port}"


def _is_everywhere(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False  # a name


def free_ports(number: int) -> list[int]:
    """Return ports on loopback that nobody listens on just now."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]


def search_path() -> str:
    """Return PATH with this environment's programs first."""
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
