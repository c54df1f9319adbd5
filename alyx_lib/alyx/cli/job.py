"""``alyx job``: submit, list, show, wait for, stop and retry jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from alyx.cli import show

if TYPE_CHECKING:
    from alyx.session import Job, Session

COLUMNS = ("id", "name", "owner", "status", "done", "dataset", "submitted_at", "waiting")
STATES = ("QUEUED", "STARTING", "RUNNING", "COMPLETED", "FAILED", "STOPPED")
as_json_option = click.option("--json", "json_", is_flag=True, help="Print JSON for programs.")


@click.group(short_help="Submit and follow jobs.")
def job() -> None:
    """Run an analysis over a whole selection as a job, and follow it."""


@job.command()
@click.argument("dataset")
@click.argument("where", required=False)
@click.option("--quantity", required=True, help="What to histogram, as Muon.pair.mass.")
@click.option("--bins", type=click.IntRange(1, 10_000), default=60, show_default=True)
@click.option("--range", "range_", nargs=2, type=float, required=True, help="LOW HIGH of the axis.")
@click.option("--name", help="A name for the list of jobs; made from the quantity by default.")
@click.option("--priority", type=click.Choice(["low", "normal", "high"]), default="normal")
@click.option("--workers", type=click.IntRange(1, 1_000), default=1, show_default=True)
@click.option("--snapshot", type=int, help="Pin an older snapshot; the newest by default.")
@click.option("--dry-run", is_flag=True, help="Check and forecast; submit nothing.")
@click.option("--wait", is_flag=True, help="Stay until the job has ended.")
@as_json_option
def submit(
    dataset: str,
    where: str | None,
    quantity: str,
    bins: int,
    range_: tuple[float, float],
    name: str | None,
    dry_run: bool,
    wait: bool,
    json_: bool,
    **others: Any,
) -> None:
    """Submit a histogram of QUANTITY over the events of DATASET that pass WHERE.

    \b
    alyx job submit cms-dimuon-2010 'Muon.pair.charge == 0' \\
        --quantity Muon.pair.mass --bins 60 --range 60 120 --wait
    """  # noqa: D301 - click reads the backspace
    axis = {"quantity": quantity, "bins": bins, "low": range_[0], "high": range_[1]}
    spec = {
        "dataset": dataset,
        "where": where,
        "histogram": axis,
        "name": name or quantity,
        **others,
    }
    with _session() as session:
        if dry_run:
            show.as_json(session.forecast(**spec))
            return
        made = session.submit(**spec)
        if wait:
            made.wait(progress=not json_)
        _one(made, json_)
        _exit(made, wait)


@job.command("list")
@click.option("--status", type=click.Choice(STATES, case_sensitive=False))
@click.option("--limit", type=click.IntRange(1, 1_000), default=20, show_default=True)
@as_json_option
def list_(status: str | None, limit: int, json_: bool) -> None:
    """List the newest jobs that you may see."""
    with _session() as session:
        jobs = [found.as_json() for found in session.jobs(status=status, limit=limit)]
    if json_:
        show.as_json({"jobs": jobs})
    else:
        show.console().print(show.table(COLUMNS, map(_row, jobs)))


@job.command("show")
@click.argument("id", type=int)
@as_json_option
def show_(id: int, json_: bool) -> None:  # noqa: A002
    """Show the job ID: its state, progress, forecast and receipt."""
    with _session() as session:
        _one(session.job(id), json_)


@job.command()
@click.argument("id", type=int)
@click.option("--timeout", type=float, help="Longest time to stay, in seconds.")
@as_json_option
def wait(id: int, timeout: float | None, json_: bool) -> None:  # noqa: A002
    """Stay until the job ID has ended; exit status 1 unless it is complete."""
    with _session() as session:
        found = session.job(id).wait(timeout, progress=not json_)
        _one(found, json_)
        _exit(found, waited=True)


@job.command()
@click.argument("id", type=int)
@as_json_option
def stop(id: int, json_: bool) -> None:  # noqa: A002
    """Stop the job ID; what it has done stays for a retry."""
    with _session() as session:
        _one(session.job(id).stop(), json_)


@job.command()
@click.argument("id", type=int)
@as_json_option
def retry(id: int, json_: bool) -> None:  # noqa: A002
    """Queue the failed or stopped job ID again; finished chunks stay finished."""
    with _session() as session:
        _one(session.job(id).retry(), json_)


def _session() -> Session:
    import alyx

    return alyx.connect()


def _row(job: dict[str, Any]) -> dict[str, Any]:
    progress = job["progress"]
    done = f"{progress['chunks_done']}/{progress['chunks_total']} chunks"
    return job | {"done": done, "dataset": job["spec"]["dataset"]}


def _one(found: Job, json_: bool) -> None:
    body = found.as_json()
    if json_:
        show.as_json(body)
        return
    names = ("id", "name", "owner", "dataset", "status", "done", "attempt", "waiting", "error")
    row = _row(body)
    shown = {name: row.get(name) for name in names if row.get(name) is not None}
    if found.status == "COMPLETED":
        receipt = found.receipt()
        shown |= {key: receipt.get(key) for key in ("events_read", "events_selected", "complete")}
    show.console().print(show.pairs(shown))


def _exit(found: Job, waited: bool) -> None:
    if waited and found.status != "COMPLETED":
        raise click.exceptions.Exit(1)
