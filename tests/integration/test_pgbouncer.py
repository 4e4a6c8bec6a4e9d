"""What real PgBouncers say and do, of each version that can be had: what our tables and adapters rely on."""

import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from bootheal.backoff import reconnecting
from bootheal.demo.stack import Stack
from bootheal.errors import PermanentError, UnreachableError
from bootheal.model import Answer, Credentials, Secret, Target
from bootheal.pgbouncer.diagnosis import Diagnosis, Logins
from bootheal.pgbouncer.ini import with_settings
from bootheal.pgbouncer.knowledge import Meaning, quoted, understand, version
from support.pgbouncer import ADMIN, WHICH, Bouncer, chosen, free_port, pooler, programs, server, version_of
from support.relay import relay
from support.thorough import times

OK = Answer(ok=True, spoke=True)
PASSWORD = "of the application"
Start = Callable[..., Bouncer]


@pytest.fixture(scope="module")
def found() -> Iterator[dict[str, Path]]:
    """The programs, where anybody may run them."""
    with programs() as found:
        yield found


@pytest.fixture(params=WHICH)
def program(request: pytest.FixtureRequest, found: dict[str, Path]) -> Path:
    """One PgBouncer after the other; skipped where the archive cannot be reached, or has nothing newer."""
    return chosen(request.param, found)


@pytest.fixture
def start(program: Path, healthy: Stack) -> Iterator[Start]:
    """Start a PgBouncer whose database shop is the stack's, as the stack's application unless told otherwise."""
    with ExitStack() as context:

        def started(connect: str = "", connect_as: str = "", **fields: Any) -> Bouncer:
            directory = Path(context.enter_context(tempfile.TemporaryDirectory(prefix="pgbouncer-")))
            at = connect or f"host={healthy.postgres.address} port={healthy.postgres._port}"
            known = {"userlist": {"app": healthy.postgres.secret("app")[1]}} | fields
            return context.enter_context(Bouncer(program, directory, f"shop = {at} {connect_as}", **known))

        yield started


@pytest.fixture
def application(healthy: Stack) -> tuple[str, str]:
    """The stack's application."""
    return healthy.postgres.secret("app")


def test_the_console_tells_what_the_rules_need(
    start: Start, program: Path, healthy: Stack, application: tuple[str, str]
) -> None:
    """Its version, its settings and whether they can change, how many connections it has, and where it leads."""
    bouncer = start()
    assert bouncer.ask(*application).ok
    shown = bouncer.shows()
    assert version(shown.version) == version_of(program)
    assert shown.settings["server_login_retry"].changeable
    assert not shown.settings["listen_port"].changeable
    assert (shown.servers, shown.paused, shown.disabled, shown.forced_user) == (1, False, False, "")
    at = {"host": healthy.postgres.address, "port": str(healthy.postgres._port)}
    assert shown.route == at | {"dbname": "shop", "user": ""}


def test_a_wrong_server_password_is_told_in_postgresqls_words(start: Start, application: tuple[str, str]) -> None:
    """While the pool is cold. Who comes in the pause between two tries waits; a loan makes it short."""
    bouncer = start(connect_as="user=pooler password=wrong", settings={"server_login_retry": 60})
    answer = bouncer.ask(*application)
    assert Logins(OK, OK, answer).diagnosis is Diagnosis.STALE
    assert bouncer.shows().forced_user == "pooler"
    assert Logins(OK, OK, bouncer.ask(*application, timeout=0.5)).diagnosis is Diagnosis.BACKS_OFF
    bouncer.say("SET server_login_retry = '0.2'")
    assert Logins(OK, OK, bouncer.ask(*application)).diagnosis is Diagnosis.STALE


def test_a_back_off_is_worded_by_version(start: Start, healthy: Stack, application: tuple[str, str]) -> None:
    """Once the pool has served: since 1.24 the cause is quoted, before it is hidden."""
    user, password = healthy.postgres.secret("pooler")
    bouncer = start(connect_as=f"user={user} password='{password}'", settings={"server_login_retry": 60})
    assert bouncer.ask(*application).ok
    healthy.postgres.drift_password(user)
    try:
        with healthy.postgres.admin() as connection:
            connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where usename = %s", [user])
        said = bouncer.ask_until(*application, "server login has been failing")
    finally:
        healthy.postgres.set_password(user, password)
    if bouncer.version >= (1, 24):
        assert 'password authentication failed for user "pooler"' in quoted(said.text)
        assert Logins(OK, OK, said).diagnosis is Diagnosis.STALE
    else:
        assert said.text == "server login has been failing, try again later (server_login_retry)"
        assert Logins(OK, OK, said).diagnosis is Diagnosis.BACKS_OFF
    assert not bouncer.ask(*application, timeout=1.0).ok, "PostgreSQL would let it in again"
    bouncer.say("SET server_login_retry = '0.2'")
    bouncer.serve(*application)


@pytest.mark.parametrize(("key", "value"), [("server_idle_timeout", "soon"), ("pool_mode", "bogus")])
def test_a_value_that_it_does_not_take_is_told(start: Start, key: str, value: str) -> None:
    """A slip in the configuration, not a pooler that is late: asking again would not help."""
    bouncer = start()
    with pytest.raises(PermanentError, match=f"does not take {key} = {value}"):
        pooler().set(bouncer.target, Credentials(ADMIN[0], Secret(ADMIN[1])), key, value)
    assert bouncer.process
    bouncer.process.kill()
    with pytest.raises(UnreachableError):
        pooler().set(bouncer.target, Credentials(ADMIN[0], Secret(ADMIN[1])), key, value)


def test_who_waits_is_told_by_role(start: Start, healthy: Stack, application: tuple[str, str]) -> None:
    """A stranger whom PostgreSQL refuses waits for the next try, and the application is served meanwhile."""
    both = {"app": healthy.postgres.secret("app")[1], "stranger": "x"}
    bouncer = start(userlist=both, settings={"server_login_retry": 60})
    assert not bouncer.ask("stranger", "x").ok
    with ThreadPoolExecutor(1) as waiting:
        waiting.submit(bouncer.ask, "stranger", "x")
        deadline = time.monotonic() + 2
        while not (starved := bouncer.shows().starved):
            assert time.monotonic() < deadline, "nobody waits"
        assert starved == {"stranger"}
        assert bouncer.ask(*application).ok


def test_a_server_that_is_down_is_told_as_a_back_off(start: Start, application: tuple[str, str]) -> None:
    """Nobody listens: who comes first waits in vain, and nothing is known of passwords."""
    bouncer = start(f"host=127.0.0.1 port={free_port()}")
    answer = bouncer.ask(*application, timeout=1.0)
    assert Logins(OK, OK, answer).diagnosis in (Diagnosis.BACKS_OFF, Diagnosis.NO_WAY)
    assert bouncer.shows().servers == 0


def test_a_way_that_leads_nowhere_is_left_only_after_server_connect_timeout(
    start: Start, healthy: Stack, application: tuple[str, str]
) -> None:
    """As where a node sent the Service's address to a pod that is gone. What is under way obeys a lower one at once."""
    with relay(healthy.postgres._port, healthy.postgres.address) as way:
        bouncer = start(f"host=127.0.0.1 port={way.port}")
        way.cut()
        assert not bouncer.ask(*application, timeout=0.5).ok
        way.lose()
        bouncer.say("SET server_login_retry = '0.2'")
        assert not bouncer.ask(*application, timeout=3.0).ok, "it tries no other way"
        bouncer.say("SET server_connect_timeout = 4")
        assert bouncer.ask(*application, timeout=4.0).ok


def test_a_name_that_cannot_be_looked_up_is_remembered(start: Start, application: tuple[str, str]) -> None:
    """For dns_nxdomain_ttl, however often it is reloaded, reconnected or set: the console tells for how long."""
    with tempfile.NamedTemporaryFile("w", prefix="resolv-") as resolver:
        resolver.write("nameserver 127.0.0.77\noptions timeout:1 attempts:1\n")
        resolver.flush()
        Path(resolver.name).chmod(0o644)
        bouncer = start("host=postgres.shop.svc.cluster.local", settings={"resolv_conf": resolver.name})
    answer = bouncer.ask(*application, timeout=2.0)
    assert not answer.ok
    assert 5 < bouncer.shows().unknown_for <= 15
    for cure in ("RELOAD", "RECONNECT", "SET dns_nxdomain_ttl = 1", "SET server_login_retry = '0.2'"):
        bouncer.say(cure)
    shown = bouncer.shows()
    assert shown.unknown_for > 5
    assert float(shown.settings["server_login_retry"].value) == 0.2


@pytest.mark.parametrize(("do", "undo"), [("PAUSE", "RESUME"), ("DISABLE", "ENABLE")])
def test_what_somebody_stopped_is_seen(start: Start, application: tuple[str, str], do: str, undo: str) -> None:
    """On the console; in words only where it was disabled."""
    bouncer = start()
    assert bouncer.ask(*application).ok
    bouncer.say(f"{do} shop")
    shown = bouncer.shows()
    assert (shown.paused, shown.disabled) == (do == "PAUSE", do == "DISABLE")
    answer = bouncer.ask(*application, timeout=0.5)
    assert not answer.ok
    assert (understand(answer.text) is Meaning.DISABLED) is (do == "DISABLE")
    bouncer.say(f"{undo} shop")
    assert bouncer.ask(*application).ok


def test_the_clients_own_faults_are_told_from_the_poolers(start: Start, application: tuple[str, str]) -> None:
    """A wrong password, an unknown user, an unknown database: PostgreSQL was not even asked."""
    bouncer = start()
    for user, password, dbname, meaning in (
        (application[0], "wrong", "shop", Meaning.CLIENT),
        ("nobody", "x", "shop", Meaning.CLIENT),
        (*application, "nope", Meaning.CONFIGURED),
    ):
        answer = bouncer.ask(user, password, dbname)
        assert (answer.ok, understand(answer.text)) == (False, meaning), answer


def test_a_crowd_is_told_as_one(start: Start, application: tuple[str, str]) -> None:
    """No restart helps against it."""
    bouncer = start(settings={"max_client_conn": 1})
    login = {"user": application[0], "password": application[1], "dbname": "shop", "sslmode": "disable"}
    for attempt in reconnecting(psycopg.OperationalError, time.sleep):  # whoever saw it start may not have left yet
        with attempt, psycopg.connect(host="127.0.0.1", port=bouncer.port, **login):  # type: ignore[arg-type]
            answer = bouncer.ask(*application)
    assert understand(answer.text) is Meaning.CROWDED


def test_a_reload_reads_auth_file_and_undoes_every_set(start: Start, application: tuple[str, str]) -> None:
    """Neither happens without one."""
    bouncer = start(userlist={})
    assert understand(bouncer.ask(*application).text) is Meaning.CLIENT
    bouncer.write_userlist(dict([application]))
    who = Credentials(ADMIN[0], Secret(ADMIN[1]))
    console = _console()
    console.set(bouncer.target, who, "server_idle_timeout", "77")
    assert not bouncer.ask(*application).ok
    assert bouncer.shows().settings["server_idle_timeout"].value == "77"
    console.reload(bouncer.target, who)
    bouncer.serve(*application)
    assert bouncer.shows().settings["server_idle_timeout"].value == "600"


def test_a_verifier_in_auth_file_must_be_the_roles_very_own(start: Start, healthy: Stack) -> None:
    """Another salt for the same password locks the application out; its own verifier back lets it in."""
    healthy.postgres.set_password("app", healthy.postgres.secret("app")[1])
    user, password = healthy.postgres.secret("app")
    verifier = healthy.postgres.verifier(user)
    bouncer = start(userlist={user: verifier}, settings={"server_login_retry": 1})
    assert bouncer.ask(user, password).ok
    healthy.postgres.set_password(user, password)
    bouncer.say("RECONNECT")
    with healthy.postgres.admin() as connection:
        connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where usename = %s", [user])
    answer = bouncer.ask_until(user, password, 'password authentication failed for user "app"')
    assert Logins(OK, OK, answer).diagnosis is Diagnosis.STALE
    admin = Credentials(*_secret(healthy.postgres.secret("postgres-admin")))
    target = Target(healthy.postgres.address, healthy.postgres._port)
    role = server().role(target, admin, "shop", user, Secret(password), verifier=Secret(verifier))
    assert role
    assert (role.matches, role.same) == (True, False)
    server().set_password(target, admin, "shop", user, Secret(password), verifier=Secret(verifier))
    assert healthy.postgres.verifier(user) == verifier
    bouncer.serve(user, password)


def test_clients_come_back_after_postgresql_was_down(start: Start, healthy: Stack) -> None:
    """With verifiers and with plaintext, of no version here is a restart needed."""
    user, password = healthy.postgres.secret("app")
    bouncers = [
        start(userlist={user: secret}, settings={"server_login_retry": 1})
        for secret in (password, healthy.postgres.verifier(user))
    ]
    assert all(bouncer.ask(user, password).ok for bouncer in bouncers)
    healthy.postgres.kill()
    healthy.wait_until("PostgreSQL to accept", lambda: _accepts(healthy))
    for bouncer in bouncers:
        bouncer.serve(user, password)


LINES = st.sampled_from(
    [
        "; server_idle_timeout = 9",
        "# server_idle_timeout",
        "server_idle_timeout = 50",
        "  server_idle_timeout=60",
        "",
        "%include INCLUDED",
    ]
)


@given(lines=st.lists(LINES, max_size=8), tail=st.sampled_from(["", "[databases]\nserver_idle_timeout = host=x\n"]))
@settings(max_examples=times(12), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_edited_ini_file_brings_the_setting_into_force(running: Bouncer, lines: list[str], tail: str) -> None:
    """Whatever comments, repetitions, sections and (harmless) includes it holds; all else stays as it was."""
    whole = "\n".join([running.base, *lines, tail]).replace("INCLUDED", str(running.directory / "included"))
    running.ini.write_text(with_settings(whole, {"server_idle_timeout": "300"}))
    running.say("RELOAD")
    shown = running.shows().settings
    expected = {"server_idle_timeout": "300", "admin_users": ADMIN[0], "listen_port": str(running.port)}
    assert {key: shown[key].value for key in expected} == expected


def test_a_second_heading_begins_the_section_anew(running: Bouncer) -> None:
    """That is why none is ever added: nobody would be an administrator any more."""
    running.ini.write_text(f"{running.base}\n[pgbouncer]\nserver_idle_timeout = 300\n")
    running.say("RELOAD")
    assert not running.accepts()


@pytest.fixture
def running(start: Start) -> Bouncer:
    """One for all examples."""
    bouncer = start()
    (bouncer.directory / "included").write_text("; nothing\n")
    return bouncer


TEXTS = st.text(st.characters(exclude_characters="\0\n\r", exclude_categories=["Cs"]), min_size=1, max_size=30)

TAKEN = ("admin", "app", "none", "pooler", "postgres", "public")
"""Roles that are there, that PgBouncer knows as its own, or whose names PostgreSQL keeps for itself."""


@given(role=TEXTS, password=st.one_of(TEXTS, st.just("long " * 200), st.just("q'u\\\"o te'")))
@settings(max_examples=times(6), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_role_and_any_password_gets_through(running: Bouncer, healthy: Stack, role: str, password: str) -> None:
    """Quotes, backslashes, spaces, any script, a thousand characters: PostgreSQL, verifier and PgBouncer agree."""
    name = role.encode()[:60].decode(errors="ignore").strip() or "r"
    if name in TAKEN or name.startswith("pg_") or "\\" in name:
        return
    admin = Credentials(*_secret(healthy.postgres.secret("postgres-admin")))
    target = Target(healthy.postgres.address, healthy.postgres._port)
    with healthy.postgres.admin() as connection:
        connection.execute(sql.SQL("create role {} login").format(sql.Identifier(name)))
        try:
            server().set_password(target, admin, "shop", name, Secret(password))
            found = server().role(target, admin, "shop", name, Secret(password))
            assert found
            assert found.matches
            assert server().ask(target, Credentials(name, Secret(password)), "shop", timeout=3).ok
            running.write_userlist({name: password})
            running.say("RELOAD")
            assert running.ask(name, password).ok
        finally:
            connection.execute(sql.SQL("drop role {}").format(sql.Identifier(name)))


@pytest.fixture
def leading_anywhere(start: Start, healthy: Stack) -> Bouncer:
    """One that passes any name of a database on."""
    return start(connect_as=f"\n* = host={healthy.postgres.address} port={healthy.postgres._port}")


@given(dbname=st.one_of(TEXTS, st.just('it\'s a "data base"')))
@settings(max_examples=times(4), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_database_is_asked_for_by_its_name(leading_anywhere: Bouncer, healthy: Stack, dbname: str) -> None:
    """Quotes, spaces, any script: PostgreSQL and PgBouncer lead to the database of that name, the console knows it."""
    name = dbname.encode()[:60].decode(errors="ignore").strip() or "d"
    if name in ("shop", "pgbouncer", "postgres") or name.startswith("template"):
        return
    target = Target(healthy.postgres.address, healthy.postgres._port)
    admin, app = (Credentials(*_secret(healthy.postgres.secret(which))) for which in ("postgres-admin", "app"))
    question = "select current_database()"
    with healthy.postgres.admin() as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        try:
            assert server().ask(target, app, name, timeout=3, sql=question).value == name
            assert server().ask(leading_anywhere.target, app, name, timeout=3, sql=question).value == name
            assert server().role(target, admin, name, "app", app.password)
            assert leading_anywhere.shows(name).settings
        finally:
            connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def test_an_md5_role_stays_one(healthy: Stack) -> None:
    """A pooler that can only do md5 can go on using it."""
    admin = Credentials(*_secret(healthy.postgres.secret("postgres-admin")))
    target = Target(healthy.postgres.address, healthy.postgres._port)
    with healthy.postgres.admin() as connection:
        connection.execute("set password_encryption = md5; create role old login password 'x'")
        try:
            server().set_password(target, admin, "shop", "old", Secret(PASSWORD))
            assert healthy.postgres.verifier("old").startswith("md5")
            found = server().role(target, admin, "shop", "old", Secret(PASSWORD))
            assert found
            assert found.matches
        finally:
            connection.execute("drop role old")


def _accepts(stack: Stack) -> bool:
    try:
        return bool(stack.postgres.verifier("app"))
    except psycopg.OperationalError:
        return False


def _secret(login: tuple[str, str]) -> tuple[str, Secret]:
    return login[0], Secret(login[1])


def _console() -> Any:
    from support.pgbouncer import pooler

    return pooler()
