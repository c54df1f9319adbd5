"""Readers: one a format, chosen by a file's content, found by the entry points ``alyx.readers``.

A reader is a module with two functions: ``accepts(head)`` says whether a file's first bytes
are its format's, ``read(path, step)`` gives batches of canonical events.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

import awkward as ak

from alyx.errors import AlyxError, InputError

#: Bytes from which a reader knows its files.
HEAD = 512


def read(path: str | Path, *, step: int = 20_000) -> Iterator[ak.Array]:
    """Read a file's events, batch by batch.

    Parameters
    ----------
    path
        The file.
    step
        Events a batch, about.

    Raises
    ------
    InputError
        No such file, a format that no reader knows, or a file that is cut off.
    SchemaError
        Branches or columns are missing: all of them, with near names.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError as error:
        raise InputError(f"{path} cannot be opened: {error.strerror}.") from error
    found = entry_points(group="alyx.readers")
    for point in found:
        reader = point.load()
        if reader.accepts(head):
            return _explained(reader.read(path, step), path)
    names = ", ".join(sorted(point.name for point in found))
    raise InputError(f"{path} is in no format that ALYX reads ({names}).")


def _explained(batches: Iterator[ak.Array], path: Path) -> Iterator[ak.Array]:
    try:
        yield from batches
    except AlyxError:
        raise
    except Exception as error:
        line = str(error).strip().split("\n", 1)[0] or type(error).__name__
        raise InputError(f"{path} is damaged or cut off: {line}") from error
