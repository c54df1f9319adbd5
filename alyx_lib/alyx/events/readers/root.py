"""ROOT files: NanoAOD-like trees, and flat trees of muon pairs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import awkward as ak

from alyx.errors import InputError
from alyx.events.readers import nanoaod, pairs


def accepts(head: bytes) -> bool:
    """Say whether a file begins as ROOT files do."""
    return head.startswith(b"root")


def read(path: Path, step: int) -> Iterator[ak.Array]:
    """Read the tree ``Events``, or ``events`` with columns of muon pairs."""
    import uproot

    with uproot.open(path) as file:
        trees = {key.split(";")[0]: key for key in file.keys(recursive=False)}
        if "Events" in trees:
            yield from _nanoaod(file[trees["Events"]], path, step)
        elif "events" in trees:
            yield from _pairs(file[trees["events"]], path, step)
        else:
            held = ", ".join(trees) or "nothing"
            raise InputError(f"{path} holds no tree 'Events' or 'events', but {held}.")


def _nanoaod(tree: Any, path: Path, step: int) -> Iterator[ak.Array]:
    wanted = nanoaod.columns(list(tree.keys()), path)
    for found in tree.iterate(wanted, step_size=step):
        yield nanoaod.events({name: found[name] for name in found.fields})


def _pairs(tree: Any, path: Path, step: int) -> Iterator[ak.Array]:
    pairs.check(list(tree.keys()), path)
    for found in tree.iterate(list(pairs.COLUMNS), step_size=step, library="np"):
        yield pairs.events(found, "Muon")
