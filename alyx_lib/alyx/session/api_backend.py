"""A session's backend by the ALYX API, with the user's own token."""

from __future__ import annotations

import io
import json
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import awkward as ak
import httpx
import stamina

from alyx import query
from alyx.errors import BusyError, Problem, QueryError, ServiceError, from_json
from alyx.events.schema import Schema
from alyx.records import Count, DatasetInfo, Page, Selection, StoredEvent
from alyx.session import arrow
from alyx.session.backend import JobJson, JobNews
from alyx.session.sse import messages

if TYPE_CHECKING:
    from alyx.ingest.receipts import Receipt

#: Seconds: to connect, and without a byte. A query's own limit is the service's.
TIMEOUT = httpx.Timeout(90.0, connect=10.0)
#: The network's retry policy: three tries, about 1 and 2 seconds between them.
RETRY: dict[str, Any] = {"attempts": 3, "wait_initial": 1.0, "wait_max": 4.0, "timeout": None}


class ApiBackend:
    """Speaks to the API.

    Parameters
    ----------
    url
        The API's address, as ``http://hub.example/services/alyx``.
    token
        A token of the Hub.
    """

    def __init__(self, url: str, token: str) -> None:
        self._url = url.rstrip("/")
        headers = {"Authorization": f"Bearer {token}"}
        self._http = httpx.Client(base_url=self._url, headers=headers, timeout=TIMEOUT)
        self._schemas: dict[str, Schema] = {}
        # a notebook rarely closes a session
        self._finalizer = weakref.finalize(self, self._http.close)

    def __str__(self) -> str:
        return self._url

    def close(self) -> None:
        """Close the connections."""
        self._finalizer()

    # -- data sets, selections, events

    def datasets(self) -> list[DatasetInfo]:
        """Return all data sets."""
        return [DatasetInfo.from_json(body) for body in self._get("/datasets")["datasets"]]

    def dataset(self, name: str) -> DatasetInfo:
        """Return one data set."""
        return DatasetInfo.from_json(self._get(f"/datasets/{_segment(name)}"))

    def select(self, dataset: str, where: Any, snapshot: int | None) -> Selection:
        """Have a condition checked and compiled."""
        body = {"dataset": dataset, "where": _wire(where), "snapshot": snapshot, "count": False}
        told = self._read("POST", "/query/preview", json=body)
        if not told["valid"]:
            raise QueryError(problems=[Problem(**problem) for problem in told["problems"]])
        names = ("snapshot", "fingerprint", "phrase", "sql", "parameters", "exact")
        expression = query.parse(told["where"], self._schema(dataset))
        return Selection(dataset, expression=expression, **{name: told[name] for name in names})

    def count(self, selection: Selection) -> Count:
        """Count a selection's events."""
        told = self._read("POST", "/query/preview", json=_body(selection))
        if told["count"] is None:
            raise QueryError(problems=[Problem(**problem) for problem in told["problems"]])
        return Count.from_json(told["count"])

    def page(self, selection: Selection, limit: int, after: int | None) -> Page:
        """Return one page of header rows."""
        body = _body(selection) | {"limit": limit, "after": after, "count": False}
        told = self._read("POST", "/query", json=body)
        return Page(tuple(told["columns"]), told["rows"], told["next"])

    def events(
        self, selection: Selection, fields: Sequence[str] | None, limit: int | None
    ) -> Iterator[ak.Array]:
        """Read the payload as it arrives; what arrived is not asked for again."""
        body = _body(selection) | {"fields": fields, "limit": limit}
        request = self._http.build_request("POST", "/query/events", json=body)
        response = self._answered(lambda: self._http.send(request, stream=True))
        try:
            yield from arrow.decode(_reader(response.iter_bytes()))
        except httpx.TransportError as error:
            raise ServiceError("The service's answer was cut before its end. Ask again.") from error
        finally:
            response.close()

    def event(self, id: int) -> StoredEvent:  # noqa: A002
        """Return one event."""
        headers = {"Accept": arrow.MEDIA_TYPE}
        answer = self._answered(lambda: self._http.get(f"/events/{id}", headers=headers))
        return arrow.decode_event(answer.content)

    def ingest(
        self, events: ak.Array, dataset: str, key: str, title: str, kind: str
    ) -> Receipt:  # fmt: skip
        """Hand in a batch of events; with its key it may safely be sent again."""
        from alyx.ingest.receipts import Receipt

        content = b"".join(arrow.encode([events]))
        params = {"key": key, "title": title, "kind": kind}
        headers = {"Content-Type": arrow.MEDIA_TYPE}
        path = f"/ingest/{_segment(dataset)}"
        told = self._read("POST", path, params=params, content=content, headers=headers)
        return Receipt.from_json(told)

    # -- jobs

    def submit(self, spec: Mapping[str, Any]) -> JobJson:
        """Submit a job; sent again after a broken connection only with its idempotency key."""
        body = {**spec, "where": _wire(spec.get("where"))}
        if spec.get("idempotency_key"):
            return self._read("POST", "/jobs", json=body)
        return self._once("POST", "/jobs", json=body)

    def forecast(self, spec: Mapping[str, Any]) -> dict[str, Any]:
        """Check a job and say what it would take."""
        body = {**spec, "where": _wire(spec.get("where"))}
        return self._read("POST", "/jobs", params={"dry_run": "true"}, json=body)

    def jobs(self, status: str | None, limit: int) -> list[JobJson]:
        """Return the newest jobs."""
        params = {"limit": limit} | ({} if status is None else {"status": status})
        found: list[JobJson] = self._get("/jobs", params=params)["jobs"]
        return found

    def job(self, id: int) -> JobJson:  # noqa: A002
        """Return one job."""
        return self._get(f"/jobs/{id}")

    def patch_job(self, id: int, change: Mapping[str, Any]) -> JobJson:  # noqa: A002
        """Move or change a job."""
        return self._once("PATCH", f"/jobs/{id}", json=dict(change))

    def job_events(self, id: int, after: int, silence: float) -> Iterator[JobNews]:  # noqa: A002
        """Return the events of a job's stream; a broken or silent stream just ends."""
        timeout = httpx.Timeout(10.0, read=silence)
        headers = {"Last-Event-ID": str(after)}
        path = f"/jobs/{id}/events"
        try:
            with self._http.stream("GET", path, headers=headers, timeout=timeout) as response:
                for message in messages(_checked(response).iter_lines()):
                    yield int(message.id or after), json.loads(message.data)["job"]
        except httpx.TransportError:
            return

    def result(self, id: int) -> dict[str, Any]:  # noqa: A002
        """Return histogram and receipt."""
        return self._get(f"/jobs/{id}/result")

    # -- requests

    def _schema(self, dataset: str) -> Schema:
        """Return a data set's schema, which never changes: asked for once."""
        if dataset not in self._schemas:
            self._schemas[dataset] = self.dataset(dataset).schema
        return self._schemas[dataset]

    def _get(self, path: str, **options: Any) -> dict[str, Any]:
        return self._read("GET", path, **options)

    def _read(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        """Send what may safely be sent again, up to three times."""
        return _json(self._answered(lambda: self._http.request(method, path, **options)))

    def _once(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        try:
            return _json(_checked(self._http.request(method, path, **options)))
        except httpx.TransportError as error:
            raise self._unreachable(error) from error

    def _answered(self, send: Callable[[], httpx.Response]) -> httpx.Response:
        try:
            for attempt in stamina.retry_context(on=httpx.TransportError, **RETRY):
                with attempt:
                    response = send()
        except httpx.TransportError as error:
            raise self._unreachable(error) from error
        return _checked(response)

    def _unreachable(self, error: httpx.TransportError) -> ServiceError:
        reason = str(error) or type(error).__name__
        return ServiceError(f"The ALYX API at {self._url} cannot be reached: {reason}.")


def _checked(response: httpx.Response) -> httpx.Response:
    if response.is_success:
        return response
    try:
        response.read()
        raise _error(response)
    finally:
        response.close()


def _error(response: httpx.Response) -> Exception:
    try:
        body = response.json()
    except ValueError:
        body = None
    error = from_json(body, response.status_code)
    if isinstance(error, BusyError):
        error.delay = float(response.headers.get("Retry-After", error.delay))
    return error


def _json(response: httpx.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise ServiceError("The address answers, but not as the ALYX API does. Is it right?")
    return body


def _body(selection: Selection) -> dict[str, Any]:
    where = _wire(selection.expression)
    return {"dataset": selection.dataset, "where": where, "snapshot": selection.snapshot}


def _wire(where: Any) -> Any:
    return query.as_json(where) if isinstance(where, query.Expression) else where


def _segment(name: str) -> str:
    """Return a name as one segment of a path."""
    from urllib.parse import quote

    return quote(str(name), safe="")


def _reader(content: Iterator[bytes]) -> Callable[[int], bytes]:
    """Return a function that reads so many bytes of an iterator of pieces."""
    left = io.BytesIO()

    def read(size: int) -> bytes:
        nonlocal left
        first = left.read(size)
        if len(first) == size:
            return first
        parts, missing = [first], size - len(first)
        for piece in content:
            parts.append(piece[:missing])
            if len(piece) >= missing:
                left = io.BytesIO(piece[missing:])
                break
            missing -= len(piece)
        return b"".join(parts)

    return read
