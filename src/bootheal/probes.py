"""Questions that prove that something serves, as values, and the one function that asks them.

Pods are asked where they are, or through a port-forward; a URL is asked from this host, as
the user's browser would. Used by whatever waits for something to serve.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from bootheal.errors import UnreachableError
from bootheal.model import Answer, Login, Pod, Target
from bootheal.ports import PodAccess, World

TIMEOUT_SECONDS = 3.0

# A command may start a program of its own, and a front door has several doors behind it.
LONG_TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Http:
    """GET `path`. `status` is what is expected; 0: anything from 200 to 399, as for a kubelet."""

    port: int
    path: str = "/"
    status: int = 0


@dataclass(frozen=True, slots=True)
class Tcp:
    """Connect; then `send`, if there is something to send, and wait until `expect` comes. Latin-1, so any byte."""

    port: int
    send: str = ""
    expect: str = ""


@dataclass(frozen=True, slots=True)
class Exec:
    """Run a command in a container ("": the default one): it must end with 0 and print `expect`.

    The command is seen by whoever sees the API server's URLs: never a secret in it.
    """

    command: tuple[str, ...]
    container: str = ""
    expect: str = ""


@dataclass(frozen=True, slots=True)
class Sql:
    """Log in to PostgreSQL, or a pooler, and ask; the first value must be `expect`, where that is given."""

    query: str
    dbname: str
    login: Login
    port: int = 5432
    expect: str = ""


@dataclass(frozen=True, slots=True)
class Url:
    """GET a front door from this host.

    `ca`: the file of the authority that signed its certificate; `insecure`: any certificate will do;
    `address`: where its name leads to, if this host can't tell.
    """

    url: str
    ca: str = ""
    insecure: bool = False
    address: str = ""
    status: int = 0


Probe = Http | Tcp | Exec | Sql | Url


def ask(world: World, probe: Probe, pods: Iterable[Pod]) -> Answer | None:
    """Ask each of `pods`, or the URL. Return the first bad answer, else the last good one; None if nobody was asked.

    PermanentError where asking again will not help: a Secret that is missing, a right that is denied.
    """
    if isinstance(probe, Url):
        return visit(world, probe)
    answer = None
    for pod in pods:
        answer = _ask_pod(world, probe, pod)
        if not answer.ok:
            return replace(answer, text=f"{pod.ref.name} {answer.text}")
    return answer


def visit(world: World, url: Url, method: str = "GET") -> Answer:
    """Ask a URL from this host. PermanentError where its `ca` cannot be used."""
    return world.web.visit(
        url.url,
        LONG_TIMEOUT_SECONDS,
        method=method,
        ca=url.ca,
        insecure=url.insecure,
        address=url.address,
        status=url.status,
    )


def ask_at(world: World, probe: Http | Tcp | Sql, target: Target) -> Answer:
    """Ask whoever listens at `target`, in a pod or elsewhere."""
    match probe:
        case Http():
            return world.web.http(target, probe.path, TIMEOUT_SECONDS, status=probe.status)
        case Tcp():
            return world.web.tcp(target, TIMEOUT_SECONDS, send=probe.send, expect=probe.expect)
        case Sql():
            return _ask_sql(world, probe, target)


def _ask_pod(world: World, probe: Http | Tcp | Exec | Sql, pod: Pod) -> Answer:
    if isinstance(probe, Exec):
        return _ask_command(world.pod_access, probe, pod)
    return ask_at(world, probe, Target(pod.ip, probe.port, pod.ref))


def _ask_sql(world: World, probe: Sql, target: Target) -> Answer:
    who = world.secrets.credentials(probe.login)
    answer = world.postgres.ask(target, who, probe.dbname, timeout=TIMEOUT_SECONDS, sql=probe.query)
    if answer.ok and probe.expect and answer.value != probe.expect:
        return Answer(ok=False, spoke=True, text=f"says something else than {probe.expect!r}")
    return answer


def _ask_command(access: PodAccess, probe: Exec, pod: Pod) -> Answer:
    program = probe.command[0]
    try:
        answer = access.exec(pod.ref, probe.container, probe.command, LONG_TIMEOUT_SECONDS)
    except UnreachableError as error:
        return Answer(ok=False, spoke=False, text=f"{program}: {error}", unasked=True)
    if answer.ok and probe.expect not in answer.value:
        return Answer(ok=False, spoke=True, text=f"{program} does not say {probe.expect!r}")
    return answer if answer.ok else replace(answer, text=f"{program} {answer.text}")
