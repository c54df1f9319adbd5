"""Jobs: submitted, listed, followed, stopped, retried."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from anyio.to_thread import run_sync
from fastapi import APIRouter, Body, Depends, Header, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sse_starlette import EventSourceResponse, ServerSentEvent

from alyx.errors import AlyxError, JobError, Problem
from alyx.jobs.desk import JobDesk
from alyx.jobs.spec import JobSpec
from alyx.jobs.state import ENDED
from alyx.jobs.validate import Limits
from alyx_hub.api.job_news import JobNews
from alyx_hub.api.security import User, authorise, needs

router = APIRouter(tags=["jobs"])

#: Seconds between two looks at a reader's rights, and between two keepalive comments.
RIGHTS, KEEPALIVE = 5.0, 15
#: Seconds between two looks at the table when no notification came.
POLL = 2.0

Number = Annotated[int, Path(ge=1, le=2**63 - 1)]
Status = Literal["QUEUED", "STARTING", "RUNNING", "COMPLETED", "FAILED", "STOPPED"]


def reading(request: Request, user: Annotated[User, Depends(needs("read:jobs"))]) -> JobDesk:
    """Return what the user may see: their own jobs, an administrator all."""
    return _desk(request, user)


def writing(request: Request, user: Annotated[User, Depends(needs("write:jobs"))]) -> JobDesk:
    """Return what the user may move."""
    return _desk(request, user)


def _desk(request: Request, user: User) -> JobDesk:
    limits = getattr(request.app.state, "job_limits", None) or Limits()
    return JobDesk(request.app.state.store, None if user.admin else user.name, limits)


Reading = Annotated[JobDesk, Depends(reading)]
Writing = Annotated[JobDesk, Depends(writing)]


class Change(BaseModel):
    """What of a job is to change."""

    model_config = ConfigDict(extra="forbid")

    target: Literal["STOPPED", "QUEUED"] | None = Field(None, description="QUEUED is a retry.")
    priority: Literal["low", "normal", "high"] | None = None
    name: Annotated[str, Field(min_length=1, max_length=200)] | None = None


_SPEC: dict[str, Any] = {
    "requestBody": {"content": {"application/json": {"schema": JobSpec.model_json_schema()}}}
}


@router.post("/jobs", status_code=201, openapi_extra=_SPEC)
def submit(
    body: Annotated[Any, Body()],
    desk: Writing,
    user: Annotated[User, Depends(needs("write:jobs"))],
    response: Response,
    dry_run: bool = False,
) -> dict[str, Any]:
    """Queue a job, or with `dry_run` only check and forecast it: all its mistakes at once."""
    if not isinstance(body, dict):
        raise JobError(problems=[Problem("", "A job is a JSON object.")])
    if dry_run:
        response.status_code = 200
        return desk.forecast(body)
    return desk.submit(body, user.name)


@router.get("/jobs")
def jobs(
    desk: Reading,
    status: Status | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> dict[str, Any]:
    """List the newest jobs that you may see, newest first."""
    return {"jobs": desk.jobs(status, limit)}


@router.get("/jobs/events", response_class=EventSourceResponse)
async def all_events(
    request: Request, desk: Reading, last_event_id: Annotated[str | None, Header()] = None
) -> EventSourceResponse:
    """Follow all jobs that you may see, from now on or from `Last-Event-ID`."""
    after = _after(last_event_id)
    return _stream(request, desk, await run_sync(desk.newest) if after is None else after, None)


@router.get("/jobs/{id}")
def job(id: Number, desk: Reading) -> dict[str, Any]:  # noqa: A002 - the route's own word
    """Return one job."""
    return desk.job(id)


@router.patch("/jobs/{id}")
def change(id: Number, body: Change, desk: Writing) -> dict[str, Any]:  # noqa: A002
    """Stop or retry a job, rename it, or move it among those that wait."""
    told = desk.job(id)
    if body.name is not None or body.priority is not None:
        told = desk.change(id, body.name, body.priority)
    if body.target is not None:
        told = desk.stop(id) if body.target == "STOPPED" else desk.retry(id)
    return told


@router.delete("/jobs/{id}", response_model=None)
def delete(id: Number, desk: Writing, response: Response) -> dict[str, Any] | Response:  # noqa: A002
    """Delete a job that has ended; one that has not is stopped, and 202 says so."""
    if desk.job(id)["status"] in ENDED:
        desk.delete(id)
        return Response(status_code=204)
    response.status_code = 202
    return desk.stop(id)


@router.get("/jobs/{id}/result")
def result(id: Number, desk: Reading) -> dict[str, Any]:  # noqa: A002
    """Return histogram and receipt of a complete job."""
    return desk.result(id)


@router.get("/jobs/{id}/events", response_class=EventSourceResponse)
async def events(
    id: Number,  # noqa: A002
    request: Request,
    desk: Reading,
    last_event_id: Annotated[str | None, Header()] = None,
) -> EventSourceResponse:
    """Follow one job, from its first event or from `Last-Event-ID`."""
    await run_sync(desk.job, id)
    return _stream(request, desk, _after(last_event_id) or 0, id)


def _after(given: str | None) -> int | None:
    return int(given) if given and given.isascii() and given.isdigit() and len(given) < 19 else None


def _stream(
    request: Request, desk: JobDesk, after: int, number: int | None
) -> EventSourceResponse:  # fmt: skip
    if not hasattr(request.app.state, "job_news"):
        request.app.state.job_news = JobNews(request.app.state.store.database.url)
    told = _told(request, desk, after, number)
    return EventSourceResponse(told, ping=KEEPALIVE, headers={"X-Accel-Buffering": "no"})


async def _told(
    request: Request, desk: JobDesk, after: int, number: int | None
) -> AsyncIterator[ServerSentEvent]:
    """Tell what happens until the reader leaves or loses the right to hear it."""
    news: JobNews = request.app.state.job_news
    clock = asyncio.get_running_loop().time
    checked = clock()
    async with news.follow() as heard:
        while True:
            heard.clear()
            found = await run_sync(desk.events, after, number)
            for event in found:
                after = event["id"]
                yield ServerSentEvent(
                    data=json.dumps(event["data"]), event=event["event"], id=str(after)
                )
            if clock() - checked >= RIGHTS:
                try:
                    await authorise(request, "read:jobs")
                except AlyxError:
                    return
                checked = clock()
            if not found:
                await _within(heard, POLL)


async def _within(heard: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await heard.wait()
    except TimeoutError:
        pass
