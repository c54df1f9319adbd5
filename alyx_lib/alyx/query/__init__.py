"""Queries: one expression, written as JSON, text or Python, compiled to SQL and to a mask.

Examples
--------
>>> from alyx.events.schema import Field, Schema
>>> schema = Schema((Field("energy", "number", "GeV"),), ())
>>> phrase(parse("energy > 7e3", schema), schema)
'Events where energy is above 7000 GeV.'
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from alyx.errors import QueryError
from alyx.events.schema import Schema
from alyx.query import builder, text
from alyx.query.builder import as_json
from alyx.query.check import Checker
from alyx.query.expr import EVERYTHING, Expression, field, fields, objects, payload_columns
from alyx.query.mask import mask
from alyx.query.phrase import phrase
from alyx.query.sql import Compiled, condition
from alyx.query.text import as_text

__all__ = [
    "EVERYTHING",
    "Compiled",
    "Expression",
    "as_json",
    "as_text",
    "condition",
    "field",
    "fields",
    "fingerprint",
    "mask",
    "objects",
    "parse",
    "payload_columns",
    "phrase",
]


def parse(where: Any, schema: Schema) -> Expression:
    """Read a condition in any of its forms, and check it against a schema.

    Parameters
    ----------
    where
        Builder JSON (a mapping), cut text, an Expression, or ``None`` for all events.
    schema
        Of the data set.

    Raises
    ------
    QueryError
        With every problem, each with the path of its rule or its column.
    """
    read, problems = _read(where)
    checker = Checker(schema)
    checked = checker.check(read)
    problems += checker.problems
    if problems:
        raise QueryError(problems=problems)
    return checked


def fingerprint(expression: Expression) -> str:
    """Return the SHA-256 of an expression's canonical JSON, in hexadecimal."""
    canonical = json.dumps(as_json(expression), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _read(where: Any) -> tuple[Expression, list[Any]]:
    if where is None:
        return EVERYTHING, []
    if isinstance(where, Expression):
        return where, []
    if isinstance(where, str):
        words = text.Reader()
        return words.read(where), words.problems
    rules = builder.Reader()
    return rules.group(where), rules.problems
