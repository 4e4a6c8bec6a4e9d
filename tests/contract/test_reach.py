"""Direct connections and port-forwards keep the same promises, on a real PostgreSQL and PgBouncer."""

import http.server
import re
import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from bootheal.adapters.postgres.server import PostgresServer
from bootheal.adapters.scope import Scope
from bootheal.adapters.web import WebProbe
from bootheal.demo.stack import Fault, Stack
from bootheal.errors import DeniedError, UnreachableError
from bootheal.model import Credentials, Secret, Target
from support.reach import Parts, direct
from support.thorough import times


def test_a_login_works_and_a_question_is_answered(parts: Parts) -> None:
    """To PostgreSQL and through PgBouncer, with SCRAM."""
    admin, app = parts.who("postgres-admin"), parts.who("app")
    recovery = parts.postgres.ask(parts.target("postgres"), admin, "shop", timeout=5, sql="select pg_is_in_recovery()")
    assert (recovery.ok, recovery.value) == (True, "f")
    assert parts.postgres.ask(parts.target("pooler"), app, "shop", timeout=5).value == "1"


@pytest.mark.parametrize(
    ("user", "password", "dbname", "sqlstate"),
    [
        ("app", "wrong", "shop", "28P01"),
        ("nobody", "x", "shop", "28P01"),
        ("postgres", None, "gone", "3D000"),
    ],
)
def test_a_refusal_has_its_sqlstate(parts: Parts, user: str, password: str | None, dbname: str, sqlstate: str) -> None:
    """Which libpq does not tell."""
    secret = Secret(password) if password else parts.who("postgres-admin").password
    answer = parts.postgres.ask(parts.target("postgres"), Credentials(user, secret), dbname, timeout=5)
    assert (answer.ok, answer.spoke, answer.sqlstate) == (False, True, sqlstate)


def test_a_failing_query_has_its_sqlstate(parts: Parts) -> None:
    """42P01 for a table that is not there."""
    sql = "select 1 from no_such_table"
    answer = parts.postgres.ask(parts.target("postgres"), parts.who("app"), "shop", timeout=5, sql=sql)
    assert answer.sqlstate == "42P01"


def test_a_port_where_nobody_listens_is_told_in_time(parts: Parts) -> None:
    """Directly by the system, through a port-forward by the node, which tells it after the stream is open."""
    target, began = parts.target("postgres", 5999), time.monotonic()
    answer = parts.postgres.ask(target, parts.who("app"), "shop", timeout=3)
    assert not answer.ok
    assert not answer.spoke
    assert answer.text == "connection refused"
    assert not parts.web.tcp(target, 3).ok
    assert "connection refused" in parts.web.http(target, "/", 3).text
    assert time.monotonic() - began < 20


def test_a_server_that_hangs_is_given_up_in_time(parts: Parts, stack: Stack) -> None:
    """It accepts and says nothing: no answer within the deadline, for a login as for a session."""
    target, admin = parts.target("postgres"), parts.who("postgres-admin")
    stack.postgres.freeze()
    try:
        began = time.monotonic()
        answer = parts.postgres.ask(target, admin, "shop", timeout=1)
        assert (answer.ok, answer.text) == (False, "no answer in time")
        with pytest.raises(UnreachableError):
            parts.postgres.role(target, admin, "shop", "pooler", Secret("x"))
        assert time.monotonic() - began < 30
    finally:
        stack.postgres.thaw()
        stack.wait_until("PostgreSQL", lambda: parts.postgres.ask(target, admin, "shop", timeout=1).ok)


def test_a_role_is_read_and_its_password_set(parts: Parts, stack: Stack) -> None:
    """A verifier made here is one that the server, psycopg and our own comparison agree on."""
    target, admin = parts.target("postgres"), parts.who("postgres-admin")
    with suppress(psycopg.Error), stack.postgres.admin() as connection:
        connection.execute('create role "odd ""role" login')
    for password in ("simple", 'quo\'te \\ "x"', "pässwörd ⅸ", "x" * 1000):
        parts.postgres.set_password(target, admin, "shop", 'odd "role', Secret(password))
        role = parts.postgres.role(target, admin, "shop", 'odd "role', Secret(password))
        assert role is not None
        assert (role.matches, role.reach, role.can_login) == (True, (), True)
        other = parts.postgres.role(target, admin, "shop", 'odd "role', Secret(password + "x"))
        assert other is not None
        assert other.matches is False
        who = Credentials('odd "role', Secret(password))
        assert parts.postgres.ask(target, who, "shop", timeout=5).ok
    assert parts.postgres.role(target, admin, "shop", "nobody", Secret("x")) is None


def test_a_verifier_that_may_not_be_read_is_unknown(parts: Parts) -> None:
    """Not every administrator may read pg_authid."""
    role = parts.postgres.role(parts.target("postgres"), parts.who("app"), "shop", "pooler", Secret("x"))
    assert role is not None
    assert role.matches is None


def test_the_console_shows_and_sets(parts: Parts) -> None:
    """SHOW CONFIG before and after SET; what cannot change is marked so."""
    target, who = parts.target("pooler"), parts.who("pooler")
    before = parts.console.read(target, who, "shop").settings["server_idle_timeout"]
    assert before.changeable
    assert not parts.console.read(target, who, "shop").settings["listen_port"].changeable
    parts.console.set(target, who, "server_idle_timeout", "123")
    assert parts.console.read(target, who, "shop").settings["server_idle_timeout"].value == "123"
    parts.console.set(target, who, "server_idle_timeout", before.value)


def test_a_console_that_is_not_ours_says_so(parts: Parts) -> None:
    """With the user that would have to be in admin_users."""
    with pytest.raises(DeniedError) as error:
        parts.console.read(parts.target("pooler"), parts.who("app"), "shop")
    assert "add app to admin_users" in error.value.hint


def test_http_and_tcp_probes_answer(parts: Parts) -> None:
    """As a kubelet would judge them."""
    target = parts.target("django")
    assert parts.web.http(target, "/health", 3).ok
    assert parts.web.tcp(target, 3).ok


def test_an_http_status_that_is_no_success_is_told() -> None:
    """The status is the reason."""
    reach = direct()
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        answer = WebProbe(reach.open).http(Target("127.0.0.1", server.server_port), "/none", 3)
    assert (answer.ok, answer.text) == (False, "GET /none says 501")


def test_a_server_that_dies_in_between_is_told_in_time(parts: Parts) -> None:
    """The stream ends, and with it the wait."""
    target, who = parts.target("postgres"), parts.who("app")
    with serving(target.host, Dying) as port:
        began = time.monotonic()
        answer = parts.postgres.ask(replace(target, port=port), who, "shop", timeout=5)
        with pytest.raises(UnreachableError, match="connection closed"):
            parts.postgres.role(replace(target, port=port), who, "shop", "pooler", Secret("x"))
    assert (answer.ok, answer.text) == (False, "connection closed")
    assert time.monotonic() - began < 30


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault(path=".*/portforward", cut="silence"), "no answer in time"),
        (Fault(path=".*/portforward", cut="reset"), "connection (closed|reset)"),  # by what was under way
        (Fault(path=".*/portforward", status=500), "the API server says 500"),
        (Fault(path=".*/portforward", status=404), "the API server says 404"),
    ],
)
def test_a_port_forward_that_cannot_begin_says_why_in_time(stack: Stack, fault: Fault, said: str, scope: Scope) -> None:
    """It is an answer like any other, to be waited out."""
    parts = Parts(stack, scope, direct=False)
    target, who = parts.target("postgres"), parts.who("app")
    stack.faults.add(fault)
    try:
        began = time.monotonic()
        answer = parts.postgres.ask(target, who, "shop", timeout=1)
        assert (answer.ok, answer.spoke) == (False, False)
        assert re.fullmatch(f"cannot forward a port to pod/shop/postgres-0: {said}", answer.text)
        assert time.monotonic() - began < 30
    finally:
        stack.faults.clear()


SSL_REQUEST = b"\0\0\0\x08\x04\xd2\x16\x2f"


def test_many_connections_leave_nothing_behind(parts: Parts) -> None:
    """To a server that answers, one that hangs up, one that never answers, and a port where nobody is."""
    postgres = parts.target("postgres")
    with (
        serving(postgres.host, socketserver.BaseRequestHandler) as leaves,
        socket.create_server((postgres.host, 0), backlog=100) as silent,
    ):
        kinds = {
            "answers": (postgres.port, 3.0, b"N"),
            "hangs up": (leaves, 3.0, b""),
            "nobody": (1, 3.0, None),
            "silent": (silent.getsockname()[1], 0.05, None),
        }

        def visit(kind: str) -> None:
            port, patience, said = kinds[kind]
            assert first_byte(parts, replace(postgres, port=port), patience) == said

        for kind in kinds:
            visit(kind)
        settled = wait_for_fewer(*counts())
        for number in range(times(200)):
            visit("silent" if number % 50 == 0 else ("answers", "hangs up", "nobody")[number % 3])
        threads, descriptors = wait_for_fewer(*settled)
    assert threads <= settled[0]
    assert descriptors <= settled[1]


def first_byte(parts: Parts, target: Target, patience: float) -> bytes | None:
    """What a connection says first: b"" if it ends, None if nobody is there or the time is up."""
    try:
        with parts.reach.open(target, 3) as sock:
            sock.settimeout(patience)
            sock.sendall(SSL_REQUEST)
            return sock.recv(1)
    except (ConnectionResetError, BrokenPipeError):
        return b""
    except (ConnectionRefusedError, TimeoutError):
        return None


class Dying(socketserver.BaseRequestHandler):
    """Answers that it knows no TLS, hears the login, and is gone."""

    def handle(self) -> None:
        self.request.recv(8)
        self.request.sendall(b"N")
        self.request.recv(1000)


@contextmanager
def serving(host: str, handler: type[socketserver.BaseRequestHandler]) -> Iterator[int]:
    """Let `handler` do the talking, and hang up when it is through; yield the port."""
    with socketserver.ThreadingTCPServer((host, 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,)).start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()


def counts() -> tuple[int, int]:
    """Threads and descriptors of this process."""
    return threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))


def wait_for_fewer(threads: int, descriptors: int) -> tuple[int, int]:
    """Wait until there are no more than so many, or 5 seconds; return how many there are."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and (counts()[0] > threads or counts()[1] > descriptors):
        time.sleep(0.05)
    return counts()


def test_a_stranger_on_the_port_is_not_taken_for_postgresql() -> None:
    """Something that answers in another protocol gets no password."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            peer, _ = listener.accept()
            with peer:
                heard.append(peer.recv(1000))
                peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        threading.Thread(target=serve, daemon=True).start()
        reach = direct()
        postgres = PostgresServer(reach.open, reach.local)
        target = Target("127.0.0.1", listener.getsockname()[1])
        answer = postgres.ask(target, Credentials("app", Secret("canary")), "shop", timeout=2)
    assert (answer.ok, answer.text) == (False, "answers, but not in PostgreSQL's protocol")
    assert b"canary" not in b"".join(heard)
