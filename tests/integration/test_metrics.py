"""The metrics file, read as a monitor reads it."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bootheal import __version__
from bootheal.adapters.metrics import Metrics
from bootheal.model import ActionRecord, Ending, Event, EventKind, Outcome, Report, Verdict
from bootheal.narrate import Note
from support import unpacked
from support.boots import many, quick_pass

CONFIG = Path(__file__).parents[2] / "config"

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
        assert family.type == ("counter" if family.name == "bootheal_actions" else "gauge")
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
    assert samples(path) == {
        "bootheal_recovering_since_timestamp_seconds": {(): BEGAN},
        "bootheal_build_info": {(__version__,): 1.0},
    }

    metrics.finish(REPORT)
    found = samples(path)
    assert found["bootheal_recovering_since_timestamp_seconds"] == {(): 0.0}
    assert found["bootheal_last_pass_timestamp_seconds"] == {(): BEGAN + 12.5}
    assert found["bootheal_last_pass_seconds"] == {(): 12.5}
    assert {k[0] for k, value in found["bootheal_last_pass_outcome"].items() if value} == {REPORT.verdict.value}
    assert len(found["bootheal_last_pass_outcome"]) == 6
    assert found["bootheal_last_pass_actions"] == {(): 1.0}
    assert found["bootheal_step_seconds"] == {("gate", "settled"): 2.0, ("cleanup", "settled"): 2.5}


def test_the_last_run_stays_told_while_the_next_is_under_way(tmp_path: Path) -> None:
    """Also over a reboot: another process begins with what the file says."""
    path = tmp_path / "bootheal.prom"
    Metrics(path, no_complaint, lambda: None).finish(REPORT)
    before = samples(path)
    Metrics(path, no_complaint, lambda: 1_500.0).tell(started(2_000.0))  # a process was killed since
    assert samples(path) == before | {"bootheal_recovering_since_timestamp_seconds": {(): 1_500.0}}


def test_whatever_lies_there_by_now_holds_up_nothing(tmp_path: Path) -> None:
    """The directory is node_exporter's: a pipe in the file's place was read until somebody wrote to it."""
    path = tmp_path / "bootheal.prom"
    os.mkfifo(path)
    Metrics(path, no_complaint, lambda: None).tell(started(BEGAN))
    assert samples(path)["bootheal_recovering_since_timestamp_seconds"] == {(): BEGAN}


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
            assert samples(directory / "bootheal.prom")["bootheal_last_pass_actions"] == {(): 1.0}
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


def test_what_was_done_is_counted_for_ever(tmp_path: Path) -> None:
    """Over restarts and reboots: the file itself says what was counted before."""
    for _ in range(3):
        Metrics(tmp_path / "bootheal.prom", no_complaint, lambda: None).finish(REPORT)
    assert samples(tmp_path / "bootheal.prom")["bootheal_actions_total"] == {("delete-pod",): 3.0}


def test_boots_are_a_series(tmp_path: Path) -> None:
    """From power-on until all served, and what is needed again and again; what was never healthy has no time."""
    path = tmp_path / "bootheal.prom"
    history = many(*(quick_pass(20.0, "reset-password") for _ in range(3)), quick_pass(9.0))
    Metrics(path, no_complaint, lambda: None).finish(REPORT, history)
    found = samples(path)
    assert found["bootheal_boot_to_healthy_seconds"] == {(): 31.0}
    assert found["bootheal_action_boots"] == {("pooler/shop", "reset-password"): 3.0}
    Metrics(path, no_complaint, lambda: None).finish(REPORT, many(quick_pass(9.0, verdict=Verdict.NOT_HEALED)))
    assert "bootheal_boot_to_healthy_seconds" not in samples(path)


def test_names_from_outside_are_labels_whatever_they_hold(tmp_path: Path) -> None:
    """A data check's name is its owner's: quotes, line ends and backslashes stay in the label's value."""
    path = tmp_path / "bootheal.prom"
    name = 'orders "kept"\\ bootheal_evil 1\nbootheal_evil 1'
    facts = {"database/shop": {f"check {name}": "42", "system identifier": "73"}, "pooler/shop": {"a": "1"}}
    Metrics(path, no_complaint, lambda: None).finish(REPORT, None, facts)
    found = samples(path)
    assert found["bootheal_data_check_value"] == {("database/shop", name): 42.0}
    assert "bootheal_evil" not in found


def promtool(*arguments: str | Path, given: str = "") -> str:
    """Run Prometheus' own checker; what it says. Skips where it cannot be had."""
    program = unpacked.promtool()
    done = subprocess.run([program, *arguments], input=given, capture_output=True, text=True, timeout=60, check=False)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return said


def test_prometheus_own_checker_has_no_objection(tmp_path: Path) -> None:
    """To names, types, help and labels."""
    path = tmp_path / "bootheal.prom"
    history = many(*(quick_pass(20.0, "reset-password") for _ in range(3)))
    Metrics(path, no_complaint, lambda: None).finish(REPORT, history, {"database/shop": {"check orders": "42"}})
    assert promtool("check", "metrics", given=path.read_text()) == ""


@pytest.mark.parametrize("command", [("check", "rules"), ("test", "rules")])
def test_the_alerts_fire_when_they_should(command: tuple[str, str]) -> None:
    """As their own tests say, in Prometheus' own language; silence while it recovers."""
    file = "bootheal.rules.yaml" if command[0] == "check" else "bootheal.rules.test.yaml"
    assert "SUCCESS" in promtool(*command, CONFIG / "prometheus" / file)


def test_alerts_and_dashboard_ask_for_metrics_that_there_are(tmp_path: Path) -> None:
    """A metric that was renamed leaves no alert that never fires."""
    path = tmp_path / "bootheal.prom"
    history = many(*(quick_pass(20.0, "reset-password") for _ in range(3)))
    metrics = Metrics(path, no_complaint, lambda: None)
    metrics.foretold({"breaks": 0})
    metrics.finish(REPORT, history, {"database/shop": {"check orders": "42"}})
    there = set(samples(path))
    for file in ("prometheus/bootheal.rules.yaml", "grafana/bootheal.json"):
        asked = set(re.findall(r"(?<![:\w])bootheal_[a-z_]+", (CONFIG / file).read_text()))
        assert asked
        assert asked <= there, f"{file} asks for {asked - there}"
    panels = json.loads((CONFIG / "grafana" / "bootheal.json").read_text())["panels"]
    assert all(target["datasource"]["uid"] == "${datasource}" for panel in panels for target in panel["targets"])
