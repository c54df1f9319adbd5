"""One expression from text, JSON and Python; errors name each wrong place."""

from __future__ import annotations

from typing import Any

import awkward as ak
import numpy as np
import pytest

from alyx import query
from alyx.errors import QueryError
from alyx.events.generator import z_to_dimuons
from alyx.events.schema import Schema
from alyx.query import field, objects
from alyx.query.sql import condition
from alyx.store.tables import event_header

EVENTS = z_to_dimuons(200, 21)
SCHEMA = Schema.of(EVENTS)


def _mask(where: Any) -> list[bool]:
    found: list[bool] = query.mask(query.parse(where, SCHEMA), EVENTS).tolist()
    return found


SAME = [
    (
        "MET.pt > 8 and abs(MET.phi) <= 2",
        {
            "combinator": "and",
            "rules": [
                {"field": "MET.pt", "operator": ">", "value": "8"},
                {"field": "abs(MET.phi)", "operator": "<=", "value": 2.0},
            ],
        },
        (field("MET.pt") > 8) & (abs(field("MET.phi")) <= 2),
    ),
    (
        "!(60 <= Muon.pair.mass <= 90) || atleast(2, Muon, pt > 30 && abs(eta) < 1.5)",
        {
            "combinator": "or",
            "rules": [
                {"field": "Muon.pair.mass", "operator": "notBetween", "value": "60,90"},
                {
                    "field": "Muon",
                    "operator": "match",
                    "match": {"mode": "atLeast", "threshold": 2},
                    "value": {
                        "combinator": "and",
                        "rules": [
                            {"field": "pt", "operator": ">", "value": 30},
                            {"field": "abs(eta)", "operator": "<", "value": 1.5},
                        ],
                    },
                },
            ],
        },
        ~field("Muon.pair.mass").between(60, 90)
        | objects("Muon").atleast(2, (field("pt") > 30) & (abs(field("eta")) < 1.5)),
    ),
]


@pytest.mark.parametrize(("text", "body", "built"), SAME)
def test_three_ways_to_say_one_thing(text: str, body: dict[str, Any], built: Any) -> None:
    parsed = [query.parse(where, SCHEMA) for where in (text, body, built)]
    assert len(set(parsed)) == 1
    assert len({query.fingerprint(one) for one in parsed}) == 1
    assert 0 < sum(_mask(text)) < len(EVENTS)


@pytest.mark.parametrize(("text", "body", "built"), SAME)
def test_what_is_written_reads_the_same(text: str, body: dict[str, Any], built: Any) -> None:
    parsed = query.parse(text, SCHEMA)
    assert query.parse(query.as_json(parsed), SCHEMA) == parsed
    assert query.parse(query.as_text(parsed), SCHEMA) == parsed


def test_masks_are_right() -> None:
    pt, eta = EVENTS.Muon.pt, EVENTS.Muon.eta
    central = (pt > 20) & (abs(eta) < 1.2)
    expected = ak.sum(central, axis=1)
    for text, mask in (
        ("atleast(1, Muon, pt > 20 and abs(eta) < 1.2)", expected >= 1),
        ("atmost(1, Muon, pt > 20 and abs(eta) < 1.2)", expected <= 1),
        ("exactly(2, Muon, pt > 20 and abs(eta) < 1.2)", expected == 2),
        ("all(Muon, pt > 20 and abs(eta) < 1.2)", expected == 2),
        ("none(Muon, pt > 20 and abs(eta) < 1.2)", expected == 0),
        ("Muon.eta > 2", ak.any(eta > 2, axis=1)),
        ("run in [160000, 160003]", (EVENTS.run == 160000) | (EVENTS.run == 160003)),
        ("time < '2011-05-01'", EVENTS.time < 1304208000),
    ):
        assert _mask(text) == mask.tolist(), text


def test_the_unknown_compares_as_false() -> None:
    events = ak.with_field(EVENTS, np.full(len(EVENTS), np.nan, dtype=np.float32), "energy")
    for text, expected in (("energy > 0", False), ("energy != 0", False), ("not energy > 0", True)):
        mask = query.mask(query.parse(text, SCHEMA), events)
        assert mask.tolist() == [expected] * len(events)


@pytest.mark.parametrize(
    ("where", "path", "words"),
    [
        ("MET.pT > 20", "column 1", "Did you mean MET.pt"),
        ("run > 1 and Muon.pair.mas > 2", "column 13", "Did you mean Muon.pair.mass"),
        ("MET.pt > 20 &&", "column 15", "breaks off"),
        ("a.b(3) > 2", "column 1", "Here stands a field"),
        ("run > 'x'", "column 1", "cannot be compared with 'x'"),
        ("atlest(2, Muon)", "column 1", "Did you mean atleast"),
        ("atleast(2, Muons, pt > 3)", "column 12", "Did you mean Muon?"),
        ("atleast(2, Muon, pT > 3)", "column 18", "Did you mean pt?"),
        ("atleast(-2, Muon)", "column 9", "0 or more"),
        ("MET.pt > MET.phi", "column 10", "compared with a number"),
        ("run in []", "column 1", "The list is empty"),
    ],
)
def test_wrong_text_is_answered_with_place_and_cure(where: str, path: str, words: str) -> None:
    with pytest.raises(QueryError) as caught:
        query.parse(where, SCHEMA)
    (problem,) = caught.value.problems
    assert problem.path == path
    assert words in str(problem)


def test_all_wrong_rules_are_named_at_once() -> None:
    inner = {"combinator": "and", "rules": [{"field": "pT", "operator": ">", "value": 2}]}
    rules: list[Any] = [
        {"field": "MET.pt", "operator": "~", "value": 2},
        {"field": "run", "operator": "=", "value": ""},
        {"field": "Muon", "match": {"mode": "atLeast", "threshold": 2}, "value": inner},
        {"field": "energy", "operator": "between", "value": [1]},
        7,
    ]
    with pytest.raises(QueryError) as caught:
        query.parse({"combinator": "and", "rules": rules}, SCHEMA)
    assert {problem.path for problem in caught.value.problems} == {
        "rules[0].operator",
        "rules[1].value",
        "rules[2].value.rules[0].field",
        "rules[3].value",
        "rules[4]",
    }


def test_deep_and_long_input_is_refused() -> None:
    body: dict[str, Any] = {"combinator": "and", "rules": []}
    for _ in range(100):
        body = {"combinator": "and", "rules": [body]}
    for where in (body, "(" * 500 + "run > 1" + ")" * 500, "run > 1 and " * 2000 + "run > 1"):
        with pytest.raises(QueryError):
            query.parse(where, SCHEMA)


@pytest.mark.parametrize(
    ("text", "exact", "sql"),
    [
        ("run == 7", True, "event_header.run = "),
        ("MET.pt > 20", True, "event_header.met_pt > "),
        ("not MET.pt > 20", True, "NOT coalesce(event_header.met_pt > "),
        ("not run == 7", True, "event_header.run != "),
        ("atleast(2, Muon, pt > 20)", True, "event_header.muon_pt2 > "),
        ("atleast(3, Muon, pt > 20)", False, "event_header.n_muon >= "),
        ("atleast(2, Muon, pt > 20 and abs(eta) < 2.4)", False, "event_header.muon_pt2 > "),
        ("all(Muon, pt < 50)", True, "event_header.muon_pt1 >= "),
        ("Muon.pair.pt > 20", False, "true"),
        ("not Muon.pair.pt > 20", False, "true"),
    ],
)
def test_headers_are_asked_what_they_know(text: str, exact: bool, sql: str) -> None:
    compiled = condition(query.parse(text, SCHEMA), event_header)
    assert compiled.exact is exact
    assert sql in str(compiled.where)


def test_a_phrase_reads_as_english() -> None:
    text = "atleast(2, Muon, pt > 20 and abs(eta) < 2.4) and not MET.pt > 30"
    assert query.phrase(query.parse(text, SCHEMA), SCHEMA) == (
        "Events where there are at least 2 Muon objects with (pt above 20 GeV and |eta| below 2.4) "
        "and it is not so that MET.pt is above 30 GeV."
    )


def test_only_the_payload_that_is_needed_is_named() -> None:
    parsed = query.parse("Muon.pair.mass > 60 and MET.pt > 2 and run == 1", SCHEMA)
    assert query.payload_columns(parsed) == {"Muon", "MET", "run"}
