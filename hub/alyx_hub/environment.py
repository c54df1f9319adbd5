"""One environment from outside: start it, find it, end it."""

from __future__ import annotations

import secrets
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import psutil

from alyx.errors import ConfigurationError, ConflictError, ServiceError
from alyx.settings import Settings
from alyx.store.server import EmbeddedServer
from alyx_hub import processes
from alyx_hub.credentials import Credentials
from alyx_hub.files import proxy_command
from alyx_hub.state import State, log_of
from alyx_hub.values import Values, free_ports

#: Seconds that a supervisor gets to end all that it started.
PATIENCE = 180.0
#: Bytes that an environment needs on the disk before it is started.
ROOM = 2_000_000_000
#: Called with each new state of a run that is starting.
Follow = Callable[[State], None]


@dataclass(frozen=True, slots=True)
class Environment:
    """A running environment.

    Parameters
    ----------
    url
        Its public address.
    home
        Its folder.
    users
        Who may log in.
    passwords
        Of each of them.
    """

    url: str
    home: Path
    users: tuple[str, ...]
    passwords: dict[str, str] = field(repr=False)

    @classmethod
    def of(cls, home: Path) -> Environment:
        """Describe what runs in a home."""
        values, known = Values.read(home / "run" / "values.json"), Credentials.of(home / "secrets")
        passwords = dict.fromkeys(values.users, known.password)
        passwords |= dict.fromkeys(values.admins, known.admin_password)
        return cls(values.url, home, (*values.users, *values.admins), passwords)


def running(home: Path) -> Environment | None:
    """Return the environment that runs in a home, if any is ready."""
    state = State.read(home)
    if state is None or state.phase != "ready" or not state.alive:
        return None
    return Environment.of(home)


def start(
    settings: Settings,
    *,
    host: str = "127.0.0.1",
    port: int,
    follow: Follow = lambda _: None,
) -> Environment:
    """Start an environment, or find the one that runs in the settings' home.

    Parameters
    ----------
    settings
        The library's settings.
    host, port
        Where its public address listens.
    follow
        Called as it starts.

    Raises
    ------
    ConflictError
        The port is used.
    ConfigurationError
        Something that it needs is missing.
    ServiceError
        It did not start; the message quotes the log.
    """
    settings = replace(settings, home=settings.home.absolute())
    state = State.read(settings.home)
    if state is not None and not state.alive:
        _clear(state)
        state = None
    if state is None:
        check(settings.home, host, port)
        _launch(settings, host, port)
    _wait(settings.home, follow)
    return Environment.of(settings.home)


def stop(home: Path) -> bool:
    """End what runs in a home, all of its processes; return whether anything did.

    Raises
    ------
    ServiceError
        Something would not end.
    """
    state = State.read(home)
    if state is None:
        return False
    if state.alive:
        _ask(state)
    _clear(state)
    return True


@contextmanager
def running_or_temporary(settings: Settings, follow: Follow) -> Iterator[Environment]:
    """Give the running environment, else one on free ports in a folder that is removed again."""
    found = running(settings.home)
    if found is not None:
        yield found
        return
    with tempfile.TemporaryDirectory(prefix="alyx-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        try:
            yield start(Settings(home=home), port=free_ports(1)[0], follow=follow)
        finally:
            stop(home)


def check(home: Path, host: str, port: int) -> None:
    """Say in one sentence what stands in the way of a start."""
    proxy_command()
    try:
        home.mkdir(parents=True, exist_ok=True)
        (home / "run").mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"ALYX cannot write to its folder {home} ({error.strerror}): name another, with "
            "--home FOLDER or ALYX_HOME."
        ) from error
    free = shutil.disk_usage(home).free
    if free < ROOM:
        raise ConfigurationError(
            f"The disk below {home} has {free / 1e9:.1f} GB left, and ALYX needs "
            f"{ROOM / 1e9:.0f} GB to start: make room, or name another folder with --home."
        )
    _check_port(host, port)


def _check_port(host: str, port: int) -> None:
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as listening:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
    except OSError as error:
        raise ConflictError(
            f"ALYX cannot listen on {host} port {port} ({error.strerror}): end what uses it, or "
            f"choose another port, as `alyx up --port {port + 1}` or `make up PORT={port + 1}`."
        ) from error


def _launch(settings: Settings, host: str, port: int) -> None:
    run = secrets.token_hex(8)
    command = [sys.executable, "-m", "alyx_hub.supervisor", "--host", host, "--port", str(port)]
    environ = {**settings.as_environment(), "ALYX_RUN": run}
    file = log_of(settings.home, "supervisor")
    child = processes.start(command, file, environ, settings.home / "run")
    child.returncode = 0  # it outlives this process by intent, of which Popen would warn
    # known from now on, so that nothing is left behind if it falls at once
    State(settings.home, run, "", child.pid, psutil.Process(child.pid).create_time()).write()


def _wait(home: Path, follow: Follow) -> None:
    while True:
        state = State.read(home)
        if state is None:
            raise ServiceError("The environment was ended while it was starting.")
        follow(state)
        if state.phase == "ready":
            return
        if state.phase == "failed" or not state.alive:
            _clear(state)
            raise ServiceError(state.error or _fallen(home))
        time.sleep(0.1)


def _fallen(home: Path) -> str:
    file = log_of(home, "supervisor")
    return f"The start failed. The log {file} ends with:\n{processes.last_lines(file)}"


def _ask(state: State) -> None:
    supervisor = psutil.Process(state.pid)
    supervisor.send_signal(signal.SIGTERM)
    try:
        supervisor.wait(PATIENCE)
    except psutil.TimeoutExpired:
        supervisor.kill()


def _clear(state: State) -> None:
    """End what a supervisor left behind that was killed."""
    processes.sweep(state.run)
    EmbeddedServer(state.home / "postgres").stop()
    left = processes.marked(state.run)
    if left:
        raise ServiceError(
            f"These processes would not end: {', '.join(str(one.pid) for one in left)}."
        )
    state.forget()
