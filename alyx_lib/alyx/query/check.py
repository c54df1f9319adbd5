"""Holds an expression against a schema: all problems at once, each with its place."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

from alyx.errors import Problem, near
from alyx.events.schema import Field, Schema
from alyx.query.expr import And, Comparison, Expression, Not, Or, Quantifier, Value
from alyx.query.operators import COMPARISONS

#: Nodes of one expression.
MOST = 1_000


class Checker:
    """Checks an expression, and gives it in the form that the compilers take.

    A collection's field outside a quantifier becomes "at least one object"; values become
    what their field is made of: ``"20"`` becomes 20, a time its seconds since 1970.

    Parameters
    ----------
    schema
        Of the data set.
    """

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.problems: list[Problem] = []
        self._nodes = 0

    def check(self, expression: Expression, collection: str = "") -> Expression:
        """Return the expression resolved; what is wrong stands in ``problems``."""
        self._nodes += 1
        if self._nodes == MOST + 1:
            self.problems.append(Problem("", f"The query has more than {MOST:,} parts."))
        if self._nodes > MOST:
            return expression
        match expression:
            case And(parts):
                return _joined(And, tuple(self.check(part, collection) for part in parts))
            case Or(parts):
                return _joined(Or, tuple(self.check(part, collection) for part in parts))
            case Not(part):
                return Not(self.check(part, collection))
            case Quantifier():
                return self._quantifier(expression, collection)
            case Comparison():
                return self._comparison(expression, collection)
        raise TypeError(f"{expression!r} is no expression.")

    def _quantifier(self, node: Quantifier, outer: str) -> Expression:
        known = [one.name for one in self.schema.collections]
        place = node.place or node.collection
        if outer:
            self._wrong(place, "field", "Objects have no collections of their own.")
        elif node.collection not in known:
            hint = near(node.collection, known) or f"There are {', '.join(known)}."
            self._wrong(place, "field", f"There is no collection {node.collection!r}.", hint)
        else:
            condition = self.check(node.condition, node.collection)
            return Quantifier(node.collection, node.mode, node.number, condition, node.place)
        return node

    def _comparison(self, node: Comparison, collection: str) -> Expression:
        own = node.path.removeprefix(f"{collection}.") if collection else node.path
        found = self._find(own, collection)
        if found is None:
            self._unknown(node, own, collection)
            return node
        owner = None if collection else self.schema.collection_of(own)
        inner = own.partition(".")[2] if owner else own
        value = self._value(node, found)
        resolved = Comparison(inner, node.operator, value, node.absolute, node.place)
        return Quantifier(owner.name, "atleast", 1, resolved, node.place) if owner else resolved

    def _find(self, path: str, collection: str) -> Field | None:
        if not collection:
            return self.schema.find(path)
        owner = self.schema.collection(collection)
        return next((one for one in owner.fields if one.name == path), None) if owner else None

    def _unknown(self, node: Comparison, path: str, collection: str) -> None:
        owner = self.schema.collection(collection)
        known = [one.name for one in owner.fields] if owner else self.schema.paths()
        what = (
            f"{collection} has no field {path!r}." if collection else f"There is no field {path!r}."
        )
        listed = f"There are {', '.join(known)}." if len(known) <= 12 else None
        self._wrong(node.place or node.path, "field", what, near(path, known) or listed)

    def _value(self, node: Comparison, field: Field) -> Any:
        if COMPARISONS[node.operator].ordered and field.kind in ("text", "boolean"):
            hint = "Use = or != with it."
            self._wrong(node.place or node.path, "operator", f"{field.name} has no order.", hint)
        if node.operator != "in":
            return self._one(node, field, node.value)
        values = node.value if isinstance(node.value, tuple) else (node.value,)
        if not values:
            self._wrong(node.place or node.path, "value", "The list is empty.", "As [1, 2].")
        return tuple(self._one(node, field, value) for value in values)

    def _one(self, node: Comparison, field: Field, value: Any) -> Value:
        read = _read(field, value)
        if read is None:
            hint = {"boolean": "It is true or false."}.get(field.kind, "It is a number.")
            shown = repr(value) if value != "" else "nothing"
            message = f"{field.name} cannot be compared with {shown}."
            self._wrong(node.place or node.path, "value", message, hint)
            return 0
        return read

    def _wrong(self, place: str, part: str, message: str, hint: str | None = None) -> None:
        path = f"{place}.{part}" if place.startswith("rules") else place
        self.problems.append(Problem(path, message, hint))


def _read(field: Field, value: Any) -> Value | None:
    """Return a value as its field has it, or ``None`` if it does not fit."""
    if field.kind == "text":
        return str(value)
    if field.kind == "boolean":
        return {"true": True, "false": False}.get(str(value).lower())
    if isinstance(value, bool):
        return None
    if field.name == "time" and isinstance(value, str):
        moment = _moment(value)
        if moment is not None:
            return moment
    return _number(value)


def _number(value: Any) -> float | int | None:
    try:
        number = value if isinstance(value, int) else float(value)
    except (TypeError, ValueError):
        return None
    if isinstance(number, float) and not math.isfinite(number):
        return None
    if isinstance(value, str) and value.strip().lstrip("+-").isdigit():
        return int(value)
    # one spelling, so that 20 and 20.0 have one fingerprint
    return int(number) if number == int(number) and abs(number) < 2**53 else number


def _moment(text: str) -> float | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    seconds = moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
    return int(seconds) if seconds == int(seconds) else seconds


def _joined(kind: type[And | Or], parts: tuple[Expression, ...]) -> Expression:
    """Flatten a group within a group of its kind, and unwrap a group of one."""
    flat: list[Expression] = []
    for part in parts:
        flat += part.parts if isinstance(part, kind) and part.parts else [part]
    return flat[0] if len(flat) == 1 else kind(tuple(flat))
