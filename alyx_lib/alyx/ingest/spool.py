"""The folder in which a stream keeps batches on the disk, until they are committed.

What a killed process leaves there was never acknowledged, so it may go; a lock that ends with
its process says which folders are nobody's any more.
"""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from pathlib import Path

import awkward as ak
import pyarrow as pa
from pyarrow import ipc


class Spool:
    """A stream's own folder below a parent; those that nobody holds are removed.

    Parameters
    ----------
    parent
        Where; made when missing.
    """

    def __init__(self, parent: Path) -> None:
        parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _clear(parent)
        self.folder = Path(tempfile.mkdtemp(prefix="spool-", dir=parent))
        self._lock = (self.folder / "lock").open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def write(self, events: ak.Array, name: str) -> Path:
        """Write a batch, and return its file."""
        path = self.folder / f"{name}.arrow"
        table = ak.to_arrow_table(events, extensionarray=False)
        with ipc.new_file(str(path), table.schema) as file:
            file.write_table(table)
        return path

    def take(self, path: Path) -> ak.Array:
        """Return a file's events, and remove it."""
        with pa.memory_map(str(path)) as file:
            events = ak.from_arrow(ipc.open_file(file).read_all())
        path.unlink()
        return events

    def close(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._lock.close()


def _clear(parent: Path) -> None:
    for lock in parent.glob("spool-*/lock"):
        with lock.open("w") as held:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            shutil.rmtree(lock.parent, ignore_errors=True)
