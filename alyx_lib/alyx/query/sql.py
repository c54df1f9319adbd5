"""An expression as a condition on the header rows.

Where the headers do not suffice the condition is *necessary*: it lets through at least
the right rows. Under ``not`` the direction turns, so each node is compiled to a pair, a
necessary and a sufficient condition; where the two are one, the headers decide.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    Double,
    Numeric,
    Table,
    and_,
    false,
    func,
    literal,
    not_,
    or_,
    true,
)

from alyx.query.expr import And, Comparison, Expression, Not, Or, Quantifier
from alyx.query.mask import microseconds
from alyx.query.operators import COMPARISONS

Condition = ColumnElement[bool]

_OWN = {
    "run": "run",
    "luminosityBlock": "luminosity_block",
    "event": "event",
    "time": "time",
    "energy": "energy",
    "vertex.x": "vertex_x",
    "vertex.y": "vertex_y",
    "vertex.z": "vertex_z",
    "MET.pt": "met_pt",
    "Muon.pair.mass": "muon_pair_mass",
    "Muon.pair.charge": "muon_pair_charge",
}
_COLLECTIONS = ("Muon", "Electron", "Photon", "Jet", "Track")
#: From a path to the header column that holds it.
COLUMNS = _OWN | {f"{name}.n": f"n_{name.lower()}" for name in _COLLECTIONS}
#: Leading objects whose pt stands in the header.
LEADING = 2

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST = datetime.min.replace(tzinfo=UTC)
_LAST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Compiled:
    """A condition for the headers.

    Parameters
    ----------
    where
        True at least for the rows of the events that meet the expression.
    exact
        Whether it is true for no others.
    """

    where: Condition
    exact: bool


@dataclass(frozen=True, slots=True)
class _Bounds:
    """A necessary and a sufficient condition; ``certain`` where neither is ever NULL."""

    necessary: Condition
    sufficient: Condition
    exact: bool
    certain: bool


def condition(expression: Expression, header: Table) -> Compiled:
    """Compile an expression to a condition on the header table.

    Parameters
    ----------
    expression
        Checked against the data set's schema.
    header
        The table ``event_header``.
    """
    bounds = _Compiler(header).bounds(expression)
    return Compiled(bounds.necessary, bounds.exact)


class _Compiler:
    def __init__(self, header: Table) -> None:
        self.columns = header.c

    def bounds(self, expression: Expression) -> _Bounds:
        match expression:
            case Comparison(path):
                return self._compare(expression) if path in COLUMNS else _UNKNOWN
            case And(parts):
                return _join(and_, true(), [self.bounds(part) for part in parts])
            case Or(parts):
                return _join(or_, false(), [self.bounds(part) for part in parts])
            case Not(part):
                return _negated(self.bounds(part))
            case Quantifier():
                return self._quantifier(expression)
        raise TypeError(f"{expression!r} is no expression.")

    def _compare(self, node: Comparison) -> _Bounds:
        column: ColumnElement[Any] = self.columns[COLUMNS[node.path]]
        side = func.abs(column) if node.absolute else column
        if isinstance(node.value, tuple):
            compared = or_(false(), *(side == _bound(node.path, one) for one in node.value))
        else:
            compared = COMPARISONS_SQL[node.operator](side, _bound(node.path, node.value))
        return _Bounds(compared, compared, exact=True, certain=not column.nullable)

    def _quantifier(self, node: Quantifier) -> _Bounds:
        match node.mode:
            case "atleast":
                return self._atleast(node.collection, node.number, node.condition)
            case "atmost":
                return _negated(self._atleast(node.collection, node.number + 1, node.condition))
            case "exactly":
                least = self._atleast(node.collection, node.number, node.condition)
                more = _negated(self._atleast(node.collection, node.number + 1, node.condition))
                return _join(and_, true(), [least, more])
            case "all":
                contrary = _turned(node.condition)
                return _negated(self._atleast(node.collection, 1, contrary))

    def _atleast(self, collection: str, number: int, inner: Expression) -> _Bounds:
        if number <= 0:
            return _ANY
        if collection not in _COLLECTIONS:
            return _UNKNOWN
        enough = self._compare(Comparison(f"{collection}.n", ">=", number))
        parts = inner.parts if isinstance(inner, And) else (inner,)
        # sorted by pt, the objects above a pt come first: several such bounds are one
        bounds = [
            self._leading(collection, number, part) if _is_pt_bound(part) else _UNKNOWN
            for part in parts
        ]
        return _join(and_, true(), [enough, *bounds])

    def _leading(self, collection: str, number: int, part: Expression) -> _Bounds:
        assert isinstance(part, Comparison)  # noqa: S101  _is_pt_bound said so
        place = min(number, LEADING)
        column = self.columns[f"{collection.lower()}_pt{place}"]
        compared = COMPARISONS_SQL[part.operator](column, _bound("pt", part.value))
        if number > LEADING:
            return _Bounds(compared, false(), exact=False, certain=False)
        return _Bounds(compared, compared, exact=True, certain=False)


COMPARISONS_SQL = {name: one.apply for name, one in COMPARISONS.items()} | {
    "!=": lambda column, value: column != value
}

_UNKNOWN = _Bounds(true(), false(), exact=False, certain=True)
_ANY = _Bounds(true(), true(), exact=True, certain=True)


def _negated(inner: _Bounds) -> _Bounds:
    """Return the contrary; what is unknown (NULL) is false in the inner one, so true here.

    Only here NULL is turned into false: elsewhere SQL's own logic lets no such row through, and
    a bare comparison is what prunes partitions and uses an index.
    """

    def contrary(part: Condition) -> Condition:
        return not_(part if inner.certain else func.coalesce(part, false()))

    return _Bounds(contrary(inner.sufficient), contrary(inner.necessary), inner.exact, certain=True)


def _bound(path: str, value: Any) -> ColumnElement[Any]:
    """Bind a value with the type in which both compilers compare."""
    if path == "time":
        return literal(_moment(value), DateTime(timezone=True))
    if isinstance(value, int) and not isinstance(value, bool):
        whole = path in ("run", "luminosityBlock", "event") or path.endswith((".n", ".charge"))
        if whole:
            # numeric holds any integer, and compares with each of ours exactly
            kind = Numeric(asdecimal=False) if abs(value) >= 2**63 else BigInteger()
            return literal(value, kind)
    return literal(float(value), Double())


def _moment(seconds: float) -> datetime:
    try:
        return _EPOCH + timedelta(microseconds=int(microseconds(float(seconds))))
    except OverflowError:
        return _LAST if seconds > 0 else _FIRST


def _is_pt_bound(part: Expression) -> bool:
    return isinstance(part, Comparison) and part.path == "pt" and part.operator in (">", ">=")


_CONTRARY = {"<": ">=", "<=": ">"}


def _turned(condition: Expression) -> Expression:
    """Return the contrary; of an upper bound on pt, which is never NaN, the lower bound."""
    if isinstance(condition, Comparison) and condition.path == "pt":
        contrary = _CONTRARY.get(condition.operator)
        if contrary:
            return Comparison("pt", contrary, condition.value, condition.absolute)
    return Not(condition)


def _join(joined: Any, empty: Condition, parts: list[_Bounds]) -> _Bounds:
    return _Bounds(
        joined(empty, *(part.necessary for part in parts)),
        joined(empty, *(part.sufficient for part in parts)),
        all(part.exact for part in parts),
        all(part.certain for part in parts),
    )
