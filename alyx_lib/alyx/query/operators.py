"""The one table of operators: their names in each language, and what they do."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Operator:
    """One comparison.

    Parameters
    ----------
    name
        In an expression and in cut text.
    builder
        In the query builder's JSON.
    apply
        On arrays.
    phrase
        In a sentence.
    ordered
        Whether it needs an order, which text and truth values do not have here.
    """

    name: str
    builder: str
    apply: Callable[[Any, Any], Any]
    phrase: str
    ordered: bool = False


def _is_in(values: Any, choices: tuple[Any, ...]) -> Any:
    found = values == choices[0]
    for choice in choices[1:]:
        found = found | (values == choice)
    return found


def _differs(values: Any, other: Any) -> Any:
    # NaN is unknown, and a comparison with what is unknown is false
    return (values != other) & (values == values)


COMPARISONS = {
    one.name: one
    for one in (
        Operator("==", "=", operator.eq, "is"),
        Operator("!=", "!=", _differs, "is not"),
        Operator("<", "<", operator.lt, "is below", ordered=True),
        Operator("<=", "<=", operator.le, "is at most", ordered=True),
        Operator(">", ">", operator.gt, "is above", ordered=True),
        Operator(">=", ">=", operator.ge, "is at least", ordered=True),
        Operator("in", "in", _is_in, "is one of"),
    )
}

#: From the query builder's names to ours; ``between``, ``notBetween`` and ``notIn`` are
#: built from these.
FROM_BUILDER = {one.builder: one.name for one in COMPARISONS.values()}

#: Names of the query builder that stand for more than one node.
COMPOSED = ("between", "notBetween", "notIn")

#: From the query builder's ways to match a collection to (mode, number), the threshold given.
MATCHES: dict[str, Callable[[int], tuple[str, int]]] = {
    "all": lambda _: ("all", 0),
    "some": lambda _: ("atleast", 1),
    "none": lambda _: ("exactly", 0),
    "atLeast": lambda number: ("atleast", number),
    "atMost": lambda number: ("atmost", number),
    "exactly": lambda number: ("exactly", number),
}

#: Functions of cut text that count objects, with their phrase.
QUANTIFIERS = {
    "atleast": "at least {number}",
    "atmost": "at most {number}",
    "exactly": "exactly {number}",
    "all": "all",
}
