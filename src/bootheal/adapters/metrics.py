"""What a monitor wants to know, in Prometheus' text format: a file for node_exporter's textfile collector.

While a pass is under way, `bootheal_recovering_since_timestamp_seconds` tells since when, so that
alerts can be held back; what is told of the last pass stays until this one ends.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from bootheal.adapters.files import replace_file
from bootheal.model import VERDICTS, Event, EventKind, Outcome, Report
from bootheal.narrate import Note

PREFIX = "bootheal_"
LAST = f"# HELP {PREFIX}last_run_timestamp_seconds"
HINT = (
    "make {0} writable by whoever runs bootheal; the service (user bootheal) also needs ReadWritePaths={0}: "
    "systemctl edit bootheal, then systemctl restart bootheal"
)


class Metrics:
    """Keeps the file at `path`, if there is one. What it cannot write it complains of, once, and goes on.

    `since` returns when the pass under way began, also if that was in a process that was killed.
    """

    def __init__(
        self, path: Path | None, complain: Callable[[str, Note], None], since: Callable[[], float | None]
    ) -> None:
        self._path, self._complain, self._recovering_since = path, complain, since

    def tell(self, event: Event) -> None:
        """Say since when a pass is under way."""
        if self._path and event.kind is EventKind.STARTED:
            self._write(self._path, _since(self._recovering_since() or event.at), _last_run(self._path))

    def finish(self, report: Report) -> None:
        """Say that none is any more, and how the last one ended."""
        if self._path:
            self._write(self._path, _since(0), "".join(f"{line}\n" for line in _lines(report)))

    def _write(self, path: Path, *parts: str) -> None:
        try:
            replace_file(path, "".join(parts), durable=False)
        except OSError as error:
            why = f"warning: cannot write metrics_file {path}: {error.strerror}"
            self._complain(f"{why}\n  {HINT.format(path.parent)}", Note.ADVICE)
            self._path = None


def _since(when: float) -> str:
    name = f"{PREFIX}recovering_since_timestamp_seconds"
    return f"# HELP {name} When the pass that is under way began; 0 when none is.\n# TYPE {name} gauge\n{name} {when}\n"


def _last_run(path: Path) -> str:
    """Return what the file says of the last run."""
    try:
        _, found, rest = path.read_text(encoding="utf-8").partition(LAST)
    except (OSError, UnicodeDecodeError):
        return ""
    return found + rest


def _lines(report: Report) -> Iterator[str]:
    yield from _gauge("last_run_timestamp_seconds", "When the last pass ended.", {"": report.began + report.seconds})
    yield from _gauge("last_run_seconds", "How long it took.", {"": report.seconds})
    verdicts = {f'{{verdict="{verdict.value}"}}': float(verdict is report.verdict) for verdict in VERDICTS}
    yield from _gauge("last_run_verdict", "How it ended: 1 for its verdict, 0 for the others.", verdicts)
    yield from _gauge("last_run_actions", "How many changes it made.", {"": float(sum(1 for _ in report.actions()))})
    took = dict(_seconds(outcome) for outcome in report.outcomes if outcome.ended is not None)
    yield from _gauge("last_run_step_seconds", "How long each step took, and how it ended.", took)


def _seconds(outcome: Outcome) -> tuple[str, float]:
    """Names of steps are made of names in Kubernetes, which need no escapes. What was never begun took no time."""
    began = outcome.ended if outcome.began is None else outcome.began
    return f'{{step="{outcome.step}",ending="{outcome.ending.value}"}}', (outcome.ended or 0.0) - (began or 0.0)


def _gauge(name: str, explained: str, samples: dict[str, float]) -> Iterator[str]:
    yield f"# HELP {PREFIX}{name} {explained}"
    yield f"# TYPE {PREFIX}{name} gauge"
    yield from (f"{PREFIX}{name}{labels} {value:.3f}" for labels, value in samples.items())
