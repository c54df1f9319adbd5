"""An expression as an English sentence."""

from __future__ import annotations

from alyx.events.schema import Schema
from alyx.query.expr import EVERYTHING, And, Comparison, Expression, Not, Or, Quantifier
from alyx.query.operators import COMPARISONS, QUANTIFIERS


def phrase(expression: Expression, schema: Schema | None = None) -> str:
    """Say in English what an expression asks for.

    Parameters
    ----------
    expression
        The condition.
    schema
        Gives the units.

    Examples
    --------
    >>> phrase(Quantifier("Muon", "atleast", 2, Comparison("pt", ">", 20)))
    'Events where there are at least 2 Muon objects with pt above 20.'
    >>> phrase(EVERYTHING)
    'All events.'
    """
    if expression == EVERYTHING:
        return "All events."
    return f"Events where {_said(expression, schema, '')}."


def _said(expression: Expression, schema: Schema | None, collection: str) -> str:
    match expression:
        case Comparison():
            return _compared(expression, schema, collection)
        case Not(part):
            inner = _said(part, schema, collection)
            return f"not ({inner})" if collection else f"it is not so that {inner}"
        case And(parts) | Or(parts):
            return _joined(expression, parts, schema, collection)
        case Quantifier():
            return _counted(expression, schema)
    raise TypeError(f"{expression!r} is no expression.")


def _counted(node: Quantifier, schema: Schema | None) -> str:
    objects = f"{node.collection} object{'' if node.number == 1 else 's'}"
    said = _said(node.condition, schema, node.collection)
    if isinstance(node.condition, And | Or):
        said = f"({said})"
    if node.mode == "all":
        return f"all {objects} have {said}"
    many = f"there are {QUANTIFIERS[node.mode].format(number=node.number)} {objects}"
    return many if node.condition == EVERYTHING else f"{many} with {said}"


def _joined(
    expression: Expression, parts: tuple[Expression, ...], schema: Schema | None, collection: str
) -> str:
    word = " and " if isinstance(expression, And) else " or "
    if not parts:
        return "anything holds" if isinstance(expression, And) else "nothing holds"
    said = (_said(part, schema, collection) for part in parts)
    return word.join(
        f"({text})" if isinstance(part, And | Or) else text
        for part, text in zip(parts, said, strict=True)
    )


def _compared(node: Comparison, schema: Schema | None, collection: str) -> str:
    name = f"|{node.path}|" if node.absolute else node.path
    values = node.value if isinstance(node.value, tuple) else (node.value,)
    path = f"{collection}.{node.path}" if collection else node.path
    field = schema.find(path) if schema else None
    unit = f" {field.unit}" if field and field.unit else ""
    verb = COMPARISONS[node.operator].phrase
    # "with pt above 20", but "MET.pt is above 20"
    parts = [name, verb.removeprefix("is").strip() if collection else verb]
    return f"{' '.join(filter(None, parts))} {', '.join(map(str, values))}{unit}"
