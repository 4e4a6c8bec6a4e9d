"""What everybody may read, on the disk or by `systemctl status`: without the lines of logs that sentences quote."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from bootheal.adapters.evidence_file import without
from bootheal.config.file import File
from bootheal.model import Event

# What stands in the place of such a line; the journal has it.
LEFT_OUT = "(a line of its log)"


@dataclass(frozen=True, slots=True)
class Public:
    """Makes texts and events fit for everybody. `logged`: see `World.logged`; with `evidence: public` all stays in."""

    file: File
    logged: Callable[[], Collection[str]] = tuple

    def text(self, text: str) -> str:
        """Return the text without these lines."""
        return text if self.file.evidence_is_public else without(self.logged(), lambda _: LEFT_OUT)(text)

    def event(self, event: Event) -> Event:
        """Return the event likewise."""
        return replace(event, text=self.text(event.text), hint=self.text(event.hint), cause=self.text(event.cause))

    def hear(self, listener: Callable[[Event], None]) -> Callable[[Event], None]:
        """Return a listener that hands on such events only."""
        return lambda event: listener(self.event(event))
