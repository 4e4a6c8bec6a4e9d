"""Real PgBouncers of each version that can be had, refusing in each of their ways: each is its own cause."""

import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest

from bootheal.adapters.postgres.server import PostgresServer
from bootheal.model import Answer, Ref
from bootheal.pgbouncer.knowledge import refusal
from bootheal.pgbouncer.server_log import finding
from support.certificates import Authority
from support.pgbouncer import USER, WHICH, Bouncer, chosen, environment, free_port, programs
from support.postgres import ADDRESS, ADMIN, APP, RealPostgres, servers, until
from support.reach import direct

POD = Ref("pod", "shop", "pooler-1")


@pytest.fixture(scope="module")
def found() -> Iterator[dict[str, Path]]:
    """The programs, where anybody may run them."""
    with programs() as found:
        yield found


@pytest.fixture(params=WHICH)
def program(request: pytest.FixtureRequest, found: dict[str, Path]) -> Path:
    """One PgBouncer after the other."""
    return chosen(request.param, found)


@pytest.fixture(scope="module")
def postgres() -> Iterator[RealPostgres]:
    """A PostgreSQL without TLS, which lets `app` and `postgres` into `shop`, and a role `late` nowhere."""
    with servers() as garage:
        server = garage.new("postgres")
        server.initialise()
        lines = "host all late all reject\nhost all all all scram-sha-256\n"
        (server.data / "pg_hba.conf").write_text(lines)
        with server.running():
            yield server


@dataclass(frozen=True)
class Case:
    """How the pooler is set up, who logs in where, and the causes: of its answer, and of its log ("": not asked)."""

    cause: str
    settings: Mapping[str, str | int] = field(default_factory=dict)
    connect: str = ""
    user: str = APP.user
    password: str = APP.password.reveal()
    dbname: str = "shop"
    files: Mapping[str, str] = field(default_factory=dict)
    answers: bool = True
    logged: str = ""
    timeout: float = 3.0
    plain: bool = False


CASES = {
    "database": Case("pgbouncer-no-such-database", dbname="nope"),
    "user": Case("pgbouncer-client-password", user="nobody"),
    "user, with trust": Case("pgbouncer-no-such-user", {"auth_type": "trust"}, user="nobody"),
    "password": Case("pgbouncer-client-password", password="wrong"),
    "TLS wanted": Case("pgbouncer-tls-required", {"client_tls_sslmode": "require"}, answers=False, plain=True),
    "HBA says reject": Case(
        "pgbouncer-hba",
        {"auth_type": "hba", "auth_hba_file": "{directory}/hba"},
        files={"hba": "host shop all 0.0.0.0/0 reject\nhost all all 0.0.0.0/0 scram-sha-256\n"},
    ),
    "HBA has no line": Case(
        "pgbouncer-hba",
        {"auth_type": "hba", "auth_hba_file": "{directory}/hba"},
        files={"hba": "host pgbouncer all 0.0.0.0/0 scram-sha-256\n"},
    ),
    "any without a forced user": Case(
        "pgbouncer-configuration-error", {"auth_type": "any"}, logged="pgbouncer-configuration-error"
    ),
    "password of the server": Case(
        "pgbouncer-server-password", connect="user=postgres password=wrong", logged="pgbouncer-server-password"
    ),
    "no TLS at the server": Case(
        "", {"server_tls_sslmode": "require"}, logged="pgbouncer-server-refuses-tls", timeout=1.0
    ),
    "no server": Case("", connect=f"port={free_port()}", logged="pgbouncer-server-unreachable", timeout=1.0),
    "no name": Case("", connect="host=no-such-host.invalid", logged="pgbouncer-server-name-unknown", timeout=1.0),
    "no database at the server": Case("pgbouncer-server-database-missing", connect="dbname=gone"),
    "no role at the server": Case("pgbouncer-server-password", connect="user=nobody password=x"),
    "HBA of the server": Case("pgbouncer-server-hba", connect="user=late password=x", logged="pgbouncer-server-hba"),
    "auth_query": Case(
        "pgbouncer-configuration-error",
        {"auth_user": ADMIN.user, "auth_query": "select * from no_such_function($1)"},
        user="stranger",
        logged="pgbouncer-auth-query",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_each_refusal_is_told_from_the_others(program: Path, postgres: RealPostgres, case: Case) -> None:
    """By what it answers, or by what its own log says."""
    with ExitStack() as context:
        bouncer = context.enter_context(running(context, program, postgres, case))
        answer = asked(bouncer, case)
        assert not answer.ok
        if case.cause:
            assert cause_of(answer) == case.cause, f"{answer}\n{bouncer.log}"
        if case.logged:
            until(lambda: logged(bouncer) == case.logged, bouncer.log, 10.0)


def asked(bouncer: Bouncer, case: Case) -> Answer:
    """Log in as our adapter does, which uses TLS where it can; or as a client that cannot."""
    if not case.plain:
        return bouncer.ask(case.user, case.password, case.dbname, timeout=case.timeout)
    login = {"host": ADDRESS, "port": bouncer.port, "user": case.user, "dbname": case.dbname, "sslmode": "disable"}
    with pytest.raises(psycopg.OperationalError) as refused:
        psycopg.connect(**login)  # type: ignore[arg-type]
    return Answer(ok=False, spoke=True, text=str(refused.value))


def running(context: ExitStack, program: Path, postgres: RealPostgres, case: Case, *, every: bool = False) -> Bouncer:
    """Set it up; `every` database leads to the server, whatever its name."""
    directory = Path(context.enter_context(tempfile.TemporaryDirectory(prefix="pgbouncer-")))
    settings: dict[str, Any] = {}
    for key, value in case.settings.items():
        settings[key] = value.format(directory=directory) if isinstance(value, str) else value
    if "client_tls_sslmode" in settings:
        certificate, key_file = Authority("ca").certify("pooler.example.org", ADDRESS, directory)
        settings |= {"client_tls_cert_file": certificate, "client_tls_key_file": key_file}
    given = dict(pair.split("=", 1) for pair in case.connect.split())
    at = {"host": ADDRESS, "port": str(postgres.port)} | given
    userlist = {APP.user: APP.password.reveal(), ADMIN.user: ADMIN.password.reveal()}
    databases = f"{'*' if every else 'shop'} = " + " ".join(f"{key}={value}" for key, value in at.items())
    return Bouncer(program, directory, databases, userlist, settings, files=case.files, answers=case.answers)


def cause_of(answer: Answer) -> str:
    found = refusal(answer.text, POD, "pgbouncer")
    return found.cause.id if found else ""


def logged(bouncer: Bouncer) -> str:
    found = finding(bouncer.log, POD, "pgbouncer")
    return found.cause.id if found else ""


LISTENS = "[databases]\n[pgbouncer]\nunix_socket_dir =\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n"


@pytest.mark.parametrize(
    ("ini", "cause"),
    [
        ("[databases\n", "pgbouncer-settings-broken"),
        ("[databases]\nshop = hots=x\n[pgbouncer]\nlisten_port={port}\n", "pgbouncer-settings-broken"),
        ("[databases]\n[pgbouncer]\npool_mode = sometimes\n", "pgbouncer-settings-broken"),
        ("[databases]\n[pgbouncer]\nserver_login_retri = 5\n", "pgbouncer-settings-broken"),
        ("[databases]\n[pgbouncer]\nunix_socket_dir =\nlisten_addr =\n", "pgbouncer-cannot-listen"),
        (
            LISTENS + "client_tls_sslmode = require\n",
            "pgbouncer-tls-files",
        ),
        (
            LISTENS + "pidfile = /nonexistent/pid\n",
            "pgbouncer-pidfile",
        ),
        (None, "pgbouncer-file-missing"),
    ],
)
def test_a_pooler_that_does_not_start_says_why(program: Path, ini: str | None, cause: str) -> None:
    """In its log, which is read where its container loops."""
    with tempfile.TemporaryDirectory(prefix="pgbouncer-") as directory:
        Path(directory).chmod(0o755)
        path = Path(directory, "pgbouncer.ini")
        if ini is not None:
            path.write_text(ini.replace("{port}", str(free_port())))
            path.chmod(0o644)
        ended = started(program, path, user=USER)
    assert ended.returncode, ended.stderr
    found = finding(ended.stdout + ended.stderr, POD, "pgbouncer")
    assert found is not None, ended.stderr
    assert found.cause.id == cause, ended.stderr


def started(program: Path, ini: Path, user: str | None = None) -> subprocess.CompletedProcess[str]:
    command = (program, ini)
    return subprocess.run(
        command, env=environment(), capture_output=True, text=True, timeout=20, user=user, check=False
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can start it as root")
def test_a_pooler_that_is_started_as_root_says_so(program: Path) -> None:
    """An image without USER, and no runAsUser."""
    with tempfile.TemporaryDirectory() as directory:
        ini = Path(directory, "pgbouncer.ini")
        ini.write_text(LISTENS.replace("{port}", str(free_port())))
        ended = started(program, ini)
    found = finding(ended.stdout + ended.stderr)
    assert found is not None, ended.stderr
    assert found.cause.id == "pgbouncer-runs-as-root"


ASKS = {"auth_user": ADMIN.user, "auth_query": "select rolname, rolpassword from pg_authid where rolname = $1"}


@pytest.mark.parametrize(
    "case",
    [
        Case(""),
        Case("", connect=f"port={free_port()}"),
        Case("", ASKS, f"port={free_port()}"),
        Case("", ASKS | {"auth_query": "select no_such_function($1)"}),
    ],
    ids=["serves", "no server", "no server, which is asked for passwords", "a query that fails in other databases"],
)
def test_a_greeting_asks_no_server_and_leaves_no_complaint(program: Path, postgres: RealPostgres, case: Case) -> None:
    """Without credentials: it speaks, whatever is the matter with its servers."""
    with ExitStack() as context:
        bouncer = context.enter_context(running(context, program, postgres, case, every=True))
        reach = direct()
        answer = PostgresServer(reach.open, reach.local).greet(bouncer.target, "", timeout=1)
        assert answer == Answer(ok=True, spoke=True)
        assert finding(bouncer.log) is None, bouncer.log
