"""What may lie where --config points: a file of reasonable size in UTF-8, and nothing else is read."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from bootheal.config import load
from bootheal.config.reading import LONGEST_BYTES
from bootheal.errors import ConfigurationError

# Each way to make something at a path that is no configuration, and what is said of it.
Make = Callable[[Path], object]


def sparse(path: Path) -> None:
    """As large as a film, and no larger on the disk than a file has to be."""
    with path.open("wb") as file:
        file.truncate(50_000_000)


def a_socket(path: Path) -> None:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.close()


def a_device(path: Path) -> None:
    """One that never ends."""
    path.symlink_to("/dev/zero")


def a_loop(path: Path) -> None:
    path.symlink_to(path)


def nothing(_path: Path) -> None:
    pass


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (Path.mkdir, "it is a directory"),
        (os.mkfifo, "it is a pipe, which could not be read anew"),
        (a_device, "it is a device"),
        (a_socket, "it is a socket"),
        (a_loop, "Too many levels of symbolic links"),
        (sparse, f"it is longer than {LONGEST_BYTES // 1000} kB"),
        (nothing, "No such file or directory"),
    ],
)
def test_what_is_no_file_is_not_read(make: Make, said: str, tmp_path: Path) -> None:
    """A pipe that nobody writes to does not hold it up, and a long file takes no memory."""
    path = tmp_path / "it"
    make(path)
    with pytest.raises(ConfigurationError) as error:
        load(path)
    assert str(error.value).startswith(f"{path}:1:1: the file: cannot be read: {said} (--config names another; ")


@pytest.mark.parametrize(
    ("content", "place", "said"),
    [
        (b"", "1:1", "cannot be used: it should hold keys like cluster and databases"),
        (b"\xef\xbb\xbfdeadline: 5", "1:1", "it begins with a byte order mark: save it as UTF-8 without one"),
        ("deadline: 5".encode("utf-16"), "1:1", "it is not UTF-8 text, but UTF-16: save it as UTF-8"),
        ("deadline: 5".encode("utf-32"), "1:1", "it is not UTF-8 text, but UTF-32: save it as UTF-8"),
        ("deadline: 5".encode("utf-16-le"), "1:2", "unacceptable character \\x00: is it UTF-16? Save it as UTF-8"),
        (b"# ol\xc3\xa9\r\ndeadline: \xe9", "2:11", "it is not UTF-8 text"),
        (b"a: b\nc: \x1b[31m", "2:4", 'unacceptable character \\x1b: write "\\x1b", in double quotes, if it is meant'),
        ("a: b\n\u2028c: d".encode(), "2:1", "unacceptable character \\u2028"),
        ("a: \ufeffb".encode(), "1:4", "unacceptable character \\ufeff"),
        (b"a: b\rc: \x7f", "2:4", "unacceptable character \\x7f"),
    ],
)
def test_what_is_no_text_is_told_with_its_place(content: bytes, place: str, said: str, tmp_path: Path) -> None:
    """As an editor counts lines and columns."""
    path = tmp_path / "bootheal.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError) as error:
        load(path)
    (told,) = str(error.value).splitlines()
    assert told.startswith(f"{path}:{place}: the file: ")
    assert said in told


def test_a_name_that_acts_on_a_terminal_is_shown_as_escapes(tmp_path: Path) -> None:
    """And one that is too long by its end."""
    path = tmp_path / "\x1b]0;owned\x07\udce9.yaml"
    path.touch()
    deep = tmp_path.joinpath(*["d" * 100] * 5)
    for named, shown in ((path, "\\x1b]0;owned\\x07\\udce9.yaml:1:1: "), (deep / "f.yaml", "d/f.yaml:1:1: ")):
        with pytest.raises(ConfigurationError) as error:
            load(named)
        assert shown in str(error.value)
        assert len(str(error.value)) < 600
        assert str(error.value).isprintable()
