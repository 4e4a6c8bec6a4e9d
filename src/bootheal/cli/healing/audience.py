"""All who hear of a pass and keep something of it: state, history, metrics, the owner, Kubernetes' Events."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from bootheal.adapters.metrics import Metrics
from bootheal.adapters.scope import Scope
from bootheal.cli.healing.chronicle import Chronicle
from bootheal.cli.healing.event_writer import EventWriter
from bootheal.cli.healing.messenger import Messenger
from bootheal.cli.healing.terminal import Reporter
from bootheal.config.file import File
from bootheal.engine import Recorder
from bootheal.errors import StateError
from bootheal.model import Event, Report
from bootheal.narrate import Note
from bootheal.ports import World

Listener = Callable[[Event], None]


@dataclass(frozen=True, slots=True)
class Audience:
    """Those of one configuration, while the scope lasts that they were gathered in."""

    memory: Recorder
    chronicle: Chronicle
    metrics: Metrics
    messenger: Messenger
    event_writer: EventWriter
    others: tuple[Listener, ...]

    def tell(self, event: Event) -> None:
        """Tell each of an event, the memory first."""
        ours = (self.chronicle, self.metrics, self.messenger, self.event_writer)
        for listener in (self.memory.progress, *(each.tell for each in ours), *self.others):
            listener(event)

    @contextmanager
    def hold(self, stopped: Callable[[], bool] | None = None) -> Iterator[str]:
        """Hold the lock of a pass, as the recorder does. The owner is told, too, where the state cannot be kept.

        With `stopped`, of a process that ends by it, he is waited for until then, but not for long.
        """
        try:
            with self.memory.hold() as remembered:
                yield remembered
        except StateError as error:
            self.messenger.hindered(error)
            if stopped:
                self.messenger.wait(stopped)
            raise

    def keep(self, report: Report, world: World) -> None:
        """Write down how a pass has ended, under its lock. StateError where the state cannot be."""
        self.memory.finish(report)
        self.metrics.finish(report, self.chronicle.finish(report, world), self.memory.baselines)


def audience(
    file: File, world: World, memory: Recorder, scope: Scope, reporter: Reporter, *others: Listener
) -> Audience:
    """Gather them; `others` hear of an event before the reporter does."""
    complain = partial(warn, reporter)
    return Audience(
        memory,
        Chronicle(file, complain, world.logged),
        Metrics(file.metrics_file, reporter.note, lambda: memory.recovering_since),
        Messenger(file, world.told, scope, complain),
        EventWriter(world, scope, complain, wanted=file.events),
        (*others, reporter.tell),
    )


def warn(reporter: Reporter, text: str) -> None:
    """Tell what somebody should know, and what nothing fails by."""
    reporter.note(f"warning: {text}", Note.ADVICE)
