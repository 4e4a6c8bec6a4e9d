"""What a monitor wants to know, in Prometheus' text format: a file for node_exporter's textfile collector.

While a pass is under way, `bootheal_recovering_since_timestamp_seconds` tells since when, so that
alerts can be held back; what is told of the last pass stays until this one ends. The file is replaced at once or not
at all, and holds no times of samples: node_exporter tells its age. Values of labels are escaped, whoever chose them.
"""

import re
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from bootheal import __version__
from bootheal.adapters.files import advice, read_file, remove_leftovers, replace_file
from bootheal.history.boots import HABIT_BOOTS, healthy_after, needed
from bootheal.model import VERDICTS, Event, EventKind, History, Outcome, Report
from bootheal.narrate import Note

PREFIX = "bootheal_"
LONGEST = 16 << 20
LAST = f"# HELP {PREFIX}last_pass_timestamp_seconds"
HINT = (
    "make {0} writable by whoever runs bootheal; the service (user bootheal) also needs ReadWritePaths={0}: "
    "systemctl edit bootheal, then systemctl restart bootheal"
)

# Whose baseline is the answers of data checks, and how these are named in it.
DATABASE, CHECK = "database/", "check "

_TOTAL = re.compile(rf'^{PREFIX}actions_total{{action="([a-z0-9-]+)"}} (\d{{1,15}})(?:\.0+)?$', re.MULTILINE)

Labels = Mapping[str, str]
Samples = Iterable[tuple[Labels, float]]
Baselines = Mapping[str, Mapping[str, str]]
NONE: Labels = {}


class Metrics:
    """Keeps the file at `path`, if there is one. What keeps it from that it complains of, once, and tries again.

    `since` returns when the pass under way began, also if that was in a process that was killed.
    """

    def __init__(
        self, path: Path | None, complain: Callable[[str, Note], None], since: Callable[[], float | None]
    ) -> None:
        self._path, self._complain, self._recovering_since = path, complain, since
        self._trouble = ""
        self._lock = threading.Lock()
        self._foretold: Mapping[str, int] = {}

    def foretold(self, counts: Mapping[str, int]) -> None:
        """Say how much the next boot would bring to light, by how sure that is. Any thread may."""
        self._foretold = counts
        if self._path:
            self._write(self._path, self._present(self._recovering_since() or 0.0), _last_pass(self._path))

    def _present(self, since: float) -> str:
        samples = [({"level": level}, float(count)) for level, count in self._foretold.items()]
        told = "How much the next boot would bring to light, by how sure that is (bootheal preflight)."
        return _text([*_always(since), *_gauge("preflight_findings", told, samples)])

    def tell(self, event: Event) -> None:
        """Say since when a pass is under way; its lock is held, so that nobody else writes the file."""
        if self._path and event.kind is EventKind.STARTED:
            remove_leftovers(self._path)
            self._write(self._path, self._present(self._recovering_since() or event.at), _last_pass(self._path))

    def finish(self, report: Report, history: History | None = None, baselines: Baselines | None = None) -> None:
        """Say that none is any more, and how the last one ended; `baselines` is what steps settled with last."""
        if self._path:
            before = {action: int(count) for action, count in _TOTAL.findall(_last_pass(self._path))}
            lines = [*_of_pass(report, Counter(before)), *_of_boots(history or History()), *_of_data(baselines or {})]
            self._write(self._path, self._present(0), _text(lines))

    def _write(self, path: Path, *parts: str) -> None:
        trouble = ""
        try:
            with self._lock:
                replace_file(path, "".join(parts), durable=False)
        except OSError as error:
            hint = advice(error, HINT.format(path.parent))
            trouble = f"warning: cannot write metrics_file {path}: {error.strerror}\n  {hint}"
        if trouble and trouble != self._trouble:
            self._complain(trouble, Note.ADVICE)
        self._trouble = trouble


def _last_pass(path: Path) -> str:
    """Return what the file says of the last pass."""
    try:
        _, found, rest = read_file(path, LONGEST).decode().partition(LAST)
    except (OSError, ValueError):  # by now it may be anything: its directory is node_exporter's
        return ""
    return found + rest


def _always(since: float) -> Iterator[str]:
    yield from _gauge(
        "recovering_since_timestamp_seconds", "When the pass under way began; 0 when none is.", [(NONE, since)]
    )
    yield from _gauge("build_info", "1; its label tells the version.", [({"version": __version__}, 1.0)])


def _of_pass(report: Report, totals: Counter[str]) -> Iterator[str]:
    yield from _gauge(
        "last_pass_timestamp_seconds", "When the last pass ended.", [(NONE, report.began + report.seconds)]
    )
    yield from _gauge("last_pass_seconds", "How long it took.", [(NONE, report.seconds)])
    outcomes = [({"outcome": verdict.value}, float(verdict is report.verdict)) for verdict in VERDICTS]
    yield from _gauge("last_pass_outcome", "How it ended: 1 for its outcome, 0 for the others.", outcomes)
    yield from _gauge("last_pass_actions", "How many changes it made.", [(NONE, float(report.changes))])
    took = (_seconds(outcome) for outcome in report.outcomes if outcome.ended is not None)
    yield from _gauge("step_seconds", "How long each step of it took, and how that ended.", took)
    for done in report.actions():
        totals[done.action] += done.count
    counts = [({"action": action}, float(count)) for action, count in sorted(totals.items())]
    yield from _metric("actions_total", "counter", "How often each kind of change was made, since ever.", counts)


def _of_boots(history: History) -> Iterator[str]:
    latest = history.boots[-HABIT_BOOTS:]
    healthy = healthy_after(latest[-1]) if latest else None
    samples = [] if healthy is None else [(NONE, healthy)]
    yield from _gauge("boot_to_healthy_seconds", "From power-on until all served, in this boot.", samples)
    counts = sorted(needed(history).items())
    yield from _gauge(
        "action_boots",
        f"In how many of the last {HABIT_BOOTS} boots something broken was mended by each kind of change.",
        [({"step": step, "action": action}, float(boots)) for (step, action), boots in counts],
    )


def _of_data(baselines: Baselines) -> Iterator[str]:
    samples = [
        ({"step": step, "check": fact.removeprefix(CHECK)}, value)
        for step, facts in sorted(baselines.items())
        if step.startswith(DATABASE)
        for fact, said in sorted(facts.items())
        if fact.startswith(CHECK) and (value := _number(said)) is not None
    ]
    yield from _gauge("data_check_value", "What each data check answered last when all was well.", samples)


def _seconds(outcome: Outcome) -> tuple[Labels, float]:
    """What was never begun took no time."""
    began = outcome.ended if outcome.began is None else outcome.began
    return {"step": outcome.step, "ending": outcome.ending.value}, (outcome.ended or 0.0) - (began or 0.0)


def _number(said: str) -> float | None:
    try:
        value = float(said)
    except ValueError:
        return None
    return value if abs(value) < float("inf") else None


def _gauge(name: str, explained: str, samples: Samples) -> Iterator[str]:
    yield from _metric(name, "gauge", explained, samples)


def _metric(name: str, kind: str, explained: str, samples: Samples) -> Iterator[str]:
    """Yield a metric's lines; one without samples has none."""
    lines = [f"{PREFIX}{name}{_labels(labels)} {value:.3f}" for labels, value in samples]
    if lines:
        yield f"# HELP {PREFIX}{name} {explained}"
        yield f"# TYPE {PREFIX}{name} {kind}"
        yield from lines


def _labels(labels: Labels) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    """Escape as the format asks for, and leave out what no text can hold."""
    value = value.encode("utf-8", "replace").decode()
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _text(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
