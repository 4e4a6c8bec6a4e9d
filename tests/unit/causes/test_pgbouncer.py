"""What PgBouncer tells its clients and its log: each to its own cause."""

import json

import pytest

from bootheal.causes import Gravity
from bootheal.causes.pgbouncer import PGBOUNCER
from bootheal.model import Ref
from bootheal.pgbouncer.knowledge import MEANINGS, Meaning, meaning, refusal
from bootheal.pgbouncer.server_log import finding, last_words
from support.rows import each_row
from support.said import lines_of

POD = Ref("pod", "shop", "pooler-1")
ANSWERED = list(lines_of("said_by_pgbouncer.txt"))
LOGGED = list(lines_of("said_in_pgbouncers_log.txt"))


@each_row(ANSWERED, "text", "cause", "gravity")
def test_every_refusal_has_its_own_cause(text: str, cause: str, gravity: str) -> None:
    """With its own words and its own cure; what a person cures is nothing that we try to."""
    found = refusal(text, POD, "pgbouncer")
    assert found is not None
    assert (found.cause.id, found.cause.gravity.value) == (cause, gravity)
    if found.cause.gravity is Gravity.PERSON:
        assert meaning(found) in (Meaning.CONFIGURED, Meaning.DISABLED)
        assert not found.cause.restart_helps


@each_row([(line, cause) for line, cause, _ in LOGGED], "line", "cause")
def test_what_its_log_says_has_its_cause(line: str, cause: str) -> None:
    """Whatever clients do meanwhile."""
    clients = "2026-11-29 12:00:00.000 UTC [1] LOG C-0x55d0c9: shop/app@10.42.0.7:40000 "
    came, went = f"{clients}login attempt: db=shop user=app tls=no", f"{clients}closing because: client unexpected eof"
    log = f"{came}\n{line}\n{went} (age=0s)\n"
    found = finding(log, POD, "pgbouncer")
    assert found is not None
    assert found.cause.id == cause


def test_every_cause_is_shown_by_a_line() -> None:
    """Else nobody knows whether it can be recognised; and what is said of a meaning is of a cause that exists."""
    ids = {cause.id for cause in PGBOUNCER.causes}
    assert ids == {cause for _, cause, _ in (*ANSWERED, *LOGGED)}
    assert ids > MEANINGS.keys()


@pytest.mark.parametrize(
    "line",
    [
        "LOG S-0x55d0c8: shop/app@10.42.0.5:5432 new connection to server (from 10.42.0.9:40000)",
        "LOG S-0x55d0c8: shop/app@10.42.0.5:5432 closing because: server lifetime over (age=3600s)",
        "LOG S-0x55d0c8: shop/app@10.42.0.5:5432 closing because: server idle timeout (age=600s)",
        "LOG C-0x55d0c8: shop/app@10.42.0.7:40000 closing because: client close request (age=3s)",
        "LOG C-0x55d0c8: shop/stranger@10.42.0.7:40000 closing because: SASL authentication failed (age=0s)",
        "WARNING C-0x55d0c8: shop/stranger@10.42.0.7:40000 pooler error: no such user: stranger",
        "LOG kernel file descriptor limit: 1048576 (hard: 1048576); max_client_conn: 100, max expected fd use: 192",
        "LOG listening on 0.0.0.0:6432",
        "LOG process up: PgBouncer 1.24.1, libevent 2.1.12-stable (epoll), adns: c-ares 1.34.5, tls: OpenSSL 3.5.1",
        "LOG stats: 0 xacts/s, 0 queries/s, 0 client parses/s, in 0 B/s, out 0 B/s, xact 0 us, query 0 us, wait 0 us",
        "LOG got SIGHUP, re-reading config",
        "NOISE resync(7): done=0, parse=0, recv=0",
        # zalando/postgres-operator#1952, pgbouncer#445: what follows from a restart, or from a client's haste
        "WARNING C-0x55b3534cd150: db/writer@10.0.0.1:46936 pooler error: server conn crashed?",
        "WARNING C-0x7fbee0d0d120: (nodb)/(nouser)@10.0.0.1:50270 pooler error: client_login_timeout",
        # pgbouncer#724, #1418, bitnami/containers#20503
        "LOG C-0x5565f106afe0: (nodb)/(nouser)@unix(48855):7432 no such user: zabbix",
        "LOG S-0x55a94735d470: shop/app@10.42.0.5:5432 SSL established: TLSv1.3/TLS_AES_256_GCM_SHA384/X25519",
        "pgbouncer 21:20:18.12 INFO  ==> Waiting for PostgreSQL backend to be accessible",
        # Nothing is known of it: it is no password for that.
        "WARNING server login failed: FATAL the moon is full",
    ],
)
def test_what_a_healthy_pooler_logs_is_no_cause(line: str) -> None:
    """Nor is what some stranger does at its door."""
    assert finding(f"2026-11-29 12:00:00.000 UTC [1] {line}\n") is None


def test_what_a_healthy_pooler_of_cloudnative_pg_logs_is_no_cause() -> None:
    """Its manager puts each line into JSON; what is none that it knows is left as it is."""
    said = {"level": "LOG", "msg": "S-0x55fa419e7b50: app/pooler@10.43.0.5:5432 new connection to server"}
    for line in (json.dumps({"msg": "record", "record": said}), '{"msg": "record"', '{"record": 3}', "{}"):
        assert finding(f"{line}\n") is None


@pytest.mark.parametrize(
    "said", ["sslv3 alert certificate unknown", "tlsv1 alert unknown ca", "Unexpected EOF", "unexpected eof"]
)
def test_a_client_that_breaks_off_its_tls_is_its_own_affair(said: str) -> None:
    """The line does not say with whom; the next one does."""
    line = f"WARNING TLS handshake error: handshake failed: error:14094416:SSL routines::{said}\n"
    client = "LOG C-0x1342d60: (nodb)/(nouser)@127.0.0.1:16035 closing because: client unexpected eof (age=0)\n"
    assert finding(line + client) is None
    server = "LOG S-0x1: shop/p@127.0.0.1:5432 closing because: server conn crashed? (age=0s)\n"
    assert finding(line + server) is not None


def test_a_server_that_went_away_is_not_told_by_what_was_before() -> None:
    """Only by the very line before."""
    old = 'WARNING server login failed: FATAL password authentication failed for user "p"\nLOG stats: 0 xacts/s\n'
    found = finding(f"{old}LOG S-0x1: shop/p@127.0.0.1:5432 closing because: server conn crashed? (age=9s)\n")
    assert found is not None
    assert found.cause.id == "pgbouncer-server-unreachable"


def test_the_last_known_line_counts() -> None:
    """What was said before may be over."""
    log = 'ERROR broken auth file\nWARNING server login failed: FATAL password authentication failed for user "p"\n'
    found = finding(log)
    assert found is not None
    assert found.cause.id == "pgbouncer-server-password"
    assert last_words("one\ntwo\n\n") == "two"
    assert finding("") is None


def test_a_line_that_follows_from_another_does_not_hide_it() -> None:
    """What it says in the end is general; why stands before it."""
    for why, then, cause in (
        ('ERROR could not load file "/x.ini": Permission denied', "FATAL cannot load config file", "file-missing"),
        (
            'WARNING server login failed: FATAL password authentication failed for user "p"',
            "LOG S-0x1: shop/p@127.0.0.1:5432 closing because: login failed (age=0s)",
            "server-password",
        ),
        (
            "WARNING TLS handshake error: handshake failed: error:27069065:OCSP routines::certificate verify error",
            "LOG S-0x1: shop/p@127.0.0.1:5432 closing because: server conn crashed? (age=0s)",
            "server-tls",
        ),
        (
            'cannot resolve host "postgres": lookup postgres: no such host',
            "pgbouncer 10:01:00.00 ERROR ==> Backend postgres not accessible",
            "server-name-unknown",
        ),
        (
            "ERROR C-0x1: (nodb)/(nouser)@127.0.0.1:4 auth_type=any requires forced user",
            "WARNING C-0x1: (nodb)/(nouser)@127.0.0.1:4 pooler error: bouncer config error",
            "configuration-error",
        ),
    ):
        found = finding(f"{why}\n{then}\n")
        assert found is not None
        assert found.cause.id == f"pgbouncer-{cause}"
        assert found.evidence.text in why
