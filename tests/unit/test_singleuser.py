"""The end of a user's server."""

from __future__ import annotations

import asyncio
import threading

from anyio import to_thread

from jupyter_alyx.singleuser import end_workers


def test_threads_that_outlive_their_loop_are_ended() -> None:
    loop = asyncio.new_event_loop()

    async def works() -> threading.Thread:
        return await to_thread.run_sync(threading.current_thread)

    async def room() -> threading.Thread:
        # the task that a thread belongs to never ends, as a collaboration room's
        found = await works()
        running.set_result(found)
        await asyncio.sleep(3600)
        return found

    running: asyncio.Future[threading.Thread] = loop.create_future()
    task = loop.create_task(room())
    thread = loop.run_until_complete(running)
    assert thread.is_alive()
    end_workers()
    thread.join(10)
    assert not thread.is_alive()
    task.cancel()
    loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
    loop.close()
