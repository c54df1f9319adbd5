"""Property 3 on the real API and a real PostgreSQL."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Event
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from job_samples import Api, chunked, collisions, everything, spec
from sqlalchemy import delete, text

from alyx.errors import ConflictError
from alyx.jobs import lease as leases
from alyx.jobs import news
from alyx.jobs.lease import Lease
from alyx.jobs.local import LocalCluster
from alyx.jobs.spec import JobSpec
from alyx.jobs.state import rebuild
from alyx.jobs.task import PartialResult, Task
from alyx.store import Store
from alyx.store.tables import job


@dataclass
class Known:
    """What the test knows of a job, by itself."""

    status: str = "QUEUED"
    target: str = "COMPLETED"
    attempt: int = 0
    chunks: set[int] = field(default_factory=set)
    lease: Lease | None = None


def results_of(store: Store) -> list[PartialResult]:
    """Run the task on all chunks once: its results fit any job on them."""
    selection = store.select("small")
    axis = JobSpec.model_validate(spec()).histogram
    task = Task(0, selection.expression, axis, store.settings.objects)
    found: list[PartialResult] = []
    LocalCluster(1).run(task, store.chunk_list(selection), found.append, Event())
    return found


# Feature: alyx-distributed-orchestrator, Property 3: Job status consistency: For any queued analysis job, status queries should return current progress and resource allocation information that accurately reflects the job's actual state  # noqa: E501
def test_what_the_api_says_is_what_the_ledger_holds(store: Store) -> None:  # noqa: C901  one function a file
    """Catches a chunk that is counted twice when it is recorded twice."""
    client = Api(chunked(store, collisions()), everything)
    results = results_of(store)

    class Jobs(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.known: dict[int, Known] = {}

        @initialize()
        def first(self) -> None:
            self._submit()

        @rule()
        def submit(self) -> None:
            self._submit()

        def _submit(self) -> None:
            made = client.ask("POST", "/jobs", spec()).json()
            self.known[made["id"]] = Known()

        @rule()
        def claim(self) -> None:
            queued = sorted(n for n, one in self.known.items() if one.status == "QUEUED")
            with store.database.begin() as connection:
                claimed = leases.claim(connection, "test", 60.0)
            if not queued:
                assert claimed is None
                return
            assert claimed is not None
            assert claimed[0].job == queued[0]
            one = self.known[queued[0]]
            one.status, one.attempt, one.lease = "STARTING", one.attempt + 1, claimed[0]

        def _pick(self, data: Any, *states: str) -> tuple[int, Known]:
            fitting = sorted(n for n, one in self.known.items() if one.status in states)
            number = data.draw(st.sampled_from(fitting))
            return number, self.known[number]

        def _any(self, *states: str) -> bool:
            return any(one.status in states for one in self.known.values())

        @precondition(lambda self: self._any("STARTING"))
        @rule(data=st.data())
        def start(self, data: Any) -> None:
            _, one = self._pick(data, "STARTING")
            assert one.lease is not None
            try:
                with store.database.begin() as connection:
                    leases.start(connection, one.lease, "a-cluster")
            except ConflictError:
                assert one.target == "STOPPED"
            else:
                assert one.target == "COMPLETED"
                one.status = "RUNNING"

        @precondition(lambda self: self._any("RUNNING"))
        @rule(data=st.data(), some=st.sets(st.integers(0, 3), min_size=1))
        def chunks_done(self, data: Any, some: set[int]) -> None:
            _, one = self._pick(data, "RUNNING")
            assert one.lease is not None
            with store.database.begin() as connection:
                leases.record(connection, one.lease, [results[place] for place in some])
                leases.progress(connection, one.lease)
            one.chunks |= some

        @precondition(lambda self: self._any("RUNNING"))
        @rule(data=st.data(), failed=st.booleans())
        def end(self, data: Any, failed: bool) -> None:
            _, one = self._pick(data, "RUNNING")
            assert one.lease is not None
            if one.target == "STOPPED":
                with store.database.begin() as connection:
                    leases.release(connection, one.lease)
                one.status = "STOPPED"
            elif failed:
                with store.database.begin() as connection:
                    leases.fail(connection, one.lease, "It failed.")
                one.status = "FAILED"
            else:
                with store.database.begin() as connection:
                    leases.complete(connection, one.lease, {}, {})
                one.status = "COMPLETED"

        @rule(data=st.data())
        def stop(self, data: Any) -> None:
            number, one = self._pick(
                data, "QUEUED", "STARTING", "RUNNING", "COMPLETED", "FAILED", "STOPPED"
            )
            answer = client.ask("PATCH", f"/jobs/{number}", {"target": "STOPPED"})
            if one.status in ("COMPLETED", "FAILED"):
                assert answer.status_code == 409
                return
            assert answer.status_code == 200
            one.target = "STOPPED"
            one.status = "STOPPED" if one.status == "QUEUED" else one.status

        @precondition(lambda self: self._any("FAILED", "STOPPED"))
        @rule(data=st.data())
        def retry(self, data: Any) -> None:
            number, one = self._pick(data, "FAILED", "STOPPED")
            answer = client.ask("PATCH", f"/jobs/{number}", {"target": "QUEUED"})
            assert answer.status_code == 200
            one.status, one.target = "QUEUED", "COMPLETED"

        @precondition(lambda self: self._any("STARTING", "RUNNING"))
        @rule(data=st.data())
        def crash(self, data: Any) -> None:
            number, one = self._pick(data, "STARTING", "RUNNING")
            late = text("UPDATE job SET lease_until = now() - interval '1 s' WHERE id = :id")
            with store.database.begin() as connection:
                connection.execute(late, {"id": number})
            with store.database.begin() as connection:
                assert leases.expired(connection) is not None
            one.status = "STOPPED" if one.target == "STOPPED" else "QUEUED"

        @invariant()
        def the_api_agrees(self) -> None:
            for number, one in self.known.items():
                told = client.ask("GET", f"/jobs/{number}").json()
                assert (told["status"], told["target"]) == (one.status, one.target)
                assert told["attempt"] == one.attempt
                assert told["progress"] == {
                    "chunks_done": len(one.chunks),
                    "chunks_total": 4,
                    "events_done": 10 * len(one.chunks),
                    "events_total": 40,
                }
                with store.database.read() as connection:
                    state = rebuild(news.moves(connection, number))
                assert (state.status, state.target) == (one.status, one.target)

        def teardown(self) -> None:
            with store.database.begin() as connection:
                connection.execute(delete(job))

    with client:
        run_state_machine_as_test(Jobs, settings=settings(max_examples=100, stateful_step_count=12))
