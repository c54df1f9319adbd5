"""The error tree: one JSON shape, there and back."""

from __future__ import annotations

import pytest

from alyx import errors


@pytest.mark.parametrize("kind", errors._by_code().values())
def test_an_error_survives_the_wire(kind: type[errors.AlyxError]) -> None:
    sent = kind("Broken.", problems=[errors.Problem("rules[0]", "Wrong.", "Right.")])
    received = errors.from_json(sent.as_json(), sent.status)
    assert type(received) is kind
    assert received.message == sent.message
    assert received.problems == sent.problems


def test_every_kind_has_its_own_code_and_stands_in_the_tree_of_the_docstring() -> None:
    kinds = errors._by_code()
    assert len(set(kinds)) == len(list(kinds.values()))
    for kind in kinds.values():
        assert kind.__name__ in str(errors.__doc__)


def test_a_foreign_answer_is_a_service_error_and_a_refusal_an_access_error() -> None:
    assert isinstance(errors.from_json("<html>", 502), errors.ServiceError)
    assert isinstance(errors.from_json({}, 403), errors.AccessError)
