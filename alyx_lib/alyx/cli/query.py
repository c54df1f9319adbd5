"""``alyx query``: count, list or translate a selection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from alyx.cli import show

if TYPE_CHECKING:
    from alyx.session import Events


@click.command(short_help="Count and list the events of a selection.")
@click.argument("dataset")
@click.argument("where", required=False)
@click.option("--count", "what", flag_value="count", help="Print the number of events alone.")
@click.option("--sql", "what", flag_value="sql", help="Print the statement on the headers.")
@click.option("--table", "what", flag_value="table", help="Print the table alone.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=10, show_default=True)
@click.option("--after", type=int, help="Go on behind this event id (the `next` of a page).")
@click.option("--snapshot", type=int, help="Ask an older snapshot; the newest by default.")
@click.option("--json", "json_", is_flag=True, help="Print JSON for programs.")
def query(
    dataset: str,
    where: str | None,
    what: str | None,
    limit: int,
    after: int | None,
    snapshot: int | None,
    json_: bool,
) -> None:
    """Count and list the events of DATASET that pass the cut WHERE.

    WHERE is a cut in Python's words; all events without one. Units: GeV, mm, radian.

    \b
    alyx query cms-dimuon-2010
    alyx query cms-dimuon-2010 'atleast(2, Muon, pt > 20 and abs(eta) < 2.4)'
    alyx query cms-dimuon-2010 'Muon.pair.charge == 0' --count
    """  # noqa: D301 - click reads the backspace
    import alyx

    with alyx.connect() as session:
        events = session.query(dataset, where, snapshot=snapshot)
        answer = _answer(events, what, limit, after)
    show.as_json(answer) if json_ else _print(events, answer)


def _answer(events: Events, what: str | None, limit: int, after: int | None) -> dict[str, Any]:
    answer: dict[str, Any] = {"dataset": events.dataset, "snapshot": events.snapshot}
    if what in (None, "sql"):
        answer |= {"phrase": events.phrase, "fingerprint": events.fingerprint}
        answer |= {"sql": events.sql, "parameters": dict(events.parameters)}
    if what in (None, "count"):
        answer["count"] = events.count().as_json()
    if what in (None, "table"):
        page = events.page(limit, after)
        answer |= {"columns": list(page.columns), "rows": page.rows, "next": page.next}
    return answer


def _print(events: Events, answer: dict[str, Any]) -> None:
    out = show.console()
    if set(answer) == {"dataset", "snapshot", "count"}:
        value, exact = answer["count"]["value"], answer["count"]["exact"]
        out.print(value if exact else f"about {value}")
    elif "rows" not in answer:
        click.echo(answer["sql"])
    else:
        if "phrase" in answer:
            out.print(f"{events.phrase}\n{_found(answer)}", markup=False)
        out.print(show.table(show.brief(answer["columns"]), answer["rows"]))
        if answer["next"] is not None:
            out.print(f"More: --after {answer['next']}")


def _found(answer: dict[str, Any]) -> str:
    about = "" if answer["count"]["exact"] else "about "
    value = answer["count"]["value"]
    return f"{about}{value:,} events in {answer['dataset']}, snapshot {answer['snapshot']}"
