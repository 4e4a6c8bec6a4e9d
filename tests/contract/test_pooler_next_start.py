"""What a running PgBouncer's file says of its next start, and what that start then comes to."""

import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bootheal.model import Answer, Console, Credentials, Login, Pod, Ref, Secret
from bootheal.pgbouncer.observation import Pooler
from bootheal.pgbouncer.pooler import PoolerStep
from bootheal.ports import Partial, World
from bootheal.preflight.poolers import foresee, look
from support.objects import a_pod
from support.pgbouncer import ADMIN as OPERATOR
from support.pgbouncer import Bouncer, pooler, programs, server
from support.pooler import LOGINS, POOLER, OnePooler
from support.postgres import ADDRESS, ADMIN, APP, servers


@pytest.fixture(scope="module")
def bouncer() -> Iterator[Bouncer]:
    """One in front of a PostgreSQL, with database shop; each test leaves it as it found it."""
    with ExitStack() as context:
        postgres = context.enter_context(servers()).new("postgres")
        postgres.initialise()
        context.enter_context(postgres.running())
        directory = Path(context.enter_context(tempfile.TemporaryDirectory(prefix="pgbouncer-")))
        program = context.enter_context(programs())["installed"]
        userlist = {APP.user: APP.password.reveal()}
        entry = f"shop = host={ADDRESS} port={postgres.port}"
        yield context.enter_context(Bouncer(program, directory, entry, userlist=userlist))


class Shop(OnePooler):
    """A cluster whose one pooler pod is that PgBouncer, and whose files are those of this host."""

    def credentials(self, login: Login, *, fresh: bool = False) -> Credentials:
        return {LOGINS["admin"]: ADMIN, LOGINS["pooler"]: APP, LOGINS["app"]: APP}.get(
            login, Credentials(OPERATOR[0], Secret(OPERATOR[1]))
        )

    def pods(self, _namespace: str, _selector: Any = None) -> Sequence[Pod]:
        return (a_pod("pooler-1", ip="127.0.0.1"),)


class Files(Partial):
    """Runs what is asked on this host, as in the pod."""

    def exec(self, pod: Ref, container: str, command: Sequence[str], timeout: float) -> Answer:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
        return Answer(ok=not done.returncode, spoke=True, value=done.stdout)


def found(bouncer: Bouncer) -> list[str]:
    """Look at it as `preflight` does."""
    shop = Shop(Console({}))
    world = World(cluster=shop, secrets=shop, host=shop, postgres=server(), pooler=pooler(), pod_access=Files())
    port = int(bouncer.databases.rpartition("=")[2])
    step = PoolerStep(name="pooler/shop", pooler=told(port, bouncer.port))
    facts = look(world, step, {})
    assert facts.gaps == ()
    return [each.id for each in foresee(facts)]


def told(server_port: int, port: int) -> Pooler:
    """The pooler as it would be configured."""
    database = replace(POOLER.database, service="", host=ADDRESS, port=server_port)
    return replace(POOLER, database=database, console=Login(Ref("secret", "shop", "console")), port=port)


ENTRIES = [
    ("shop = host=127.0.0.1 port=1", "pooler-file-changed", ""),
    ("sohp = host=127.0.0.1 port=1", "pooler-database-unsaved", "no such database"),
]


@pytest.mark.parametrize(("entry", "rule", "said"), ENTRIES)
def test_a_line_of_databases_that_a_new_process_would_not_know(
    bouncer: Bouncer, entry: str, rule: str, said: str
) -> None:
    """While it runs all is let in; with the file that it then starts from nobody is."""
    who = (APP.user, APP.password.reveal())
    assert bouncer.ask(*who).ok
    assert found(bouncer) == []
    bouncer.ini.write_text(bouncer.base.replace(bouncer.databases, entry))
    try:
        assert bouncer.ask(*who).ok
        assert found(bouncer) == [rule]
        again(bouncer)
        answer = bouncer.ask(*who, timeout=1.0)
        assert not answer.ok
        assert said in answer.text
    finally:
        bouncer.ini.write_text(bouncer.base)
        again(bouncer)
    assert found(bouncer) == []


def test_a_role_that_a_new_process_would_not_know(bouncer: Bouncer) -> None:
    """What is taken out of the list is let in until somebody reads it again, as a start does."""
    who = (APP.user, APP.password.reveal())
    bouncer.write_userlist({})
    try:
        assert bouncer.ask(*who).ok
        assert found(bouncer) == ["pooler-list-lacks"]
        again(bouncer)
        assert not bouncer.ask(*who).ok
    finally:
        bouncer.write_userlist({APP.user: APP.password.reveal()})
        again(bouncer)
    assert found(bouncer) == []


def test_a_role_that_the_pooler_does_not_know_any_more(bouncer: Bouncer) -> None:
    """Who is connected goes on; whoever comes anew is refused, although PostgreSQL would let him in."""
    bouncer.write_userlist({})
    try:
        bouncer.say("RELOAD")
        assert found(bouncer) == ["login-through-pooler-refused"]
    finally:
        bouncer.write_userlist({APP.user: APP.password.reveal()})
        bouncer.say("RELOAD")
    assert found(bouncer) == []


def again(bouncer: Bouncer) -> None:
    """Kill it, as a power cut does, and start it."""
    assert bouncer.process
    bouncer.process.kill()
    bouncer.process.wait()
    bouncer.start()
