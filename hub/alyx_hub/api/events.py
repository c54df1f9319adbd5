"""Single events."""

import math
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from alyx.session import arrow
from alyx_hub.api.datasets import Opened
from alyx_hub.api.models import EventOut
from alyx_hub.api.security import needs

router = APIRouter(
    tags=["events"],
    dependencies=[Depends(needs("read:datasets")), Depends(needs("read:events"))],
)


@router.get(
    "/events/{id}",
    response_model=EventOut,
    responses={200: {"content": {arrow.MEDIA_TYPE: {}}}},
)
def event(
    id: Annotated[int, Path(ge=0, le=2**63 - 1)],  # noqa: A002 - the route's own word
    request: Request,
    store: Opened,
) -> Response:
    """Return one event as JSON, or as a stream of one row where the client accepts Arrow."""
    stored = store.event(id)
    if arrow.MEDIA_TYPE in request.headers.get("Accept", ""):
        return StreamingResponse(arrow.encode_event(stored), media_type=arrow.MEDIA_TYPE)
    body = {"id": stored.id, "dataset": stored.dataset, "header": dict(stored.header)}
    return JSONResponse(body | {"event": _finite(stored.event.to_list())})


def _finite(value: Any) -> Any:
    """JSON has no NaN: an unknown number is null."""
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
