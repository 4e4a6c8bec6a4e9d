"""The state file on the disk: who may read it, what is set aside, what kill -9 and a full disk leave."""

import os
import signal
import socket
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bootheal.adapters.clock import SystemClock
from bootheal.adapters.files import lock, open_lock, read_file
from bootheal.adapters.process_identity import sign
from bootheal.adapters.redaction import Redaction
from bootheal.adapters.state import StateFile, read
from bootheal.adapters.state_format import Contents, decode, encode
from bootheal.cli.healing.chronicle import Chronicle
from bootheal.config.configuration import load
from bootheal.engine import Recorder
from bootheal.errors import LockedError, StateError
from bootheal.model import ActionRecord, Ending, Event, EventKind, Outcome, Progress, Remembered, Report, StepMemory
from bootheal.model.quoted import logged
from bootheal.ports import World
from support.command import environment
from support.thorough import thorough

DONE = ActionRecord(0, "delete-pod", "pod/shop/a", "Unknown", 5.0, "delete pod/shop/a", "done")
SOME = Remembered(epoch="boot-1", boot="machine-1", steps={"a": StepMemory({"dead": 100.0}, (DONE,))})

PIECES = [
    b"null",
    b"[]",
    b"{}",
    b'""',
    b"-1",
    b"1e999",
    b"true",
    b"NaN",
    b"[" * 50,
    b'"\\ud800"',
    b"99999999999999999999",
]


def remembered(directory: Path, contents: Remembered = SOME) -> StateFile:
    """Return a state file in which something has happened."""
    state = StateFile(directory)
    with state.hold():
        state.save(contents, durable=True)
    return state


@pytest.fixture
def strict_umask() -> Iterator[None]:
    """The service's."""
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.mark.usefixtures("strict_umask")
def test_a_directory_of_ones_own_is_made_readable_for_all(tmp_path: Path) -> None:
    """As the default one is: `status` and `wait` need no rights, wherever the state is."""
    remembered(tmp_path / "of" / "mine")
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "of", *(tmp_path / "of").rglob("*"))}
    assert modes == {"of": 0o755, "mine": 0o755, "state.json": 0o644, "lock": 0o600}


def test_the_mode_of_a_directory_that_is_there_is_its_owners_business(tmp_path: Path) -> None:
    """Who made it for nobody else to read meant it."""
    tmp_path.chmod(0o700)
    remembered(tmp_path)
    assert tmp_path.stat().st_mode & 0o777 == 0o700


def unix_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))


IN_ITS_PLACE: dict[str, tuple[Callable[[Path], object], str]] = {
    "broken": (lambda path: path.write_text("{ broken"), "it cannot be understood: it is no JSON"),
    "empty": (lambda path: path.touch(), "it cannot be understood: it is empty"),
    "list": (lambda path: path.write_text("[]"), "it cannot be understood: it has no version"),
    "newer": (lambda path: path.write_text('{"version": 99}'), "it is of version 99 and this bootheal knows version 3"),
    "deep": (lambda path: path.write_text("[" * 2000), "it cannot be understood: it is no JSON"),
    "huge": (lambda path: os.truncate(os.open(path, os.O_CREAT | os.O_WRONLY), 2**40), "it is longer than "),
    "fifo": (os.mkfifo, "it cannot be understood: it is no file"),
    "directory": (lambda path: (path / "with something").mkdir(parents=True), "it is no file"),
    "socket": (unix_socket, "it is no file"),
}


@pytest.mark.parametrize("what", IN_ITS_PLACE)
def test_what_cannot_be_understood_is_set_aside_by_a_pass_only(tmp_path: Path, what: str) -> None:
    """`plan` and `status` leave it where it is, and say so; a pass keeps it under another name, and begins anew."""
    path, (make, why) = tmp_path / "state.json", IN_ITS_PLACE[what]
    make(path)
    before = path.lstat()
    with pytest.raises(StateError, match=why):
        read(tmp_path)
    planning = StateFile(tmp_path)
    assert planning.load() is None
    assert why in planning.remark
    assert planning.remark.endswith("; the next run will set it aside")
    assert [file.name for file in tmp_path.iterdir()] == ["state.json"]
    state = StateFile(tmp_path)
    with state.hold():
        assert state.load() is None
        assert why in state.remark
        assert f"the state file was set aside as {tmp_path}/state." in state.remark
        state.save(SOME, durable=True)
        assert state.load() is None
    assert state.remark == ""  # told once
    (aside,) = tmp_path.glob("*.aside")
    assert os.path.samestat(aside.lstat(), before)
    assert StateFile(tmp_path).load() == SOME


def test_a_file_that_is_gone_is_no_reason_to_forget(tmp_path: Path) -> None:
    """Who removes it under a daemon that rests finds it again after its next pass."""
    recorder = Recorder(StateFile(tmp_path), SystemClock(), "machine-1")
    with recorder.hold():
        recorder.enter("boot-1")
        recorder.record("a", DONE)
    (tmp_path / "state.json").unlink()
    with recorder.hold() as epoch:
        assert (epoch, recorder.done("a")) == ("boot-1", (DONE,))
        recorder.enter(epoch)
    assert StateFile(tmp_path).load() == replace(SOME, steps={"a": StepMemory(done=(DONE,))})


@pytest.mark.parametrize("how", ["a link", "another name", "a pipe", "a directory"])
def test_a_lock_that_leads_to_another_file_is_not_written_to(how: str, tmp_path: Path) -> None:
    """The service's user owns the directory, and root heals in it: /etc/shadow would be emptied, and his."""
    victim, directory = tmp_path / "shadow", tmp_path / "state"
    victim.write_text("root:x\n")
    victim.chmod(0o640)
    directory.mkdir()
    for name in ("lock", "outbox.lock"):
        match how:
            case "a link":
                (directory / name).symlink_to(victim)
            case "another name":
                (directory / name).hardlink_to(victim)
            case "a pipe":
                os.mkfifo(directory / name)
            case _:
                (directory / name).mkdir()
    before = victim.stat()
    with pytest.raises(StateError, match="cannot use the state directory"), lock(directory):
        pytest.fail("it was taken")
    with pytest.raises(OSError, match="its lock is|directory"):
        open_lock(directory / "outbox.lock")
    assert victim.read_text() == "root:x\n"
    assert (victim.stat().st_uid, victim.stat().st_mode) == (before.st_uid, before.st_mode)


def test_the_holder_of_the_lock_is_named(tmp_path: Path) -> None:
    """With its process and since when; the lock goes with the holder, however it ends."""
    named = r"\(process \d+ since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\)"
    with lock(tmp_path), pytest.raises(LockedError, match=named), lock(tmp_path):
        pass
    with lock(tmp_path):
        pass


def test_nobody_else_can_hold_the_lock(tmp_path: Path) -> None:
    """Who may open it may hold it, and keep the machine from being healed; a lock of an older version is shut, too."""
    (tmp_path / "lock").touch(mode=0o666)
    for name in ("lock", "notify.lock"):
        os.close(open_lock(tmp_path / name))
        assert (tmp_path / name).stat().st_mode & 0o007 == 0


def test_what_stands_in_the_lock_acts_on_nobody(tmp_path: Path) -> None:
    """The service's user may write it, and root is told of it."""
    with lock(tmp_path):
        (tmp_path / "lock").write_text("\x1b]0;owned\x07\nbootheal: all is well")
        with pytest.raises(LockedError) as error, lock(tmp_path):
            pass
    assert str(error.value) == r"another pass is under way (\x1b]0;owned\x07\nbootheal: all is well)"


def test_a_file_that_is_longer_than_it_says_is_not_read_to_its_end() -> None:
    """Somebody may be writing it, and a device or a file of the kernel's says that it is empty."""
    assert read_file(Path("/proc/self/status"), 1 << 20).startswith(b"Name:")
    with pytest.raises(ValueError, match="it is longer than 10 bytes"):
        read_file(Path("/proc/self/status"), 10)
    with pytest.raises(ValueError, match="it is no file"):
        read_file(Path("/dev/zero"), 10)


def test_a_directory_that_cannot_be_written_is_named() -> None:
    """With the next thing to do."""
    named = "cannot use the state directory /proc/sys/kernel: "
    with pytest.raises(StateError, match=named) as error, StateFile(Path("/proc/sys/kernel")).hold():
        pass
    assert "state_directory" in error.value.hint


NAMES = """
import os, resource, signal, sys
from pathlib import Path
from bootheal.adapters.state import StateFile
from bootheal.errors import StateError
from bootheal.model import Remembered
state, directory = StateFile(Path(sys.argv[1])), Path(sys.argv[1])
"""


def run(script: str, directory: Path) -> subprocess.CompletedProcess[str]:
    """Run a script in another process."""
    command = [sys.executable, "-c", NAMES + script, str(directory)]
    return subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)


KILLED = """
os.fchmod = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
with state.hold():
    state.save(Remembered(epoch="boot-2"), durable=True)
"""


def test_what_a_killed_writer_left_is_removed_by_the_next_holder(tmp_path: Path) -> None:
    """Not by who only looks, and nothing that is not ours."""
    before = remembered(tmp_path)
    (tmp_path / ".state.yaml.swp").touch()
    assert run(KILLED, tmp_path).returncode == -signal.SIGKILL
    assert len(list(tmp_path.glob(".state.json.*"))) == 1
    assert StateFile(tmp_path).load() == SOME
    assert len(list(tmp_path.glob(".state.json.*"))) == 1
    with before.hold():
        assert {path.name for path in tmp_path.iterdir()} == {"lock", "state.json", ".state.yaml.swp"}


KILLED_QUOTING = """
from dataclasses import replace
from bootheal.model import ActionRecord, StepMemory
os.fchmod = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
heard = {"log web": "a secret place"}
done = ActionRecord(0, "delete-pod", "pod/shop/a", "Unknown", 5.0, "delete", "done", evidence=heard)
with state.hold():
    state.save(Remembered(epoch="boot-2", steps={"a": StepMemory({}, (done,))}), durable=True)
"""


def test_what_a_killed_writer_left_of_logs_is_removed_as_well(tmp_path: Path) -> None:
    """It is larger than the state, and stayed for ever."""
    before = remembered(tmp_path)
    assert run(KILLED_QUOTING, tmp_path).returncode == -signal.SIGKILL
    assert len(list(tmp_path.glob(".evidence.json.*"))) == 1
    with before.hold():
        assert not list(tmp_path.glob(".*.json.*"))


FULL = """
with state.hold():
    limit = (directory / "state.json").stat().st_size + 100
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        state.save(Remembered(epoch="x" * 1000), durable=True)
    except StateError as error:
        print(error, error.hint, sep="\\n")
"""


def test_a_full_disk_corrupts_nothing(tmp_path: Path) -> None:
    """What is to be written is refused with clear words, and the file is what it was; no scrap is left beside it."""
    remembered(tmp_path)
    before = (tmp_path / "state.json").read_bytes()
    done = run(FULL, tmp_path)
    why = f"cannot write {tmp_path}/state.json: File too large; nothing is changed without a record"
    assert done.stdout.splitlines()[:1] == [why], done.stderr
    assert "free some space" in done.stdout
    assert (tmp_path / "state.json").read_bytes() == before
    assert {file.name for file in tmp_path.iterdir()} == {"state.json", "lock"}


FULL_LOCK = """
resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
try:
    with state.hold():
        print("held")
except StateError as error:
    print(error, error.hint, sep="\\n")
with open("/dev/null") as left:
    print(left.fileno())
"""


def test_a_lock_that_cannot_be_signed_is_not_held(tmp_path: Path) -> None:
    """It says so, once, and its descriptor is closed."""
    done = run(FULL_LOCK, tmp_path)
    assert done.stdout.splitlines() == [f"cannot write {tmp_path}/lock: File too large", "see state_directory", "3"], (
        done.stderr
    )


WORDS = "log main"
LOGGED = replace(DONE, evidence={WORDS: "user canary paid", "status": "exit 1: canary", "events": "Killing"})


def with_logs() -> Remembered:
    outcome = Outcome("a", Ending.SETTLED, "well", actions=(LOGGED,))
    return replace(SOME, steps={"a": StepMemory({}, (LOGGED,))}, report=Report("boot-1", 1.0, 2.0, (outcome,)))


def test_what_a_pod_has_logged_is_not_for_everybody(tmp_path: Path) -> None:
    """The state file that all may read names where it is; root and the service's group see it as before."""
    remembered(tmp_path, with_logs())
    assert "canary" not in (tmp_path / "state.json").read_text()
    assert "Killing" in (tmp_path / "state.json").read_text()
    assert (tmp_path / "evidence.json").stat().st_mode & 0o777 == 0o640
    shown = read(tmp_path)
    assert shown is not None
    assert shown.remembered == with_logs()
    again = StateFile(tmp_path)
    with again.hold():
        assert again.load() == with_logs()
        again.save(SOME, durable=False)
    assert "canary" not in (tmp_path / "evidence.json").read_text()


def test_who_may_not_read_it_is_told_where_it_is(tmp_path: Path) -> None:
    """And `status` works all the same."""
    remembered(tmp_path, with_logs())
    (tmp_path / "evidence.json").write_text("[" * 100_000)
    shown = read(tmp_path)
    assert shown is not None
    (done,) = shown.remembered.steps["a"].done
    assert done.evidence[WORDS].startswith("kept in evidence.json for root and the service's group")


LINE = "user canary paid 7 EUR"


def quoting(redaction: Redaction) -> Remembered:
    """Return what is remembered of a pass in which sentences quoted a log: as they were told, and composed anew."""
    why = redaction.told(f'postgres-0: its log ends with "{logged(LINE)}"')
    done = replace(DONE, sentence=f"roll out web ({why})", result=f"failed: {why}")
    outcome = Outcome("a", Ending.GAVE_UP, f"{why}; patience has run out", why, remarks=(why,), actions=(done,))
    news = {"a": Progress(EventKind.WAITING, why, 1.0)}
    report = Report("boot-1", 1.0, 2.0, (outcome,))
    return replace(SOME, steps={"a": StepMemory({}, (done,))}, progress=news, report=report)


def test_a_line_of_a_log_within_a_sentence_is_not_for_everybody_either(tmp_path: Path) -> None:
    """Nor after a restart of who has told it; root and the service's group see the sentences as they were told."""
    redaction = Redaction()
    said = quoting(redaction)
    assert LINE in said.progress["a"].text
    for state in (StateFile(tmp_path, logged=redaction.logged), StateFile(tmp_path)):
        with state.hold():
            state.save(state.load() or said, durable=True)
        assert "canary" not in (tmp_path / "state.json").read_text()
        assert "postgres-0: its log ends with" in (tmp_path / "state.json").read_text()
        assert (tmp_path / "evidence.json").stat().st_mode & 0o777 == 0o640
        assert read(tmp_path) == Contents(said, sign())
    (tmp_path / "evidence.json").unlink()
    shown = read(tmp_path)
    assert shown is not None
    assert 'its log ends with "kept in evidence.json for root' in shown.remembered.progress["a"].text


def test_a_line_that_the_owner_made_public_stands_in_its_sentence(tmp_path: Path) -> None:
    """For all to read."""
    redaction = Redaction()
    state = StateFile(tmp_path, public=True, logged=redaction.logged)
    with state.hold():
        state.save(quoting(redaction), durable=True)
    assert LINE in (tmp_path / "state.json").read_text()


@pytest.mark.parametrize("public", [False, True])
def test_the_history_holds_no_line_of_a_log_unless_that_is_public(tmp_path: Path, *, public: bool) -> None:
    """Everybody may read it, too: neither what was said meanwhile nor how it ended."""
    redaction, told = Redaction(), list[str]()
    evidence = "public" if public else "private"
    config = tmp_path / "bootheal.yaml"
    config.write_text(
        f"cluster: {{kind: kubernetes}}\nstate_directory: {tmp_path}\n"
        f"cleanup: {{namespaces: [shop], evidence: {evidence}}}\n"
    )
    said = quoting(redaction)
    chronicle = Chronicle(load(config).file, told.append, redaction.logged)
    chronicle.tell(Event(EventKind.WAITING, 1.0, 1.0, "a", said.progress["a"].text))
    chronicle.tell(Event(EventKind.GAVE_UP, 9.0, 9.0, "a", said.progress["a"].text))
    assert said.report
    assert chronicle.finish(said.report, World(told=redaction.told, logged=redaction.logged))
    assert ("canary" in (tmp_path / "history.json").read_text()) is public
    assert not told


def test_evidence_that_is_public_stands_in_the_state_file(tmp_path: Path) -> None:
    """Where the owner said so."""
    state = StateFile(tmp_path, public=True)
    with state.hold():
        state.save(with_logs(), durable=True)
    assert "canary" in (tmp_path / "state.json").read_text()
    assert not (tmp_path / "evidence.json").exists()


@given(st.data())
@settings(max_examples=5_000 if thorough() else 100, deadline=None)
def test_a_state_file_in_which_something_was_changed_is_understood_or_refused(data: st.DataObject) -> None:
    """Bytes of it, with or without the right sum: five thousand files in the thorough suite, and never a bug."""
    text = encode(Contents(with_logs(), "1 2 boot")) if data.draw(st.booleans()) else encode(Contents(SOME, ""))
    raw = bytearray(text.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        at, gone = data.draw(st.integers(0, len(raw))), data.draw(st.integers(0, 8))
        raw[at : at + gone] = data.draw(st.one_of(st.binary(max_size=4), st.sampled_from(PIECES)))
    if data.draw(st.booleans()):
        head, mark, rest = bytes(raw).partition(b'", ')
        raw = bytearray(head[:-8] + f"{zlib.crc32(rest):08x}".encode() + mark + rest)
    assert 0 < len(said_of(bytes(raw))) <= 2000


def said_of(raw: bytes) -> str:
    """Return why it is refused, or that it is understood, and can be written again."""
    try:
        found = decode(raw)
    except ValueError as error:
        return str(error)
    return "understood" if encode(found) else ""
