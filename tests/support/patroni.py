"""Real members of a real Patroni on the embedded stack, and what may happen to them."""

import functools
import http.client
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path

import psycopg
import pytest

from bootheal.demo.objects.kinds import POD, Object
from bootheal.demo.patroni import Lock
from bootheal.demo.shop import NAMESPACE
from bootheal.demo.stack import Stack, StackOptions
from bootheal.errors import DemoError
from support.stack import running

SCRIPT = Path(__file__).parents[2] / "scripts/patronis.py"
_DULL = re.compile(r"LOG:  (statement|connection|replication connection|execute|disconnection)|^\t|DETAIL:")
NO_SETTING = "shared_buffers = many\n"


@functools.cache
def tree() -> Path:
    """Where Debian's Patroni is unpacked."""
    found = subprocess.run([sys.executable, SCRIPT], stdout=subprocess.PIPE, text=True, timeout=280, check=True).stdout
    if not found.strip():
        pytest.skip("this machine cannot get Debian's Patroni: scripts/patronis.py says why")
    return Path(found.strip())


class Members:
    """Two members and all that stands on them."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack

    @property
    def leader(self) -> str:
        """Who leads, as its label says."""
        return self.stack.postgres.leader

    @property
    def follower(self) -> str:
        """The other one."""
        return next(name for name in ("postgres-0", "postgres-1") if name != self.leader)

    def data(self, name: str) -> Path:
        """The data directory of a member."""
        return self.stack.cluster.postgres_data(name)

    def lose(self, name: str) -> None:
        """Take a member's data away."""
        shutil.rmtree(self.data(name))

    def cut_copy(self, name: str) -> None:
        """Leave of a member's data what is there while it is copied anew."""
        (self.data(name) / "global/pg_control").unlink()

    def misconfigure(self, name: str) -> None:
        """Write a line that is none into the file that a member's settings begin with."""
        with self._settings(name).open("a") as file:
            file.write(NO_SETTING)

    def correct(self) -> None:
        """Take it out again, wherever it is."""
        for name in ("postgres-0", "postgres-1"):
            if self._settings(name).exists():
                self._settings(name).write_text(self._settings(name).read_text().replace(NO_SETTING, ""))

    def _settings(self, name: str) -> Path:
        return self.data(name) / "postgresql.base.conf"

    def switch_over(self) -> None:
        """Ask Patroni to let the follower lead; wait until it does."""
        leader, candidate = self.leader, self.follower
        self._ask(leader, "/switchover", {"leader": leader, "candidate": candidate})
        self.stack.wait_until(f"{candidate} to lead", lambda: self.leader == candidate)

    def _ask(self, member: str, path: str, what: object) -> None:
        address, port = self._pod(member)["status"]["podIP"], self.stack.cluster.ports.patroni
        with closing(http.client.HTTPConnection(address, port)) as connection:
            connection.request("POST", path, json.dumps(what))
            answer = connection.getresponse()
            assert answer.status == 200, answer.read()

    def promote(self) -> None:
        """Make the follower take writes behind Patroni's back."""
        user, password = self.stack.postgres.secret("postgres-admin")
        address, port = self._pod(self.follower)["status"]["podIP"], self.stack.cluster.ports.postgres
        with psycopg.connect(f"host={address} port={port} dbname=shop", user=user, password=password) as connection:
            connection.execute("select pg_promote()")

    def _pod(self, name: str) -> Object:
        pod = self.stack.find("pods", name)
        assert pod is not None
        return pod

    def be_whole(self) -> None:
        """Wait until both members serve, whatever was done to them."""
        self.correct()
        self._reinitialise()
        for name in ("postgres-0", "postgres-1"):
            states = self._pod(name)["status"]["containerStatuses"]
            if "terminated" in states[0]["state"]:  # nobody else lets go of a pod that is stuck
                self.stack.invoke(partial(self.stack.cluster.store.delete, POD, NAMESPACE, name, 0))
        with suppress(DemoError):
            self.stack.wait_until("both members", self._serves, 15)
        if not self.streams():  # two have written for a moment: what one of them wrote cannot be kept
            self._ask(self.follower, "/reinitialize", {"force": True})
        try:
            self.stack.wait_until("both members", self._serves, 60)
        except DemoError as error:
            raise AssertionError(f"{error}\n{self.last_words()}") from error

    def _serves(self) -> bool:
        return self.streams() and all(self.stack.serving().values())

    def last_words(self) -> str:
        """What each member has said at last, but for statements and connections."""
        files = [path for path in self.stack.cluster.log_files() if path.parent.name == "postgres"]
        said = (path.read_text(errors="replace").splitlines() for path in files[-2:])
        told = ([line for line in lines if not _DULL.search(line)] for lines in said)
        return "\n\n".join("\n".join(lines[-40:]) for lines in told)

    def _reinitialise(self) -> None:
        """Do what Patroni's log advises for a copy that was cut."""
        for name in ("postgres-0", "postgres-1"):
            if not (self.data(name) / "global/pg_control").exists():
                shutil.rmtree(self.data(name), ignore_errors=True)

    def streams(self) -> bool:
        """Whether the follower gets what the leader writes."""
        asked = "select count(*) from pg_stat_replication where state = 'streaming' and application_name = %s"
        try:
            with self.stack.postgres.admin() as connection:
                row = connection.execute(asked, [self.follower]).fetchone()
                return bool(row and row[0])
        except (psycopg.Error, DemoError):
            return False


@contextmanager
def members(directory: Path, lock: Lock) -> Iterator[Members]:
    """Run a stack whose database is Patroni's, with a pooler that asks it for verifiers."""
    options = StackOptions(patroni=tree(), lock=lock, pooler_layout="auth_query", fsync=False)
    with running(directory, options) as stack:
        stack.configure({"cleanup": {"grace": 1}})
        yield Members(stack)
