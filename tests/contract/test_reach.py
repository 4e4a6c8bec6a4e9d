"""Direct connections and port-forwards keep the same promises, on a real PostgreSQL and PgBouncer."""

import http.server
import re
import socket
import socketserver
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from bootheal.adapters.kube.api import Api
from bootheal.adapters.kube.cluster import KubeCluster
from bootheal.adapters.kube.exec import OUTPUT_BYTES
from bootheal.adapters.kube.kubeconfig import FetchedKubeconfig, LiveKubeconfig
from bootheal.adapters.postgres.console import PgBouncerConsole
from bootheal.adapters.postgres.server import PostgresServer
from bootheal.adapters.reach import Reach
from bootheal.adapters.scope import Scope
from bootheal.adapters.web import WebProbe
from bootheal.demo.stack import Fault, Stack
from bootheal.errors import DeniedError, UnreachableError
from bootheal.model import Answer, Credentials, Login, Ref, Secret, Target
from bootheal.ports import World
from bootheal.probes import Exec, Http, Probe, Sql, Tcp, ask
from support.reach import direct
from support.stack import running
from support.thorough import times


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running(tmp_path_factory.mktemp("stack")) as stack:
        yield stack


class Parts:
    """The adapters on one way of reaching pods, and where things are."""

    def __init__(self, stack: Stack, scope: Scope, *, direct: bool) -> None:
        api = Api(LiveKubeconfig(stack.kubeconfig), scope)
        self.reach = Reach(lambda pod, port, t: api.forward(pod.namespace, pod.name, port, t), scope, direct=direct)
        self.cluster = KubeCluster(api)
        self.postgres = PostgresServer(self.reach.open, self.reach.local)
        self.console = PgBouncerConsole(self.reach.local)
        self.web = WebProbe(self.reach.open)

    def target(self, app: str, port: int | None = None) -> Target:
        pod = next(pod for pod in self.cluster.reader.pods("shop") if pod.ref.name.startswith(app) and pod.ready)
        return Target(pod.ip, port or self.cluster.reader.service("shop", app).port_on(pod), pod.ref)

    def who(self, secret: str) -> Credentials:
        return self.cluster.secrets.credentials(Login(Ref("secret", "shop", secret)))


@pytest.fixture(params=["direct", "forward"])
def parts(request: pytest.FixtureRequest, stack: Stack, scope: Scope) -> Parts:
    return Parts(stack, scope, direct=request.param == "direct")


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
    assert time.monotonic() - began < 10


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
        assert time.monotonic() - began < 10
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


def test_a_client_certificate_is_used_and_its_key_is_in_no_file(stack: Stack, scope: Scope) -> None:
    """As in k3s' own kubeconfig: the key is inline, and nothing of it stays behind if we are killed."""
    before = set(Path(tempfile.gettempdir()).iterdir())
    api = Api(LiveKubeconfig(stack.certified_kubeconfig), scope)
    assert KubeCluster(api).reader.readiness().ready
    with api.forward("shop", "postgres-0", 5432, 3.0) as half:
        half.sendall(b"\0\0\0\x08\x04\xd2\x16\x2f")
        assert half.recv(1) == b"N"
    assert set(Path(tempfile.gettempdir()).iterdir()) <= before


def test_a_kubeconfig_that_is_fetched_is_fetched_again_when_in_doubt(stack: Stack, scope: Scope) -> None:
    """A credential, then an address that is not right any more: each costs one look, and no restart of ours."""
    right = stack.kubeconfig.read_text()
    stale, moved = right.replace('"token": "', '"token": "stale-'), re.sub(r"127.0.0.1:\d+", "127.0.0.1:1", right)
    texts = [stale, moved, right]
    cluster = KubeCluster(Api(FetchedKubeconfig("of a test", lambda: texts.pop(0)), scope))
    with pytest.raises(DeniedError, match="401"):
        cluster.reader.readiness()
    with pytest.raises(UnreachableError, match="127.0.0.1:1: connection refused"):
        cluster.reader.readiness()
    assert cluster.reader.readiness().ready
    assert cluster.reader.nodes(), "nothing is fetched while all is well"


def test_a_kubeconfig_that_cannot_be_fetched_is_waited_for(scope: Scope) -> None:
    """Where it comes from may be starting, too."""

    def fetch() -> str:
        raise UnreachableError("cannot reach Docker")

    with pytest.raises(UnreachableError, match="cannot reach Docker"):
        KubeCluster(Api(FetchedKubeconfig("of a test", fetch), scope)).reader.readiness()


def run(parts: Parts, app: str, *command: str, container: str = "", timeout: float = 5.0) -> Answer:
    pod = next(pod for pod in parts.cluster.reader.pods("shop") if pod.ref.name.startswith(app) and pod.ready)
    return parts.cluster.pod_access.exec(pod.ref, container, command, timeout)


def test_a_command_runs_in_its_container(parts: Parts) -> None:
    """With the container's environment; what it printed is the value, what it complained of is not."""
    answer = run(parts, "django", "sh", "-c", 'echo "$DATABASE_NAME"; echo oops >&2')
    assert answer == Answer(ok=True, spoke=True, value="shop")


def test_a_command_that_fails_is_told_by_its_exit_code(parts: Parts) -> None:
    """And by the last line that it said, on whatever stream."""
    answer = run(parts, "django", "sh", "-c", "echo one; echo two >&2; echo three >&2; exit 42")
    assert (answer.ok, answer.spoke, answer.text, answer.value) == (False, True, "ends with 42: three", "one")
    assert run(parts, "django", "sh", "-c", "echo no luck; exit 1").text == "ends with 1: no luck"


def test_a_program_that_is_not_there_is_told(parts: Parts) -> None:
    """Most images lack most programs."""
    answer = run(parts, "django", "no-such-program")
    assert (answer.ok, answer.text) == (False, "there is no such program in the container")


def test_a_command_that_hangs_is_given_up_in_time(parts: Parts) -> None:
    """Silent or without end: neither holds us up, or fills our memory."""
    for command in ("sleep 60", "yes"):
        began = time.monotonic()
        answer = run(parts, "django", "sh", "-c", command, timeout=1)
        assert (answer.ok, answer.text) == (False, "has not ended within 1 s")
        assert time.monotonic() - began < 10


def test_much_output_is_cut_short(parts: Parts) -> None:
    """The beginning is kept; the exit code comes after all of it."""
    answer = run(parts, "django", "sh", "-c", "head -c 1000000 /dev/zero | tr '\\0' x; exit 3")
    assert answer.text.startswith("ends with 3")
    assert 1000 < len(answer.value) <= OUTPUT_BYTES


def test_a_command_never_tells_a_password_that_we_know(parts: Parts) -> None:
    """Neither in what it printed nor in what it complained of."""
    password = parts.who("app").password.reveal()
    answer = run(parts, "django", "sh", "-c", 'echo "$DATABASE_PASSWORD"; echo "$DATABASE_PASSWORD" >&2; exit 1')
    assert answer.value == "***"
    assert password not in str(answer)


def test_a_command_that_cannot_begin_is_an_error(parts: Parts, stack: Stack) -> None:
    """No such pod or container; no right to, with its name."""
    with pytest.raises(UnreachableError, match="cannot run a command in pod/shop/none: the API server says 404"):
        parts.cluster.pod_access.exec(Ref("pod", "shop", "none"), "", ["true"], 5)
    with pytest.raises(UnreachableError, match="the API server says 400"):
        run(parts, "django", "true", container="none")
    stack.faults.deny("get", "pods/exec", "shop")
    with pytest.raises(DeniedError) as error:
        run(parts, "django", "true")
    stack.faults.clear()
    assert "pods/exec" in error.value.hint


def test_every_kind_of_probe_is_asked_of_a_pod(parts: Parts) -> None:
    """And a bad answer says what was asked, and what came instead."""
    world = World(
        pod_access=parts.cluster.pod_access,
        secrets=parts.cluster.secrets,
        postgres=parts.postgres,
        web=parts.web,
    )
    django, pooler = parts.target("django"), parts.target("pooler")
    asked = {pod.ref: pod for pod in parts.cluster.reader.pods("shop")}
    login = Login(Ref("secret", "shop", "app"))

    def answer(probe: Probe, target: Target = django) -> Answer:
        assert target.pod is not None
        found = ask(world, probe, [asked[target.pod]])
        assert found is not None
        return replace(found, text=found.text.removeprefix(f"{target.pod.name} "))

    assert answer(Http(django.port, "/health")).ok
    assert answer(Tcp(django.port)).ok
    assert answer(Tcp(django.port, "GET / HTTP/1.0\r\n\r\n", "hello")).ok
    assert answer(Exec(("sh", "-c", "echo well"), expect="well")).ok
    assert answer(Sql("select 1", "shop", login, pooler.port, expect="1"), pooler).ok
    assert answer(Http(django.port, "/health", 204)).text == "GET /health says 200, not 204"
    assert answer(Exec(("sh", "-c", "exit 7"))).text == "sh ends with 7"
    assert answer(Exec(("echo", "ill"), expect="well")).text == "echo does not say 'well'"
    wrong = answer(Sql("select 2", "shop", login, pooler.port, expect="1"), pooler)
    assert wrong.text == "says something else than '1'"
    assert ask(world, Http(80), []) is None
