"""Who may do what, as data: ALYX's own scopes and the Hub's roles."""

from __future__ import annotations

from typing import Any

from alyx_hub.api.security import PREFIX
from alyx_hub.values import Values

#: ALYX's scopes, without their prefix, and what they allow.
SCOPES = {
    "read:datasets": "See which data sets there are, and their schema",
    "read:events": "Query and read events",
    "write:events": "Ingest events",
    "read:jobs": "See one's own jobs and their results",
    "write:jobs": "Submit, stop and retry one's own jobs",
}
#: The Hub's services that a user's tokens may reach.
REACHED = ("alyx", "dask-gateway")


def custom_scopes() -> dict[str, dict[str, str]]:
    """Return ALYX's scopes as ``c.JupyterHub.custom_scopes`` takes them."""
    return {PREFIX + name: {"description": text} for name, text in SCOPES.items()}


def own() -> list[str]:
    """Return ALYX's scopes, each for its owner alone, and access to the services."""
    access = [f"access:services!service={name}" for name in REACHED]
    return [*access, *(f"{PREFIX}{name}!user" for name in SCOPES)]


def roles(values: Values) -> list[dict[str, Any]]:
    """Return the Hub's roles.

    A single-user server's token has neither access to services nor custom scopes by default:
    the role ``server`` gives both, and the token gets what its owner has too.
    """
    return [
        {"name": "user", "scopes": ["self", *own()]},
        # accounts that nobody logs in to get no role by themselves
        {"name": "team", "scopes": ["self", *own()], "users": list(values.teams)},
        {"name": "server", "scopes": ["users:activity!user", "access:servers!server", *own()]},
        {
            "name": "alyx-dispatcher",
            "services": ["alyx-dispatcher"],
            "scopes": ["access:services!service=dask-gateway"],
        },
        {
            "name": "idle-culler",
            "services": ["idle-culler"],
            "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
        },
        *(_team(name) for name in values.teams),
    ]


def _team(name: str) -> dict[str, Any]:
    scopes = ("access:servers", "servers", "list:users")
    return {
        "name": f"member-of-{name}",
        "groups": [name],
        "scopes": [f"{scope}!user={name}" for scope in scopes],
    }
