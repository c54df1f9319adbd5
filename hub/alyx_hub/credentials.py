"""Passwords, tokens and keys: made once, in files that only their owner can read."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Self

from alyx_hub.files import write_private

#: Without letters and digits that are easily taken for one another.
LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"


def _password(groups: int) -> str:
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(4)) for _ in range(groups))


def _key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


MAKERS: dict[str, Callable[[], str]] = {
    "password": lambda: _password(4),
    "admin_password": lambda: _password(8),  # the Hub wants 32 letters and more
    "cookie": lambda: secrets.token_hex(32),
    "proxy": lambda: secrets.token_hex(32),
    "dispatcher": lambda: secrets.token_hex(32),
    "gateway": _key,
}


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the parts of an environment know one another by.

    Parameters
    ----------
    password, admin_password
        Of all physicists, and of the administrators.
    cookie, proxy, dispatcher, gateway
        The Hub's cookie secret, its token at the proxy, the dispatcher's token at the Hub,
        and the key that the Gateway encrypts its database with.
    """

    password: str = field(repr=False)
    admin_password: str = field(repr=False)
    cookie: str = field(repr=False)
    proxy: str = field(repr=False)
    dispatcher: str = field(repr=False)
    gateway: str = field(repr=False)

    @classmethod
    def of(cls, folder: Path) -> Self:
        """Read a folder's credentials; those that are missing are made."""
        return cls(**{one.name: _kept(folder / one.name, MAKERS[one.name]) for one in fields(cls)})


def _kept(path: Path, make: Callable[[], str]) -> str:
    if not path.is_file():
        write_private(path, make())
    return path.read_text().strip()
