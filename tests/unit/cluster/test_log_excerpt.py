"""Which lines of a log say why a program ended."""

import pytest

from bootheal.cluster.log_excerpt import MOST, READ, salient_lines

DJANGO = """\
Watching for file changes with StatReloader
Traceback (most recent call last):
  File "/app/manage.py", line 22, in main
    execute_from_command_line(sys.argv)
psycopg2.OperationalError: connection to server at "pooler" (10.43.0.9), port 6432 failed: FATAL:  server login failed

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/app/manage.py", line 22, in <module>
django.db.utils.OperationalError: connection to server at "pooler" failed
"""
JAVA = """\
2026-11-21 INFO  starting
org.springframework.beans.factory.BeanCreationException: Error creating bean with name 'dataSource'
    at org.springframework.boot.SpringApplication.run(SpringApplication.java:316)
    ... 12 common frames omitted
Caused by: java.net.ConnectException: Connection refused
    at java.base/sun.nio.ch.Net.pollConnect(Native Method)
"""
GO = """\
listening on :8080
panic: runtime error: invalid memory address or nil pointer dereference
goroutine 1 [running]:
    /app/main.go:12 +0x1d
"""


@pytest.mark.parametrize(
    ("log", "first", "last"),
    [
        (DJANGO, "psycopg2.OperationalError", "django.db.utils.OperationalError"),
        (JAVA, "org.springframework.beans", "Caused by: java.net.ConnectException: Connection refused"),
        (GO, "panic: runtime error", "panic: runtime error"),
        ("LOG: start\nFATAL:  data directory has wrong ownership\nHINT: read", "FATAL: ", "FATAL: "),
        ("config ok\n[error] cannot open /etc/x: No such file\nbye", "[error] cannot open", "[error] cannot open"),
        ("hello\n\nbye\n\n", "bye", "bye"),
        ("exec /app/run: exec format error", "exec /app/run", "exec /app/run"),
    ],
)
def test_the_lines_that_matter_are_found(log: str, first: str, last: str) -> None:
    """Exceptions before fatal lines, fatal lines before errors, the last line where nothing stands out."""
    lines = salient_lines(log)
    assert lines[0].startswith(first)
    assert lines[-1].startswith(last)


def test_a_line_is_read_to_its_end() -> None:
    """A line of JSON says what it is about behind where it comes from, and is told shorter than it is read."""
    line = '{"level":"fatal","error":"' + "while building the entry point: " * 9 + 'address already in use"}'
    assert salient_lines(f"starting\n{line}\n") == (line,)


def test_they_are_few_short_and_each_is_told_once() -> None:
    """The latest five; a line that came a hundred times stands once, where it came last."""
    log = "\n".join(f"ValueError: {n} " + "x" * 5000 for n in range(20)) + "\nValueError: same" * 100
    lines = salient_lines(log)
    assert len(lines) == MOST
    assert lines[-1] == "ValueError: same"
    assert all(len(line) <= READ for line in lines)
    assert salient_lines("") == ()
