"""journald's native protocol: one datagram for an entry, a sealed memory file for one that is too large.

Documented at systemd.io/JOURNAL_NATIVE_PROTOCOL. A journal that cannot be written to must not keep
anything from being healed: then the sentence goes to standard error, and nothing waits for long.
"""

import errno
import fcntl
import os
import socket
import struct
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

SOCKET = Path("/run/systemd/journal/socket")
IDENTIFIER = "bootheal"
LONGEST_WAIT_SECONDS = 1.0
TOO_LARGE = {errno.EMSGSIZE, errno.ENOBUFS}
SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL


def leads_there(stream: TextIO) -> bool:
    """Tell whether what is printed to `stream` ends up in the journal anyway, as systemd says in JOURNAL_STREAM."""
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"


class Journal:
    """Sends entries. `fallback` takes the sentence of an entry that journald does not take."""

    def __init__(self, path: Path = SOCKET, fallback: TextIO = sys.stderr) -> None:
        self._path = str(path)
        self._fallback = fallback

    def send(self, fields: Mapping[str, str]) -> None:
        """Write one entry; `fields` has at least a MESSAGE."""
        entry = encode({"SYSLOG_IDENTIFIER": IDENTIFIER} | dict(fields))
        try:
            self._deliver(entry)
        except OSError:
            print(fields["MESSAGE"], file=self._fallback, flush=True)

    def _deliver(self, entry: bytes) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journald:
            journald.settimeout(LONGEST_WAIT_SECONDS)
            journald.connect(self._path)
            try:
                journald.send(entry)
            except OSError as error:
                if error.errno not in TOO_LARGE:
                    raise
                _deliver_file(entry, journald)


def _deliver_file(entry: bytes, journald: socket.socket) -> None:
    descriptor = os.memfd_create("journal-entry", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    with os.fdopen(descriptor, "wb", buffering=0) as file:
        file.write(entry)
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, SEALS)
        socket.send_fds(journald, [b""], [descriptor])


def encode(fields: Mapping[str, str]) -> bytes:
    """Return the entry's bytes: NAME=VALUE lines; a value of several lines goes with its length."""
    return b"".join(_encode(name, value.encode("utf-8", "replace")) for name, value in fields.items())


def _encode(name: str, value: bytes) -> bytes:
    if b"\n" in value:
        return name.encode() + b"\n" + struct.pack("<Q", len(value)) + value + b"\n"
    return name.encode() + b"=" + value + b"\n"
