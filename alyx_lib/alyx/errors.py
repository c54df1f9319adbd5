"""The errors that ALYX raises; every one says what is wrong, where, and what to do.

::

    AlyxError
    ├── ConfigurationError      a setting is wrong or missing
    ├── InputError              a file or record that cannot be read or is not physical
    │   └── SchemaError         branches or fields that a reader needs are missing
    ├── QueryError              an expression that is wrong for its data set
    ├── NotFoundError           no such data set, event, job
    ├── ConflictError           the state of a thing does not allow what was asked
    │   └── DuplicateError      already stored: the same batch, events or name
    ├── AccessError             the user's scopes do not allow it
    │   └── UnknownTokenError   there is no token, or nobody owns it
    ├── IntegrityError          stored bytes are not those that were written
    ├── JobError                a job that is wrong, failed, or was stopped
    └── ServiceError            a part of the system cannot be reached or did not answer in time
        └── BusyError           there is no room just now; it says when there should be

An error carries ``problems``, a list of :class:`Problem`, when more than one thing
is wrong at once, each with the path of its place and a hint.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from typing import Any


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    Parameters
    ----------
    path
        Where: a JSON path as ``rules[0].value``, or a file, branch or row.
    message
        What is wrong, a whole sentence.
    hint
        What would be right, where that is known.
    """

    path: str
    message: str
    hint: str | None = None

    def __str__(self) -> str:
        place = f"{self.path}: " if self.path else ""
        hint = f" {self.hint}" if self.hint else ""
        return f"{place}{self.message}{hint}"


class AlyxError(Exception):
    """Something in ALYX went wrong."""

    code = "error"
    status = 500

    def __init__(self, message: str | None = None, *, problems: Iterable[Problem] = ()) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        self.message = message or _joined(self.problems) or str(type(self).__doc__)
        super().__init__(self.message)

    def as_json(self) -> dict[str, Any]:
        """Return the one JSON shape of an error: ``{"error": {code, message, problems}}``."""
        problems = [asdict(problem) for problem in self.problems]
        return {"error": {"code": self.code, "message": self.message, "problems": problems}}


class ConfigurationError(AlyxError):
    """A setting is wrong or missing."""

    code = "configuration"


class InputError(AlyxError):
    """The input cannot be read, or is not physical."""

    code = "input"
    status = 422


class SchemaError(InputError):
    """The input lacks branches or fields that its reader needs."""

    code = "schema"


class QueryError(AlyxError):
    """The expression does not fit its data set."""

    code = "query"
    status = 422


class NotFoundError(AlyxError):
    """There is no such thing."""

    code = "not_found"
    status = 404


class ConflictError(AlyxError):
    """The state of the thing does not allow what was asked."""

    code = "conflict"
    status = 409


class DuplicateError(ConflictError):
    """It is stored already."""

    code = "duplicate"


class AccessError(AlyxError):
    """The user's scopes do not allow it."""

    code = "access"
    status = 403


class UnknownTokenError(AccessError):
    """There is no token, or nobody owns it."""

    code = "token"
    status = 401


class IntegrityError(AlyxError):
    """Stored bytes are not those that were written."""

    code = "integrity"


class JobError(AlyxError):
    """The job is wrong, failed, or was stopped."""

    code = "job"
    status = 422


class ServiceError(AlyxError):
    """A part of the system cannot be reached, or did not answer in time."""

    code = "service"
    status = 503


class BusyError(ServiceError):
    """There is no room just now: wait ``delay`` seconds, and try again.

    Parameters
    ----------
    message
        A sentence.
    delay
        Seconds after which there should be room, from the rate at which work is done.
    """

    code = "busy"

    def __init__(
        self, message: str | None = None, *, problems: Iterable[Problem] = (), delay: float = 1.0
    ) -> None:
        super().__init__(message, problems=problems)
        self.delay = delay


def near(name: str, known: Sequence[str]) -> str | None:
    """Say which known names are like a wrong one.

    Examples
    --------
    >>> near("Muon.pT", ["Muon.pt", "Muon.eta", "energy"])
    'Did you mean Muon.pt?'
    """
    lower = {item.lower(): item for item in known}
    matches = [lower[match] for match in get_close_matches(name.lower(), list(lower), 3, 0.6)]
    return f"Did you mean {' or '.join(matches)}?" if matches else None


def from_json(body: Any, status: int) -> AlyxError:
    """Rebuild the error that a service answered with.

    Parameters
    ----------
    body
        The decoded answer; anything that is not ALYX's error shape gives a ServiceError.
    status
        The HTTP status.
    """
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        fallback = AccessError if status in (401, 403) else ServiceError
        return fallback(f"The service answered with status {status}.")
    kind = _by_code().get(str(error.get("code")), ServiceError)
    problems = [Problem(**problem) for problem in error.get("problems", ())]
    return kind(str(error.get("message")), problems=problems)


def _by_code() -> dict[str, type[AlyxError]]:
    kinds: list[type[AlyxError]] = [AlyxError]
    for kind in kinds:
        kinds.extend(kind.__subclasses__())
    return {kind.code: kind for kind in kinds}


def _joined(problems: Sequence[Problem]) -> str:
    return "\n".join(str(problem) for problem in problems)
