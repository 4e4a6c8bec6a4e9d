"""What a running PostgreSQL tells of its next start, and what that start then comes to."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace

import psycopg
import pytest

from bootheal.adapters.machine.read import mode
from bootheal.adapters.postgres.server import PostgresServer
from bootheal.model import Credentials, Login, Ref, Secret
from bootheal.ports import Partial, World
from bootheal.postgres.database import DatabaseStep
from bootheal.postgres.location import Database
from bootheal.postgres.observation import KNOWS_COLLATIONS
from bootheal.preflight.databases import DatabaseFacts, foresee, look
from support.objects import NOW
from support.postgres import ADDRESS, ADMIN, APP, RealPostgres, servers, until
from support.reach import direct

REACH = direct()
POSTGRES = PostgresServer(REACH.open, REACH.local)
DAY = 86400.0


class Secrets(Partial):
    """The administrator's is postgres, any other is the application's, with the passwords that they are to have."""

    def __init__(self, app: Credentials = APP, admin: Credentials = ADMIN) -> None:
        self._app, self._admin = app, admin

    def credentials(self, login: Login, *, fresh: bool = False) -> Credentials:
        return self._admin if login.secret.name == "postgres" else self._app


@pytest.fixture(scope="module")
def server() -> Iterator[RealPostgres]:
    """One that runs; each test leaves its files as it found them."""
    with servers() as garage:
        server = garage.new("primary")
        server.initialise()
        server.start()
        yield server
        server.stop()


def seen(server: RealPostgres, app: Credentials = APP) -> DatabaseFacts:
    login = Login(Ref("secret", "", "postgres"))
    database = Database("shop", "", "shop", login, host=ADDRESS, port=server.port)
    world = World(postgres=POSTGRES, secrets=Secrets(app))
    client = Login(Ref("secret", "", "app"))
    return look(world, DatabaseStep(name="database/shop", database=database, client=client))


@contextmanager
def added(server: RealPostgres, file: str, line: str) -> Iterator[None]:
    """Write a line at the end of a file, and put the file back."""
    path = server.data / file
    before = path.read_text()
    path.write_text(f"{before}{line}\n")
    try:
        yield
    finally:
        path.write_text(before)


def found(facts: DatabaseFacts) -> list[str]:
    assert facts.gaps == ()
    return [each.id for each in foresee(facts, NOW)]


def comes_up(server: RealPostgres) -> bool:
    """Cut its power and start it again; it runs in the end, as it did before."""
    server.stop()
    said = len(server.log)
    server.start(wait=False)
    until(lambda: "ready to accept" in server.log[said:] or "FATAL" in server.log[said:], "it neither starts nor fails")
    return "FATAL" not in server.log[said:]


@pytest.fixture(autouse=True)
def running_again(server: RealPostgres) -> Iterator[None]:
    yield
    if not POSTGRES.ask(server.target(), ADMIN, "shop", timeout=3).ok:
        server.stop()
        server.start()


def test_a_healthy_server_tells_of_nothing(server: RealPostgres) -> None:
    """Every question is answered, and it comes up."""
    assert found(seen(server)) == []
    assert comes_up(server)


BROKEN = [
    ("postgresql.conf", "work_mem 4MB = much", "postgres-next-start-file"),
    ("postgresql.conf", "wurk_mem = 4MB", "postgres-next-start-file"),
    ("postgresql.conf", "work_mem = lots", "postgres-next-start-file"),
    ("postgresql.conf", "max_worker_processes = many", "postgres-next-start-file"),
    ("postgresql.conf", "shared_preload_libraries = 'no_such_library'", "postgres-next-start-library"),
    ("pg_hba.conf", "hots all all all scram-sha-256", "postgres-next-start-hba"),
]


@pytest.mark.parametrize(("file", "line", "rule"), BROKEN)
def test_what_it_would_not_start_with_is_known_while_it_runs(
    server: RealPostgres, file: str, line: str, rule: str
) -> None:
    """Named by its rule, with the line, and nothing else; and true: it does not come up."""
    with added(server, file, line):
        told = [each for each in found(seen(server)) if each != "postgres-pending-restart"]
        assert told == [rule]
        assert not comes_up(server)


def test_what_waits_for_a_restart_is_no_error(server: RealPostgres) -> None:
    """Whether the file was loaded or not; it comes up with the new value."""
    with added(server, "postgresql.conf", "max_worker_processes = 5"):
        facts = seen(server)
        assert (found(facts), facts.pending) == (["postgres-pending-restart"], ("max_worker_processes",))
        assert comes_up(server)
        assert found(seen(server)) == []
    assert found(seen(server)) == ["postgres-pending-restart"], "what was taken out waits, too"
    assert comes_up(server)


def test_passwords_that_end_and_that_have_drifted(server: RealPostgres) -> None:
    """By a fresh login, and by the server's own date."""
    with closing(_admin(server)) as admin:
        admin.execute("alter role app valid until '1970-01-15 00:00:00+00'")
        facts = seen(server)
        assert facts.valid_until == {"app": 14 * DAY}
        (login,) = [each for each in facts.logins if each.user == "app"]
        assert login.direct.sqlstate == "28P01"
        admin.execute("alter role app valid until 'infinity'")
    assert found(seen(server)) == []
    assert found(seen(server, Credentials("app", Secret("another")))) == ["login-drifted"]


def test_a_database_that_a_role_may_not_connect_to(server: RealPostgres) -> None:
    """Its password was right: whether it is the database that it uses, who configured it knows."""
    with closing(_admin(server)) as admin:
        admin.execute("revoke connect on database shop from public, app")
        assert found(seen(server)) == ["login-without-connect"]
        assert found(seen(server, Credentials("app", Secret("another")))) == ["login-drifted"]
        admin.execute("grant connect on database shop to public, app")
    assert found(seen(server)) == []


def test_an_administrator_whose_own_password_has_drifted(server: RealPostgres) -> None:
    """Nothing else can be asked then; that it is his login is told, and what was not looked at."""
    world = World(postgres=POSTGRES, secrets=Secrets(admin=Credentials(ADMIN.user, Secret("another"))))
    database = Database("shop", "", "shop", Login(Ref("secret", "", "postgres")), host=ADDRESS, port=server.port)
    facts = look(world, DatabaseStep(name="database/shop", database=database))
    assert [(each.id, str(each.about)) for each in foresee(facts, NOW)] == [("login-drifted", "role/shop/postgres")]
    assert "28P01" in facts.why_none


def test_a_slot_that_nobody_reads(server: RealPostgres) -> None:
    """It is told once it holds much; a slot that holds little is nobody's trouble."""
    with closing(_admin(server)) as admin:
        admin.execute("select pg_create_physical_replication_slot('old', true)")
        assert seen(server).slots == {}
        admin.execute("select pg_drop_replication_slot('old')")
    assert [each.id for each in foresee(replace(seen(server), slots={"old": 5 << 30}), NOW)] == [
        "postgres-slot-holds-wal"
    ]


def test_a_data_directory_that_others_may_write_to(server: RealPostgres) -> None:
    """It runs on, and does not start again."""
    facts = seen(server)
    assert (facts.directory, facts.log) == (str(server.data), 1 << 30)
    server.data.chmod(0o770)
    try:
        told = replace(facts, mode=mode(facts.directory))
        assert found(told) == ["postgres-data-too-open"]
        assert not comes_up(server)
    finally:
        server.data.chmod(0o700)
    assert found(replace(facts, mode=mode(facts.directory))) == []


def test_text_that_another_library_has_sorted(server: RealPostgres) -> None:
    """By the note of a collation that an index is sorted by; it is gone with that index."""
    with closing(_admin(server)) as admin:
        (version,) = admin.execute("show server_version_num").fetchone() or ("0",)
        known = admin.execute("select from pg_collation where collname = 'de-x-icu'").fetchone() is not None
        if int(str(version)) < KNOWS_COLLATIONS or not known:
            pytest.skip("a server before 15 notes nothing of its databases, and one without ICU nothing here")
        change = "update pg_collation set collversion = %s where collname = 'de-x-icu' returning collversion"
        (before,) = admin.execute("select collversion from pg_collation where collname = 'de-x-icu'").fetchone() or (
            "",
        )
        admin.execute(change, ["0.1"])
        admin.execute('create table sorted (name text collate "de-x-icu")')
        assert found(seen(server)) == []
        admin.execute("create index on sorted (name)")
        facts = seen(server)
        assert found(facts) == ["postgres-collation-differs"]
        assert facts.collations == (f"collation de-x-icu: 0.1, and {before}",)
        admin.execute("drop table sorted")
        admin.execute(change, [before])
    assert found(seen(server)) == []


def test_a_password_that_nobody_is_asked_for(server: RealPostgres) -> None:
    """From where everybody is let in, a login proves nothing: what is stored is compared."""
    try:
        with added(server, "pg_hba.conf", ""):
            rules = (server.data / "pg_hba.conf").read_text()
            (server.data / "pg_hba.conf").write_text(f"host all all 127.0.0.1/32 trust\n{rules}")
            reload(server)
            assert found(seen(server)) == []
            assert found(seen(server, Credentials("app", Secret("another")))) == ["login-stored-otherwise"]
    finally:
        reload(server)
    assert found(seen(server, Credentials("app", Secret("another")))) == ["login-drifted"]


def reload(server: RealPostgres) -> None:
    """Let it read its pg_hba.conf anew, and wait until it has."""
    before = server.log.count("received SIGHUP")
    with closing(_admin(server)) as admin:
        admin.execute("select pg_reload_conf()")
    until(lambda: server.log.count("received SIGHUP") > before, "it has not read its files anew")


def _admin(server: RealPostgres) -> "psycopg.Connection[tuple[object, ...]]":
    password = ADMIN.password.reveal()
    return psycopg.connect(
        host=ADDRESS, port=server.port, user="postgres", password=password, dbname="shop", autocommit=True
    )


def test_who_may_not_see_says_so(server: RealPostgres) -> None:
    """An administrator without the right to the views leaves gaps, and no false comfort."""
    world = World(postgres=POSTGRES, secrets=_AppForAll())
    database = Database("shop", "", "shop", Login(Ref("secret", "", "app")), host=ADDRESS, port=server.port)
    facts = look(world, DatabaseStep(name="database/shop", database=database))
    assert len([gap for gap in facts.gaps if "42501" in gap]) >= 2
    assert list(foresee(facts, NOW)) == []


class _AppForAll(Secrets):
    def credentials(self, login: Login, *, fresh: bool = False) -> Credentials:
        return APP
