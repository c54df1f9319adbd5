"""A job as users see it, from its row."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from alyx.jobs.spec import PRIORITIES


def as_json(row: Row[Any], then: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return a job's wire form.

    Parameters
    ----------
    row
        Of the job table.
    then
        Values of an earlier moment, as an event keeps them.
    """
    values = dict(row._mapping) | dict(then or {})
    spec = values["spec"] | {"name": values["name"], "priority": PRIORITIES[values["priority"]]}
    return {
        "id": values["id"],
        "name": values["name"],
        "owner": values["owner"],
        "kind": values["kind"],
        "spec": spec | {"snapshot": values["snapshot"]},
        "status": values["status"],
        "target": values["target"],
        "attempt": values["attempt"],
        "priority": PRIORITIES[values["priority"]],
        "progress": {
            "chunks_done": values["chunks_done"],
            "chunks_total": values["chunks_total"],
            "events_done": values["events_done"],
            "events_total": values["events_total"],
        },
        "forecast": values["forecast"],
        "submitted_at": _moment(values["submitted_at"]),
        "started_at": _moment(values["started_at"]),
        "finished_at": _moment(values["finished_at"]),
        "error": values["error"],
        "waiting": values["waiting"],
    }


def as_event(row: Row[Any]) -> dict[str, Any]:
    """Return an event's wire form from a row of :func:`alyx.jobs.news.read`."""
    data: dict[str, Any] = {"job": as_json(row, {k: v for k, v in row.data.items() if k != "verb"})}
    extra = {name: row.data[name] for name in ("histogram", "message") if name in row.data}
    return {"id": row.seq, "event": row.happened, "data": data | extra}


def _moment(value: datetime | str | None) -> str | None:
    return value.isoformat() if isinstance(value, datetime) else value
