"""What was foreseen last: when it is looked for again, what is kept, and what monitors read."""

import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from bootheal.adapters import outlook as kept
from bootheal.adapters.metrics import Metrics
from bootheal.adapters.scope import Scope
from bootheal.cli.healing.look_ahead import LookAhead, counts, outlook, why_nothing
from bootheal.config.file import File
from bootheal.model import Ref
from bootheal.model.outlook import Outlook, summary
from bootheal.preflight import Forecast
from bootheal.preflight.foreseen import foreseen
from bootheal.preflight.words import as_json

DAY = 86400.0
LAST = Outlook(at=1000.0, boot="b", configuration="c")

DUE = [
    (1000.0 + DAY - 1, "b", "c", False),
    (1000.0 + DAY, "b", "c", True),
    (1001.0, "b", "other", True),
    (1001.0, "other", "c", True),
    (10.0, "b", "c", True),
]


@pytest.mark.parametrize(("now", "boot", "configuration", "due"), DUE)
def test_when_it_is_time_to_look_again(now: float, boot: str, configuration: str, due: bool) -> None:
    """Once a day, in another boot, under another configuration; and where the clock was set back."""
    assert LAST.due(now, DAY, boot=boot, configuration=configuration) is due


FOUND = as_json(
    Forecast(
        found=(foreseen("LoginDrifted", Ref("role", "shop", "app")), foreseen("EndsForGood", Ref("pod", "shop", "x")))
    )
)


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    """What cannot be understood is as good as nothing: it is looked for anew."""
    assert kept.read(tmp_path) is None
    now = outlook(FOUND, 5.0, "b", "c")
    (tmp_path / f".{kept.FILE}.killed").touch()
    kept.write(tmp_path, now)
    assert [path.name for path in tmp_path.iterdir()] == [kept.FILE], "what a killed writer has left is gone"
    assert kept.read(tmp_path) == replace(
        LAST,
        at=5.0,
        breaks=1,
        changes=1,
        told="1 thing would break the next boot",
        keys=("login-drifted role/shop/app", "pod-ends-for-good pod/shop/x"),
    )
    for text in ("", "[]", "{}", '{"version": 1}', '{"version": 2, "at": 1}', '{"version": 1, "at": "x"}'):
        (tmp_path / kept.FILE).write_text(text)
        assert kept.read(tmp_path) is None


def test_a_monitor_reads_how_much_there_is(tmp_path: Path) -> None:
    """By how sure it is; what was told of the last pass stays."""
    path = tmp_path / "bootheal.prom"
    path.write_text("# HELP bootheal_last_pass_timestamp_seconds When\nbootheal_last_pass_timestamp_seconds 3.000\n")
    metrics = Metrics(path, lambda text, _: pytest.fail(text), lambda: None)
    metrics.foretold(counts(outlook(FOUND, 5.0, "b", "c")))
    text = path.read_text()
    assert 'bootheal_preflight_findings{level="breaks"} 1.000\n' in text
    assert 'bootheal_preflight_findings{level="may-break"} 0.000\n' in text
    assert text.count("bootheal_last_pass_timestamp_seconds 3.000\n") == 1
    metrics.foretold({"breaks": 0})
    assert path.read_text().count("preflight_findings{") == 1


@pytest.mark.parametrize(
    ("breaks", "may_break", "said"),
    [
        (0, 0, ""),
        (1, 0, "1 thing would break the next boot"),
        (2, 1, "2 things would break the next boot, 1 thing may break the next boot"),
    ],
)
def test_what_is_told_in_a_line_of_status(breaks: int, may_break: int, said: str) -> None:
    """The daemon says how much, not what."""
    assert summary(breaks, may_break) == said


NOTHING = {
    "a kubeconfig": (
        1,
        "warning: x\nbootheal: cannot use the kubeconfig k: it is not there\n  see cluster.kubeconfig\n",
        "cannot use the kubeconfig k: it is not there; see cluster.kubeconfig",
    ),
    "the file": (78, "b.yaml:7:5: a: cannot be x\nb.yaml:9:5: b: cannot be y\n", "b.yaml:7:5: a: cannot be x"),
    "a bug": (
        70,
        "Traceback\nKeyError: 'a'\nbootheal: this is a bug; please report it with the lines above\n",
        "bootheal preflight has met a bug; run it by hand, and please report what it says",
    ),
    "no memory": (-9, "", "bootheal preflight was ended by SIGKILL"),
    "no word": (1, "warning: x\n", "bootheal preflight ended with 1"),
}


@pytest.mark.parametrize(("code", "warned", "said"), NOTHING.values(), ids=NOTHING.keys())
def test_why_it_could_not_look_is_told_in_a_line(code: int, warned: str, said: str) -> None:
    """The trouble comes first, and the next step after it; lines that are not there are not spoken of."""
    assert why_nothing(code, warned) == said


def look(directory: Path, monkeypatch: pytest.MonkeyPatch, script: str, *, noted_soon: float = 0.05) -> list[str]:
    """Let a daemon that rests look once, by a script in the place of `preflight`; return what it notes.

    `noted_soon` is for how many seconds after the script's end it may.
    """
    program = directory / "python"
    program.write_text(f"#!/bin/sh\n{script}\ntouch {directory}/over\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    noted: list[str] = []
    file = File.model_validate({"state_directory": str(directory)}).model_copy(update={"preflight_every": 0.01})
    with Scope(pytest.fail) as scope:
        metrics = Metrics(None, lambda text, _: pytest.fail(text), lambda: None)
        ahead = LookAhead(
            directory / "b.yaml",
            file,
            scope,
            most=7.0,
            metrics=metrics,
            note=noted.append,
            tell=lambda *_: pytest.fail("told"),
        )
        ahead.rests()
        until = time.monotonic() + 10
        while not (directory / "over").exists() and not noted and time.monotonic() < until:
            time.sleep(0.01)
        until = time.monotonic() + noted_soon
        while not noted and time.monotonic() < until:
            time.sleep(0.01)
    return noted


def test_who_is_ended_together_with_the_daemon_is_not_complained_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`systemctl stop` ends all of a service's processes: what was cut short is no trouble of the machine's."""
    assert look(tmp_path, monkeypatch, f"touch {tmp_path}/over; kill -TERM $$") == []


def test_a_version_that_speaks_otherwise_is_not_misread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """bootheal may be upgraded while its daemon runs: it says so, and goes on."""
    said = look(tmp_path, monkeypatch, "echo '{\"found\": [{}]}'", noted_soon=30.0)
    assert said == ["cannot look ahead: bootheal is another version by now than this process: restart it"]


def test_a_look_that_fails_is_told_as_what_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It fails in JSON, too: that is no other version."""
    script = "echo '{\"error\": \"cannot a\"}'; printf 'bootheal: cannot a\\n  see b\\n' >&2; exit 1"
    assert look(tmp_path, monkeypatch, script, noted_soon=30.0) == ["cannot look ahead: cannot a; see b"]


def test_it_asks_as_seldom_as_the_daemon_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who spares an API server spares it of this, too."""
    look(
        tmp_path,
        monkeypatch,
        f'echo "$@" > {tmp_path}/said; mv {tmp_path}/said {tmp_path}/asked; touch {tmp_path}/over; kill -TERM $$',
    )
    asked = (tmp_path / "asked").read_text()
    assert asked == f"-P -m bootheal preflight --json --config {tmp_path}/b.yaml --max-requests-per-second 7\n"
