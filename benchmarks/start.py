"""What a person waits for: start, login, kernel, first event in 3D, the whole demo.

``python -m benchmarks.start [--quick] [--json]``: an environment of its own in a temporary folder.
The event in 3D is timed in a real browser (Chromium, software rendering), from the run of the
cell to the first pixels; without a browser it is left out.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.manager import start_new_kernel

from alyx.settings import Settings
from alyx_hub import environment
from alyx_hub.environment import Environment
from alyx_hub.values import free_ports
from alyx_hub.visitor import Visitor

ROOT = Path(__file__).parents[1]
IMPORT = "import time; t = time.perf_counter(); import alyx; print(time.perf_counter() - t)"
CELL = 'alyx.display.show(alyx.connect().query("z-dimuon-synthetic").first())'


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="Each once, no demo.")
    parser.add_argument("--json", action="store_true", help="One JSON object as the last line.")
    asked = parser.parse_args()
    found = measure(times=1 if asked.quick else 5, demo=not asked.quick)
    if asked.json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"{name:28} {value:,.3g}")


def measure(times: int, *, demo: bool) -> dict[str, float]:
    """Return the figures, in seconds; what is repeated gives its median."""
    found = {"import_alyx_seconds": _median(_import, times), **_kernels(times)}
    with tempfile.TemporaryDirectory(prefix="alyx-bench-") as folder:
        home = Path(folder)
        try:
            found |= _environment(Settings(home=home))
        finally:
            found["down_seconds"] = _took(lambda: environment.stop(home))
    if demo:
        found["demo_seconds"] = _demo()
    return found


def _environment(settings: Settings) -> dict[str, float]:
    port = free_ports(1)[0]
    found = {"up_first_seconds": _took(lambda: environment.start(settings, port=port))}
    environment.stop(settings.home)
    found["up_seconds"] = _took(lambda: environment.start(settings, port=port))
    running = Environment.of(settings.home)
    with Visitor(running.url, "marie", running.passwords["marie"]) as visitor:
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")])
        found["spawn_seconds"] = visitor.start_server()
        found["spawn_to_kernel_seconds"] = found["spawn_seconds"] + _took(
            lambda: visitor.run(notebook)
        )
    return found | _event_in_3d(running)


def _event_in_3d(running: Environment) -> dict[str, float]:
    sys.path.insert(0, str(ROOT / "tests" / "acceptance"))
    import browser as chromium

    if chromium.installed() is None:
        return {}
    with chromium.browser() as launched:
        page = launched.new_page(viewport={"width": 1400, "height": 900})
        chromium.log_in(page, running.url, "marie", running.passwords["marie"])
        lab = chromium.Lab(page, f"{running.url}/user/marie")
        return {f"event_in_3d_{name}_seconds": _shown(lab, name) for name in ("first", "again")}


def _shown(lab: Any, name: str) -> float:
    """Return the seconds from the run of a cell to the first pixels of its canvas."""
    import browser as chromium

    cell = {
        "cell_type": "code", "source": CELL, "metadata": {}, "outputs": [],
        "execution_count": None, "id": "only",
    }  # fmt: skip
    kernel = {"name": "alyx", "display_name": "ALYX (Python 3)", "language": "python"}
    content = {"cells": [cell], "metadata": {"kernelspec": kernel}}
    body = {"type": "notebook", "content": {**content, "nbformat": 4, "nbformat_minor": 5}}
    lab.request("PUT", f"api/contents/{name}.ipynb", body)
    lab.open(f"{name}.ipynb", f"bench-{name}")
    began = _run_and_note(lab)
    chromium.wait_until_drawn(lab.page.locator(".jp-NotebookPanel canvas").first)
    return time.monotonic() - began


def _run_and_note(lab: Any) -> float:
    lab.wait_for_kernel()
    lab.page.wait_for_timeout(2_000)  # the document's room is joined
    began = time.monotonic()
    lab.page.keyboard.press("Control+Enter")
    return began


def _kernels(times: int) -> dict[str, float]:
    """Return the start of our kernel and of the plain one, in turns."""
    took: dict[str, list[float]] = {"alyx": [], "python3": []}
    for _ in range(times):
        for name, seconds in took.items():
            seconds.append(_took(lambda name=name: _kernel(name)))  # type: ignore[misc]
    ours, plain = statistics.median(took["alyx"]), statistics.median(took["python3"])
    return {
        "kernel_seconds": ours,
        "ipykernel_seconds": plain,
        "kernel_extra_seconds": ours - plain,
        "ratio_to_ipykernel": plain / ours,
    }


def _kernel(name: str) -> None:
    manager, client = start_new_kernel(kernel_name=name)
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def _import() -> float:
    done = subprocess.run([sys.executable, "-c", IMPORT], capture_output=True, check=True)
    return float(done.stdout)


def _demo() -> float:
    program = str(Path(sys.executable).with_name("alyx"))
    with tempfile.TemporaryDirectory() as folder:
        command = [program, "demo", "--home", folder, "--output", f"{folder}/out", "--json"]
        done = subprocess.run(command, capture_output=True, check=True)
    return float(json.loads(done.stdout.splitlines()[-1])["seconds"])


def _median(function: Callable[[], float], times: int) -> float:
    return statistics.median(function() for _ in range(times))


def _took(function: Callable[[], Any]) -> float:
    began = time.monotonic()
    function()
    return time.monotonic() - began


if __name__ == "__main__":
    main()
