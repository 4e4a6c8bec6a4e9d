"""How far crash recovery is, and whether a server follows another. Why none comes up: see tests/unit/causes."""

import pytest

from bootheal.postgres.server_log import follows, idle, position, progress


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


@pytest.mark.parametrize(
    ("line", "standby"),
    [
        ("2026-11-29 12:00:00 UTC [7] LOG:  entering standby mode", True),
        ("2026-11-29 12:00:00 UTC [7] LOG:  waiting for WAL to become available at 0/7000028", True),
        ("2026-11-29 12:00:00 UTC [9] LOG:  started streaming WAL from primary at 0/7000000 on timeline 1", True),
        ("2026-11-29 12:00:00,000 INFO: no action. I am (pg-1), a secondary, and following a leader (pg-0)", True),
        ("2026-11-29 12:00:00 UTC [7] LOG:  redo starts at 0/1A2B3C", False),
        ("2026-11-29 12:00:00,000 INFO: no action. I am (pg-0), the leader with the lock", False),
    ],
)
def test_a_standby_is_known_by_its_log(line: str, *, standby: bool) -> None:
    """Its 57P03 is no crash recovery of a primary."""
    assert follows(f"{line}\n") is standby


@pytest.mark.parametrize(
    ("lines", "waits"),
    [
        (["2026-11-29 12:00:00,000 INFO: waiting for leader to bootstrap"], True),
        (["2026-11-29 12:00:00,000 INFO: waiting for standby_leader to bootstrap"], True),
        (["LOG:  entering standby mode", "LOG:  waiting for WAL to become available at 0/7000028"], True),
        (["LOG:  redo starts at 0/1A2B3C", "FATAL:  could not connect to the primary server: refused"], True),
        (["LOG:  waiting for WAL to become available at 0/7000028", "LOG:  started streaming WAL from primary"], False),
        (
            ["LOG:  waiting for WAL to become available at 0/7000028", "LOG:  restored log file 0007"],
            False,
        ),
        (["LOG:  entering standby mode", "LOG:  redo starts at 0/1A2B3C"], False),
        (["LOG:  database system was not properly shut down; automatic recovery in progress"], False),
        ([], False),
    ],
)
def test_who_only_waits_for_others_says_so(lines: list[str], *, waits: bool) -> None:
    """By the latest of what it says about that; each line of our own logins may stand between."""
    between = "FATAL:  the database system is starting up\n"
    assert idle(between.join(f"{line}\n" for line in lines) + between) is waits


def test_where_recovery_has_got_to_can_be_compared() -> None:
    """By WAL, or by the file that is being read."""
    assert position("LOG:  redo in progress, elapsed time: 10.02 s, current LSN: 0/5A3C2B8\n") == "0/5A3C2B8"
    synced = "LOG:  syncing data directory (fsync), elapsed time: 20.01 s, current path: ./base/5/2619\n"
    assert position(synced) == "./base/5/2619"
    assert position("LOG:  redo starts at 0/1A2B3C\n") == ""
