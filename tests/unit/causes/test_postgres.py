"""What PostgreSQL, its images, Patroni and CloudNativePG say when no server comes up: each to its own cause."""

import json
import time

import pytest

from bootheal.causes import Gravity
from bootheal.causes.databases import POSTGRES
from bootheal.causes.postgres_log import attempts, messages
from bootheal.model import Ref
from bootheal.postgres.server_log import finding, last_words
from support.rows import each_row
from support.said import lines_of

AT = "2026-11-29 12:00:01.123 UTC [1] "
POD = Ref("pod", "shop", "postgres-0")


SAID = [
    (line.replace("\\x01", "\x01"), cause, Gravity(gravity))
    for line, cause, gravity in lines_of("said_by_postgres.txt")
]


@each_row(SAID, "line", "cause", "gravity")
def test_what_is_said_has_its_cause(line: str, cause: str, gravity: Gravity) -> None:
    """With what a person does about it; what else is logged around it does not change that."""
    by_postgres = ":  " in line
    around = f"{AT}LOG:  starting PostgreSQL 15.18\n{AT}{{}}\n{AT}LOG:  database system is shut down\n"
    for log in (around.format(line) if by_postgres else f"PostgreSQL Database directory\n{line}\n", f"{line}\n"):
        found = finding(log, POD, "postgres")
        assert found is not None
        assert (found.cause.id, found.cause.gravity) == (cause, gravity)
        assert "NAMESPACE" not in found.next_step


@pytest.mark.parametrize(
    "line",
    [
        # log_error_verbosity = verbose; a log_line_prefix that ends with a value, or with a bracket
        '2024-08-28 09:47:30 [27] PANIC:  58P01: could not open file "global/pg_control": No such file or directory',
        '2019-05-24 13:05:00 UTC [876]: [2-1] user=,db=,app=,client=PANIC:  could not open file "global/pg_control"',
        'user=postgres,client=10.80.10.90FATAL:  XX000: could not open file "global/pg_control": Input/output error',
        '[876]user=postgres,app=psqlFATAL:  could not open file "global/pg_control": No such file or directory',
    ],
)
def test_whatever_stands_before_a_message_and_however_much_is_said(line: str) -> None:
    """The prefix is somebody's choice; and what a client has asked is none of the server's words with any of them."""
    log = f"{line}\n{line[:20]}client=STATEMENT:  select 'canary'\n{AT}LOCATION:  ReadDir, fd.c:2748\n"
    found = finding(log, POD)
    assert found is not None
    assert found.cause.gravity is Gravity.DATA
    assert not any("canary" in message or "fd.c" in message for message in messages(log))


@pytest.mark.parametrize(
    "line",
    [
        "/opt/bitnami/scripts/libfs.sh: line 210: /opt/bitnami/postgresql/conf/postgresql.conf: Read-only file system",
        "mkdir: cannot create directory '/opt/bitnami/postgresql/tmp': Read-only file system",
        "PermissionError: [Errno 13] Permission denied: '/run/etc/wal-e.d'",
    ],
)
def test_what_belongs_to_the_image_is_none_of_its_data(line: str) -> None:
    """As with readOnlyRootFilesystem, where nothing is mounted for the settings in Bitnami's image."""
    assert finding(f"{line}\n", POD) is None


@pytest.mark.parametrize(
    ("detail", "hint", "cause"),
    [
        ("", "Execute pg_wal_replay_resume() to promote.", "postgres-recovery-paused"),
        (
            "If recovery is unpaused, the server will shut down.",
            "You can then restart the server after making the necessary configuration changes.",
            "postgres-standby-settings",
        ),
    ],
)
def test_a_recovery_that_would_end_is_not_let_go_on(detail: str, hint: str, cause: str) -> None:
    """It pauses at the target of a restore, and where its settings are too low: there going on shuts it down."""
    more = f"{AT}DETAIL:  {detail}\n" if detail else ""
    found = finding(f"{AT}LOG:  recovery has paused\n{more}{AT}HINT:  {hint}\n", POD)
    assert found is not None
    assert found.cause.id == cause
    assert ("pg_wal_replay_resume" in found.next_step) is not bool(detail)


def test_every_cause_of_the_catalogue_is_shown_by_a_line() -> None:
    """Else nobody knows whether it can be recognised at all."""
    shown = {cause for _, cause, _ in SAID}
    by_json = ("cloudnative-pg-", "postgres-mount-point")
    assert not {cause.id for cause in POSTGRES.causes if not cause.id.startswith(by_json)} - shown


# CloudNativePG: pkg/management/postgres/logpipe, internal/cmd/manager/instance/run.
def record(severity: str, message: str, **fields: str) -> str:
    said = {"error_severity": severity, "message": message, **fields}
    return json.dumps({"level": "info", "logger": "postgres", "msg": "record", "logging_pod": "pg-1", "record": said})


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        (record("PANIC", "could not locate a valid checkpoint record at 0/7000028"), "postgres-checkpoint-missing"),
        (
            record("FATAL", 'data directory "/var/lib/postgresql/data/pgdata" has invalid permissions'),
            "postgres-directory-permissions",
        ),
        (record("FATAL", "could not load /var/lib/postgresql/data/pgdata/pg_hba.conf"), "postgres-hba-broken"),
        (
            json.dumps(
                {
                    "level": "info",
                    "logger": "postgres",
                    "msg": AT + 'FATAL:  lock file "postmaster.pid" is empty',
                    "pipe": "stderr",
                }
            ),
            "postgres-lock-file-empty",
        ),
        (
            json.dumps({"level": "info", "msg": "Instance is fenced, won't start postgres right now"}),
            "cloudnative-pg-fenced",
        ),
        (
            json.dumps({"level": "info", "msg": "Not enough WAL disk space, avoid starting PostgreSQL"}),
            "cloudnative-pg-disk-full",
        ),
        (json.dumps({"level": "info", "msg": "Primary lease not yet acquired, retrying"}), "cloudnative-pg-lease"),
        (
            json.dumps({"level": "error", "msg": "Primary lease preempted, shutting down", "error": "x"}),
            "cloudnative-pg-preempted",
        ),
        (
            json.dumps(
                {"level": "error", "msg": "mountpoint for tablespaces is missing", "error": "mountpoint not found"}
            ),
            "cloudnative-pg-tablespace-missing",
        ),
        (
            json.dumps({"level": "error", "msg": "Failed to execute pg_rewind", "attempt": 3}),
            "cloudnative-pg-rewind-failed",
        ),
        (
            json.dumps(
                {"level": "error", "msg": "Reconciler error", "error": "while executing pg_rewind: exit status 1"}
            ),
            "cloudnative-pg-rewind-failed",
        ),
        # PostgreSQL's own jsonlog, since 15.
        (
            json.dumps(
                {
                    "timestamp": "2026-11-29",
                    "pid": 1,
                    "error_severity": "FATAL",
                    "message": 'data directory "/data" has wrong ownership',
                }
            ),
            "postgres-directory-owner",
        ),
    ],
)
def test_lines_of_json_are_read(line: str, cause: str) -> None:
    """Whoever wrapped PostgreSQL's words."""
    found = finding(line, POD, "postgres")
    assert found is not None
    assert found.cause.id == cause


@each_row(
    [
        "LOG:  database system was interrupted; last known up at 2026-11-29 11:59:00 UTC",
        "LOG:  database system was not properly shut down; automatic recovery in progress",
        "LOG:  invalid record length at 0/1A2B3C: wanted 24, got 0",
        "LOG:  invalid record length at 0/1A2B3C: expected at least 24, got 0",
        "LOG:  invalid magic number 0000 in log segment 000000010000000000000002, offset 0",
        "LOG:  redo is not required",
        "FATAL:  the database system is starting up",
        "FATAL:  the database system is not yet accepting connections",
        'FATAL:  password authentication failed for user "app"',
        'FATAL:  database "shop" does not exist',
        'FATAL:  role "root" does not exist',
        "FATAL:  terminating connection due to administrator command",
        "LOG:  could not receive data from client: Connection reset by peer",
        "LOG:  unexpected EOF on client connection with an open transaction",
        "ERROR:  canceling statement due to statement timeout",
        "WARNING:  could not flush dirty data: Function not implemented",
        "chmod: changing permissions of '/var/run/postgresql': Operation not permitted",
        "STATEMENT:  select 'PANIC:  could not locate a valid checkpoint record'",
        "LOG:  statement: select 'FATAL:  lock file \"postmaster.pid\" is empty'",
        "2026-11-29 12:00:00,000 INFO: no action. I am (pg-0), the leader with the lock",
        "2026-11-29 12:00:00,000 INFO: Lock owner: pg-0; I am pg-1",
        # helm/charts#10427, docker-postgresql#95, CrunchyData/postgres-operator#1810 and #3154, patroni#594,
        # sapcc/openstack-helm#64, cloudnative-pg#1566 and #8410
        "LOG:  all server processes terminated; reinitializing",
        "LOG:  startup process (PID 28) was terminated by signal 6: Aborted",
        "WARNING:  terminating connection because of crash of another server process",
        "ERROR:  requested starting point 0/1B000000 is ahead of the WAL flush position of this server 0/1A0010B8",
        "2026-11-29 12:00:00,000 INFO: following a different leader because i am not the healthiest node",
        "/var/run/postgresql:5432 - rejecting connections",
        "LOG:  could not create IPv6 socket: Address family not supported by protocol",
        'LOG:  could not create IPv6 socket for address "::": Address family not supported by protocol',
        'LOG:  could not bind IPv6 address "::1": Cannot assign requested address',
        "postgresql-repmgr 01:55:01.94 INFO  ==> Cleaning stale /bitnami/postgresql/data/postmaster.pid file",
        'WARNING:  database "app" has a collation version mismatch',
        # docker-library/postgres#1207, #314; xlogreader.c: how the end of the WAL is found; patroni#2667, #594
        "LOG:  database system was interrupted while in recovery at 2024-02-29 11:48:51 UTC",
        "HINT:  This probably means that some data is corrupted and you will have to use the last backup for recovery.",
        "LOG:  missing contrecord at 0/1FFFFD8",
        "LOG:  unexpected pageaddr 0/1D000000 in WAL segment 000000010000000000000020, LSN 0/20000000, offset 0",
        "LOG:  incorrect resource manager data checksum in record at 0/16F1B60",
        "LOG:  record with incorrect prev-link 0/2A002170 at 0/2B000028",
        "LOG:  invalid contrecord length 2724 (expected 24) at 0/16F1B60",
        "LOG:  invalid resource manager ID 108 at 0/3A000028",
        "LOG:  server process (PID 540) exited with exit code 255",
        "LOG:  startup process (PID 399) exited with exit code 1",
        "FATAL:  terminating connection due to unexpected postmaster exit",
        "ERROR:  tried calling catalog_get when extension isn't loaded",
        "2023-05-09 14:35:55,815 WARNING: Postgresql is not running.",
        "2020-05-26 13:25:53,821 INFO: Error communicating with PostgreSQL. Will try again later",
        "2018-01-07 21:05:34,002 INFO: not healthy enough for leader race",
        "2020-05-26 13:25:53,222 INFO: Still starting up as a standby.",
        "2023-07-20 02:06:46,878 - bootstrapping - INFO - Could not connect to 169.254.169.254, assuming local setup",
        "postgresql-repmgr 14:31:10.24 INFO  ==> Can not find new primary. Starting PostgreSQL normally...",
        '[2024-06-12T20:20:10Z INFO  service::utils::clean] Find directory "pg_vectors/indexes/17332".',
        json.dumps({"level": "info", "msg": "WAL file not found in the recovery object store", "walName": "8.history"}),
        json.dumps(
            {"level": "info", "msg": "DB not available, will retry", "err": "failed to connect to `user=postgres`"}
        ),
        record("LOG", "invalid record length at 0/60000C8: wanted 24, got 0"),
        json.dumps({"level": "error", "msg": "Error while checking if there is enough disk space for WALs, skipping"}),
        '2026-11-29 12:00:00 UTC,"app","shop",35,,6.8,2,,,,0,FATAL,57P03,"the database system is starting up",,,,,""',
        '2026-11-29 12:00:00 UTC,,,35,,6.8,2,,,,0,LOG,00000,"statement: select \'FATAL:  data directory ""a""\'",,,',
    ],
    "line",
)
def test_what_healthy_servers_say_is_no_cause(line: str) -> None:
    """Nor is what a client's statement quotes."""
    assert finding(f"{AT}{line}\n" if ":  " in line else f"{line}\n", POD, "postgres") is None


def test_initdb_on_a_mount_point_is_no_damage() -> None:
    """Its own hint tells the two apart."""
    mounted = (
        'initdb: error: directory "/data" exists but is not empty\n'
        "initdb: detail: It contains a lost+found directory, perhaps due to it being a mount point.\n"
        "initdb: hint: Using a mount point directly as the data directory is not recommended.\n"
    )
    found = finding(mounted, POD, "postgres")
    assert found is not None
    assert found.cause.id == "postgres-mount-point"


def test_what_was_said_before_it_served_is_over() -> None:
    """And of two attempts the latest counts, unless it has said nothing yet."""
    begins, served = (
        f"{AT}LOG:  starting PostgreSQL 15.18\n",
        f"{AT}LOG:  database system is ready to accept connections\n",
    )
    empty, full = (
        f'{AT}FATAL:  lock file "postmaster.pid" is empty\n',
        f'{AT}FATAL:  could not extend file "x": No space left on device\n',
    )
    assert finding(empty + served) is None
    for log, cause in ((begins + empty + begins + full, "disk-full"), (begins + full + begins, "disk-full")):
        found = finding(log)
        assert found is not None
        assert found.cause.id == f"postgres-{cause}"


def test_the_most_particular_line_of_a_cause_is_shown() -> None:
    """The file and the parameter stand before the general complaint."""
    log = (
        f'{AT}LOG:  unrecognized configuration parameter "shared_bufers" in file "/data/postgresql.conf" line 3\n'
        f'{AT}FATAL:  configuration file "/data/postgresql.conf" contains errors\n'
    )
    found = finding(log)
    assert found is not None
    assert "shared_bufers" in found.evidence.quote


def test_what_is_not_understood_is_given_as_it_ended() -> None:
    """What ends the server before what follows; a client's words never."""
    log = f"{AT}LOG:  starting\n{AT}FATAL:  the moon is full\n{AT}STATEMENT:  select secret\n{AT}LOG:  shut down\n"
    assert finding(log) is None
    assert last_words(log) == "FATAL: the moon is full"
    assert last_words("sh: can't open 'start.sh'\n") == "sh: can't open 'start.sh'"
    assert last_words("") == ""


def test_a_message_keeps_what_belongs_to_it() -> None:
    """DETAIL and HINT on lines of their own, a statement not."""
    said = messages(f"{AT}FATAL:  no\n{AT}DETAIL:  because\n{AT}STATEMENT:  select 1\n\tand more\n{AT}LOG:  yes\n")
    assert said == ("FATAL: no\nDETAIL: because\nand more", "LOG: yes")
    assert attempts(said) == (said,)
    assert messages('{"broken') == ('{"broken',)
    assert messages('[1, 2]\n{}\n{"record": 3}') == ("[1, 2]",)


def test_no_pattern_is_slow() -> None:
    """A log may be hostile: a long line of what a pattern begins with costs no time to speak of."""
    for start in ("FATAL:  could not ", 'initdb: error: directory "', "LOG:  ", "mkdir: cannot create directory "):
        for filling in ("x" * 20_000, ": " * 10_000, '/"' * 10_000, "\\n" * 10_000):
            began = time.process_time()
            finding(start + filling)
            assert time.process_time() - began < 1.0
