"""Progress for a person, or for the journal: one line when something changes; on a terminal also a live table.

Where systemd has connected the output to the journal, events go there with their fields, and nothing is
printed as well.
"""

import re
import sys
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Protocol, Self, TextIO

from bootheal.adapters.journal import Journal, leads_there
from bootheal.model import Event, EventKind, Level, Report
from bootheal.model.layout import shortened, wrapped
from bootheal.narrate import MARKS, Note, Novelty, fields, level, news, note_fields, sentence, summary

COLOURS = {Level.ERROR: "red", Level.WARNING: "yellow", Level.NOTICE: "cyan"}
SETTLED = "green"

# On what is narrower, lines are broken by the terminal itself.
NARROWEST, HANGING = 60, 4

_NUMBERS = re.compile(r"\d+(\.\d+)?")


class Reporter(Protocol):
    """Who tells what happens. While it is entered, it may also show what is waited for."""

    def tell(self, event: Event) -> None:
        """Tell an event, if it is news."""

    def note(self, text: str, note: Note) -> None:
        """Tell something else, in a line or a few."""

    def conclude(self, report: Report) -> None:
        """Tell the whole run once more, in order, to who has not read it line by line."""

    def __enter__(self) -> Self:
        """Begin to show."""

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Show nothing any more."""


def open_reporter(stream: TextIO | None = None) -> Reporter:
    """Choose the reporter for a stream: the journal's fields, a live terminal, or plain lines."""
    stream = sys.stdout if stream is None else stream
    if leads_there(stream):
        return JournalReporter(Journal(fallback=stream))
    return LiveTerminal(stream) if stream.isatty() else Terminal(stream)


class Silent:
    """Shows nothing while it is entered."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        pass


class JournalReporter(Silent):
    """Entries with fields, for `journalctl -u bootheal` and those who filter it."""

    def __init__(self, journal: Journal) -> None:
        self._journal, self._novelty = journal, Novelty()

    def tell(self, event: Event) -> None:
        """Send an event with its fields."""
        if self._novelty.of(event):
            self._journal.send(fields(event))

    def note(self, text: str, note: Note) -> None:
        """Send a note."""
        self._journal.send(note_fields(text, note))

    def conclude(self, report: Report) -> None:
        """Say nothing: the journal keeps the lines, and its last one is the verdict."""


class Terminal(Silent):
    """Plain lines, in the order in which things happen."""

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._novelty = stream, Novelty()

    def tell(self, event: Event) -> None:
        """Print an event."""
        if self._novelty.of(event):
            print("".join(text for text, _ in line(event)), file=self._stream, flush=True)

    def note(self, text: str, note: Note) -> None:  # noqa: ARG002 - a line speaks for itself
        """Print a line."""
        print(text, file=self._stream, flush=True)

    def conclude(self, report: Report) -> None:
        """Print what matters in the end."""
        print(*summary(report), sep="\n", file=self._stream, flush=True)


class LiveTerminal:
    """Lines in colour, and below them a table of what is waited for and since when."""

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console
        from rich.live import Live
        from rich.spinner import Spinner

        self._waiting: dict[str, tuple[str, float]] = {}
        self._told: set[tuple[str, str]] = set()
        self._novelty = Novelty()
        self._console = Console(file=stream, highlight=False)
        self._spinner = Spinner("dots")
        self._live = Live(console=self._console, get_renderable=self._table, transient=True)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._live.stop()

    def tell(self, event: Event) -> None:
        """Print an event above the table, and bring the table up to date."""
        from rich.text import Text

        if event.kind is EventKind.STARTED:
            self._told = set()
        if event.kind in (EventKind.WAITING, EventKind.UNSETTLED):
            self._waiting = self._waiting | {event.step: (event.text, time.monotonic())}
        elif event.step in self._waiting:  # the table is drawn on another thread, so it gets a new one
            self._waiting = {step: wait for step, wait in self._waiting.items() if step != event.step}
        if self._novelty.of(event) and self._is_news(event):
            for parts in fitted(event, self._console.width):
                self._console.print(Text.assemble(*parts), soft_wrap=True)

    def _is_news(self, event: Event) -> bool:
        """What a step waits for in turn is printed once; below, in the table, it always stands."""
        if event.kind is not EventKind.WAITING:
            return True
        what = event.step, _NUMBERS.sub("#", event.text)
        known, self._told = what in self._told, self._told | {what}
        return not known

    def note(self, text: str, note: Note) -> None:
        """Print a line above the table."""
        self._print(text, COLOURS.get(note.level, ""))

    def conclude(self, report: Report) -> None:
        """Print what matters in the end."""
        for text in summary(report):
            self._print(text)

    def _print(self, text: str, style: str = "") -> None:
        from rich.text import Text

        for part in text.split("\n"):
            hanging = len(part) - len(part.lstrip()) + HANGING
            for line_of_it in wrapped(part, self._console.width, hanging):
                self._console.print(Text(line_of_it, style=style), soft_wrap=True)

    def _table(self) -> Any:
        """What a watcher wants to know: it waits, it does not hang."""
        from rich.table import Table

        waiting, names = self._waiting, name_width(self._console.width)
        rows = [
            (shortened(step, names), f"{time.monotonic() - since:.0f} s", why) for step, (why, since) in waiting.items()
        ]
        table = Table.grid(padding=(0, 1), expand=True)
        table.add_column(width=1)
        for column in range(2):
            table.add_column(no_wrap=True, width=max((len(row[column]) for row in rows), default=1))
        table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)  # of what does not fit, the end is cut
        for row in rows:
            table.add_row(self._spinner, *row, style="dim")
        return table


def name_width(width: int) -> int:
    """Return how wide names of steps may be on a terminal: what they say is more."""
    return min(28, width // 3)


def fitted(event: Event, width: int) -> Iterator[tuple[tuple[str, str], ...]]:
    """Yield an event's lines for a terminal: the same columns in each, no word broken, long names cut in the middle."""
    if width < NARROWEST:
        yield line(event)
        return
    if not event.step:
        (when, plain), (said, colour) = line(event)
        first, *rest = wrapped(said, width - len(when))
        yield (when, plain), (first, colour)
        yield from (((f"{'':{len(when)}}{text}", colour),) for text in rest)
        return
    names = name_width(width)
    (when, plain), (mark, colour), _ = line(event)
    first, *rest = wrapped(news(event), width - len(when) - len(mark) - names - 2)
    yield (when, plain), (mark, colour), (f" {shortened(event.step, names):<{names}} {first}", "")
    indent = " " * (len(when) + len(mark) + names + 2)
    yield from (((f"{indent}{text}", ""),) for text in rest)


def line(event: Event) -> tuple[tuple[str, str], ...]:
    """Return an event's line as (text, colour) pairs."""
    when = f"{event.elapsed:6.1f} s  "
    if not event.step:
        return ((when, ""), (sentence(event), ""))
    colour = SETTLED if event.kind is EventKind.SETTLED else COLOURS.get(level(event), "")
    return ((when, ""), (f"{MARKS[event.kind]:<8}", colour), (f" {event.step:<28} {news(event)}", ""))
