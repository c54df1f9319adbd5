"""What travels over the wire, with its limits."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

#: Most levels of a condition, most values in it, and longest cut text.
DEPTH, VALUES, TEXT = 40, 5_000, 10_000
#: Most rows of one page.
ROWS = 10_000


def _bounded(where: Any) -> Any:
    """Refuse a condition that is too deep or too large before anything recurses into it."""
    level, depth, values = [where], 0, 0
    while level:
        depth, values = depth + 1, values + len(level)
        if depth > 2 * DEPTH:
            raise ValueError(f"The condition is nested more than {DEPTH} levels deep.")
        if values > VALUES:
            raise ValueError(f"The condition has more than {VALUES:,} parts.")
        level = [part for item in level for part in _parts(item)]
    return where


def _parts(item: Any) -> list[Any]:
    if isinstance(item, str) and len(item) > TEXT:
        raise ValueError(f"The condition has a text longer than {TEXT:,} characters.")
    if isinstance(item, dict):
        return list(item.values())
    return item if isinstance(item, list) else []


Where = Annotated[
    dict[str, Any] | str | None,
    AfterValidator(_bounded),
    Field(
        description="Builder JSON, cut text, or null for all events.",
        examples=["Muon.pair.charge == 0 and 60 < Muon.pair.mass < 120"],
    ),
]
Name = Annotated[str, Field(min_length=1, max_length=200, examples=["cms-dimuon-2010"])]
Number = Annotated[int, Field(ge=0, le=2**63 - 1)]


class Body(BaseModel):
    """A request's body: unknown fields are mistakes."""

    model_config = ConfigDict(extra="forbid")


class QueryBody(Body):
    """A condition on a data set."""

    dataset: Name
    where: Where = None
    snapshot: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = None


class PreviewBody(QueryBody):
    """What a preview is asked for."""

    count: bool = True


class PageBody(QueryBody):
    """What a page is asked for."""

    limit: Annotated[int, Field(ge=1, le=ROWS)] = 100
    after: Number | None = None
    count: bool = True


class EventsBody(QueryBody):
    """What an Arrow stream is asked for."""

    fields: Annotated[list[Name], Field(max_length=200)] | None = None
    limit: Number | None = None


class Health(BaseModel):
    """The service answers."""

    status: Literal["ok"] = "ok"


class CountOut(BaseModel):
    """A number of events; an estimate unless exact."""

    value: int
    exact: bool


class DatasetOut(BaseModel):
    """A data set at its newest snapshot."""

    name: str
    title: str
    kind: str
    events: int
    chunks: int
    bytes: int
    snapshot: int
    schema_: dict[str, Any] = Field(alias="schema")
    created_at: str


class ReceiptOut(BaseModel):
    """What became of a batch that was handed in."""

    dataset: str
    source: str
    key: str
    events: int
    repeated: int
    aside: int
    chunks: int
    snapshot: int
    committed_at: str


class DatasetsOut(BaseModel):
    """All data sets, by name."""

    datasets: list[DatasetOut]


class ProblemOut(BaseModel):
    """One thing that is wrong."""

    path: str
    message: str
    hint: str | None


class PreviewOut(BaseModel):
    """A condition that was checked: what it means, or what is wrong with it."""

    valid: bool
    problems: list[ProblemOut] = []
    snapshot: int | None = None
    fingerprint: str = ""
    where: dict[str, Any] | None = None
    phrase: str = ""
    sql: str = ""
    parameters: dict[str, Any] = {}
    exact: bool = True
    count: CountOut | None = None


class PageOut(BaseModel):
    """Header rows of a selection, in the order of their ids."""

    snapshot: int
    fingerprint: str
    phrase: str
    sql: str
    exact: bool
    count: CountOut | None
    columns: list[str]
    rows: list[dict[str, Any]]
    next: int | None


class EventOut(BaseModel):
    """One event: its header row and its payload; unknown numbers are null."""

    id: int
    dataset: str
    header: dict[str, Any]
    event: dict[str, Any]


class ErrorBody(BaseModel):
    """What is wrong."""

    code: str
    message: str
    problems: list[ProblemOut]


class ErrorOut(BaseModel):
    """The one shape of an error."""

    error: ErrorBody
