"""The metrics file, read as a monitor reads it."""

from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from bootheal.adapters.metrics import Metrics
from bootheal.model import ActionRecord, Ending, Event, EventKind, Outcome, Report
from bootheal.narrate import Note

BEGAN = 1_000.0
DONE = ActionRecord(0, "delete-pod", "pod/shop/web-1", "it is dead", BEGAN + 1, "delete pod/shop/web-1", "done")
REPORT = Report(
    "boot-7",
    BEGAN,
    12.5,
    (
        Outcome("gate", Ending.SETTLED, "up", began=0.0, ended=2.0),
        Outcome("cleanup", Ending.SETTLED, "no dead pod", began=2.0, ended=4.5, actions=(DONE,)),
        Outcome("database/shop", Ending.UNFINISHED, "starting up", began=2.0),
        Outcome("pooler/shop", Ending.UNFINISHED, "not reached"),
    ),
)


def started(at: float) -> Event:
    return Event(EventKind.STARTED, at=at, elapsed=0.0, total=4)


def samples(path: Path) -> dict[str, dict[tuple[str, ...], float]]:
    """Return name -> label values -> value; the parser refuses what is not the format."""
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(path.read_text()):
        assert family.documentation
        assert family.type == "gauge"
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sample.labels.values())] = sample.value
    return found


def no_complaint(text: str, _level: Note) -> None:
    raise AssertionError(text)


def test_a_monitor_learns_since_when_it_heals_and_how_the_last_run_went(tmp_path: Path) -> None:
    """Alerts can be held back while a pass is under way; afterwards: when, how long, how it ended, where time went."""
    path = tmp_path / "bootheal.prom"
    metrics = Metrics(path, no_complaint, lambda: None)
    metrics.tell(started(BEGAN))
    assert samples(path) == {"bootheal_recovering_since_timestamp_seconds": {(): BEGAN}}

    metrics.finish(REPORT)
    found = samples(path)
    assert found["bootheal_recovering_since_timestamp_seconds"] == {(): 0.0}
    assert found["bootheal_last_run_timestamp_seconds"] == {(): BEGAN + 12.5}
    assert found["bootheal_last_run_seconds"] == {(): 12.5}
    assert {k[0] for k, value in found["bootheal_last_run_verdict"].items() if value} == {REPORT.verdict.value}
    assert len(found["bootheal_last_run_verdict"]) == 6
    assert found["bootheal_last_run_actions"] == {(): 1.0}
    assert found["bootheal_last_run_step_seconds"] == {("gate", "settled"): 2.0, ("cleanup", "settled"): 2.5}


def test_the_last_run_stays_told_while_the_next_is_under_way(tmp_path: Path) -> None:
    """Also over a reboot: another process begins with what the file says."""
    path = tmp_path / "bootheal.prom"
    Metrics(path, no_complaint, lambda: None).finish(REPORT)
    before = samples(path)
    Metrics(path, no_complaint, lambda: 1_500.0).tell(started(2_000.0))  # a process was killed since
    assert samples(path) == before | {"bootheal_recovering_since_timestamp_seconds": {(): 1_500.0}}


def test_metrics_that_cannot_be_written_are_complained_of_once_and_tried_again(tmp_path: Path) -> None:
    """A monitor's directory that is gone stops no healing; when it is back, so are the metrics. Another trouble
    is another complaint, and so is the same one after it had passed.
    """
    said: list[tuple[str, Note]] = []
    directory = tmp_path / "monitor"
    metrics = Metrics(directory / "bootheal.prom", lambda *told: said.append(told), lambda: None)
    for trouble in (None, directory.touch, directory.unlink, directory.mkdir, directory.rmdir):
        if trouble:
            trouble()
        metrics.tell(started(BEGAN))
        metrics.finish(REPORT)
        if directory.is_dir():
            assert samples(directory / "bootheal.prom")["bootheal_last_run_actions"] == {(): 1.0}
            (directory / "bootheal.prom").unlink()
    why = [told.splitlines()[0].rpartition("bootheal.prom: ")[2] for told, _ in said]
    gone, odd = "No such file or directory", "Not a directory"
    assert why == [gone, odd, gone, gone]
    assert {note for _, note in said} == {Note.ADVICE}


def test_what_a_killed_writer_left_is_removed(tmp_path: Path) -> None:
    """Whoever makes the next pass does that."""
    (tmp_path / ".bootheal.prom.x1y2z3").touch()
    (tmp_path / "node.prom").touch()
    Metrics(tmp_path / "bootheal.prom", no_complaint, lambda: None).tell(started(BEGAN))
    assert {path.name for path in tmp_path.iterdir()} == {"bootheal.prom", "node.prom"}


def test_who_reads_that_metrics_cannot_be_written_knows_what_to_do(tmp_path: Path) -> None:
    """Where who must be able to write, and what keeps the service from it even then."""
    said: list[str] = []
    Metrics(tmp_path / "gone" / "bootheal.prom", lambda text, _note: said.append(text), lambda: None).finish(REPORT)
    hint = said[0].splitlines()[1]
    for part in (
        f"make {tmp_path}/gone writable",
        "user bootheal",
        f"ReadWritePaths={tmp_path}/gone",
        "systemctl edit",
    ):
        assert part in hint


def test_without_metrics_file_nothing_is_written(tmp_path: Path) -> None:
    """It is off unless it is configured."""
    metrics = Metrics(None, no_complaint, lambda: None)
    metrics.tell(started(BEGAN))
    metrics.finish(REPORT)
    assert list(tmp_path.iterdir()) == []
