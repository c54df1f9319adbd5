"""Every error in the one JSON shape, never with a trace."""

from __future__ import annotations

import logging
import math
import secrets
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException

from alyx.errors import (
    AccessError,
    AlyxError,
    BusyError,
    ConflictError,
    InputError,
    NotFoundError,
    Problem,
    ServiceError,
)

log = logging.getLogger("alyx.api")

TOO_LARGE = "The body is too large. Send less at once."
KINDS: dict[int, type[AlyxError]] = {
    401: AccessError,
    403: AccessError,
    404: NotFoundError,
    409: ConflictError,
}


def install(app: FastAPI) -> None:
    """Answer all errors of an application in ALYX's shape."""
    app.add_exception_handler(AlyxError, _alyx)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(PoolTimeoutError, _busy)
    app.add_exception_handler(RecursionError, _too_deep)
    app.add_exception_handler(Exception, _unexpected)


def answer(error: AlyxError, status: int | None = None) -> JSONResponse:
    """Return the answer that carries an error."""
    headers = {"WWW-Authenticate": "Bearer"} if (status or error.status) == 401 else {}
    if isinstance(error, BusyError):
        headers["Retry-After"] = str(math.ceil(error.delay))
    return JSONResponse(error.as_json(), status or error.status, headers)


async def _alyx(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, AlyxError)  # noqa: S101 - tells mypy what Starlette promises
    return answer(error)


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101
    status = error.status_code
    kind = KINDS.get(status, InputError if status < 500 else ServiceError)
    response = answer(kind(_sentence(status, request)), status)
    response.headers.update(error.headers or {})
    return response


def _sentence(status: int, request: Request) -> str:
    path = request.url.path
    known = {
        400: "The body is not JSON that can be read.",
        404: f"There is nothing at {path}. GET /openapi.json lists what there is.",
        405: f"{request.method} does not work on {path}.",
        413: TOO_LARGE,
    }
    return known.get(status, f"{HTTPStatus(status).phrase}.")


async def _validation(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    return answer(InputError(problems=[_problem(item) for item in error.errors()]))


def _problem(item: dict[str, Any]) -> Problem:
    message = str(item["msg"]).removeprefix("Value error, ")
    return Problem(_path(item["loc"]), message if message.endswith(".") else f"{message}.")


def _path(places: Sequence[str | int]) -> str:
    """Return a JSON path: ``("body", "where", "rules", 0)`` is ``where.rules[0]``."""
    path = ""
    for place in places[1:] or places:
        path += f"[{place}]" if isinstance(place, int) else f".{place}"
    return path.removeprefix(".")


async def _busy(_: Request, error: Exception) -> JSONResponse:
    log.warning("no connection to the database was free: %s", error)
    message = "The service is busy: no connection to the database was free. Try again in a moment."
    return answer(ServiceError(message))


async def _too_deep(_: Request, __: Exception) -> JSONResponse:
    return answer(InputError("The condition is nested too deeply. Write it flatter."))


async def _unexpected(request: Request, error: Exception) -> JSONResponse:
    number = secrets.token_hex(4)
    log.error("incident %s at %s %s", number, request.method, request.url.path, exc_info=error)
    message = f"The service met an error that it did not expect; its log has it as {number}."
    return answer(AlyxError(message))
