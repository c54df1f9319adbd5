"""The query builder's JSON (react-querybuilder, ``json_without_ids``), both ways.

A group is ``{"combinator", "rules", "not"}``, a rule ``{"field", "operator", "value"}``. A
rule with ``match`` counts the objects of the collection ``field``; its value is a group
whose field names are the objects' own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alyx.errors import Problem, near
from alyx.query.expr import And, Comparison, Expression, Not, Or, Quantifier, Value
from alyx.query.operators import COMPARISONS, COMPOSED, FROM_BUILDER, MATCHES

#: Groups within groups.
DEEPEST = 30


class Reader:
    """Reads builder JSON, and collects what is wrong with it.

    Examples
    --------
    >>> reader = Reader()
    >>> rule = {"field": "MET.pt", "operator": ">", "value": "20"}
    >>> reader.group({"combinator": "and", "rules": [rule]}).parts[0].value
    '20'
    """

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def group(self, body: Any, place: str = "", depth: int = 0) -> Expression:
        """Read a group and all that is in it."""
        rules = body.get("rules") if isinstance(body, Mapping) else None
        if not isinstance(rules, list) or depth > DEEPEST:
            hint = 'It looks like {"combinator": "and", "rules": [...]}.'
            deep = "is nested too deeply" if depth > DEEPEST else "is no group of rules"
            return self._wrong(place, f"This {deep}.", hint)
        parts = tuple(
            self._part(rule, f"{place}.rules[{i}]".lstrip("."), depth + 1)
            for i, rule in enumerate(rules)
        )
        joined = self._join(body.get("combinator", "and"), parts, place)
        return Not(joined) if body.get("not") else joined

    def _join(self, combinator: Any, parts: tuple[Expression, ...], place: str) -> Expression:
        if combinator not in ("and", "or"):
            message = f"Rules are joined by 'and' or 'or', not by {combinator!r}."
            return self._wrong(f"{place}.combinator".lstrip("."), message)
        # a group without rules asks for nothing
        return Or(parts) if combinator == "or" and parts else And(parts)

    def _part(self, body: Any, place: str, depth: int) -> Expression:
        if not isinstance(body, Mapping):
            return self._wrong(place, "A rule is an object with field, operator and value.")
        if "rules" in body:
            return self.group(body, place, depth)
        if not isinstance(body.get("field"), str):
            return self._wrong(f"{place}.field", "The rule names no field.")
        if "match" in body:
            return self._match(body, place, depth)
        return self._comparison(body, place)

    def _match(self, body: Mapping[str, Any], place: str, depth: int) -> Expression:
        match = body["match"] if isinstance(body["match"], Mapping) else {}
        mode, number = match.get("mode"), match.get("threshold", 1)
        if mode not in MATCHES:
            hint = near(str(mode), list(MATCHES)) or f"Modes are {', '.join(MATCHES)}."
            return self._wrong(f"{place}.match.mode", f"There is no mode {mode!r}.", hint)
        count = _whole(number)
        if count is None:
            message = f"A number of objects is 0 or more, not {number!r}."
            return self._wrong(f"{place}.match.threshold", message)
        condition = self.group(body.get("value"), f"{place}.value", depth + 1)
        kind, least = MATCHES[mode](count)
        return Quantifier(body["field"], kind, least, condition, place)  # type: ignore[arg-type]

    def _comparison(self, body: Mapping[str, Any], place: str) -> Expression:
        name = body.get("operator")
        if name not in (*FROM_BUILDER, *COMPOSED):
            known = [*FROM_BUILDER, *COMPOSED]
            hint = near(str(name), known) or f"Operators are {', '.join(known)}."
            return self._wrong(f"{place}.operator", f"There is no operator {name!r}.", hint)
        path, absolute = _magnitude(body["field"])
        value = body.get("value")
        if name in ("between", "notBetween"):
            return self._between(path, absolute, value, place, name)
        if name in ("in", "notIn"):
            one = Comparison(path, "in", _listed(value), absolute, place)
            return Not(one) if name == "notIn" else one
        if not isinstance(value, float | int | bool | str):
            return self._wrong(f"{place}.value", f"A value is a number or text, not {value!r}.")
        return Comparison(path, FROM_BUILDER[name], value, absolute, place)

    def _between(
        self, path: str, absolute: bool, value: Any, place: str, name: str
    ) -> Expression:  # fmt: skip
        bounds = _listed(value)
        if len(bounds) != 2:
            return self._wrong(f"{place}.value", "Between needs two values.", "As [60, 120].")
        low = Comparison(path, ">=", bounds[0], absolute, place)
        high = Comparison(path, "<=", bounds[1], absolute, place)
        return Not(And((low, high))) if name == "notBetween" else And((low, high))

    def _wrong(self, place: str, message: str, hint: str | None = None) -> Expression:
        self.problems.append(Problem(place, message, hint))
        return And(())


def as_json(expression: Expression) -> dict[str, Any]:
    """Write an expression as builder JSON; reading it gives the same expression.

    Examples
    --------
    >>> as_json(Comparison("run", "==", 7))
    {'combinator': 'and', 'rules': [{'field': 'run', 'operator': '=', 'value': 7}]}
    """
    body = _write(expression)
    return body if "rules" in body else {"combinator": "and", "rules": [body]}


def _write(expression: Expression) -> dict[str, Any]:
    match expression:
        case Comparison(path, operator, value, absolute):
            field = f"abs({path})" if absolute else path
            plain = list(value) if isinstance(value, tuple) else value
            return {"field": field, "operator": COMPARISONS[operator].builder, "value": plain}
        case Not(part):
            inner = _write(part)
            group = inner if "rules" in inner else {"combinator": "and", "rules": [inner]}
            if group.get("not"):
                group = {"combinator": "and", "rules": [group]}
            return group | {"not": True}
        case Quantifier(collection, mode, number, condition):
            names = {"atleast": "atLeast", "atmost": "atMost"}
            match = {"mode": names.get(mode, mode), "threshold": number}
            return {"field": collection, "match": match, "value": as_json(condition)}
        case And(parts):
            return {"combinator": "and", "rules": [_write(part) for part in parts]}
        case Or(parts):
            return {"combinator": "or", "rules": [_write(part) for part in parts]}
    raise TypeError(f"{expression!r} is no expression.")


def _magnitude(field: str) -> tuple[str, bool]:
    if field.startswith("abs(") and field.endswith(")"):
        return field[4:-1].strip(), True
    return field, False


def _listed(value: Any) -> tuple[Value, ...]:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def _whole(number: Any) -> int | None:
    try:
        whole = int(number)
    except (TypeError, ValueError):
        return None
    return whole if whole >= 0 and whole == float(number) else None
