"""What the log of a PostgreSQL that does not come up means. The texts are of real servers, 15 and 17."""

import pytest

from bootheal.postgres.server_log import distress, progress


@pytest.mark.parametrize(
    ("line", "told", "fatal"),
    [
        ("PANIC:  could not locate a valid checkpoint record", "valid checkpoint record", True),
        ("PANIC:  could not locate a valid checkpoint record at 0/151A2B8", "valid checkpoint record", True),
        ("LOG:  invalid primary checkpoint record", "valid checkpoint record", True),
        ("FATAL:  could not locate required checkpoint record at 0/2000028", "valid checkpoint record", True),
        ('FATAL:  lock file "postmaster.pid" already exists', "postmaster.pid", False),
        ('FATAL:  lock file "/data/postmaster.pid" already exists', "postmaster.pid", False),
        ("FATAL:  database files are incompatible with server", "another major version", True),
        ('PANIC:  could not open file "global/pg_control": No such file or directory', "not one of PostgreSQL", True),
        ('FATAL:  could not write lock file "postmaster.pid": No space left on device', "disk is full", False),
    ],
)
def test_known_distress_is_named_in_our_words(line: str, told: str, *, fatal: bool) -> None:
    """And say whether starting again may help."""
    found = distress(f"2026-11-21 12:00:00 UTC [1] LOG:  starting\n2026-11-21 12:00:01 UTC [7] {line}\n")
    assert found is not None
    assert told in found.text
    assert found.fatal is fatal
    assert bool(found.hint) is fatal


def test_the_last_distress_counts_and_other_lines_are_not_understood() -> None:
    """A disk that was full is no longer the trouble when the next start finds damage."""
    log = "FATAL:  could not extend file: No space left on device\nPANIC:  could not locate a valid checkpoint record\n"
    found = distress(log)
    assert found is not None
    assert found.fatal
    assert distress("FATAL:  password authentication failed\nLOG:  all is well") is None
    assert distress("") is None


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("LOG:  redo in progress, elapsed time: 10.02 s, current LSN: 0/5A3C2B8", "redo is at 0/5A3C2B8 after 10 s"),
        (
            "LOG:  syncing data directory (fsync), elapsed time: 20.01 s, current path: ./base/5/2619",
            "it reads its files through, for 20 s so far",
        ),
        ("LOG:  redo starts at 0/1A2B3C", ""),
    ],
)
def test_progress_of_crash_recovery_is_read_from_the_log(line: str, told: str) -> None:
    """PostgreSQL tells it every ten seconds (log_startup_progress_interval)."""
    assert progress(f"LOG:  database system was interrupted\n{line}\n") == told


def test_the_latest_progress_counts() -> None:
    """Not the first."""
    said = "".join(f"LOG:  redo in progress, elapsed time: {n}0.01 s, current LSN: 0/{n}\n" for n in (1, 2, 3))
    assert progress(said) == "redo is at 0/3 after 30 s"
