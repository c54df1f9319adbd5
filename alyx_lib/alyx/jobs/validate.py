"""Whether a job can run, before it is queued: every mistake at once, each with its path."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from alyx import query
from alyx.errors import JobError, NotFoundError, Problem, QueryError, near
from alyx.events.schema import Schema
from alyx.jobs.spec import HistogramSpec, JobSpec
from alyx.records import DatasetInfo

#: Gives a data set by its name; raises NotFoundError.
Find = Callable[[str], DatasetInfo]
#: Most levels of nesting in a spec.
DEPTH = 100
#: Kinds of fields that can be filled into a histogram.
NUMERIC = ("number", "integer", "boolean")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one job may ask for.

    Parameters
    ----------
    workers
        Most Dask workers.
    """

    workers: int = 8


def validate(raw: Mapping[str, Any], find: Find, limits: Limits | None = None) -> JobSpec:
    """Return the checked spec.

    Parameters
    ----------
    raw
        The spec as it came.
    find
        Gives a data set by its name, else raises NotFoundError.
    limits
        What one job may ask for.

    Raises
    ------
    JobError
        With every problem, each with its JSON path, as ``where.rules[0].field``.
    """
    problems = list(_texts(raw, ""))
    spec = None
    try:
        spec = JobSpec.model_validate(raw)
    except ValidationError as error:
        problems += _shape(error)
    # what the database cannot hold is not asked of it
    clean = {name: part for name, part in raw.items() if not any(_texts(part, name))}
    problems += _meaning(clean, find, limits or Limits())
    if problems or spec is None:
        raise JobError(problems=_once(problems))
    return spec


def _meaning(raw: Mapping[str, Any], find: Find, limits: Limits) -> Iterable[Problem]:
    """Yield what is wrong with those values that have the right shape."""
    axis = raw.get("histogram")
    axis = axis if isinstance(axis, Mapping) else {}
    yield from _range(axis)
    workers = raw.get("workers", 1)
    if type(workers) is int and workers > limits.workers:
        message = f"{workers} workers are more than one job may have."
        yield Problem("workers", message, f"Ask for 1 to {limits.workers}.")
    name = raw.get("dataset")
    if not isinstance(name, str) or not name:
        return
    try:
        dataset = find(name)
    except NotFoundError as error:
        yield from error.problems or [Problem("dataset", error.message)]
        return
    yield from _snapshot(raw.get("snapshot"), dataset)
    yield from _condition(raw.get("where"), dataset.schema)
    yield from _quantity(axis.get("quantity"), dataset.schema)


def _texts(value: Any, path: str, depth: int = 0) -> Iterable[Problem]:
    """Yield the texts that PostgreSQL cannot keep: NUL and halves of surrogate pairs."""
    if depth > DEPTH:
        yield Problem(path, f"This is nested more than {DEPTH} levels deep.")
    elif isinstance(value, str):
        if "\0" in value or (not value.isprintable() and _broken(value)):
            yield Problem(path, "This text holds a character that cannot be stored.")
    elif isinstance(value, Mapping):
        for name, part in value.items():
            yield from _texts(name, path, depth + 1)
            yield from _texts(part, _below(path, str(name)) if path else str(name), depth + 1)
    elif isinstance(value, list):
        for place, part in enumerate(value):
            yield from _texts(part, f"{path}[{place}]", depth + 1)


def _broken(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _range(axis: Mapping[str, Any]) -> Iterable[Problem]:
    low, high = (axis.get(end) for end in ("low", "high"))
    if _finite(low) and _finite(high) and float(low or 0) >= float(high or 0):
        yield Problem("histogram.low", f"The axis begins at {low}, not below its end, {high}.")


def _finite(value: Any) -> bool:
    try:
        return type(value) in (int, float) and math.isfinite(value)
    except OverflowError:  # a whole number beyond what a float holds
        return False


def _snapshot(snapshot: Any, dataset: DatasetInfo) -> Iterable[Problem]:
    if type(snapshot) is int and 0 <= dataset.snapshot < snapshot:
        message = f"{dataset.name} has no snapshot {snapshot}; its newest is {dataset.snapshot}."
        yield Problem("snapshot", message)


def _condition(where: Any, schema: Schema) -> Iterable[Problem]:
    if where is not None and not isinstance(where, str | dict):
        return
    try:
        query.parse(where, schema)
    except QueryError as error:
        for problem in error.problems or [Problem("", error.message)]:
            yield Problem(_below("where", problem.path), problem.message, problem.hint)


def _below(parent: str, path: str) -> str:
    separator = "" if not path or path.startswith("[") else "."
    return f"{parent}{separator}{path}"


def _quantity(path: Any, schema: Schema) -> Iterable[Problem]:
    if not isinstance(path, str) or not path:
        return
    field = schema.find(path)
    if field is None:
        message = f"The data set has no quantity {path!r}."
        yield Problem("histogram.quantity", message, near(path, schema.paths()))
    elif field.kind not in NUMERIC:
        message = f"{path} is text, which no histogram axis can hold."
        yield Problem("histogram.quantity", message, "Choose a number.")


def _shape(error: ValidationError) -> Iterable[Problem]:
    return [_problem(detail) for detail in error.errors(include_url=False, include_context=True)]


def _problem(detail: ErrorDetails) -> Problem:
    steps = [step for step in detail["loc"] if step not in ("str", "dict[str,any]")]
    path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)[1:]
    if detail["type"] == "extra_forbidden":
        known = _names(HistogramSpec if len(steps) > 1 else JobSpec)
        return Problem(path, "A job has no such field.", near(str(steps[-1]), known))
    return Problem(path, _sentence(detail))


def _names(model: type[BaseModel]) -> Sequence[str]:
    return list(model.model_fields)


def _sentence(detail: ErrorDetails) -> str:
    message = detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "missing":
        return "This field is missing."
    return f"{message}; it is {_short(detail['input'])}."


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _once(problems: Iterable[Problem]) -> list[Problem]:
    """Keep one problem a place: a union of types tells of each member."""
    found: dict[str, Problem] = {}
    for problem in problems:
        found.setdefault(problem.path, problem)
    return list(found.values())
