"""`bootheal status`: what somebody reads who has neither the cluster nor root."""

import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import takewhile
from pathlib import Path

import pytest

from bootheal.adapters.clock import SystemClock
from bootheal.adapters.history import HistoryFile
from bootheal.adapters.process_identity import lives, sign
from bootheal.adapters.state import StateFile, read
from bootheal.adapters.state_format import encode
from bootheal.cli.state_reader import StateReader
from bootheal.cli.status import REFRESH_SECONDS
from bootheal.engine import Recorder
from bootheal.model import VERDICTS, Ending, Event, EventKind, Outcome, Report, Verdict
from support.boots import boot, quick_pass
from support.command import LONGEST, bootheal, environment, start

REPORT = Report("boot-7", 1_000.0, 2.0, (Outcome("gate", Ending.SETTLED, "up", began=0.0, ended=1.0),))


ASK = "is the service running? See `systemctl status bootheal`"
BOOT, NEXT_BOOT = "1f5c8b1e-boot", "93d07a42-boot"


def event(kind: EventKind, text: str = "", step: str = "", at: float = 1_000.0) -> Event:
    return Event(kind, at=at, elapsed=0.0, step=step, text=text, total=2)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration of which only the state directory and the boot matter."""
    path = tmp_path / "bootheal.yaml"
    path.write_text(f"cluster: {{boot_id_file: {tmp_path}/boot_id}}\nstate_directory: {tmp_path}\n")
    (tmp_path / "boot_id").write_text(BOOT)
    return path


def memory(directory: Path, boot: str = BOOT) -> Recorder:
    return Recorder(StateFile(directory), SystemClock(), boot)


def begin(state: Recorder, at: float = 1_000.0) -> None:
    state.enter("boot-7")
    state.progress(event(EventKind.STARTED, at=at))
    state.progress(event(EventKind.WAITING, "starting up (57P03)", "database/shop", at))
    state.enter("boot-7")  # writes what is otherwise written at most once a second


BEGIN = """\
import sys, time
from pathlib import Path
from bootheal.adapters.clock import SystemClock
from bootheal.adapters.state import StateFile
from bootheal.engine import Recorder
from bootheal.model import Event, EventKind
state = Recorder(StateFile(Path(sys.argv[1])), SystemClock(), sys.argv[2])
with state.hold():
    state.progress(Event(EventKind.STARTED, at=1_000.0, elapsed=0.0))
    state.progress(Event(EventKind.WAITING, at=1_000.0, elapsed=0.0, step="database/shop", text="starting up (57P03)"))
    state.enter("")
    print("begun", flush=True)
    time.sleep(60)
"""


@contextmanager
def another_process(directory: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that has begun a run, and is at it until it is killed."""
    command = [sys.executable, "-c", BEGIN, str(directory), BOOT]
    with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "begun\n"
        yield process
        process.kill()


def test_before_the_first_run_there_is_nothing_to_tell(config: Path) -> None:
    """Which is not well, as far as the exit code goes."""
    assert bootheal("status", "--config", config, expect=1).stdout == "no run yet\n"
    assert json.loads(bootheal("status", "--json", "--config", config, expect=1).stdout) == {}


@pytest.mark.parametrize("command", ["status", "wait"])
def test_a_configuration_that_is_named_and_not_there_is_told(command: str, tmp_path: Path) -> None:
    """The state of another machine's default must not be taken for an answer."""
    said = bootheal(command, "--config", tmp_path / "bootheal.yml", expect=2).stderr
    assert said == f"bootheal: cannot read {tmp_path}/bootheal.yml: there is no such file\n"


def test_a_state_that_cannot_be_looked_at_is_told(config: Path, tmp_path: Path) -> None:
    """That there was no run is something else; a loop of links keeps root out, too, as rights do others."""
    (tmp_path / "loop").symlink_to("loop")
    config.write_text(config.read_text().replace(f"state_directory: {tmp_path}", f"state_directory: {tmp_path}/loop"))
    why = f"cannot read {tmp_path}/loop/state.json: Too many levels of symbolic links\n"
    said = bootheal("wait", "--timeout", "0", "--config", config, expect=1).stderr
    assert said == f"not healed within 0 s: {why}"
    assert bootheal("status", "--config", config, expect=1).stderr == f"bootheal: {why}"


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda path: path.touch(), "it is empty"),
        (lambda path: path.write_text("[" * 2000), "it is no JSON"),
        (lambda path: path.write_text('{"version": 2, "steps": []}'), "it is not as version 2 was"),
        (os.mkfifo, "it is no file"),
        (lambda path: path.mkdir(), "it is no file"),
    ],
)
def test_a_state_that_cannot_be_understood_is_told(
    make: Callable[[Path], object], why: str, config: Path, tmp_path: Path
) -> None:
    """Whatever has been put in its place; who watches goes on, since the next run will set it aside."""
    make(tmp_path / "state.json")
    why = f"cannot read {tmp_path}/state.json: it cannot be understood: {why}\n"
    assert bootheal("wait", "--timeout", "0", "--config", config, expect=1).stderr == f"not healed within 0 s: {why}"
    hint = "  the next run sets it aside and begins anew\n"
    assert bootheal("status", "--config", config, expect=1).stderr == f"bootheal: {why}{hint}"
    watch = start("status", "--watch", "--config", config)
    assert watch.stdout
    assert watch.stdout.readline() == why
    (tmp_path / "state.json").rename(tmp_path / "aside")
    assert [watch.stdout.readline(), watch.stdout.readline()] == ["\n", "no run yet\n"]
    watch.send_signal(signal.SIGINT)
    watch.communicate(timeout=10)


@pytest.mark.parametrize("seconds", ["-1", "nan", "soon"])
def test_a_timeout_that_is_none_is_wrong_usage(seconds: str, config: Path) -> None:
    """None of these would ever pass, or it would at once."""
    said = bootheal("wait", "--config", config, "--timeout", seconds, expect=2).stderr
    assert "argument --timeout: cannot use" in said


def test_a_run_under_way_is_told_with_what_it_waits_for(config: Path, tmp_path: Path) -> None:
    """In the journal's words, with the time since; monitors read since when it recovers."""
    state = memory(tmp_path)
    with state.hold():
        begin(state)
        said = bootheal("status", "--config", config, expect=1).stdout
        assert json.loads((tmp_path / "state.json").read_text())["recovering_since"] == 1_000.0
        state.finish(REPORT)
    assert "a run is under way since" in said
    assert "  waits      database/shop" in said
    assert said.rstrip().endswith("starting up (57P03)")
    assert json.loads((tmp_path / "state.json").read_text())["recovering_since"] is None


def test_a_run_whose_process_was_killed_is_under_way_no_more(config: Path, tmp_path: Path) -> None:
    """Nothing goes on until the service does; whoever waits for it is told so."""
    with another_process(tmp_path) as process:
        assert "a run is under way" in bootheal("status", "--config", config, expect=1).stdout
        process.kill()
    said = bootheal("status", "--config", config, expect=1).stdout.splitlines()
    assert re.fullmatch(f"a run that began 1970-01-01 .* was cut short, .*; {re.escape(ASK)}", said[0])
    assert re.fullmatch(r"  waits +database/shop +starting up \(57P03\)", said[1])
    waited = bootheal("wait", "--timeout", "0", "--config", config, expect=1).stderr
    assert waited == f"not healed within 0 s: database/shop: starting up (57P03); {ASK}\n"


def test_who_waits_in_vain_for_a_run_that_was_stopped_is_told_so(config: Path, tmp_path: Path) -> None:
    """Not only what it had left to do: as long as its process is there it may go on, afterwards it will not."""
    left = Outcome("database/shop", Ending.UNFINISHED, "starting up (57P03)")
    state = memory(tmp_path)
    with state.hold():
        begin(state)
        state.finish(replace(REPORT, outcomes=(left,), interrupted=True))
    why = "not healed within 0 s: interrupted before the end; database/shop: starting up (57P03)"
    assert bootheal("wait", "--timeout", "0", "--config", config, expect=1).stderr == f"{why}\n"
    contents = read(tmp_path)
    assert contents
    gone = f"{os.getpid()} 0"  # whose number is ours by now
    (tmp_path / "state.json").write_text(encode(replace(contents, author=gone)))
    assert bootheal("wait", "--timeout", "0", "--config", config, expect=1).stderr == f"{why}; {ASK}\n"


@pytest.mark.parametrize("elsewhere", [Verdict.HEALTHY, Verdict.NEEDS_PERSON, Verdict.NOT_HEALED, None])
def test_who_waits_on_a_machine_that_stands_by_hears_of_the_one_that_heals(
    elsewhere: Verdict | None, config: Path, tmp_path: Path
) -> None:
    """It was waited for a pass of this machine, which never comes; what was reported before is over."""
    state = memory(tmp_path)
    with state.hold():
        state.finish(REPORT)
    why = "other (boot 1f5c8b1e) heals: it holds lease/kube-system/bootheal"
    assert state.stand_by(why, elsewhere)
    code = VERDICTS[elsewhere].exit_code if elsewhere else 1
    waited = bootheal("wait", "--timeout", "0", "--config", config, expect=code)
    words = f"its last pass: {VERDICTS[elsewhere].words}" if elsewhere else "it has not told of a pass since"
    if elsewhere in (Verdict.HEALTHY, Verdict.NEEDS_PERSON):
        assert waited.stdout == f"{VERDICTS[elsewhere].words}; {why}\n"
    else:
        assert waited.stderr.startswith(f"not healed within 0 s: stands by: {why}; {words}")
    status = bootheal("status", "--config", config, expect=code).stdout
    assert status.startswith(f"stands by: {why}; {words}")


def test_what_another_one_told_is_not_believed_once_nobody_listens(config: Path, tmp_path: Path) -> None:
    """The process that stood by is gone: what it heard last may be a week old."""
    memory(tmp_path).stand_by("other heals", Verdict.HEALTHY)
    contents = read(tmp_path)
    assert contents
    (tmp_path / "state.json").write_text(encode(replace(contents, author=f"{os.getpid()} 0")))
    assert ASK in bootheal("wait", "--timeout", "0", "--config", config, expect=1).stderr
    assert "stands by" not in bootheal("status", "--config", config, expect=1).stdout


def test_watching_tells_that_the_process_was_killed(config: Path, tmp_path: Path) -> None:
    """Though nothing has changed in the file."""
    with another_process(tmp_path) as process:
        watch = start("status", "--watch", "--config", config)
        assert watch.stdout
        assert "a run is under way" in watch.stdout.readline()
        process.kill()
        assert any("was cut short" in line for line in iter(watch.stdout.readline, ""))
        watch.send_signal(signal.SIGINT)
        watch.communicate(timeout=LONGEST)


def test_a_number_that_was_given_again_is_another_process() -> None:
    """That there is a process of this number proves nothing, be it our own."""
    number, began = sign().split()
    assert lives(f"{number} {began}")
    assert not lives(f"{number} {int(began) - 1}")


@pytest.mark.parametrize("author", ["x", "a b c", "-1 5", "0 1", f"{'9' * 5_000} 1", "1", "1 2 3"])
def test_who_is_no_process_does_not_live(author: str) -> None:
    """Whatever the service's user has written in its place."""
    assert not lives(author)


def test_what_is_waited_for_is_told_also_where_nothing_happens_any_more(config: Path, tmp_path: Path) -> None:
    """A run that waits for an hour has told so in its first second, which is when the file had just been written."""
    state = memory(tmp_path)
    with state.hold():
        state.enter("boot-7")
        state.progress(event(EventKind.STARTED))
        state.progress(event(EventKind.WAITING, "starting up (57P03)", "database/shop"))
        deadline = time.monotonic() + 10
        while "57P03" not in (tmp_path / "state.json").read_text():
            assert time.monotonic() < deadline, "it was never written"
            state.observe("database/shop", frozenset(), 0.0)  # what each look does
            time.sleep(0.05)
    assert "starting up (57P03)" in bootheal("status", "--config", config, expect=1).stdout


def test_a_run_that_was_under_way_in_another_boot_is_under_way_no_more(config: Path, tmp_path: Path) -> None:
    """The machine went down in the middle of it: nothing is waited for any more, however long ago it began."""
    state = memory(tmp_path)
    with state.hold():
        begin(state)
    (tmp_path / "boot_id").write_text(NEXT_BOOT)
    said = bootheal("status", "--config", config, expect=1).stdout.splitlines()
    assert said[0] == "no run in this boot yet"
    assert said[1].startswith("a run was under way when the machine went down, since 1970-01-01 ")
    assert re.fullmatch(r"  waits +database/shop +starting up \(57P03\)", said[2])


def test_the_report_of_another_boot_is_shown_but_is_no_answer(config: Path, tmp_path: Path) -> None:
    """What was well yesterday need not be so now: the exit code is that of this boot's run."""
    state = memory(tmp_path)
    with state.hold():
        begin(state)
        state.finish(REPORT)
    assert "no run in this boot" not in bootheal("status", "--config", config).stdout
    (tmp_path / "boot_id").write_text(NEXT_BOOT)
    said = bootheal("status", "--config", config, expect=1).stdout.splitlines()
    assert said[0] == "no run in this boot yet"
    assert re.fullmatch("run of .*, boot boot-7: healthy: nothing had to be done", said[1])
    for _ in range(2):
        later = memory(tmp_path, NEXT_BOOT)
        with later.hold():
            later.enter("boot-8")
            later.finish(replace(REPORT, epoch="boot-8"))
    *_, before = said = bootheal("status", "--config", config).stdout.splitlines()
    assert re.fullmatch("run of .*, boot boot-8: healthy: nothing had to be done", said[0])
    assert re.fullmatch("before that, in another boot: run of .*, boot boot-7: healthy: nothing .*", before)


@pytest.mark.parametrize("wrong", [-1e9, 1e9])
def test_a_clock_that_was_set_makes_no_run_last_for_years(config: Path, tmp_path: Path, wrong: float) -> None:
    """Nor less than no time: what is of this boot has lasted no longer than it."""
    state = memory(tmp_path)
    with state.hold():
        begin(state, at=time.time() + wrong)
    said = bootheal("status", "--config", config, expect=1).stdout
    lasted = [int(seconds) for seconds in re.findall(r"[ ,](-?\d+) s\b", said)]
    assert len(lasted) == 2
    assert all(0 <= seconds <= time.clock_gettime(time.CLOCK_BOOTTIME) + 1 for seconds in lasted), said


def test_watching_before_the_first_run_says_so_once(config: Path, tmp_path: Path) -> None:
    """A script that reads it is not told the same twice a second."""
    process = start("status", "--watch", "--config", config)
    assert process.stdout
    assert process.stdout.readline() == "no run yet\n"
    time.sleep(3 * REFRESH_SECONDS)
    state = memory(tmp_path)
    with state.hold():
        begin(state)
    said = [process.stdout.readline(), process.stdout.readline()]
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=LONGEST)
    assert said[0] == "\n"
    assert "under way" in said[1], said


def test_watching_shows_what_changes(config: Path, tmp_path: Path) -> None:
    """Piped, each picture is printed once; Ctrl-C ends it without a traceback."""
    state = memory(tmp_path)
    with state.hold():
        begin(state)
        process = start("status", "--watch", "--config", config)
        assert process.stdout
        assert "under way" in process.stdout.readline()
        state.finish(REPORT)
        seen = list(takewhile(lambda line: not line.startswith("healthy"), iter(process.stdout.readline, "")))
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=LONGEST)
    assert any("boot boot-7:" in line for line in seen), seen
    assert (process.returncode, err) == (130, "")


def test_how_this_boot_compares_is_told_in_a_line(config: Path, tmp_path: Path) -> None:
    """And what was repaired in those before it; what is repaired each time is said to be."""
    kept = HistoryFile(tmp_path, pytest.fail)
    for seconds in (20.0, 28.0, 30.0, 26.1):
        epoch = "boot-7" if seconds == 26.1 else f"boot {seconds}"
        kept.add(boot(epoch), quick_pass(seconds, "reset-password"))
    state = memory(tmp_path)
    with state.hold():
        begin(state)
        state.finish(REPORT)
    said = bootheal("status", "--config", config).stdout
    assert "healed in 26.1 s, the median of the last three is 28.0 s\n" in said
    assert "pooler/shop: reset-password was needed in 4 of the last 4 boots: what breaks it each time?\n" in said
    assert said.count("30.0 s: pooler/shop: reset-password\n") == 1


def test_what_is_not_well_is_in_sight_on_a_small_terminal(config: Path, tmp_path: Path) -> None:
    """Of more steps than there are lines those that are well are counted, and the others told."""
    well = (Outcome(f"deployment/shop/web-{number}", Ending.SETTLED, "it serves") for number in range(40))
    ill = Outcome("deployment/shop/last", Ending.GAVE_UP, "its image is gone", hint="push it again")
    state = memory(tmp_path)
    with state.hold():
        begin(state)
        state.finish(Report("boot-7", 1_000.0, 2.0, (*well, ill)))
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    command = [sys.executable, "-m", "bootheal", "status", "--watch", "--config", str(config)]
    with subprocess.Popen(command, env={**environment(), "TERM": "xterm"}, stdout=theirs, stderr=theirs) as process:
        shown = ""
        while "push it again" not in shown:
            shown += os.read(ours, 4096).decode()
        process.send_signal(signal.SIGINT)
        process.wait(LONGEST)
    os.close(ours)
    os.close(theirs)
    assert "40 of 41 steps are well" in shown
    assert "its image is gone" in shown


def test_a_watcher_ends_with_its_reader(config: Path) -> None:
    """Whoever piped it into head is not waited for until something changes, which may be weeks from now."""
    process = start("status", "--watch", "--config", config)
    assert process.stdout
    assert process.stdout.readline() == "no run yet\n"
    process.stdout.close()
    assert process.wait(timeout=LONGEST) == 141
    assert process.stderr
    assert process.stderr.read() == ""
    process.stderr.close()


def test_a_boot_that_happens_while_somebody_watches_is_noticed(tmp_path: Path) -> None:
    """As of a container that boots beside us: the boot's id is asked for each time."""
    (tmp_path / "boot_id").write_text(BOOT)
    state = memory(tmp_path)
    with state.hold():
        begin(state)
        state.finish(REPORT)
    reader = StateReader(tmp_path, (tmp_path / "boot_id").read_text)
    known = reader.read()
    assert known is not None
    assert known.present
    (tmp_path / "boot_id").write_text(NEXT_BOOT)
    known = reader.read()
    assert known is not None
    assert not known.present
