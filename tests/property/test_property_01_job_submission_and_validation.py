"""Property 1 on the real API and a real PostgreSQL."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from job_samples import Api, chunked, collisions, everything
from sqlalchemy import select

from alyx.store import Store
from alyx.store.tables import job

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=50)
WHERE = st.sampled_from(
    [
        None,
        "Muon.n >= 2",
        "atleast(1, Muon, pt > 20 and abs(eta) < 2.4)",
        {"combinator": "and", "rules": []},
        {"combinator": "or", "rules": [{"field": "run", "operator": "=", "value": "1"}]},
    ]
)
BOUNDS = st.tuples(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))


@st.composite
def specs(draw: st.DrawFn) -> dict[str, Any]:
    low, width = draw(BOUNDS)
    paths = st.sampled_from(["Muon.pt", "Muon.n", "Muon.pair.mass", "run", "energy"])
    histogram = {
        "quantity": draw(paths),
        "bins": draw(st.integers(1, 10_000)),
        "low": low,
        "high": low + width,
    }
    return {
        "name": draw(TEXT.filter(str.strip)),
        "dataset": "small",
        "where": draw(WHERE),
        "histogram": histogram,
        "priority": draw(st.sampled_from(["low", "normal", "high"])),
        "workers": draw(st.integers(1, 8)),
    }


# Feature: alyx-distributed-orchestrator, Property 1: Job submission and validation: For any analysis job with valid parameters, submitting it through the web interface should result in successful queuing with a unique identifier and estimated completion time  # noqa: E501
def test_any_valid_job_is_queued_with_an_id_and_a_forecast(store: Store) -> None:
    """Catches a ledger that inserts every job with one id, or a forecast without an order."""
    client = Api(chunked(store, collisions()), everything)
    seen: set[int] = set()

    @settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(specs())
    def check(spec: dict[str, Any]) -> None:
        answer = client.ask("POST", "/jobs", spec)
        assert answer.status_code == 201, answer.text
        made = answer.json()
        assert made["id"] not in seen
        seen.add(made["id"])
        seconds = made["forecast"]["seconds"]
        assert 0 < seconds["p10"] <= seconds["p50"] <= seconds["p90"] < float("inf")
        with store.database.read() as connection:
            row = connection.execute(select(job).where(job.c.id == made["id"])).one()
        assert (row.status, row.owner, row.name) == ("QUEUED", "marie", spec["name"])

    with client:
        check()
