"""A user's server: its home, its environment, its command."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any

from alyx_hub.files import shipped
from alyx_hub.values import Values, search_path

#: Seconds for which a server keeps the Hub's answer: revoked guests are out within these.
CACHE_SECONDS = 5


def command() -> list[str]:
    """Return the command of a single-user server."""
    # -P: files in the user's folder must not stand in for the server's own modules
    return [sys.executable, "-P", "-m", "jupyter_alyx.singleuser"]


def arguments() -> list[str]:
    """Return its arguments; Jupyter refuses to run as root unless told."""
    root = ["--allow-root"] if os.geteuid() == 0 else []
    return [f"--HubOAuth.cache_max_age={CACHE_SECONDS}", *root]


def environment(values: Values) -> dict[str, str]:
    """Return what servers and kernels know: addresses alone, no credentials of the store."""
    return {
        "ALYX_API_URL": values.api_url,
        "PATH": search_path(),
        **values.gateway_environment,
        **values.marked,
    }


def prepare(spawner: Any) -> None:
    """Put ALYX's notebooks into the user's home before the first start; never over a file."""
    home = Path(spawner.home_dir)
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    for notebook in sorted(shipped("notebooks").glob("*.ipynb")):
        if not (home / notebook.name).exists():
            shutil.copyfile(notebook, home / notebook.name)
