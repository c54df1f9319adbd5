"""Property 2 on the real API and a real PostgreSQL."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from job_samples import Api, chunked, collisions, everything, spec
from sqlalchemy import func, select

from alyx.store import Store
from alyx.store.tables import job, job_event

#: Wrong values by the path that the answer must name; the data set's own is tried alone.
WRONG: dict[str, st.SearchStrategy[Any]] = {
    "name": st.one_of(st.just(""), st.just(" "), st.text(min_size=201, max_size=210), st.none()),
    "kind": st.sampled_from(["fit", 1, None]),
    "where": st.sampled_from(["Muon.pT > 20", "Muon.n >>> 2", "Muon.pt > 'x'", 5, [1]]),
    "snapshot": st.sampled_from([-1, 99, "newest", 1.5]),
    "priority": st.sampled_from(["urgent", 3, None]),
    "workers": st.sampled_from([0, -1, 9, 10**9, "2", 1.5, None]),
    "idempotency_key": st.sampled_from(["", 5, "k" * 201]),
    "histogram.quantity": st.sampled_from(["Moun.pt", "", 5, None, "Muon"]),
    "histogram.bins": st.sampled_from([0, -5, 10_001, 2.5, "60", None, True]),
    "histogram.low": st.sampled_from([100.0, 1e9, "a", None]),
    "histogram.high": st.sampled_from(["b", None, [1]]),
    "histogram.colour": st.just("red"),
    "owner": st.just("admin"),
}


def changed(values: dict[str, Any]) -> dict[str, Any]:
    made = spec()
    for path, value in values.items():
        *parents, name = path.split(".")
        place = made[parents[0]] if parents else made
        place[name] = value
    return made


@st.composite
def wrongs(draw: st.DrawFn) -> dict[str, Any]:
    paths = draw(st.sets(st.sampled_from(sorted(WRONG)), min_size=1, max_size=5))
    if "histogram.high" in paths:  # then no end is left for the begin to be beyond
        paths.discard("histogram.low")
    return {path: draw(WRONG[path]) for path in sorted(paths)}


# Feature: alyx-distributed-orchestrator, Property 2: Invalid job rejection: For any analysis job with invalid parameters, the system should reject the submission and provide specific error messages without queuing the job  # noqa: E501
def test_any_invalid_job_is_refused_with_every_wrong_place(store: Store) -> None:
    """Catches a check that ends at its first mistake, and a job written before it is checked."""
    client = Api(chunked(store, collisions()), everything)

    @settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(wrongs(), st.booleans())
    def check(values: dict[str, Any], unknown: bool) -> None:
        values = {"dataset": "smal"} if unknown and len(values) == 1 else values
        answer = client.ask("POST", "/jobs", changed(values))
        assert answer.status_code == 422, answer.text
        problems = answer.json()["error"]["problems"]
        named = {problem["path"] for problem in problems}
        for path in values:
            assert any(name == path or name.startswith((f"{path}.", f"{path}[")) for name in named)
        assert all(problem["message"] for problem in problems)
        with store.database.read() as connection:
            for table in (job, job_event):
                assert connection.execute(select(func.count()).select_from(table)).scalar() == 0

    with client:
        check()
