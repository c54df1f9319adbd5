"""Jobs through ledger and engine in one process, on a real PostgreSQL."""

from __future__ import annotations

import time
from dataclasses import replace
from threading import Thread
from typing import Any

import pytest
from job_samples import chunked, spec
from known import collisions

from alyx.errors import ConflictError, DuplicateError, JobError, NotFoundError, ServiceError
from alyx.jobs import lease as leases
from alyx.jobs import news, partial
from alyx.jobs.attempt import Attempt
from alyx.jobs.desk import JobDesk
from alyx.jobs.local import LocalEngine, LocalRunner
from alyx.jobs.state import rebuild
from alyx.store import Store

pytestmark = pytest.mark.integration


@pytest.fixture
def filled(store: Store) -> Store:
    return chunked(store, collisions())


def claimed(store: Store, seconds: float = 30.0) -> Attempt:
    with store.database.begin() as connection:
        found = leases.claim(connection, "test", seconds)
    assert found is not None
    return Attempt(store, LocalEngine(), *found)


def ended(desk: JobDesk, number: int) -> dict[str, Any]:
    for _ in range(600):
        job = desk.job(number)
        if job["status"] in ("COMPLETED", "FAILED", "STOPPED"):
            return job
        time.sleep(0.05)
    pytest.fail(f"the job did not end: {job}")


def test_a_job_runs_to_a_complete_receipt(filled: Store) -> None:
    desk = JobDesk(filled, "marie")
    made = desk.submit(spec())
    assert (made["status"], made["progress"]["chunks_total"]) == ("QUEUED", 4)
    runner = LocalRunner(filled, "marie")
    runner.kick()
    job = ended(desk, made["id"])
    runner.close()
    assert job["status"] == "COMPLETED", job["error"]
    told = desk.result(made["id"])
    assert told["receipt"]["complete"]
    assert told["receipt"]["events_read"] == 40
    momenta = [
        pt
        for batch in filled.events(filled.select("small"), ["Muon"])
        for muons in batch.Muon.pt.tolist()
        for pt in muons
    ]
    expected = sum(0 <= pt < 100 for pt in momenta)
    assert sum(told["histogram"]["values"]) == told["receipt"]["entries"] == expected


def test_the_state_is_rebuilt_from_the_events(filled: Store) -> None:
    desk = JobDesk(filled, "marie")
    made = desk.submit(spec())
    claimed(filled).run()
    with filled.database.read() as connection:
        state = rebuild(news.moves(connection, made["id"]))
    job = desk.job(made["id"])
    assert (state.status, state.target, state.attempt) == (
        job["status"], job["target"], job["attempt"],
    )  # fmt: skip


def test_one_key_gives_one_job(filled: Store) -> None:
    desk = JobDesk(filled, "marie")
    first = desk.submit(spec(idempotency_key="a"))
    assert desk.submit(spec(idempotency_key="a"))["id"] == first["id"]
    assert JobDesk(filled, "lise").submit(spec(idempotency_key="a"))["id"] != first["id"]
    with pytest.raises(DuplicateError):
        desk.submit(spec(idempotency_key="a", name="other"))


def test_a_lost_lease_is_taken_over_and_recorded_chunks_are_not_run_again(filled: Store) -> None:
    desk = JobDesk(filled, "marie")
    made = desk.submit(spec())
    lost = claimed(filled, seconds=-1.0)  # a dispatcher that is gone

    with filled.database.begin() as connection:
        assert leases.expired(connection) is not None
    with pytest.raises(ConflictError), filled.database.begin() as connection:
        leases.held(connection, lost.lease)
    second = claimed(filled)
    second.run()
    with filled.database.read() as connection:
        first_results = leases.recorded(connection, made["id"])
    assert desk.job(made["id"])["status"] == "COMPLETED"
    assert desk.job(made["id"])["attempt"] == 2
    assert len(first_results) == 4


def test_a_stop_in_the_queue_is_at_once_and_a_retry_completes(filled: Store) -> None:
    desk = JobDesk(filled, "marie")
    made = desk.submit(spec())
    assert desk.stop(made["id"])["status"] == "STOPPED"
    with pytest.raises(ConflictError):
        desk.result(made["id"])
    assert desk.retry(made["id"])["status"] == "QUEUED"
    claimed(filled).run()
    assert desk.job(made["id"])["status"] == "COMPLETED"


def test_a_running_job_that_is_asked_to_stop_is_stopped(filled: Store) -> None:
    desk = JobDesk(filled, "marie")
    made = desk.submit(spec())
    attempt = claimed(filled)
    assert desk.stop(made["id"])["target"] == "STOPPED"
    attempt.cancelled.set()
    attempt.run()
    assert desk.job(made["id"])["status"] == "STOPPED"


def test_a_changed_partial_result_is_noticed_and_run_again(filled: Store) -> None:
    desk = JobDesk(filled, "marie")
    made = desk.submit(spec())
    first = claimed(filled)
    first.run()
    with filled.database.read() as connection:
        results = leases.recorded(connection, made["id"])
    checksum = desk.result(made["id"])["receipt"]["checksum"]
    again = desk.submit(spec(name="again"))
    attempt = claimed(filled)
    # the second job is given the first one's chunks, one with a wrong checksum
    broken = [results[0], replace(results[1], checksum="0" * 64)]
    with filled.database.begin() as connection:
        leases.record(connection, attempt.lease, broken)
    attempt.run()
    assert desk.job(again["id"])["status"] == "COMPLETED"
    assert desk.result(again["id"])["receipt"]["checksum"] == checksum


def test_another_owners_job_is_not_there(filled: Store) -> None:
    made = JobDesk(filled, "marie").submit(spec())
    with pytest.raises(NotFoundError):
        JobDesk(filled, "lise").job(made["id"])
    assert JobDesk(filled, None).job(made["id"])["owner"] == "marie"


def test_every_mistake_is_told_and_nothing_is_queued(filled: Store) -> None:
    desk = JobDesk(filled, "marie")
    wrong = spec(where="Muon.pT > 20", workers=99, priority="urgent")
    wrong["histogram"] = {"quantity": "Moun.pt", "bins": 0, "low": 5, "high": 1}
    with pytest.raises(JobError) as caught:
        desk.submit(wrong)
    paths = {problem.path.partition("[")[0] for problem in caught.value.problems}
    assert {"workers", "priority", "histogram.quantity", "histogram.bins", "histogram.low"} <= paths
    assert any(path.startswith("where") for path in paths)
    assert desk.jobs() == []


def test_deleting_removes_files_too(filled: Store) -> None:
    desk = JobDesk(filled, "marie")
    made = desk.submit(spec())
    with pytest.raises(ConflictError):
        desk.delete(made["id"])
    claimed(filled).run()
    with filled.database.read() as connection:
        result = leases.recorded(connection, made["id"])[0]
    desk.delete(made["id"])
    with pytest.raises(Exception, match="missing"):
        partial.read(filled.settings.objects, result.address, result.checksum)


class NoCluster(LocalEngine):
    """An engine that has no cluster to give, and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def cluster(self, *_: Any) -> Any:
        self.asked += 1
        raise ServiceError("All clusters are at work.")


@pytest.mark.parametrize(("stopped", "status"), [(True, "STOPPED"), (False, "QUEUED")])
def test_a_job_that_waits_for_a_cluster_can_be_taken_back(
    filled: Store, stopped: bool, status: str
) -> None:
    desk = JobDesk(filled, "marie")
    made = desk.submit(spec())
    attempt = claimed(filled)
    attempt.engine = engine = NoCluster()
    thread = Thread(target=attempt.run)
    thread.start()
    while "All clusters are at work" not in (desk.job(made["id"])["waiting"] or ""):
        time.sleep(0.02)
    if stopped:
        desk.stop(made["id"])
    asked = engine.asked
    attempt.cancelled.set()
    thread.join(10)
    assert desk.job(made["id"])["status"] == status
    assert engine.asked <= asked + 1
