"""Standard output and error: telling is never a condition of doing.

A reader may hang up, a disk may be full, a pipe may be stuck, or there may be no stream at all. Whoever heals goes on,
and what could not be told is in the journal, the state file and the exit code.
"""

import io
import os
import select
import sys
from pathlib import Path
from typing import Any

# What cannot be told in this time is not told: a reader that has stopped must not stop a pass.
STUCK_SECONDS = 5.0

# Where a pipe says to have room, it has it for as much as this.
ROOM_BYTES = select.PIPE_BUF


def warn(text: str) -> None:
    """Tell it beside what was asked for."""
    print(f"warning: {text}", file=sys.stderr)


def silence_libraries() -> None:
    """Let no library log: it would go to standard error, and quote a server whose words nobody has looked through."""
    import logging  # takes longer than what needs no library

    logging.disable(logging.CRITICAL)


def open_missing() -> None:
    """Open what is closed of the three standard streams: else the next file or socket would get its number."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest that is free
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - ours until the end


def forgive(name: str) -> None:
    """Let no write to "stdout" or "stderr" fail or hang from now on."""
    stream = getattr(sys, name)
    if isinstance(stream, io.TextIOWrapper) and isinstance(below := _raw(stream), io.RawIOBase):
        raw = _Forgiving(stream, below)
        buffer = io.BufferedWriter(raw)  # type: ignore[type-var]  # it is a raw stream, whose write takes all
        lines = stream.line_buffering or stream.write_through or stream.isatty()
        wrapped = io.TextIOWrapper(buffer, stream.encoding, errors="replace", line_buffering=lines)
        setattr(sys, name, wrapped)


def _raw(stream: io.TextIOWrapper) -> Any:
    """Return what is below its buffer; with PYTHONUNBUFFERED there is none between."""
    return getattr(stream.buffer, "raw", stream.buffer)


class _Forgiving(io.RawIOBase):
    """Writes as long as somebody takes it. `stream` closes `raw` when nobody keeps it."""

    def __init__(self, stream: io.TextIOWrapper, raw: io.RawIOBase) -> None:
        super().__init__()
        self._stream, self._raw, self._gone, self._stuck = stream, raw, False, False

    def write(self, data: "memoryview | bytes") -> int:  # type: ignore[override]
        """Take all of it, whatever becomes of it."""
        whole = len(data)
        try:
            while len(data) and not self._gone and self._has_room():
                data = data[self._raw.write(data[:ROOM_BYTES]) or 0 :]
        except OSError:
            self._gone = True
        return whole

    def _has_room(self) -> bool:
        poll = select.poll()
        poll.register(self._raw.fileno(), select.POLLOUT)
        self._stuck = not poll.poll(0 if self._stuck else STUCK_SECONDS * 1000)
        return not self._stuck

    def writable(self) -> bool:
        """It is."""
        return True

    def fileno(self) -> int:
        """Return the stream's own."""
        return self._raw.fileno()

    def isatty(self) -> bool:
        """Tell whether it is a terminal."""
        return self._raw.isatty()
