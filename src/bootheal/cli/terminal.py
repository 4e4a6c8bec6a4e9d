"""Progress for a person: one line when something changes; on a terminal also a live last line."""

import sys
import threading
import time
from types import TracebackType
from typing import Self, TextIO

from bootheal.model import Event, EventKind
from bootheal.narrate import MARKS, Level, level, sentence

COLOURS = {Level.ERROR: "31", Level.WARNING: "33", Level.NOTICE: "36"}
GREEN, DIM = "32", "2"
CLEAR_LINE = "\r\x1b[K"


class Terminal:
    """Writes to `stream`; colours and the live line only where that is a terminal."""

    def __init__(self, stream: TextIO = sys.stdout) -> None:
        self._stream = stream
        self._live = stream.isatty()
        self._waiting: dict[str, tuple[str, float]] = {}
        self._lock = threading.RLock()
        self._done = threading.Event()

    def __enter__(self) -> Self:
        if self._live:
            threading.Thread(target=self._tick, name="live line", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._done.set()
        with self._lock:
            if self._live:
                self._stream.write(CLEAR_LINE)
                self._stream.flush()

    def tell(self, event: Event) -> None:
        """Print one event."""
        with self._lock:
            if event.kind is EventKind.WAITING:
                self._waiting[event.step] = (event.text, time.monotonic())
            else:
                self._waiting.pop(event.step, None)
            if event.kind is not EventKind.ACTED:  # what is done was said when it began
                self.note(self._line(event))

    def note(self, text: str) -> None:
        """Print a line above the live one."""
        with self._lock:
            clear = CLEAR_LINE if self._live else ""
            self._stream.write(f"{clear}{text}\n")
            self._stream.flush()

    def _line(self, event: Event) -> str:
        colour = GREEN if event.kind is EventKind.SETTLED else COLOURS.get(level(event), "")
        if not event.step:
            return f"{event.elapsed:6.1f} s  {sentence(event)}"
        hint = f" -- {event.hint}" if event.hint else ""
        mark = self._paint(f"{MARKS[event.kind]:<8}", colour)
        return f"{event.elapsed:6.1f} s  {mark} {event.step:<28} {event.text}{hint}"

    def _paint(self, text: str, colour: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._live and colour else text

    def _tick(self) -> None:
        """Keep the last line alive, so that waiting does not look like hanging."""
        while not self._done.wait(0.5):
            with self._lock:
                now = time.monotonic()
                waits = [f"{step} {now - since:.0f} s" for step, (_, since) in self._waiting.items()]
                if waits and not self._done.is_set():
                    line = f"          waiting: {', '.join(waits)}"[:100]
                    self._stream.write(CLEAR_LINE + self._paint(line, DIM))
                    self._stream.flush()
