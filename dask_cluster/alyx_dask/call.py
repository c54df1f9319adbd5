"""Calls that may never return, with a time limit: a dead scheduler leaves its clients hanging."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

from alyx.errors import ServiceError

T = TypeVar("T")


def within(seconds: float, what: str, function: Callable[[], T]) -> T:
    """Return what a call gives, or raise ServiceError when it takes too long.

    Parameters
    ----------
    seconds
        The limit. A call past it is left behind on a thread that does not hold the process.
    what
        Who was asked, to begin a sentence with.
    function
        The call.

    Examples
    --------
    >>> within(5.0, "The answer", lambda: 42)
    42
    """
    future: Future[T] = Future()

    def work() -> None:
        try:
            future.set_result(function())
        except BaseException as error:  # noqa: BLE001  handed to the caller
            future.set_exception(error)

    Thread(target=work, name="alyx-call", daemon=True).start()
    try:
        return future.result(seconds)
    except TimeoutError as error:
        if future.done():
            raise
        raise ServiceError(f"{what} did not answer within {seconds:g} s.") from error
