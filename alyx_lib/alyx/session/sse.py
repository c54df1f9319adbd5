"""Server-sent events, read line by line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple


class Message(NamedTuple):
    """One event: its number as the server gave it, its kind, its data."""

    id: str
    kind: str
    data: str


def messages(lines: Iterable[str]) -> Iterator[Message]:
    r"""Return the events of a stream; comments that keep it alive are left out.

    Examples
    --------
    >>> list(messages([": hello", "id: 7", "event: state", 'data: {"a":', "data: 1}", ""]))
    [Message(id='7', kind='state', data='{"a":\n1}')]
    """
    id, kind, data = "", "message", list[str]()  # noqa: A001 - the standard's own word
    for line in lines:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            if data:
                yield Message(id, kind, "\n".join(data))
            kind, data = "message", []
        elif name == "id":
            id = value  # noqa: A001
        elif name == "event":
            kind = value
        elif name == "data":
            data.append(value)
