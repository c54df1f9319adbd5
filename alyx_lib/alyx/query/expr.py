"""The expression tree: six frozen nodes, and Python operators that build it.

Everything else (:mod:`~alyx.query.sql`, :mod:`~alyx.query.mask`,
:mod:`~alyx.query.phrase`, ...) is one function of a node.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from dataclasses import field as attribute
from typing import Any, Literal

Value = float | int | bool | str
Mode = Literal["atleast", "atmost", "exactly", "all"]


class Expression:
    """A condition on an event; ``&``, ``|`` and ``~`` join conditions."""

    def as_json(self) -> dict[str, Any]:
        """Return the query builder's JSON; :func:`alyx.query.parse` reads it again."""
        from alyx.query.builder import as_json

        return as_json(self)

    def __and__(self, other: Expression) -> Expression:
        return And((self, other))

    def __or__(self, other: Expression) -> Expression:
        return Or((self, other))

    def __invert__(self) -> Expression:
        return Not(self)

    def __bool__(self) -> bool:
        raise TypeError("Join conditions with & | ~: Python's and, or, not are eager.")


@dataclass(frozen=True, slots=True)
class Comparison(Expression):
    """A field against a value.

    Parameters
    ----------
    path
        Of the field; within a quantifier it is the object's own field, as ``pt``.
    operator
        One of :data:`alyx.query.operators.COMPARISONS`.
    value
        A number, text or truth value; a tuple of them for ``in``.
    absolute
        Whether the field's magnitude is compared.
    place
        Where it stood in what the user wrote; no part of its identity.
    """

    path: str
    operator: str
    value: Value | tuple[Value, ...]
    absolute: bool = False
    place: str = attribute(default="", compare=False)


@dataclass(frozen=True, slots=True)
class And(Expression):
    """All of them; of none, everything."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Or(Expression):
    """One of them at least; of none, nothing."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Not(Expression):
    """The contrary."""

    part: Expression


@dataclass(frozen=True, slots=True)
class Quantifier(Expression):
    """How many objects of a collection meet a condition.

    Parameters
    ----------
    collection
        Its name.
    mode
        ``atleast``, ``atmost``, ``exactly`` (of ``number``), or ``all``.
    number
        How many; 0 and meaningless for ``all``.
    condition
        On one object.
    place
        Where it stood in what the user wrote.
    """

    collection: str
    mode: Mode
    number: int
    condition: Expression
    place: str = attribute(default="", compare=False)


EVERYTHING = And(())


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """A field that operators compare with values; made by :func:`field`."""

    name: str
    absolute: bool = False

    def __abs__(self) -> Path:
        return replace(self, absolute=True)

    def __gt__(self, value: Value) -> Comparison:
        return self._compare(">", value)

    def __ge__(self, value: Value) -> Comparison:
        return self._compare(">=", value)

    def __lt__(self, value: Value) -> Comparison:
        return self._compare("<", value)

    def __le__(self, value: Value) -> Comparison:
        return self._compare("<=", value)

    def __eq__(self, value: object) -> Comparison:  # type: ignore[override]  # it builds a node
        return self._compare("==", value)

    __hash__ = None  # type: ignore[assignment]  # == builds a node, so nothing can be looked up

    def __ne__(self, value: object) -> Comparison:  # type: ignore[override]  # it builds a node
        return self._compare("!=", value)

    def between(self, low: Value, high: Value) -> Expression:
        """Build the condition ``low <= field <= high``."""
        return And((self >= low, self <= high))

    def is_in(self, values: list[Value]) -> Comparison:
        """Build the condition that the field is one of these values."""
        return Comparison(self.name, "in", tuple(values), self.absolute)

    def _compare(self, operator: str, value: object) -> Comparison:
        if not isinstance(value, float | int | bool | str):
            raise TypeError(f"{self.name} is compared with a number or text, not with {value!r}.")
        return Comparison(self.name, operator, value, self.absolute)


@dataclass(frozen=True, slots=True)
class Objects:
    """A collection whose objects are counted; made by :func:`objects`."""

    name: str

    def atleast(self, number: int, condition: Expression = EVERYTHING) -> Quantifier:
        """Build the condition that at least so many objects meet one."""
        return Quantifier(self.name, "atleast", number, condition)

    def atmost(self, number: int, condition: Expression = EVERYTHING) -> Quantifier:
        """Build the condition that at most so many objects meet one."""
        return Quantifier(self.name, "atmost", number, condition)

    def exactly(self, number: int, condition: Expression = EVERYTHING) -> Quantifier:
        """Build the condition that exactly so many objects meet one."""
        return Quantifier(self.name, "exactly", number, condition)

    def all(self, condition: Expression) -> Quantifier:
        """Build the condition that every object meets one; true where there are none."""
        return Quantifier(self.name, "all", 0, condition)


def field(path: str) -> Path:
    """Name a field, to compare it.

    Examples
    --------
    >>> (field("MET.pt") > 20) & ~(field("run") == 7)
    And(parts=(Comparison(path='MET.pt', operator='>', value=20, absolute=False, place=''), \
Not(part=Comparison(path='run', operator='==', value=7, absolute=False, place=''))))
    """
    return Path(path)


def objects(collection: str) -> Objects:
    """Name a collection, to count its objects.

    Examples
    --------
    >>> objects("Muon").atleast(2, field("pt") > 20).number
    2
    """
    return Objects(collection)


def walk(expression: Expression, collection: str = "") -> Iterator[tuple[Expression, str]]:
    """Give each node with the collection that its paths belong to, the root first."""
    yield expression, collection
    match expression:
        case And(parts) | Or(parts):
            for part in parts:
                yield from walk(part, collection)
        case Not(part):
            yield from walk(part, collection)
        case Quantifier():
            yield from walk(expression.condition, expression.collection)


def fields(expression: Expression) -> set[str]:
    """Return the full paths of an expression's fields, with ``X.n`` for a bare count."""
    found = set()
    for node, collection in walk(expression):
        if isinstance(node, Comparison):
            found.add(f"{collection}.{node.path}" if collection else node.path)
        elif isinstance(node, Quantifier):
            found.add(f"{node.collection}.n")
    return found


def payload_columns(expression: Expression) -> set[str]:
    """Return the top-level fields of the payload that an expression needs.

    Examples
    --------
    >>> sorted(payload_columns((field("MET.pt") > 20) & objects("Muon").atleast(2)))
    ['MET', 'Muon']
    """
    return {path.split(".")[0] for path in fields(expression)}
