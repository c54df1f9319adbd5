"""Queries: checked, counted, listed, and read as one Arrow stream."""

from dataclasses import asdict
from itertools import chain
from typing import Any

from fastapi import APIRouter, Depends
from fastapi.responses import StreamingResponse

from alyx.errors import QueryError
from alyx.query import as_json
from alyx.records import Selection
from alyx.session import arrow
from alyx.store import Store
from alyx_hub.api.datasets import Opened
from alyx_hub.api.models import EventsBody, PageBody, PageOut, PreviewBody, PreviewOut, QueryBody
from alyx_hub.api.security import needs

router = APIRouter(
    prefix="/query",
    tags=["query"],
    dependencies=[Depends(needs("read:datasets")), Depends(needs("read:events"))],
)


@router.post("/preview", response_model=PreviewOut)
def preview(body: PreviewBody, store: Opened) -> dict[str, Any]:
    """Check a condition: its meaning, statement and count, or all that is wrong with it."""
    try:
        selection = _select(store, body)
    except QueryError as error:
        return {"valid": False, "problems": [asdict(problem) for problem in error.problems]}
    told = selection.as_json() | {"valid": True, "where": as_json(selection.expression)}
    if body.count:
        try:
            told["count"] = store.count(selection).as_json()
        except QueryError as error:  # too large to count: still a good condition, for a job
            told["problems"] = [asdict(problem) for problem in error.problems]
    return told


@router.post("", response_model=PageOut)
def page(body: PageBody, store: Opened) -> dict[str, Any]:
    """List one page of the header rows that pass; give `next` as `after` for the next page."""
    selection = _select(store, body)
    found = store.page(selection, body.limit, body.after)
    count = store.count(selection).as_json() if body.count else None
    rows = {"columns": list(found.columns), "rows": found.rows, "next": found.next}
    return selection.as_json() | rows | {"count": count}


@router.post("/events", response_class=StreamingResponse)
def events(body: EventsBody, store: Opened) -> StreamingResponse:
    """Stream the payload of the events that pass, as Arrow IPC with the column `id`.

    The stream is whole only if it ends in Arrow's end-of-stream marker: after an error in
    the middle the connection is cut.
    """
    selection = _select(store, body)
    messages = arrow.encode(arrow.batches(store, selection, body.fields, body.limit))
    first = next(messages)  # so that what is wrong from the start is answered as an error
    return StreamingResponse(chain([first], messages), media_type=arrow.MEDIA_TYPE)


def _select(store: Store, body: QueryBody) -> Selection:
    return store.select(body.dataset, body.where, body.snapshot)
