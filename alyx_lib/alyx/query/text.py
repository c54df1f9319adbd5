"""Cut text: Python's grammar for conditions, with ``&&``, ``||`` and ``!`` as in TTree cuts."""

from __future__ import annotations

import ast
import re
from typing import Any

from alyx.errors import Problem, near
from alyx.query.expr import EVERYTHING, And, Comparison, Expression, Not, Or, Quantifier, Value
from alyx.query.operators import QUANTIFIERS

LONGEST = 10_000

_OPERATORS = {
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
    ast.In: "in", ast.NotIn: "not in",
}  # fmt: skip
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_SHORT = re.compile(r"""("[^"]*"|'[^']*')|(&&)|(\|\|)|(!(?!=))""")
_WORDS = {"&&": " and ", "||": " or ", "!": " not "}
_FUNCTIONS = (*QUANTIFIERS, "any", "none")


class _GrammarError(Exception):
    """A place that the grammar does not have."""

    def __init__(self, node: ast.AST | int, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.column = node if isinstance(node, int) else getattr(node, "col_offset", 0)
        self.hint = hint


class Reader:
    """Reads cut text, and collects what is wrong with it.

    Examples
    --------
    >>> Reader().read("MET.pt > 20").value
    20
    """

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._columns: list[int] = []

    def read(self, text: str) -> Expression:
        """Read a whole text; an empty one asks for nothing."""
        if not text.strip():
            return EVERYTHING
        try:
            if len(text) > LONGEST:
                raise _GrammarError(0, f"The text is longer than {LONGEST:,} characters.")
            return self._condition(self._tree(text))
        except _GrammarError as wrong:
            self._note(wrong)
        except RecursionError:
            self.problems.append(Problem("", "The text is nested too deeply."))
        return EVERYTHING

    def _tree(self, text: str) -> ast.expr:
        stripped = text.replace("\n", " ").replace("\t", " ")
        shift = len(stripped) - len(stripped.lstrip())
        try:
            return ast.parse(self._spelled(stripped.strip(), shift), mode="eval").body
        except (SyntaxError, ValueError, MemoryError) as error:
            column = max(0, (getattr(error, "offset", 1) or 1) - 1)
            message = getattr(error, "msg", "it cannot be read").rstrip(".")
            hint = "Write it as in Muon.pt > 20 and abs(Muon.eta) < 2.4."
            raise _GrammarError(column, f"Here the text breaks off: {message}.", hint) from error

    def _spelled(self, text: str, shift: int) -> str:
        """Spell the short operators out, and remember where each character came from."""
        # in parentheses a line may begin with a blank and break anywhere
        parts: list[str] = ["("]
        self._columns = [shift]
        last = 0
        for found in _SHORT.finditer(text):
            word = _WORDS.get(found.group(), found.group())
            parts += [text[last : found.start()], word]
            self._columns += range(last + shift, found.start() + shift)
            self._columns += [found.start() + shift] * len(word)
            last = found.end()
        self._columns += range(last + shift, len(text) + shift + 1)
        return "".join(parts) + text[last:] + ")"

    def _condition(self, node: ast.expr) -> Expression:
        try:
            return self._node(node)
        except _GrammarError as wrong:
            # go on beside it: all problems are told at once
            self._note(wrong)
            return EVERYTHING

    def _node(self, node: ast.expr) -> Expression:
        match node:
            case ast.BoolOp(ast.And(), values):
                return And(tuple(self._condition(value) for value in values))
            case ast.BoolOp(ast.Or(), values):
                return Or(tuple(self._condition(value) for value in values))
            case ast.BinOp(left, ast.BitAnd(), right):
                return And((self._condition(left), self._condition(right)))
            case ast.BinOp(left, ast.BitOr(), right):
                return Or((self._condition(left), self._condition(right)))
            case ast.UnaryOp(ast.Not() | ast.Invert(), operand):
                return Not(self._condition(operand))
            case ast.Compare():
                return self._compare(node)
            case ast.Call(ast.Name(name)):
                return self._quantifier(node, name)
        raise _GrammarError(node, "This is no condition.", "Compare a field, as in MET.pt > 20.")

    def _compare(self, node: ast.Compare) -> Expression:
        sides = [node.left, *node.comparators]
        parts = tuple(
            self._pair(left, _OPERATORS.get(type(operator), ""), right)
            for left, operator, right in zip(sides, node.ops, sides[1:], strict=False)
        )
        return parts[0] if len(parts) == 1 else And(parts)

    def _pair(self, left: ast.expr, operator: str, right: ast.expr) -> Expression:
        if not operator:
            raise _GrammarError(left, "Only ==, !=, <, <=, >, >=, in and not in compare.")
        if _is_field(right) and not _is_field(left) and operator in _TURNED:
            left, operator, right = right, _TURNED[operator], left
        path, absolute = _field(left)
        place = self._place(left.col_offset)
        if operator in ("in", "not in"):
            one = Comparison(path, "in", _values(right), absolute, place)
            return Not(one) if operator == "not in" else one
        return Comparison(path, operator, _value(right), absolute, place)

    def _quantifier(self, node: ast.Call, name: str) -> Expression:
        if name not in _FUNCTIONS:
            hint = near(name, _FUNCTIONS) or f"There are {', '.join(_FUNCTIONS)}."
            raise _GrammarError(node, f"There is no function {name!r} here.", hint)
        counted = name in ("atleast", "atmost", "exactly")
        example = "atleast(2, Muon, pt > 20)" if counted else f"{name}(Muon, pt > 20)"
        arguments = list(node.args)
        if node.keywords or len(arguments) not in (1 + counted, 2 + counted):
            raise _GrammarError(node, f"{name} is written as in {example}.")
        number = self._number(arguments.pop(0)) if counted else int(name == "any")
        collection = arguments.pop(0)
        if not isinstance(collection, ast.Name):
            raise _GrammarError(
                collection, "Here stands the name of a collection.", f"As in {example}."
            )
        condition = self._condition(arguments[0]) if arguments else EVERYTHING
        modes: dict[str, Any] = {"any": "atleast", "none": "exactly"}
        place = self._place(collection.col_offset)
        return Quantifier(collection.id, modes.get(name, name), number, condition, place)

    def _number(self, node: ast.expr) -> int:
        value = _value(node)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise _GrammarError(node, f"A number of objects is 0 or more, not {value!r}.")
        return value

    def _place(self, column: int) -> str:
        known = self._columns[column] if column < len(self._columns) else column
        return f"column {known + 1}"

    def _note(self, wrong: _GrammarError) -> None:
        self.problems.append(Problem(self._place(wrong.column), str(wrong), wrong.hint))


def _is_field(node: ast.expr) -> bool:
    return isinstance(node, ast.Name | ast.Attribute | ast.Call)


def _field(node: ast.expr) -> tuple[str, bool]:
    match node:
        case ast.Name(name):
            return name, False
        case ast.Attribute(value, name):
            return f"{_field(value)[0]}.{name}", False
        case ast.Call(ast.Name("abs"), [inner], []):
            return _field(inner)[0], True
    hint = "In a chain of & and |, put each comparison into parentheses."
    raise _GrammarError(node, "Here stands a field, as in Muon.pt or abs(Muon.eta).", hint)


def _value(node: ast.expr) -> Value:
    match node:
        case ast.Constant(bool() | int() | float() | str() as value):
            return value
        case ast.UnaryOp(ast.USub(), ast.Constant(int() | float() as value)):
            return -value
        case ast.UnaryOp(ast.UAdd(), ast.Constant(int() | float() as value)):
            return value
    raise _GrammarError(
        node, "A field is compared with a number or text.", "Fields are not compared yet."
    )


def _values(node: ast.expr) -> tuple[Value, ...]:
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return tuple(_value(element) for element in node.elts)
    raise _GrammarError(node, "After 'in' stands a list, as in [1, 2].")


def as_text(expression: Expression) -> str:
    """Write an expression as cut text; reading it gives the same expression.

    Examples
    --------
    >>> as_text(Quantifier("Muon", "atleast", 2, Comparison("eta", "<", 2.4, absolute=True)))
    'atleast(2, Muon, abs(eta) < 2.4)'
    """
    match expression:
        case Comparison(path, operator, value, absolute):
            field = f"abs({path})" if absolute else path
            return f"{field} {operator} {list(value) if isinstance(value, tuple) else repr(value)}"
        case Not(part):
            return f"not ({as_text(part)})"
        case Quantifier(collection, mode, number, condition):
            count = [] if mode == "all" else [str(number)]
            rest = [] if condition == EVERYTHING else [as_text(condition)]
            return f"{mode}({', '.join([*count, collection, *rest])})"
        case And(parts) | Or(parts):
            word = " and " if isinstance(expression, And) else " or "
            texts = (as_text(part) for part in parts)
            return word.join(
                f"({text})" if isinstance(part, And | Or) else text
                for part, text in zip(parts, texts, strict=True)
            )
    raise TypeError(f"{expression!r} is no expression.")
