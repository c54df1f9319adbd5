"""``alyx demo``: the whole environment once, headless, on real data.

What it reports comes out of the notebook that it ran in the user's own server; nothing
is computed here.
"""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from alyx import settings
from alyx.errors import JobError
from alyx_hub.commands import Steps, home_option
from alyx_hub.files import shipped

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from alyx_hub.environment import Environment
    from alyx_hub.visitor import Visitor

NOTEBOOK = "01_first_look.ipynb"
#: Cells by tag, the kind of output that is taken from each, and the file that it becomes.
PICTURES = {"plot": "z_peak.png", "picture": "event.png"}


@click.command(short_help="Take real data through everything, headless.")
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("alyx-demo"),
    show_default=True,
    help="Folder for the plot, the event picture, the receipt and the executed notebook.",
)
@click.option("--user", default="marie", show_default=True, help="Who logs in.")
@home_option
@click.option("--json", "json_", is_flag=True, help="Print the figures as one JSON line, last.")
def demo(output: Path, user: str, home: Path | None, json_: bool) -> None:
    """Take real collision data through the whole environment, headless.

    Uses the running environment, or starts one on free ports and a temporary folder and
    ends it afterwards: log in, start the user's server, run the first notebook in the
    ALYX kernel there (query, event display, a job on the cluster, the Z peak with a fit),
    and write what came out. The exit status is not zero when any step fails.
    """
    from rich.console import Console

    from alyx_hub.environment import running_or_temporary

    console = Console(stderr=json_)
    began = time.monotonic()
    with (
        Steps(console) as steps,
        running_or_temporary(settings.load(home=home), steps) as environment,
    ):
        notebook, figures = _tour(environment, user, output, steps)
    figures["seconds"] = round(time.monotonic() - began, 1)
    _write(output, notebook, figures)
    _check(figures)
    console.print(f"{output}: {', '.join(sorted(path.name for path in output.iterdir()))}")
    told = {name: value for name, value in figures.items() if name != "receipt"}
    if json_:
        click.echo(json.dumps(told))
    else:
        console.print_json(data=told)


def _tour(
    environment: Environment, user: str, output: Path, steps: Steps
) -> tuple[NotebookNode, dict[str, Any]]:
    if user not in environment.passwords:
        known = ", ".join(environment.users)
        raise click.BadParameter(f"There is no user {user}; there are {known}.")
    from alyx_hub.visitor import Visitor

    notebook = _read(shipped("notebooks") / NOTEBOOK)
    with Visitor(environment.url, user, environment.passwords[user]) as visitor:
        with steps.step(f"server of {user}"):
            seconds = visitor.start_server()
        with steps.step("notebook in the ALYX kernel on that server"):
            _run(visitor, notebook, output)
    figures = _output(notebook, "figures", "application/json")
    return notebook, {**figures, "spawn_seconds": round(seconds, 1)}


def _read(path: Path) -> NotebookNode:
    import nbformat

    notebook: NotebookNode = nbformat.reads(path.read_text(), 4)  # type: ignore[no-untyped-call]
    return notebook


def _keep(notebook: NotebookNode, output: Path) -> Path:
    import nbformat

    output.mkdir(parents=True, exist_ok=True)
    text: str = nbformat.writes(notebook)  # type: ignore[no-untyped-call]
    (output / NOTEBOOK).write_text(text)
    return output / NOTEBOOK


def _run(visitor: Visitor, notebook: NotebookNode, output: Path) -> None:
    from nbclient.exceptions import CellExecutionError

    try:
        visitor.run(notebook)
    except CellExecutionError as error:
        output.mkdir(parents=True, exist_ok=True)
        (output / NOTEBOOK).write_text(json.dumps(notebook, indent=1))
        raise JobError(
            f"A cell of the notebook failed: {error.ename}: {error.evalue} See {output / NOTEBOOK}."
        ) from error


def _write(output: Path, notebook: NotebookNode, figures: dict[str, Any]) -> None:
    _keep(notebook, output)
    for tag, name in PICTURES.items():
        content = _output(notebook, tag, "image/png")
        (output / name).write_bytes(base64.b64decode(content))
    (output / "receipt.json").write_text(json.dumps(figures["receipt"], indent=1) + "\n")


def _check(figures: dict[str, Any]) -> None:
    if figures["job_status"] != "COMPLETED" or not figures["receipt_complete"]:
        raise JobError(
            f"The job ended as {figures['job_status']}, and its receipt is "
            f"{'complete' if figures['receipt_complete'] else 'not complete'}."
        )


def _output(notebook: NotebookNode, tag: str, mime: str) -> Any:
    """Return the last output of a kind that the cell with a tag left."""
    cells = [cell for cell in notebook.cells if tag in cell.metadata.get("tags", ())]
    found = [output.data[mime] for output in cells[0].outputs if mime in output.get("data", {})]
    if not found:
        raise JobError(f"The notebook's cell {tag!r} left no output of the kind {mime}.")
    return found[-1]
