"""The Postgres port on real servers: the SQLSTATEs they can show, TLS, a standby, and servers that don't come up."""

import re
import shutil
import signal
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from bootheal.adapters.postgres.libpq import session
from bootheal.adapters.postgres.server import PostgresServer
from bootheal.errors import UnreachableError
from bootheal.model import Answer, Credentials, Secret, Trust
from bootheal.postgres.observation import ABOUT, COLLATION, WHY_READ_ONLY
from bootheal.postgres.server_log import finding, progress
from support.certificates import Authority
from support.postgres import ADDRESS, ADMIN, APP, Garage, RealPostgres, servers, until
from support.reach import direct

REACH = direct()
POSTGRES = PostgresServer(REACH.open, REACH.local)


@pytest.fixture(scope="module")
def garage() -> Iterator[Garage]:
    with servers() as garage:
        yield garage


@pytest.fixture(scope="module")
def server(garage: Garage) -> RealPostgres:
    """A cluster that was shut down in good order; tests run it as they need it."""
    server = garage.new("primary")
    server.initialise()
    return server


def ask(server: RealPostgres, who: Credentials = APP, dbname: str = "shop", sql: str = "select 1") -> Answer:
    return POSTGRES.ask(server.target(), who, dbname, timeout=3, sql=sql)


def connect(server: RealPostgres) -> "psycopg.Connection[tuple[object, ...]]":
    password = APP.password.reveal()
    return psycopg.connect(host=ADDRESS, port=server.port, user="app", password=password, dbname="shop")


# --- SQLSTATEs ------------------------------------------------------------------------------------


def test_refusals_have_their_sqlstates(server: RealPostgres) -> None:
    """Of the login, of the query, and of a server that is full."""
    with server.running(max_connections="4", superuser_reserved_connections="1"):
        assert ask(server).ok
        assert ask(server, Credentials("app", Secret("wrong"))).sqlstate == "28P01"
        assert ask(server, dbname="gone").sqlstate == "3D000"
        assert ask(server, sql="select * from gone").sqlstate == "42P01"
        assert ask(server, sql="values (1, 2), (3, 4)").value == "1"
        assert ask(server, sql="select gone()").sqlstate == "42883"
        assert ask(server, sql="select gone.gone()").sqlstate == "3F000"
        with closing(connect(server)), closing(connect(server)), closing(connect(server)):
            assert ask(server).sqlstate == "53300"
            assert ask(server, ADMIN).ok  # a superuser has a place of his own
        assert ask(server, ADMIN, sql=ABOUT).value == ask(server, sql=ABOUT).value != ""


def test_a_greeting_needs_no_credentials_and_leaves_no_trace(server: RealPostgres) -> None:
    """It is told that a password is wanted, or that nobody is let in just now; the server logs nothing of it."""
    assert POSTGRES.greet(server.target(), "postgres", timeout=3) == Answer(
        ok=False, spoke=False, text="connection refused"
    )
    with server.running():
        before = server.log
        assert POSTGRES.greet(server.target(), "postgres", timeout=3) == Answer(ok=True, spoke=True)
        assert ask(server).ok
        assert server.log == before
        with closing(connect(server)):
            server.signal(signal.SIGTERM)
            until(
                lambda: POSTGRES.greet(server.target(), "postgres", timeout=3).sqlstate == "57P03",
                "it goes on greeting",
            )
        assert server.ended() == 0


def test_a_read_only_question_cannot_write_nor_last(server: RealPostgres) -> None:
    """25006 and 57014 come from the server itself: nothing of ours goes on running there."""
    with server.running():
        for sql, sqlstate in (("create table t (a int)", "25006"), ("select pg_sleep(30)", "57014")):
            answer = POSTGRES.ask(server.target(), APP, "shop", timeout=3, sql=sql, read_only=True)
            assert answer.sqlstate == sqlstate
        assert ask(server, sql="create temp table t (a int)").ok


def test_a_server_that_shuts_down_or_starts_up_says_57p03(server: RealPostgres) -> None:
    """Waiting is all that it needs."""
    with server.running():
        with closing(connect(server)):
            server.signal(signal.SIGTERM)  # a smart shutdown: it waits for that session
            until(lambda: ask(server).sqlstate == "57P03", "it goes on taking logins")
            assert "shutting down" in ask(server).text
        assert server.ended() == 0


def test_damage_has_its_sqlstates(garage: Garage, server: RealPostgres) -> None:
    """A page that does not match its checksum, and a file that is gone."""
    with server.running():
        assert ask(server, sql="create table torn as select generate_series(1, 1000) as n").ok
        torn = (
            ask(server, sql="checkpoint; select pg_relation_filepath('torn')").value
            or ask(server, ADMIN, sql="select pg_relation_filepath('torn')").value
        )
        assert ask(server, ADMIN, sql="checkpoint").ok
        server.stop(signal.SIGINT)
    damaged = garage.copy(server, "damaged")
    with (damaged.data / torn).open("r+b") as file:
        file.seek(100)
        file.write(b"torn by a power cut")
    with damaged.running():
        assert ask(damaged, sql="select count(*) from torn").sqlstate == "XX001"
    (damaged.data / torn).unlink()
    with damaged.running():
        assert ask(damaged, sql="select count(*) from torn").sqlstate == "58P01"


def test_commits_that_wait_for_a_standby_are_noticed(server: RealPostgres) -> None:
    """There is no error: they hang."""
    for names, alone in (("", "false"), ("*", "true")):
        with server.running(synchronous_standby_names=names):
            assert ask(server, ADMIN, sql=ABOUT).value.split()[1] == alone
            assert ask(server, sql=ABOUT).value.split()[1] == "false"  # whoever may not know claims nothing


@pytest.mark.parametrize(
    ("made", "reach"),
    [
        ("", ()),
        ("grant pg_monitor to pooler", ()),
        ("alter role pooler superuser", ("a superuser",)),
        ("alter role pooler replication", ("a replication role",)),
        ("alter role pooler createrole", ("a role that may make others (CREATEROLE)",)),
        ("create role boss superuser; grant boss to pooler", ("a superuser by its membership in boss",)),
        (
            "create role boss superuser; create role team; grant boss to team; grant team to pooler",
            ("a superuser by its membership in boss",),
        ),
        (
            "alter role pooler noinherit; create role boss replication; grant boss to pooler with admin option",
            ("a replication role by its membership in boss",),
        ),
        (
            "grant pg_write_server_files, pg_read_all_data to pooler",
            ("a member of pg_read_all_data", "a member of pg_write_server_files"),
        ),
    ],
)
def test_what_a_role_is_and_can_become_is_known(server: RealPostgres, made: str, reach: tuple[str, ...]) -> None:
    """By its own rights, and by every role that it may become, however it came to that."""
    with server.running():
        clean = "drop role if exists pooler, team, boss; create role pooler login password 'x'"
        for statement in (clean, *filter(None, made.split(";"))):
            assert ask(server, ADMIN, sql=statement).ok
        role = POSTGRES.role(server.target(), ADMIN, "shop", "pooler", Secret("x"))
        assert role is not None
        assert role.reach == reach
        assert ask(server, ADMIN, sql="drop role if exists pooler, team, boss").ok


def test_a_collation_of_another_version_is_told(server: RealPostgres) -> None:
    """Since PostgreSQL 15 a database knows by which version of the library it was sorted."""
    with server.running():
        assert ask(server, ADMIN, sql=COLLATION).value == ""
        made = (
            "create database sorted template template0 locale_provider icu icu_locale 'en' lc_collate 'C' lc_ctype 'C'"
        )
        assert ask(server, ADMIN, sql=made).ok
        assert ask(server, ADMIN, "sorted", sql=COLLATION).value == ""
        assert ask(server, ADMIN, sql="update pg_database set datcollversion = '1.2' where datname = 'sorted'").ok
        before, now = ask(server, ADMIN, "sorted", sql=COLLATION).value.split()
        assert before == "1.2" != now
        assert ask(server, ADMIN, sql="drop database sorted").ok


# --- servers that do not come up ------------------------------------------------------------------


def test_a_server_without_its_log_is_understood_by_what_it_says(garage: Garage, server: RealPostgres) -> None:
    """The checkpoint cannot be found: fatal, for a person."""
    damaged = garage.copy(server, "without-log")
    for path in (damaged.data / "pg_wal").glob("0*"):
        path.unlink()
    damaged.start(wait=False)
    assert damaged.ended() != 0
    found = finding(damaged.log)
    assert found is not None
    assert found.cause.id == "postgres-checkpoint-missing"


def test_crash_recovery_tells_how_far_it_is(server: RealPostgres) -> None:
    """In the log, since PostgreSQL 15, every ten seconds; here every millisecond."""
    with server.running():
        assert ask(server, sql="drop table if exists long").ok
        assert ask(server, sql="create table long as select generate_series(1, 50000) as n").ok
    with server.running(log_startup_progress_interval="1"):
        assert re.fullmatch(r"redo is at [\dA-F]+/[\dA-F]+ after \d+ s", progress(server.log))


def test_a_lock_file_of_another_server_is_told(garage: Garage, server: RealPostgres) -> None:
    """In a container the process of that number may be anybody."""
    locked = garage.copy(server, "locked")
    with server.running():
        lock = locked.data / "postmaster.pid"
        lock.write_text(f"{server.pid}\n")
        locked.own(lock)
        locked.start(wait=False)
        assert locked.ended() != 0
    found = finding(locked.log)
    assert found is not None
    assert found.cause.id == "postgres-lock-file-exists"


# --- a standby ------------------------------------------------------------------------------------


def test_a_standby_says_25006_and_57p03_and_is_the_same_cluster(garage: Garage, server: RealPostgres) -> None:
    """Made by pg_basebackup. A write on it is not our failure: the next look finds the primary."""
    standby = garage.new("standby")
    with server.running():
        standby.copy_from(server)
        with standby.running(hot_standby="on"):
            until(lambda: ask(standby).ok, "the standby does not answer")
            assert ask(standby, sql="create table t (a int)").sqlstate == "25006"
            assert ask(standby, ADMIN, sql=WHY_READ_ONLY).value == ""
            assert not ask(standby, sql=WHY_READ_ONLY).ok, "whom it follows only an administrator is told"
            assert ask(standby, sql="select pg_is_in_recovery()").value == "t"
            assert ask(standby, sql=ABOUT).value == ask(server, sql=ABOUT).value
            with pytest.raises(UnreachableError, match="25006"):
                POSTGRES.set_password(standby.target(), ADMIN, "shop", "app", Secret("x"))
        with standby.running(wait=False, hot_standby="off"):
            until(lambda: ask(standby).sqlstate == "57P03", "the standby does not answer")
        with standby.running(primary_conninfo=""):
            until(lambda: ask(standby).ok, "the standby does not answer")
            assert ask(standby, ADMIN, sql=WHY_READ_ONLY).value == "nobody"
    shutil.rmtree(standby.data)
    with server.running(default_transaction_read_only="on"):
        assert ask(server, ADMIN, sql=WHY_READ_ONLY).value == "settings"


# --- TLS ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def encrypted(garage: Garage, server: RealPostgres) -> Iterator[tuple[RealPostgres, Authority]]:
    """A server that speaks TLS only, as db.shop.svc and 127.0.0.1."""
    authority, tls = Authority("shop's own"), garage.copy(server, "tls")
    certificate, private = authority.certify("db.shop.svc", ADDRESS, garage.directory)
    tls.own(private)
    tls.own(certificate)
    (tls.data / "pg_hba.conf").write_text("hostnossl all all all reject\nhostssl all all all scram-sha-256\n")
    with tls.running(ssl="on", ssl_cert_file=str(certificate), ssl_key_file=str(private)):
        yield tls, authority


@pytest.mark.parametrize("name", ["db.shop.svc", ADDRESS, ""])
def test_a_certificate_of_the_declared_authority_is_verified(
    encrypted: tuple[RealPostgres, Authority], name: str
) -> None:
    """By both of our ways to log in: for the name, the address, or any name."""
    server, authority = encrypted
    target = server.target(Trust(authority.certificate, name))
    sql = "select ssl from pg_stat_ssl where pid = pg_backend_pid()"
    assert POSTGRES.ask(target, APP, "shop", timeout=3, sql=sql).value == "t"
    with session(REACH.local, target, APP, "shop") as connection:
        assert connection.execute(sql).fetchone() == (True,)


def test_without_a_declared_authority_tls_is_used_where_it_is_offered(
    encrypted: tuple[RealPostgres, Authority],
) -> None:
    """A server that rejects everything else lets us in."""
    server, _ = encrypted
    assert ask(server).ok
    with session(REACH.local, server.target(), APP, "shop") as connection:
        assert connection.execute("select 1").fetchone() == (1,)


@pytest.mark.parametrize("name", ["db.shop.svc", ""])
def test_a_certificate_of_somebody_else_is_refused_before_anything_is_said(
    encrypted: tuple[RealPostgres, Authority], name: str
) -> None:
    """Whatever the name: neither login nor session begins."""
    server, _ = encrypted
    before = server.log.count("authorized")
    target = server.target(Trust(Authority("stranger").certificate, name))
    answer = POSTGRES.ask(target, APP, "shop", timeout=3)
    assert not answer.ok
    assert answer.text.startswith("its certificate is not trusted: ")
    with pytest.raises(UnreachableError, match="is not trusted"), session(REACH.local, target, APP, "shop"):
        pytest.fail("it logged in")
    assert server.log.count("authorized") == before


def test_a_certificate_for_another_name_is_refused(encrypted: tuple[RealPostgres, Authority]) -> None:
    """The authority may have signed for others, too."""
    server, authority = encrypted
    target = server.target(Trust(authority.certificate, "other.shop.svc"))
    answer = POSTGRES.ask(target, APP, "shop", timeout=3)
    assert "Hostname mismatch" in answer.text
    with pytest.raises(UnreachableError, match="Hostname mismatch"), session(REACH.local, target, APP, "shop"):
        pytest.fail("it logged in")


def test_a_server_without_tls_is_explained_or_refused(garage: Garage, server: RealPostgres) -> None:
    """28000 says "no encryption"; with a declared authority the login is not even tried."""
    plain = garage.copy(server, "plain")
    (plain.data / "pg_hba.conf").write_text("hostssl all all all scram-sha-256\n")
    with plain.running(ssl="off"):
        answer = ask(plain)
        assert (answer.sqlstate, "no encryption" in answer.text) == ("28000", True)
        target = plain.target(Trust(Authority("shop's own").certificate, ""))
        assert (
            POSTGRES.ask(target, APP, "shop", timeout=3).text == "it offers no TLS, and an authority for it is declared"
        )
        with pytest.raises(UnreachableError, match="it offers no TLS"), session(REACH.local, target, APP, "shop"):
            pytest.fail("it logged in")


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_nothing_of_an_authority_stays_behind(encrypted: tuple[RealPostgres, Authority]) -> None:
    """No file, no descriptor, no thread."""
    server, authority = encrypted
    target = server.target(Trust(authority.certificate, "db.shop.svc"))
    with session(REACH.local, target, APP, "shop"):
        pass
    before = descriptors()
    for _ in range(5):
        with session(REACH.local, target, APP, "shop"):
            pass
    until(lambda: descriptors() <= before, "descriptors are left")
    until(lambda: not any(thread.name.startswith("bridge") for thread in threading.enumerate()), "threads are left")
