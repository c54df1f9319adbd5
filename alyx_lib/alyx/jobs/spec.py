"""What a job is asked for, as it travels."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Priority = Literal["low", "normal", "high"]
#: The priorities, lowest first: their place is their number at rest.
PRIORITIES: tuple[Priority, ...] = ("low", "normal", "high")

Number = Annotated[float, Field(allow_inf_nan=False, strict=True)]
Whole = Annotated[int, Field(strict=True)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class HistogramSpec(_Frozen):
    """A regular axis and what is filled into it."""

    quantity: Annotated[
        str, Field(min_length=1, max_length=200, examples=["Muon.pair.mass"], strict=True)
    ]
    bins: Annotated[Whole, Field(ge=1, le=10_000)]
    low: Number
    high: Number


class JobSpec(_Frozen):
    """A histogram over all events of a selection.

    Parameters
    ----------
    kind
        ``histogram``.
    name
        For people.
    dataset, where, snapshot
        The selection; without a snapshot it is pinned to the newest at submission.
    histogram
        What is filled.
    priority
        ``low``, ``normal`` or ``high``.
    workers
        Dask workers to run it on.
    idempotency_key
        The owner's own: submitting twice with one key gives one job.
    """

    kind: Literal["histogram"] = "histogram"
    name: Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S", strict=True)]
    dataset: Annotated[str, Field(min_length=1, max_length=100, strict=True)]
    where: dict[str, Any] | str | None = None
    snapshot: Annotated[Whole, Field(ge=0, le=2**31 - 1)] | None = None
    histogram: HistogramSpec
    priority: Priority = "normal"
    workers: Annotated[Whole, Field(ge=1)] = 1
    idempotency_key: Annotated[str, Field(min_length=1, max_length=200, strict=True)] | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the wire form."""
        return self.model_dump(mode="json")
