"""A run that ends is told alike by every voice: to the journal, a monitor, a terminal, a shell."""

import socket
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bootheal.adapters.clock import SystemClock
from bootheal.adapters.journal import Journal
from bootheal.adapters.metrics import Metrics
from bootheal.adapters.state import StateFile
from bootheal.cli.healing.terminal import JournalReporter, Terminal
from bootheal.engine import Recorder
from bootheal.model import ActionRecord, Ending, Event, EventKind, Outcome, Report
from bootheal.narrate import Note
from support.command import bootheal

BOOT = "1f5c8b1e-boot"
DONE = ActionRecord(0, "delete-pod", "pod/shop/web-1", "it is dead", 1_001.0, "delete pod/shop/web-1", "done")


def report(ending: Ending, *, person: bool = False, done: bool = False, interrupted: bool = False) -> Report:
    outcome = Outcome("cleanup", ending, "why", person=person, actions=(DONE,) if done else (), began=0.0, ended=1.0)
    return Report("boot-7", 1_000.0, 2.0, (outcome,), interrupted=interrupted)


@dataclass(frozen=True)
class Told:
    """What each voice says: `word` to programs, `priority` to the journal, `status` and `wait` by their exit codes."""

    word: str
    priority: str
    status: int
    wait: int
    mark: str
    words: str


RUNS = [
    (report(Ending.SETTLED), Told("healthy", "5", 0, 0, "ok", "healthy: nothing had to be done")),
    (report(Ending.SETTLED, done=True), Told("healed", "5", 0, 0, "ok", "healed")),
    (report(Ending.GAVE_UP), Told("not-healed", "3", 1, 1, "GAVE UP", "NOT healed")),
    (
        report(Ending.GAVE_UP, person=True),
        Told("needs-person", "3", 3, 3, "GAVE UP", "a person is needed: data may be at risk"),
    ),
    (
        report(Ending.UNFINISHED, interrupted=True),
        Told("interrupted", "4", 143, 1, "unfinished", "interrupted before the end"),
    ),
    (report(Ending.BUG), Told("bug", "3", 70, 1, "BUG", "ended by a bug in bootheal; please report it")),
]


def in_journal(run: Report, directory: Path) -> dict[str, str]:
    """Return the last entry of a run, as journald receives it."""
    event = Event(EventKind.ENDED, at=1_002.0, elapsed=2.0, text=run.verdict, settled=0, total=1)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journald:
        journald.bind(str(directory / "journal"))
        journald.settimeout(5)
        JournalReporter(Journal(directory / "journal")).tell(event)
        return dict(line.split("=", 1) for line in journald.recv(65536).decode().splitlines())


def on_terminal(run: Report) -> list[str]:
    printed = StringIO()
    Terminal(printed).conclude(run)
    return printed.getvalue().splitlines()


def in_metrics(run: Report, directory: Path) -> dict[str, dict[str, float]]:
    """Return the samples by label: of the outcome, and of the step's ending."""
    said: list[tuple[str, Note]] = []
    Metrics(directory / "prom", lambda *told: said.append(told), lambda: None).finish(run)
    assert said == []
    families = text_string_to_metric_families((directory / "prom").read_text())
    samples = [sample for family in families for sample in family.samples]
    return {
        label: {sample.labels[label]: sample.value for sample in samples if label in sample.labels}
        for label in ("outcome", "ending")
    }


@pytest.mark.parametrize(("run", "told"), RUNS, ids=[told.word for _, told in RUNS])
def test_every_voice_tells_the_same_end(run: Report, told: Told, tmp_path: Path) -> None:
    """One who has heard it from one of them learns nothing else from another."""
    config = tmp_path / "bootheal.yaml"
    config.write_text(f"cluster: {{boot_id_file: {tmp_path}/boot_id}}\nstate_directory: {tmp_path}\n")
    (tmp_path / "boot_id").write_text(BOOT)
    memory = Recorder(StateFile(tmp_path), SystemClock(), BOOT)
    with memory.hold():
        memory.enter("boot-7")
        memory.finish(run)

    entry = in_journal(run, tmp_path)
    assert (entry["BOOTHEAL_ENDING"], entry["PRIORITY"]) == (told.word, told.priority)
    assert entry["MESSAGE"] == f"{told.words}, 0 of 1 steps, 2.0 s"

    printed = on_terminal(run)
    ill = [] if told.mark == "ok" else [told.mark]  # what is well was told before
    assert [line.split("  ")[1] for line in printed if line.startswith(f"  {told.mark} ")] == ill
    assert printed[-1].startswith(f"{told.words} (")

    found = in_metrics(run, tmp_path)
    assert [label for label, value in found["outcome"].items() if value == 1] == [told.word]
    assert len(found["outcome"]) == len(RUNS)
    assert list(found["ending"]) == [run.outcomes[0].ending.value]

    said = bootheal("status", "--config", config, expect=told.status).stdout
    assert said.splitlines()[0].endswith(told.words)
    said = bootheal("wait", "--timeout", "0", "--config", config, expect=told.wait).stdout
    assert said == (f"{told.words}\n" if told.wait != 1 else "")
