"""A path from the command line -> the text of the file, whatever lies there: a device, a pipe, a film."""

import codecs
import errno
import os
import re
import stat
from pathlib import Path

from bootheal.errors import ConfigurationError, Problem
from bootheal.model.quoted import LONGEST, visible

# Twenty times what a thousand workloads with a probe each take.
LONGEST_BYTES = 1_000_000

THE_FILE = "the file"
_READABLE = "the service reads it as the user bootheal: chmod 644, since it holds no secret"
_ANOTHER = "--config names another; config/bootheal.yaml is a sample"
_NONE = "--config names another; `bootheal init` writes one"
_PART = "mend it, or take it away: each *.yaml of conf.d is read"
_MARKS = {
    codecs.BOM_UTF8: "it begins with a byte order mark: save it as UTF-8 without one",
    codecs.BOM_UTF32_LE: "it is not UTF-8 text, but UTF-32: save it as UTF-8",
    codecs.BOM_UTF16_LE: "it is not UTF-8 text, but UTF-16: save it as UTF-8",
    codecs.BOM_UTF16_BE: "it is not UTF-8 text, but UTF-16: save it as UTF-8",
}
_KINDS = {
    stat.S_ISDIR: "it is a directory",
    stat.S_ISFIFO: "it is a pipe, which could not be read anew",
    stat.S_ISCHR: "it is a device",
    stat.S_ISBLK: "it is a device",
    stat.S_ISSOCK: "it is a socket",
}

# What is no text, and what one version of YAML takes for the end of a line and the other does not.
_NO_TEXT = re.compile(r"[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_BREAK = re.compile(r"\r\n|\r|\n")


def read(path: Path, *, part: bool = False) -> str:
    """Return the text of a regular file of bounded size. ConfigurationError where there is none, with its place.

    `part`: it is not the one that was named, but lies in a directory beside that.
    """
    another = _PART if part else _ANOTHER
    try:
        data = _bytes(path, another)
    except OSError as error:
        if error.errno == errno.ENXIO:  # what opening a socket says
            raise _refused(path, f"cannot be read: it is a socket ({another})") from None
        none = _PART if part else _NONE
        way_out = {errno.EACCES: _READABLE, errno.ENOENT: none}.get(error.errno or 0, another)
        raise _refused(path, f"cannot be read: {error.strerror or error} ({way_out})") from None
    return _text(path, data, another)


def _bytes(path: Path, another: str) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)  # a pipe that nobody writes to opens as well
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            what = next((told for kind, told in _KINDS.items() if kind(mode)), "it is no file")
            raise _refused(path, f"cannot be read: {what} ({another})")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            data = file.read(LONGEST_BYTES + 1) or b""  # None where a kernel's file has nothing to say
    finally:
        os.close(descriptor)
    if len(data) > LONGEST_BYTES:
        raise _refused(path, f"cannot be read: it is longer than {LONGEST_BYTES // 1000} kB ({another})")
    return data


def _text(path: Path, data: bytes, another: str) -> str:
    for mark, told in _MARKS.items():
        if data.startswith(mark):
            raise _refused(path, f"cannot be read: {told} ({another})")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start].decode()
        told = f"cannot be read: it is not UTF-8 text ({another})"
        raise _refused(path, told, *place(before, len(before))) from None
    if found := _NO_TEXT.search(text):
        shown = visible(found[0])
        told = (
            "is it UTF-16? Save it as UTF-8"
            if found[0] == "\0"
            else f'write "{shown}", in double quotes, if it is meant'
        )
        told = f"cannot be read as YAML: unacceptable character {shown}: {told}"
        raise _refused(path, told, *place(text, found.start()))
    return text


def place(text: str, index: int) -> tuple[int, int]:
    """Return line and column, from 1, of the character at this index."""
    line, begin = 1, 0
    for end in _BREAK.finditer(text, 0, index):
        line, begin = line + 1, end.end()
    return line, index - begin + 1


def _refused(path: Path, text: str, line: int = 1, column: int = 1) -> ConfigurationError:
    return ConfigurationError(source_name(path), [Problem(line, column, THE_FILE, text)])


def source_name(path: Path) -> str:
    """Return the path as messages have it: what is too long is cut at its beginning."""
    name = visible(str(path))
    return name if len(name) <= LONGEST else f"…{name[1 - LONGEST :]}"
