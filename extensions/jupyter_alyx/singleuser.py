"""``python -P -m jupyter_alyx.singleuser``: a user's server that ends when it is asked to.

The collaboration rooms read and write files on threads of AnyIO that wait for ever once the
event loop is gone; Python then waits for them, and the Hub, a minute later, kills the server.
"""

from __future__ import annotations

import threading

from anyio._backends._asyncio import WorkerThread
from jupyterhub.singleuser import main


def end_workers() -> None:
    """Tell AnyIO's threads that nothing more comes; to be called when the event loop has ended."""
    for thread in threading.enumerate():
        if isinstance(thread, WorkerThread):
            thread.queue.put_nowait(None)


if __name__ == "__main__":
    try:
        main()
    finally:
        end_workers()
