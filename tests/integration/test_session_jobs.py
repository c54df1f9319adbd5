"""Jobs from a session: the same front over the API and straight on the store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import alyx
from alyx.errors import ConflictError, JobError, NotFoundError
from alyx.jobs.local import LocalRunner
from alyx.session import Job, Session
from alyx.session.store_backend import StoreBackend
from alyx.store import Store

pytestmark = pytest.mark.integration

AXIS = {"quantity": "Muon.pt", "bins": 4, "low": 0, "high": 400}


@pytest.fixture(params=["store", "api"])
def session(request: pytest.FixtureRequest, filled: Store) -> Iterator[Session]:
    if request.param == "store":
        opened = Session(StoreBackend(filled, "marie"))
    else:
        url = request.getfixturevalue("service").url
        opened = alyx.connect(api_url=url, api_token="marie-token")
    with opened:
        yield opened


@pytest.fixture
def run(filled: Store) -> Iterator[Callable[[], None]]:
    """Run marie's queued jobs in the background, as a dispatcher does for the API."""
    runner = LocalRunner(filled, "marie")
    yield runner.kick
    runner.close()


def submit(session: Session, **others: Any) -> Job:
    return session.submit(dataset="small", where="Muon.n > 0", histogram=AXIS, **others)


def test_a_job_gives_the_histogram_that_the_session_fills(
    session: Session, run: Callable[[], None]
) -> None:
    job = submit(session, name="muons")
    run()
    assert job.wait(60, progress=False).status == "COMPLETED"
    here = session.query("small", "Muon.n > 0").histogram("Muon.pt", bins=4, low=0, high=400)
    assert job.result().values().tolist() == here.values().tolist()
    assert job.result().sum(flow=True) == here.sum(flow=True) == 60
    receipt = job.receipt()
    assert receipt["complete"]
    assert receipt["events_selected"] == 30
    assert job.fraction == 1
    assert 0 < (job.seconds or 0) < 60
    assert "muons" in job._repr_html_()


def test_a_job_over_an_expression(session: Session, run: Callable[[], None]) -> None:
    job = session.submit(dataset="small", where=alyx.field("Muon.n") > 2, histogram=AXIS)
    run()
    assert job.wait(60, progress=False).receipt()["events_selected"] == 10


def test_the_line_of_progress_ends_in_the_last_state(
    session: Session, run: Callable[[], None], capsys: pytest.CaptureFixture[str]
) -> None:
    job = submit(session, name="muons")
    run()
    job.wait(60)
    assert capsys.readouterr().out.splitlines()[-1].endswith("2/2 COMPLETED")


def test_the_same_key_is_the_same_job(session: Session) -> None:
    first, second = (submit(session, idempotency_key="once") for _ in range(2))
    assert first.id == second.id
    assert submit(session).id != first.id


def test_jobs_are_listed_newest_first(session: Session) -> None:
    old, new = submit(session, name="old"), submit(session, name="new")
    assert [job.id for job in session.jobs(limit=2)] == [new.id, old.id]
    assert session.job(new.id).name == "new"


def test_a_stopped_job_has_no_result_and_can_be_retried(
    session: Session, run: Callable[[], None], filled: Store
) -> None:
    job = session.job(filled_job(filled))
    assert job.stop().status == "STOPPED"
    with pytest.raises(JobError, match="retry"):
        job.result()
    job.retry()
    run()
    assert job.wait(60, progress=False).status == "COMPLETED"


def filled_job(store: Store) -> int:
    """Queue a job that nothing runs yet."""
    from alyx.jobs.desk import JobDesk

    spec = {"name": "muons", "kind": "histogram", "dataset": "small", "histogram": AXIS}
    return int(JobDesk(store, "marie").submit(spec)["id"])


def test_waiting_ends_with_the_time_and_leaves_the_job(session: Session, filled: Store) -> None:
    job = session.job(filled_job(filled))
    with pytest.raises(JobError, match="not ended"):
        job.wait(0.3, progress=False)
    assert job.refresh().status == "QUEUED"
    with pytest.raises(ConflictError):
        job.result()


def test_name_and_priority_can_change_while_it_waits(session: Session, filled: Store) -> None:
    job = session.job(filled_job(filled))
    assert job.rename("better").name == "better"
    assert job.prioritise("high").as_json()["priority"] == "high"


def test_a_forecast_submits_nothing(session: Session) -> None:
    told = session.forecast(dataset="small", histogram=AXIS)
    assert told["valid"]
    assert told["forecast"]["chunks"] == 2
    assert session.jobs() == []


def test_all_that_is_wrong_with_a_job_is_told_at_once(session: Session) -> None:
    axis = {"quantity": "Muon.ptt", "bins": 0, "low": 5, "high": 1}
    with pytest.raises(alyx.AlyxError) as caught:
        session.submit(dataset="small", where="MTE.pt > 1", histogram=axis)
    assert caught.value.status == 422
    assert len(caught.value.problems) >= 2


def test_a_job_that_is_not_there(session: Session) -> None:
    for number in (0, 10**12, -3, "x"):
        with pytest.raises(NotFoundError):
            session.job(number)


def test_others_do_not_see_the_job(session: Session, filled: Store, service: Any) -> None:
    number = filled_job(filled)
    with alyx.connect(api_url=service.url, api_token="lise-token") as lise:
        assert lise.jobs() == []
        with pytest.raises(NotFoundError):
            lise.job(number)
    with alyx.connect(api_url=service.url, api_token="admin-token") as admin:
        assert admin.job(number).id == number
