"""Owns one environment: starts its processes in order, watches them, ends them all.

``python -m alyx_hub.supervisor --port 8000`` is what ``alyx up`` starts; the settings come from
``ALYX_*`` and the run's mark from ``ALYX_RUN``. SIGTERM and SIGINT end it. Whatever it leaves
when it is killed is found by the mark.
"""

from __future__ import annotations

import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import httpx
import psycopg

from alyx import settings
from alyx.errors import AlyxError, ServiceError
from alyx.ingest import samples
from alyx.settings import Settings
from alyx.store import migrations
from alyx.store.server import EmbeddedServer
from alyx_hub import processes
from alyx_hub.credentials import Credentials
from alyx_hub.state import State, log_of
from alyx_hub.values import Values, public_url, search_path

CONFIGURATION = Path(__file__).with_name("jupyterhub_config.py")
#: Seconds: for the Hub and its services to answer; for them to end; between two looks;
#: longest pause before a fallen process is started again.
START, END, LOOK, LONGEST_PAUSE = 120.0, 75.0, 0.5, 30.0
log = logging.getLogger("alyx.supervisor")


class Stopped(BaseException):
    """The supervisor was asked to end while it was starting."""


class Database:
    """The PostgreSQL of a run: one of its own, or the one that the settings name.

    Parameters
    ----------
    given
        The settings; without a ``database_url`` a server below ``home`` is started.
    """

    def __init__(self, given: Settings) -> None:
        self.settings = given
        self.server = None if given.database_url else EmbeddedServer(given.home / "postgres")
        self._held: psycopg.Connection[Any] | None = None

    def start(self) -> Settings:
        """Start it unless it runs, and return settings that name it, its tables up to date."""
        url = self.settings.database_url if self.server is None else self.server.start()
        migrations.upgrade(url)
        # a session straight on the store stops a server that nobody is connected to
        self._held = psycopg.connect(url, autocommit=True)
        self._held.execute("CREATE SCHEMA IF NOT EXISTS hub")
        return replace(self.settings, database_url=url)

    def keep(self) -> None:
        """Start an own server again when it has fallen."""
        if self.server is not None and self.server.pid is None:
            log.warning("PostgreSQL has ended; starting it again")
            self.start()

    def stop(self) -> None:
        """Stop an own server."""
        if self._held is not None:
            self._held.close()
        if self.server is not None:
            self.server.stop()


class Supervisor:
    """The parent of one run's processes.

    Parameters
    ----------
    given
        The settings.
    host, port
        Where the public address listens.
    run
        The mark of this run.
    """

    def __init__(self, given: Settings, host: str, port: int, run: str) -> None:
        self.place, self.run_mark = (host, port), run
        self.home = given.home
        self.state = State(given.home, run, public_url(host, port))
        self.database = Database(given)
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        self._falls: dict[str, int] = {}
        self._asked = threading.Event()

    def stop(self, *_: object) -> None:
        """Ask for the end; a signal handler."""
        self._asked.set()

    def run(self) -> int:
        """Start everything, watch it until asked to end, end everything; an exit status."""
        failure = ""
        try:
            self._start()
            self.state.enter("ready")
            self._watch()
        except Stopped:
            log.info("asked to end while starting")
        except (AlyxError, psycopg.Error, OSError) as error:
            log.exception("cannot go on")
            failure = str(error)
        self._end(failure)
        return 1 if failure else 0

    def _start(self) -> None:
        shutil.rmtree(self.home / "run" / "gateway", ignore_errors=True)
        with self.state.step("database"):
            given = self.database.start()
        self._pause(0)
        host, port = self.place
        self.values = Values.of(given, host=host, port=port, run=self.run_mark)
        self.credentials = Credentials.of(self.home / "secrets")
        self.values.write()
        with ThreadPoolExecutor(1) as pool:
            loading = pool.submit(samples.load, given)
            with self.state.step("Hub, proxy, API and Gateway"):
                self._launch("hub")
                self._wait_for_hub()
            with self.state.step("dispatcher"):
                self._launch("dispatcher")
            with self.state.step("sample data"):
                self._wait_for(loading)

    def _launch(self, name: str) -> None:
        command, environ = getattr(self, f"_{name}")()
        folder = self.home / "run" / name
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        log_file = log_of(self.home, name)
        self.children[name] = processes.start(command, log_file, environ, folder)
        log.info("started %s, process %d", name, self.children[name].pid)

    def _hub(self) -> tuple[list[str], dict[str, str]]:
        command = [sys.executable, "-m", "jupyterhub", "-f", str(CONFIGURATION)]
        path = str(self.home / "run" / "values.json")
        return command, {"ALYX_VALUES": path, "PATH": search_path(), **self.values.marked}

    def _dispatcher(self) -> tuple[list[str], dict[str, str]]:
        environ = {
            **self.values.store_environment,
            **self.values.gateway_environment,
            **self.values.marked,
            "JUPYTERHUB_API_TOKEN": self.credentials.dispatcher,
        }
        return [sys.executable, "-m", "alyx_hub.scheduler"], environ

    def _wait_for_hub(self) -> None:
        addresses = [
            f"{self.values.url}/hub/health",
            f"{self.values.api_url}/health",
            f"{self.values.gateway_url}/api/health",
        ]
        end = time.monotonic() + START
        while silent := [address for address in addresses if not answers(address)]:
            self._pause(0.1)
            fallen = self.children["hub"].poll() is not None
            if fallen or time.monotonic() > end:
                raise ServiceError(self._complaint("hub", f"No answer from {silent[0]}."))

    def _wait_for(self, loading: Future[Any]) -> None:
        while not loading.done():
            self._pause(0.05)
        loading.result()

    def _watch(self) -> None:
        while not self._asked.wait(LOOK):
            self.database.keep()
            for name, child in list(self.children.items()):
                if child.poll() is not None:
                    self._raise_again(name, child)

    def _raise_again(self, name: str, child: subprocess.Popen[bytes]) -> None:
        self._falls[name] = self._falls.get(name, 0) + 1
        pause = min(LONGEST_PAUSE, 2.0 ** (self._falls[name] - 1))
        log.warning("%s ended with status %s; again in %.0f s", name, child.returncode, pause)
        if not self._asked.wait(pause):
            self._launch(name)

    def _pause(self, seconds: float) -> None:
        if self._asked.wait(seconds):
            raise Stopped

    def _complaint(self, name: str, what: str) -> str:
        file = log_of(self.home, name)
        return f"{what} The log {file} ends with:\n{processes.last_lines(file)}"

    def _end(self, failure: str) -> None:
        self.state.enter("stopping", failure)
        # the dispatcher first: it ends its clusters while the Gateway still listens
        for name in ("dispatcher", "hub"):
            if name in self.children:
                processes.end(self.children[name], END)
        left = processes.sweep(self.run_mark)
        log.info("ended; %d processes had to be swept", left)
        self.database.stop()
        if failure:
            self.state.enter("failed", failure)
        else:
            self.state.forget()


def answers(address: str) -> bool:
    """Return whether an address answers 200."""
    try:
        return httpx.get(address, timeout=5).status_code == 200
    except httpx.TransportError:
        return False


@click.command()
@click.option("--host", default="127.0.0.1", help="Address that the public port listens on.")
@click.option("--port", type=int, required=True, help="The public port.")
def main(host: str, port: int) -> None:
    """Own an environment until SIGTERM or SIGINT."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    supervisor = Supervisor(settings.load(), host, port, os.environ["ALYX_RUN"])
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, supervisor.stop)
    sys.exit(supervisor.run())


if __name__ == "__main__":
    main()
