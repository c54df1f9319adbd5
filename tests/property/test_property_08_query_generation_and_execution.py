"""Property 8 on a real PostgreSQL and the real chunks."""

from __future__ import annotations

import math
import operator
import re
from datetime import UTC, datetime
from typing import Any

import awkward as ak
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from alyx import query
from alyx.ingest import ingest
from alyx.query.sql import condition
from alyx.store import Store
from alyx.store.rows import sql_of
from alyx.store.tables import event_header

NUMBER = 240
COMPARE = {
    "=": operator.eq,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
    "!=": operator.ne,
}
COUNT = {"atLeast": operator.ge, "atMost": operator.le, "exactly": operator.eq}
MONTHS = [datetime(2011, month, 1, tzinfo=UTC).timestamp() for month in (3, 4, 5, 6)]


def events() -> list[dict[str, Any]]:
    """Return events with none to four muons, some of their values unknown, over three months."""
    random = np.random.default_rng(8)

    def muon() -> dict[str, Any]:
        return {
            "pt": float(np.float32(random.choice([5, 20, 20.1, 45.5, random.exponential(30)]))),
            "eta": float(np.float32(random.uniform(-2.5, 2.5))),
            "phi": float(np.float32(random.uniform(-3.1, 3.1))),
            "mass": float(np.float32(0.1057)),
            "charge": int(random.choice([-1, 1])),
        }

    def event(number: int) -> dict[str, Any]:
        muons = [muon() for _ in range(random.integers(0, 5))]
        energy = float("nan") if random.random() < 0.2 else float(random.choice([7000, 8000]))
        return {
            "run": int(random.integers(1, 4)),
            "luminosityBlock": 1,
            "event": number,
            "time": float("nan") if random.random() < 0.1 else random.uniform(MONTHS[0], MONTHS[3]),
            "energy": energy,
            "MET": {"pt": float(np.float32(random.exponential(20))), "phi": 0.5},
            "Muon": sorted(muons, key=lambda one: -one["pt"]),
        }

    return [event(number) for number in range(NUMBER)]


def pair_mass(event: dict[str, Any]) -> float:
    """Return the mass of the two leading muons, from four-vectors."""
    if len(event["Muon"]) < 2:
        return float("nan")
    total = np.zeros(4)
    for one in event["Muon"][:2]:
        pt, eta, phi, mass = (one[name] for name in ("pt", "eta", "phi", "mass"))
        p = np.array([pt * math.cos(phi), pt * math.sin(phi), pt * math.sinh(eta)])
        total += [math.sqrt(p @ p + mass * mass), *p]
    return math.sqrt(max(total[0] ** 2 - total[1:] @ total[1:], 0))


def look(event: dict[str, Any], path: str) -> float:
    """Return an event's value; NaN is unknown."""
    if path == "Muon.n":
        return len(event["Muon"])
    if path == "Muon.pair.charge":
        two = event["Muon"][:2]
        return sum(one["charge"] for one in two) if len(two) == 2 else float("nan")
    if path == "Muon.pair.mass":
        return pair_mass(event)
    found: Any = event
    for part in path.split("."):
        found = found[part]
    return float(found)


def passes(event: dict[str, Any], rule: dict[str, Any]) -> bool:
    """Evaluate a builder tree on one event: nothing of the code under test is used."""
    if "rules" in rule:
        parts = [passes(event, one) for one in rule["rules"]]
        found = all(parts) if rule["combinator"] == "and" else any(parts)
        return found != rule.get("not", False)
    if "match" in rule:
        number = sum(passes(one, rule["value"]) for one in event[rule["field"]])
        mode, threshold = rule["match"]["mode"], rule["match"].get("threshold", 0)
        if mode == "all":
            return number == len(event[rule["field"]])
        if mode in ("some", "none"):
            return (number > 0) == (mode == "some")
        return COUNT[mode](number, threshold)
    value = look(event, rule["field"])
    if math.isnan(value):
        return False
    return bool(COMPARE[rule["operator"]](value, rule["value"]))


def comparison(fields: dict[str, st.SearchStrategy[float]]) -> st.SearchStrategy[dict[str, Any]]:
    """Return a rule on one of some fields."""
    return st.sampled_from(sorted(fields)).flatmap(
        lambda name: st.fixed_dictionaries(
            {
                "field": st.just(name),
                "operator": st.sampled_from(sorted(COMPARE)),
                "value": fields[name],
            }
        )
    )


def group(rules: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Return an and or an or of rules."""
    return st.fixed_dictionaries(
        {
            "combinator": st.sampled_from(["and", "or"]),
            "not": st.booleans(),
            "rules": st.lists(rules, min_size=1, max_size=3),
        }
    )


PT = st.sampled_from([5.0, 20.0, 20.1, 45.5, 60.0]) | st.floats(0, 100)
OF_OBJECTS = comparison({"pt": PT, "eta": st.floats(-2.5, 2.5), "charge": st.sampled_from([-1, 1])})
# masses fall on no bound: the evaluator's last digit is its own
OF_EVENTS = comparison(
    {
        "run": st.integers(0, 4),
        "event": st.integers(0, NUMBER),
        "energy": st.sampled_from([6999.5, 7000.0, 8000.0]),
        "MET.pt": st.floats(0, 60),
        "Muon.n": st.integers(0, 5),
        "Muon.pair.charge": st.integers(-2, 2),
        "Muon.pair.mass": st.integers(1, 120).map(lambda mass: mass + 0.123456789),
    }
)
MATCH = st.sampled_from(["all", "some", "none"]).map(lambda mode: {"mode": mode}) | st.builds(
    lambda mode, threshold: {"mode": mode, "threshold": threshold},
    st.sampled_from(sorted(COUNT)),
    st.integers(0, 4),
)
QUANTIFIER = st.fixed_dictionaries(
    {
        "field": st.just("Muon"),
        "operator": st.just("match"),
        "match": MATCH,
        "value": group(OF_OBJECTS),
    }
)
TREE = group(st.recursive(OF_EVENTS | QUANTIFIER, group, max_leaves=8))


# Feature: alyx-distributed-orchestrator, Property 8: Query generation and execution: For any valid query parameters specified in the query builder, the system should generate optimized SQL and execute it against the collision database within 2 seconds for 99% of queries  # noqa: E501
def test_sql_mask_and_an_evaluator_of_our_own_agree(store: Store) -> None:
    """Catches SQL that drops the rows whose value is NULL under ``not``."""
    known = events()
    ingest(store, "any", [ak.Array(known)], title="Any", kind="synthetic", key="any")
    schema = store.dataset("any").schema
    months = {f"event_header_2011_{month:02}" for month in (3, 4, 5)}
    header = event_header

    @settings(max_examples=200)
    @given(where=TREE, month=st.sampled_from([None, 0, 1, 2]))
    def check(where: dict[str, Any], month: int | None) -> None:
        chosen = range(3) if month is None else [month]
        if month is not None:
            begin, end = (
                datetime.fromtimestamp(MONTHS[month + after], UTC).isoformat() for after in (0, 1)
            )
            timely = [
                {"field": "time", "operator": ">=", "value": begin},
                {"field": "time", "operator": "<", "value": end},
            ]
            tree = {"combinator": "and", "rules": [*timely, where]}
        else:
            tree = where
        expected = {
            one["event"]
            for one in known
            if passes(one, where)
            and (month is None or MONTHS[month] <= one["time"] < MONTHS[month + 1])
        }
        selection = store.select("any", tree)
        found = [row["event"] for row in store.page(selection, limit=NUMBER).rows]
        assert sorted(found) == sorted(expected)

        compiled = condition(query.parse(tree, schema), header)
        statement = select(header.c.event).where(compiled.where)
        with store.database.read() as connection:
            rows = set(connection.execute(statement).scalars())
            shown, parameters = sql_of(statement)
            cursor = connection.connection.cursor()
            cursor.execute(f"EXPLAIN {shown}", parameters)
            plan = " ".join(line for (line,) in cursor.fetchall())
        assert rows >= expected
        assert compiled.exact == selection.exact
        if compiled.exact:
            assert rows == expected
        if month is not None:
            touched = set(re.findall(r"event_header_2011_\d\d", plan))
            assert touched <= {sorted(months)[one] for one in chosen}

    names = text("SELECT DISTINCT tableoid::regclass::text FROM event_header")
    with store.database.read() as connection:
        assert months <= set(connection.execute(names).scalars())
    check()
