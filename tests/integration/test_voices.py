"""Who hears what happens: a terminal, a pipe, the journal; each over the real channel."""

import io
import os
import pty
import re
import signal
import socket
import struct
import subprocess
import sys
import time
from contextlib import suppress
from io import StringIO
from pathlib import Path

import pytest

from bootheal.adapters.journal import Journal, encode, leads_there
from bootheal.cli.healing.terminal import JournalReporter, LiveTerminal, Terminal, open_reporter
from bootheal.model import Event, EventKind
from bootheal.narrate import Note
from support.command import environment

HINT = "line one\nline two"


def event(kind: EventKind, text: str = "starting up (57P03)", hint: str = "") -> Event:
    return Event(kind, at=0.0, elapsed=4.2, step="database/shop", text=text, hint=hint, settled=3, total=6, took=1.0)


@pytest.fixture
def journald(tmp_path: Path) -> socket.socket:
    """Somebody who listens where journald does."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind(str(tmp_path / "socket"))
    listener.settimeout(5)
    return listener


def test_the_journal_gets_one_datagram_for_an_entry(journald: socket.socket) -> None:
    """Names and values as the protocol wants them; a value of several lines goes with its length."""
    with journald:
        JournalReporter(Journal(Path(journald.getsockname()))).tell(event(EventKind.GAVE_UP, hint=HINT))
        entry = journald.recv(65536)
    assert b"BOOTHEAL_STEP=database/shop\n" in entry
    assert b"SYSLOG_IDENTIFIER=bootheal\n" in entry
    assert b"BOOTHEAL_HINT\n" + struct.pack("<Q", len(HINT)) + HINT.encode() + b"\n" in entry


def test_a_large_entry_goes_as_a_sealed_file(journald: socket.socket) -> None:
    """More than a datagram holds is not lost, and journald need not fear that it changes while it reads."""
    text = "x" * 4_000_000
    with journald:
        Journal(Path(journald.getsockname())).send({"MESSAGE": text})
        payload, descriptors, *_ = socket.recv_fds(journald, 16, 1)
    assert payload == b""
    with os.fdopen(descriptors[0], "rb") as file:
        assert os.pread(file.fileno(), 5_000_000, 0).endswith(f"MESSAGE={text}\n".encode())
        with pytest.raises(PermissionError):
            os.ftruncate(file.fileno(), 0)


def test_a_journal_that_is_gone_stops_nothing(tmp_path: Path) -> None:
    """The sentence is printed instead."""
    printed = StringIO()
    Journal(tmp_path / "nobody", fallback=printed).send({"MESSAGE": "healed", "PRIORITY": "5"})
    assert printed.getvalue() == "healed\n"


def test_no_byte_of_an_entry_can_end_it_early() -> None:
    """What a server said cannot forge a field of its own."""
    assert encode({"MESSAGE": "a\nPRIORITY=0"}) == b"MESSAGE\n" + struct.pack("<Q", 12) + b"a\nPRIORITY=0\n"


def test_output_into_the_journal_is_recognised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the device and inode that systemd names: a redirected output is not the journal."""
    with (tmp_path / "journal").open("w") as journal, (tmp_path / "elsewhere").open("w") as elsewhere:
        status = os.fstat(journal.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{status.st_dev}:{status.st_ino}")
        assert leads_there(journal)
        assert isinstance(open_reporter(journal), JournalReporter)
        assert not leads_there(elsewhere)
        assert isinstance(open_reporter(elsewhere), Terminal)


def test_a_pipe_gets_plain_lines() -> None:
    """No colours, no cursor movements: fit for grep and for a mail."""
    printed = StringIO()
    with open_reporter(printed) as reporter:
        reporter.tell(event(EventKind.WAITING))
        reporter.tell(event(EventKind.ACTED))
        reporter.note("warning: x", Note.ADVICE)
    assert printed.getvalue() == "   4.2 s  waits    database/shop                starting up (57P03)\nwarning: x\n"


def all_of(screen: io.FileIO) -> bytes:
    """Return all that was written to a terminal that is closed by now: it comes in pieces, then an error."""
    shown = b""
    with suppress(OSError):
        while piece := screen.read(65536):
            shown += piece
    return shown


def test_a_terminal_shows_what_is_waited_for_and_keeps_the_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting does not look like hanging: what is waited for stands below the lines, with its seconds."""
    controller, terminal = pty.openpty()
    monkeypatch.setenv("TERM", "xterm")
    with os.fdopen(controller, "rb", buffering=0) as screen:
        with os.fdopen(terminal, "w") as stream, open_reporter(stream) as reporter:
            assert isinstance(reporter, LiveTerminal)
            reporter.tell(event(EventKind.WAITING))
            time.sleep(0.6)  # the table is drawn four times a second
            reporter.tell(event(EventKind.SETTLED, "it serves"))
        shown = all_of(screen).decode()
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown)
    assert re.search(r"database/shop +\d s +starting up \(57P03\)", plain)
    assert re.search(r"4\.2 s +ok +database/shop +it serves, after 1\.0 s", plain)
    assert "\x1b[" in shown


def test_who_presses_ctrl_c_reads_what_happens_now(tmp_path: Path) -> None:
    """And what pressing it again would mean; the run ends as one that was interrupted."""
    config = tmp_path / "bootheal.yaml"
    (tmp_path / "boot_id").write_text("this-boot")
    cluster = f"cluster: {{kind: k3s, unit: '', kubeconfig: {tmp_path}/none, boot_id_file: {tmp_path}/boot_id}}"
    config.write_text(f"{cluster}\nstate_directory: {tmp_path}/state\n")
    controller, terminal = pty.openpty()
    with os.fdopen(controller, "rb", buffering=0) as screen:
        command = [sys.executable, "-m", "bootheal", "run", "--once", "--config", str(config)]
        process = subprocess.Popen(command, env=environment(), stdout=terminal, stderr=terminal)
        os.close(terminal)
        shown = b""
        while b"gate" not in shown:
            shown += screen.read(4096)
        process.send_signal(signal.SIGINT)
        shown += all_of(screen)
    assert process.wait() == 130
    assert b"ends once what it is doing is done; Ctrl-C again: " in shown
    assert b"interrupted before the end" in shown
