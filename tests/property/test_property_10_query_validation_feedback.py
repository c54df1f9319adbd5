"""Property 10 on the real API's preview and query, with the driver's statements counted."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from job_samples import Api, chunked, collisions
from sqlalchemy import event

from alyx.store import Store
from alyx_hub.api import User

READER = User(
    "marie",
    frozenset(f"custom:alyx:read:{what}!user=marie" for what in ("datasets", "events")),
)
FIELDS = ["run", "energy", "Muon.n", "Muon.pair.mass"]
LEAF = st.fixed_dictionaries(
    {
        "field": st.sampled_from(FIELDS),
        "operator": st.sampled_from(["=", "<", ">=", "!="]),
        "value": st.integers(0, 100),
    }
)


def group(rules: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Return an and or an or of rules."""
    return st.fixed_dictionaries(
        {
            "combinator": st.sampled_from(["and", "or"]),
            "rules": st.lists(rules, min_size=1, max_size=3),
        }
    )


TREE = group(st.recursive(LEAF, group, max_leaves=6))
#: What is done to a rule, and a word that the problem at its path must have.
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown field": ({"field": "Muon.pairr.mass"}, "field"),
    "an unknown collection": ({"field": "Mouon.n"}, "field"),
    "an unknown operator": ({"operator": "resembles"}, "operator"),
    "words for a number": ({"value": "many"}, "value"),
    "nothing for a number": ({"value": ""}, "value"),
    "a list for a number": ({"value": [[1]]}, "value"),
}
#: What makes a text wrong.
BROKEN = ["({text}", "{text} and", "{text} resembles 3", "({text}) or Muonn.n > 2", "{text} = = 2"]


def leaves(tree: dict[str, Any], path: str = "") -> list[tuple[str, dict[str, Any]]]:
    """Return the rules of a tree with their paths."""
    found = []
    for place, rule in enumerate(tree["rules"]):
        at = f"{path}rules[{place}]"
        found += leaves(rule, f"{at}.") if "rules" in rule else [(at, rule)]
    return found


def as_text(tree: dict[str, Any]) -> str:
    """Return a tree as cut text."""
    if "rules" in tree:
        return "(" + f" {tree['combinator']} ".join(map(as_text, tree["rules"])) + ")"
    operator = {"=": "=="}.get(tree["operator"], tree["operator"])
    return f"{tree['field']} {operator} {tree['value']}"


def refused(api: Api, statements: list[str], where: Any) -> list[dict[str, Any]]:
    """Ask in both ways, and return the problems; the events are never asked for."""
    statements.clear()
    body = {"dataset": "small", "where": where}
    preview = api.ask("POST", "/query/preview", body)
    answer = api.ask("POST", "/query", body)
    assert preview.status_code in (200, 422)
    assert answer.status_code == 422
    if preview.status_code == 200:
        assert not preview.json()["valid"]
    assert not [one for one in statements if "event_header" in one]
    problems: list[dict[str, Any]] = answer.json()["error"]["problems"]
    assert problems
    assert all(problem["message"] for problem in problems)
    return problems


def below(told: list[dict[str, Any]], path: str) -> list[dict[str, Any]]:
    """Return the problems of one rule."""
    named = ((f"{one['path']}.".removeprefix("where."), one) for one in told)
    return [one for at, one in named if at.startswith(f"{path}.")]


# Feature: alyx-distributed-orchestrator, Property 10: Query validation feedback: For any invalid query syntax, the system should provide real-time validation feedback before execution without attempting to run the query  # noqa: E501
def test_what_is_wrong_is_told_by_its_path_and_nothing_runs(store: Store) -> None:
    """Catches a check that stops at the first wrong rule, and one that counts before it checks."""
    chunked(store, collisions())
    statements: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        statements.append(statement)

    for engine in (store.database.engine, store.database.reader):
        event.listen(engine, "before_cursor_execute", note)

    with Api(store, lambda _: READER) as api:

        @settings(max_examples=120)
        @given(tree=TREE, data=st.data())
        def trees(tree: dict[str, Any], data: st.DataObject) -> None:
            wrong = copy.deepcopy(tree)
            places = leaves(wrong)
            chosen = data.draw(st.sets(st.sampled_from(range(len(places))), min_size=1, max_size=3))
            kinds = [data.draw(st.sampled_from(sorted(WRONG))) for _ in chosen]
            for place, kind in zip(sorted(chosen), kinds, strict=True):
                places[place][1].update(WRONG[kind][0])
            told = refused(api, statements, wrong)
            for place, kind in zip(sorted(chosen), kinds, strict=True):
                path = places[place][0]
                at = [
                    one
                    for one in told
                    if f"{one['path']}.".removeprefix("where.").startswith(f"{path}.")
                ]
                assert at, (path, kind, told)
                if kind in ("an unknown field", "an unknown collection"):
                    assert any(one["hint"] for one in at), told

        @settings(max_examples=100)
        @given(tree=TREE, broken=st.sampled_from(BROKEN))
        def texts(tree: dict[str, Any], broken: str) -> None:
            text = broken.format(text=as_text(tree))
            assume(text)
            assert any(
                problem["path"] or problem["hint"] for problem in refused(api, statements, text)
            )

        trees()
        texts()
