"""The table of moves, the forecast, the merge and the receipt, without any server."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alyx.errors import ConflictError, IntegrityError
from alyx.jobs import partial, receipt
from alyx.jobs.merge import Merged, checksum, merge
from alyx.jobs.predict import Finished, Size, predict
from alyx.jobs.spec import HistogramSpec
from alyx.jobs.state import ENDED, MOVES, State, move, rebuild
from alyx.jobs.task import PartialResult

AXIS = HistogramSpec(quantity="MET.pt", bins=2, low=0.0, high=2.0)
POSITIVE = st.floats(1e-3, 1e6)


def part(chunk: int, *values: float) -> dict[str, object]:
    return {"chunk": chunk, "values": list(values), "underflow": 1.0, "overflow": 0.0}


def test_every_move_that_is_not_in_the_table_is_refused() -> None:
    verbs = {verb for _, _, verb in MOVES}
    states = {(status, target) for status, target, _ in MOVES} | {("COMPLETED", "COMPLETED")}
    for status, target in states:
        for verb in verbs:
            if (status, target, verb) in MOVES:
                assert move(State(status, target), verb).status
            else:
                with pytest.raises(ConflictError, match="cannot be"):
                    move(State(status, target), verb)


def test_an_ended_job_leaves_its_state_by_retry_only() -> None:
    leaving = {verb for status, _, verb in MOVES if status in ENDED}
    assert leaving == {"retry"}


def test_a_complete_job_stays_complete() -> None:
    assert not [one for one in MOVES if one[0] == "COMPLETED"]


def test_each_claim_is_a_new_attempt() -> None:
    state = rebuild(["submit", "claim", "release", "claim", "start", "ask", "stop", "retry"])
    assert state == State("QUEUED", "COMPLETED", 2)


@given(
    st.lists(st.builds(Finished, st.integers(0, 500), st.integers(0, 10**8), st.integers(1, 8),
                       st.floats(allow_nan=True, allow_infinity=True)), max_size=60),
    st.builds(Size, st.integers(0, 10**5), st.integers(0, 10**9), st.integers(0, 10**12),
              st.integers(1, 100)),
)  # fmt: skip
def test_forecasts_are_ordered_finite_and_positive(history: list[Finished], size: Size) -> None:
    told = predict(history, size)
    assert 0 < told.p10 <= told.p50 <= told.p90 < math.inf


def test_slow_jobs_make_the_forecast_slower() -> None:
    size = Size(10, 200_000, 10**7, 1)
    slow = [Finished(10, 200_000, 1, 1_000.0)] * 20
    assert predict(slow, size).p50 > 10 * predict([], size).p50


@given(st.permutations([0, 1, 2, 3, 1, 3]))
def test_any_order_and_repetition_of_chunks_merge_to_one_result(order: list[int]) -> None:
    parts = [part(chunk, float(chunk), 1.0) for chunk in range(4)]
    merged = Merged(AXIS, "MET.pt")
    for place in order:
        merged.add(parts[place])
    assert merged.as_json()["values"] == [6.0, 4.0]
    straight = Merged(AXIS, "MET.pt")
    for one in parts:
        straight.add(one)
    told = checksum(merged.as_json(), merged.chunks)
    assert told == checksum(straight.as_json(), straight.chunks)
    assert told != checksum(straight.as_json(), [0, 1, 2])


def test_a_changed_or_missing_partial_result_is_noticed(tmp_path: Path) -> None:
    url = tmp_path.as_uri()
    address, digest = partial.write(url, "results/1/7", part(7, 1.0, 2.0))
    assert partial.write(url, "results/1/7", part(7, 1.0, 2.0)) == (address, digest)
    result = PartialResult(7, address, digest, 5, 3, 3.0, 0.1)
    assert merge(AXIS, "MET.pt", url, [result]).entries == 3.0
    (tmp_path / address).write_text("{}")
    with pytest.raises(IntegrityError, match="not what was written"):
        merge(AXIS, "MET.pt", url, [result])
    (tmp_path / address).unlink()
    with pytest.raises(IntegrityError, match="missing"):
        merge(AXIS, "MET.pt", url, [result])


def test_a_receipt_is_complete_only_with_each_chunk_once_and_whole() -> None:
    one, two = (PartialResult(chunk, "a", "b", 10, 3, 3.0, 0.1) for chunk in (1, 2))
    expected = [(1, 10), (2, 10)]
    assert receipt.complete(expected, [two, one])
    assert not receipt.complete(expected, [one])
    assert not receipt.complete(expected, [one, two, two])
    assert not receipt.complete([(1, 10), (2, 11)], [one, two])
