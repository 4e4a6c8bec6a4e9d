"""A look at a pooler before a reboot: who logs in, what its file says, whom bootheal would mend."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from bootheal.model import (
    Answer,
    Console,
    Credentials,
    Login,
    Ref,
    Role,
    Secret,
    Setting,
    Target,
)
from bootheal.pgbouncer.credential import Credential
from bootheal.pgbouncer.observation import Pooler
from bootheal.pgbouncer.pooler import PoolerStep
from bootheal.ports import World
from bootheal.preflight.poolers import PoolerFacts, foresee, look
from support.pooler import POOLER as ONE
from support.pooler import OnePooler

IN = Answer(ok=True, spoke=True, value="f")
REFUSED = Answer(ok=False, spoke=True, sqlstate="28P01", text="password authentication failed")
DATABASE = replace(ONE.database, service="", host="db")
POOLER = replace(ONE, database=DATABASE)
USERLIST = Login(Ref("secret", "shop", "userlist"), password_key="userlist.txt", user="userlist.txt")
CONSOLE = Console(
    {
        "conffile": Setting("/etc/pgbouncer/pgbouncer.ini", changeable=False, default=""),
        "pool_mode": Setting("session", changeable=True, default="session"),
        "auth_file": Setting("/etc/pgbouncer/userlist.txt", changeable=True, default=""),
    }
)
INI = """\
[databases]
shop = host=db password=canary

[pgbouncer]
auth_file = /etc/pgbouncer/userlist.txt
"""


class Shop(OnePooler):
    """One pooler pod in front of a PostgreSQL that refuses `refused` where they come straight to it."""

    def __init__(
        self,
        *refused: str,
        console: Console = CONSOLE,
        file: Answer | None = None,
        listed: str = '"pooler" "x"\n"app" "x"\n',
        reach: Sequence[str] = (),
    ) -> None:
        super().__init__(console)
        self._refused, self._listed, self._reach = refused, listed, tuple(reach)
        self._file = file or Answer(ok=True, spoke=True, value=INI)
        self.commands: list[list[str]] = []

    def credentials(self, login: Login, *, fresh: bool = False) -> Credentials:
        if login == USERLIST:
            return Credentials("userlist.txt", Secret(self._listed))
        return super().credentials(login)

    def ask(self, target: Target, who: Credentials, *_: Any, **_options: Any) -> Answer:
        return REFUSED if target.host == "db" and who.user in self._refused else IN

    def role(self, *_: Any, **_options: Any) -> Role:
        return Role("pooler", self._reach, can_login=True, expired=False, matches=False)

    def exec(self, pod: Ref, container: str, command: Sequence[str], timeout: float) -> Answer:
        self.commands.append(list(command))
        return self._file if command[0] == "cat" else Answer(ok=True, spoke=True, value="another  userlist.txt")


def seen(shop: Shop, pooler: Pooler = POOLER, *, reset: Any = "if-wrong") -> PoolerFacts:
    world = World(cluster=shop, secrets=shop, host=shop, postgres=shop, pooler=shop, pod_access=shop)
    keeper = Credential(name="credential/shop", database=DATABASE, login=POOLER.credential, reset=reset)
    return look(world, PoolerStep(name="pooler/shop", pooler=pooler), {POOLER.credential.secret: keeper})


def ids(facts: PoolerFacts) -> list[str]:
    return [each.id for each in foresee(facts)]


def test_a_healthy_pooler_has_no_fault() -> None:
    """Both roles are tried; the file is the one that its console names, and no password of it is kept."""
    shop = Shop()
    facts = seen(shop)
    assert (ids(facts), facts.gaps) == ([], ())
    assert {login.user for login in facts.logins} == {"app", "pooler"}
    assert shop.commands == [["cat", "/etc/pgbouncer/pgbouncer.ini"]]
    assert "canary" not in repr(facts)


WHO = [
    (("pooler",), "if-wrong", (), ["login-drifted-healed"]),
    (("pooler",), "never", (), ["login-drifted"]),
    (("pooler",), "if-wrong", ("a superuser",), ["login-drifted"]),
    (("app",), "if-wrong", (), ["login-drifted"]),
    (("app", "pooler"), "if-wrong", (), ["login-drifted", "login-drifted-healed"]),
]


@pytest.mark.parametrize(("refused", "reset", "reach", "expected"), WHO)
def test_whose_password_has_drifted_behind_a_warm_pool(
    refused: tuple[str, ...], reset: str, reach: tuple[str, ...], expected: list[str]
) -> None:
    """Through the pooler all are let in; what bootheal would mend is told apart from what a person must."""
    assert ids(seen(Shop(*refused, reach=reach), reset=reset)) == expected


def test_a_role_that_the_pooler_never_uses_is_no_trouble() -> None:
    """Where it logs in as itself for everybody, the application's password in PostgreSQL is nobody's."""
    assert ids(seen(Shop("app", console=replace(CONSOLE, forced_user="pooler")))) == []


FILES = [
    (Answer(ok=False, spoke=False, text="there is no such program in the container"), "no such program"),
    (Answer(ok=True, spoke=True, value="[pgbouncer]\n%include more.ini\n"), "it includes others"),
    (Answer(ok=True, spoke=True, value="[pgbouncer]\n" + "; x\n" * 5000), "too long"),
]


@pytest.mark.parametrize(("file", "why"), FILES)
def test_a_file_that_cannot_be_judged_is_a_gap(file: Answer, why: str) -> None:
    """Nothing is made up of half a file."""
    facts = seen(Shop(file=file))
    assert ids(facts) == []
    assert [why in gap for gap in facts.gaps] == [True]


ROUTE = {"host": "db", "port": "5432", "dbname": "shop", "user": ""}
ENTRIES = [
    ("shop = host=db password=canary", []),
    ("shop = host=db port=5432 dbname=shop", []),
    ('"shop" = host=db', []),
    ("* = host=db", []),
    ("shop = dbname='shop' host='db' pool_size=5", []),
    ("shop = host=/run/postgresql", []),
    ("shop = host=other", ["pooler-file-changed"]),
    ("shop = host=db port=5433", ["pooler-file-changed"]),
    ("shop = host=db user=owner password='it''s'", ["pooler-file-changed"]),
    ("shop = host=db dbname=shop_old", ["pooler-file-changed"]),
    ("shop_old = host=db", ["pooler-database-unsaved"]),
    ("; shop = host=db\nstore = host=db", ["pooler-database-unsaved"]),
]


@pytest.mark.parametrize(("entry", "expected"), ENTRIES)
def test_where_a_new_process_would_send_the_databases_clients(entry: str, expected: list[str]) -> None:
    """By [databases] of its file, against what is in force; no password of it is kept."""
    file = Answer(
        ok=True, spoke=True, value=f"[databases]\n{entry}\n[pgbouncer]\nauth_file = /etc/pgbouncer/userlist.txt\n"
    )
    facts = seen(Shop(file=file, console=replace(CONSOLE, route=ROUTE)))
    assert ids(facts) == expected
    assert "canary" not in repr(facts)
    assert "it's" not in repr(facts)


class Elsewhere(Shop):
    """A pooler that has another database than the one that is asked for."""

    def ask(self, target: Target, who: Credentials, *_: Any, **_options: Any) -> Answer:
        none = Answer(ok=False, spoke=True, sqlstate="08P01", text="no such database: shop")
        return IN if target.host == "db" else none

    def log_tail(self, *_: Any, **_options: Any) -> str:
        return ""


def test_a_database_that_the_pooler_never_had_is_not_lost() -> None:
    """As where its name was guessed: that it is refused is told, and not that its file has lost it."""
    file = Answer(
        ok=True,
        spoke=True,
        value="[databases]\nstore = host=db\n[pgbouncer]\nauth_file = /etc/pgbouncer/userlist.txt\n",
    )
    assert ids(seen(Elsewhere(file=file))) == ["login-through-pooler-refused"]


LISTS = [
    ('"pooler" "x"\n"app" "x"\n', ["pooler-list-changes"]),
    ('"pooler" "old"\n"app" "x"\n', ["pooler-list-differs", "pooler-list-changes"]),
    ('"pooler" "md5aaaa"\n', ["pooler-list-changes"]),
]


@pytest.mark.parametrize(("listed", "expected"), LISTS)
def test_the_auth_file_that_a_new_pod_would_read(listed: str, expected: list[str]) -> None:
    """Against the Secrets, and against what the pod has; what cannot be compared is left alone."""
    assert ids(seen(Shop(listed=listed), replace(POOLER, auth_file=USERLIST))) == expected
