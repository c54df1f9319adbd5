"""Events handed in over HTTP: an Arrow stream a batch, acknowledged after its commit."""

import asyncio
from typing import Annotated, Any

import awkward as ak
import pyarrow as pa
from fastapi import APIRouter, Depends, Path, Query, Request
from pyarrow import ipc

from alyx.errors import BusyError, InputError, Problem
from alyx.ingest.stream import Stream, Target
from alyx_hub.api.models import ReceiptOut
from alyx_hub.api.security import needs

#: Largest batch, in bytes, and how many are received at once.
BODY, AT_ONCE = 64_000_000, 4
#: Seconds after which a producer that found no room to send should try again.
AGAIN = 0.5

router = APIRouter(tags=["ingest"])


@router.post(
    "/ingest/{dataset}",
    status_code=201,
    response_model=ReceiptOut,
    dependencies=[Depends(needs("write:events"))],
)
async def ingest(
    dataset: Annotated[str, Path(max_length=100)],
    key: Annotated[str, Query(min_length=1, max_length=200)],
    request: Request,
    title: Annotated[str, Query(max_length=200)] = "",
    kind: str = "real",
) -> dict[str, Any]:
    """Store a batch of events, sent as an Arrow IPC stream, and answer with its receipt.

    The answer comes after the commit. The same `key` again gives the first receipt. Bad events
    are set aside. 503 with `Retry-After` means: no room just now, send it again then.
    """
    state = request.app.state
    if state.receiving >= AT_ONCE:
        raise BusyError("Too many batches are on their way: try again in a moment.", delay=AGAIN)
    state.receiving += 1
    try:
        events = await asyncio.to_thread(_decoded, await request.body())
    finally:
        state.receiving -= 1
    stream: Stream = state.stream
    ticket = stream.put(events, key, into=Target(dataset, title, kind))
    receipt = await asyncio.wrap_future(ticket)
    return receipt.as_json()


def _decoded(body: bytes) -> ak.Array:
    try:
        with ipc.open_stream(body) as reader:
            events = ak.from_arrow(reader.read_all())
    except (pa.ArrowException, OSError) as error:
        problem = Problem("body", "It is no Arrow IPC stream, or it is cut off.")
        raise InputError(problems=[problem]) from error
    missing = [name for name in ("run", "luminosityBlock", "event") if name not in events.fields]
    if missing:
        problems = [Problem(f"body.{name}", "This field is missing.") for name in missing]
        raise InputError(problems=problems)
    return events
