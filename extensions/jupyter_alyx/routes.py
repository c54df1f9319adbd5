"""Which requests pass the door: paths and methods, as data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

METHODS: Mapping[str, frozenset[str]] = {
    "datasets": frozenset({"GET"}),
    "query": frozenset({"POST"}),
    "events": frozenset({"GET"}),
    "jobs": frozenset({"GET", "POST", "PATCH", "DELETE"}),
}
"""The methods of each first path segment; anything else is answered with 404 or 405."""

SENT = ("Accept", "Content-Type", "Last-Event-ID")
"""Request headers that travel upstream; cookies and the browser's token never do."""

RETURNED = ("Content-Type", "Content-Disposition", "ETag", "Retry-After")
"""Headers of the answer that travel back."""

_SEGMENTS = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*")
_PRIVATE = frozenset({"_xsrf", "token"})


def methods(path: str) -> frozenset[str]:
    """Return the methods that a path of the API takes; none if it is not relayed.

    Examples
    --------
    >>> sorted(methods("datasets/cms-dimuon-2010"))
    ['GET']
    >>> methods("jobs/../admin"), methods("docs")
    (frozenset(), frozenset())
    """
    if not _SEGMENTS.fullmatch(path):
        return frozenset()
    return METHODS.get(path.split("/", 1)[0], frozenset())


def arguments(query: str) -> str:
    """Return the query string without what is meant for the Jupyter server alone.

    Examples
    --------
    >>> arguments("status=RUNNING&_xsrf=abc&token=secret")
    'status=RUNNING'
    """
    pairs = parse_qsl(query, keep_blank_values=True)
    return urlencode([(name, value) for name, value in pairs if name not in _PRIVATE])
