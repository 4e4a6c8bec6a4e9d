"""An event loop on a thread of its own, for ordinary threads that let it work and wait for what comes of it."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


class LoopThread:
    """One loop, from `start` until `close`; what is raised in it is raised in the thread that asked."""

    def __init__(self, name: str) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name=name, daemon=True)

    def start(self) -> None:
        """Let it run."""
        self._thread.start()

    def wait_for(self, work: Awaitable[T]) -> T:
        """Let it do some work, and return what that returns."""

        async def run() -> T:
            return await work

        return asyncio.run_coroutine_threadsafe(run(), self.loop).result()

    def invoke(self, function: Callable[[], T]) -> T:
        """Call a function on it, and return what that returns."""
        done: Future[T] = Future()

        def run() -> None:
            try:
                done.set_result(function())
            except Exception as error:  # noqa: BLE001  (it is raised in the thread that asked)
                done.set_exception(error)

        self.loop.call_soon_threadsafe(run)
        return done.result()

    def close(self) -> None:
        """End it, also where it was never started, or has ended."""
        if self._thread.is_alive():
            self.loop.call_soon_threadsafe(self.loop.stop)
            self._thread.join()
        if not self.loop.is_closed():
            self.loop.close()
