"""Ending asyncio tasks for sure."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

_PATIENCE = 1.0


async def end(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel until they have ended.

    Once is not enough: before Python 3.12 `asyncio.wait_for` swallows a cancellation that comes at
    the moment its future is done, and its caller goes on as if nothing had been said.
    """
    pending = set(tasks) - {asyncio.current_task()}
    while pending:
        for task in pending:
            task.cancel()
        done, pending = await asyncio.wait(pending, timeout=_PATIENCE)
        for task in done:
            if not task.cancelled():
                task.exception()  # whoever wanted to know has been told; asyncio should not tell again


async def end_all() -> None:
    """End every other task of this loop."""
    await end(asyncio.all_tasks())
