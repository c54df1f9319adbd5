"""``alyx up`` and ``alyx down`` as a person uses them: twice, interrupted, killed, in the way."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest

from alyx_hub.environment import Environment
from alyx_hub.processes import marked
from alyx_hub.state import State
from alyx_hub.supervisor import answers
from alyx_hub.values import free_ports
from alyx_hub.visitor import Visitor

pytestmark = pytest.mark.acceptance

ALYX = str(Path(sys.executable).with_name("alyx"))
SUBMIT = """
job = alyx.connect().submit(kind="histogram", name="kept", dataset="cms-dimuon-2010",
    histogram={"quantity": "Muon.pair.mass", "bins": 60, "low": 60, "high": 120})
assert job.wait(timeout=120, progress=False).status == "COMPLETED"
"""


@dataclass
class Place:
    """A home and a port, and the command line on them."""

    home: Path
    port: int

    def run(self, command: str, *options: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            [ALYX, command, "--home", str(self.home), *options],
            capture_output=True, text=True, check=False, timeout=240,
        )  # fmt: skip

    def up(self) -> dict[str, Any]:
        """Start, and return what it prints for programs."""
        done = self.run("up", "--port", str(self.port), "--json")
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found

    def state(self) -> State:
        """What the supervisor tells of itself."""
        found = State.read(self.home)
        assert found is not None
        return found

    def visitor(self) -> Visitor:
        """Marie, logged in."""
        environment = Environment.of(self.home)
        return Visitor(environment.url, "marie", environment.passwords["marie"])


@pytest.fixture
def place() -> Iterator[Place]:
    """A place that is empty, and is left so."""
    # not below pytest's own folder, which another run of pytest closes to PostgreSQL's account
    with tempfile.TemporaryDirectory(prefix="alyx-", ignore_cleanup_errors=True) as folder:
        (port,) = free_ports(1)
        found = Place(Path(folder), port)
        yield found
        found.run("down")


def listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def eventually(check: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end
        time.sleep(0.1)


def works_with_a_cluster(place: Place) -> None:
    """Let a server, a Dask cluster and a kernel run."""
    with place.visitor() as marie:
        marie.start_server()
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(SUBMIT)])
        marie.run(notebook)
        headers = {"Authorization": f"token {marie.token}"}
        kernel = {"name": "alyx"}
        made = marie.http.post(f"{marie.server}/api/kernels", json=kernel, headers=headers)
        assert made.status_code == 201


def names(run: str) -> str:
    return " ".join(" ".join(one.cmdline()) for one in marked(run))


def test_nothing_is_left_and_nothing_is_lost(place: Place) -> None:
    first = place.up()
    assert first["url"] == f"http://127.0.0.1:{place.port}"
    assert place.up() == first
    works_with_a_cluster(place)
    run = place.state().run
    running = names(run)
    for part in ("jupyterhub", "configurable-http-proxy", "alyx_hub.api", "alyx_hub.scheduler",
                 "dask-gateway-server", "dask worker", "dask scheduler", "jupyter_alyx.singleuser",
                 "alyx_kernel", "postgres"):  # fmt: skip
        assert part in running
    assert place.run("status").returncode == 0

    assert place.run("down").returncode == 0
    assert marked(run) == []
    assert not listens(place.port)
    assert place.run("status").returncode == 3
    assert "Nothing runs" in place.run("down").stdout

    place.up()
    with place.visitor() as marie:
        assert [job["name"] for job in marie.api("GET", "/jobs").json()["jobs"]] == ["kept"]
        sets = marie.api("GET", "/datasets").json()["datasets"]
        assert {one["name"]: one["events"] for one in sets} == {
            "cms-dimuon-2010": 500,
            "z-dimuon-synthetic": 20_000,
        }
    assert (place.home / "users" / "marie" / "01_first_look.ipynb").is_file()


def test_what_a_killed_supervisor_leaves_is_found(place: Place) -> None:
    place.up()
    with place.visitor() as marie:
        marie.start_server()
    killed = place.state()
    os.kill(killed.pid, signal.SIGKILL)
    eventually(lambda: not killed.alive)
    assert place.run("status").returncode == 3
    assert "jupyterhub" in names(killed.run)

    place.up()  # begins anew
    assert marked(killed.run) == []
    assert place.state().run != killed.run
    with place.visitor() as marie:
        assert marie.api("GET", "/datasets").status_code == 200

    second = place.state()
    os.kill(second.pid, signal.SIGKILL)
    eventually(lambda: not second.alive)
    assert place.run("down").returncode == 0
    assert marked(second.run) == []


def test_a_process_that_falls_is_started_again(place: Place) -> None:
    place.up()
    for part in ("alyx_hub.scheduler", "jupyterhub -f"):
        found = next(one for one in marked(place.state().run) if part in " ".join(one.cmdline()))
        found.kill()
        psutil.wait_procs([found], 10)

        def is_back(part: str = part) -> bool:
            return part in names(place.state().run)

        eventually(is_back)
    eventually(lambda: answers(f"http://127.0.0.1:{place.port}/services/alyx/health"))
    works_with_a_cluster(place)


def test_control_c_while_starting_ends_all(place: Place) -> None:
    command = [ALYX, "up", "--home", str(place.home), "--port", str(place.port)]
    starting = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    eventually(lambda: State.read(place.home) and listens_below(place))
    run = place.state().run
    starting.send_signal(signal.SIGINT)
    starting.communicate(timeout=120)
    assert starting.returncode == 130
    assert marked(run) == []


def listens_below(place: Place) -> bool:
    return "jupyterhub -f" in names(place.state().run)


def test_a_used_port_is_told_in_one_sentence(place: Place) -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", place.port))
        listening.listen()
        done = place.run("up", "--port", str(place.port))
    assert done.returncode == 1
    assert f"cannot listen on 127.0.0.1 port {place.port}" in done.stderr
    assert f"--port {place.port + 1}" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_that_cannot_be_written_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = Place(tmp_path / "file" / "home", 1).run("up")
    assert done.returncode == 1
    assert "name another, with --home FOLDER" in done.stderr
