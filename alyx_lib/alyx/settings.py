"""The library's settings: an argument, else ``ALYX_*``, else ``alyx.toml``, else the default.

Read only at the edges (command line, Hub configuration, service, session); everything
inside is handed what it needs.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import platformdirs

from alyx.errors import ConfigurationError, Problem, near


def default_home() -> Path:
    """Return where ALYX keeps its state when nothing else is said.

    Root's own home is closed to the account that PostgreSQL runs under, so root's
    state stands in ``/var/lib/alyx``.
    """
    if os.geteuid() == 0:
        return Path("/var/lib/alyx")
    return Path(platformdirs.user_data_dir("alyx"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings of the library, frozen.

    Examples
    --------
    >>> Settings(database_url="postgresql://db.example/alyx").database_url
    'postgresql://db.example/alyx'
    """

    #: Folder of the embedded database, payload files, logs and user homes.
    home: Path = field(default_factory=default_home)
    #: PostgreSQL address; empty means the embedded server below ``home``.
    database_url: str = ""
    #: Read-only PostgreSQL address for queries; empty means ``database_url``.
    reader_url: str = ""
    #: fsspec address of the payload store; empty means the folder ``home/objects``.
    objects_url: str = ""
    #: Address of the ALYX API; empty means a session straight on the store.
    api_url: str = ""
    #: Token for the API; in a Hub it is the user's own.
    api_token: str = field(default="", repr=False)
    #: Longest time of one query on the database, in seconds.
    statement_timeout: float = 30.0
    #: Most connections that one process opens to the database.
    pool_size: int = 8
    #: Rows up to which a count is exact.
    exact_count: int = 100_000
    #: Events in one payload chunk.
    chunk_events: int = 20_000
    #: Most payload bytes that one query may read, in bytes.
    query_bytes: int = 8_000_000_000

    @property
    def objects(self) -> str:
        """Address of the payload store, the default filled in."""
        return self.objects_url or (self.home / "objects").as_uri()

    def as_environment(self) -> dict[str, str]:
        """Return what a process of its own needs to open the same store.

        Examples
        --------
        >>> Settings(pool_size=4).as_environment()["ALYX_POOL_SIZE"]
        '4'
        """
        found = {one.name: getattr(self, one.name) for one in fields(self)}
        found = {name: value for name, value in found.items() if not name.startswith("api_")}
        return {f"ALYX_{name.upper()}": str(value) for name, value in found.items() if value != ""}


def load(
    environ: Mapping[str, str] | None = None, folder: Path | None = None, **arguments: Any
) -> Settings:
    """Read the settings.

    Parameters
    ----------
    environ
        The environment; the process's own by default.
    folder
        Where ``alyx.toml`` is looked for; the working folder by default.
    **arguments
        Settings by name, first in rank; ``None`` means not given.

    Raises
    ------
    ConfigurationError
        An unknown name or a value of the wrong kind; all at once.
    """
    environ = os.environ if environ is None else environ
    given = _from_toml((folder or Path.cwd()) / "alyx.toml")
    given |= _from_environment(environ)
    given |= {name: value for name, value in arguments.items() if value is not None}
    return _build(given)


def _from_toml(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        return tomllib.loads(path.read_text())
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path} is not valid TOML: {error}.") from error


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    names = {setting.name for setting in fields(Settings)}
    found = {name: environ.get(f"ALYX_{name.upper()}") for name in names}
    return {name: value for name, value in found.items() if value is not None}


def _build(given: Mapping[str, Any]) -> Settings:
    defaults = Settings()
    known = [setting.name for setting in fields(Settings)]
    problems, values = [], {}
    for name, value in given.items():
        if name not in known:
            problems.append(Problem(name, "There is no such setting.", near(name, known)))
            continue
        kind = type(getattr(defaults, name))
        try:
            values[name] = kind(value)
        except (TypeError, ValueError):
            problems.append(Problem(name, f"{value!r} is not of kind {kind.__name__}."))
    if problems:
        raise ConfigurationError(problems=problems)
    return replace(defaults, **values)
