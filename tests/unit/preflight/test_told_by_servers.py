"""What a server says of itself, in whatever shape it comes: a gap, or something that can be told."""

import json
from typing import Any

import pytest

from bootheal.errors import BoothealError, DeniedError
from bootheal.model import Answer, Credentials, Login, Operated, Ref, Secret, Target
from bootheal.ports import Partial, World
from bootheal.postgres.database import DatabaseStep
from bootheal.postgres.location import Database
from bootheal.preflight.databases import foresee, look, paused
from bootheal.preflight.questions import QUESTIONS
from support.objects import NOW, a_pod


class Secrets(Partial):
    """One for all."""

    def credentials(self, login: Login, *, fresh: bool = False) -> Credentials:
        return Credentials("postgres", Secret("hidden"))


class Server(Partial):
    """A primary that answers what was asked of its next start by the same odd words."""

    def __init__(self, said: str) -> None:
        self._said = said

    def ask(
        self,
        target: Target,
        who: Credentials,
        dbname: str,
        *,
        timeout: float,
        sql: str = "select 1",
        read_only: bool = False,
    ) -> Answer:
        return self._answer(sql)

    def _answer(self, sql: str) -> Answer:
        return Answer(ok=True, spoke=True, value=self._said if sql in QUESTIONS.values() else "f")


class OlderServer(Server):
    """One before 15, which notes of no database by what it sorts text."""

    def _answer(self, sql: str) -> Answer:
        if "datcollversion" in sql:
            return Answer(ok=False, spoke=True, sqlstate="42703", text='column "datcollversion" does not exist')
        said = '["collation de: 1, and 2"]' if "pg_collation" in sql else "null"
        return Answer(ok=True, spoke=True, value=said if sql in QUESTIONS.values() else "f")


def test_what_an_older_server_has_no_word_for_is_no_gap() -> None:
    """Nothing of it was left out: what it has is told all the same."""
    database = Database("shop", "", "shop", Login(Ref("secret", "", "postgres")), host="127.0.0.1", port=5432)
    world = World(postgres=OlderServer(""), secrets=Secrets())
    facts = look(world, DatabaseStep(name="database/shop", database=database))
    assert not [gap for gap in facts.gaps if "sort" in gap]
    assert facts.collations == ("collation de: 1, and 2",)


ODD: tuple[Any, ...] = (7, True, "x", [1], [None], [{}], [[]], {"a": 1}, {"broken": 7}, {"broken": ["x"], "pending": 1})
SLOT = {"name": "s", "bytes": 10**400, "line": 1, "error": "e"}


@pytest.mark.parametrize("said", ["", "[" * 100_000, "{", *map(json.dumps, (*ODD, [SLOT], [SLOT | {"bytes": "x"}]))])
def test_whatever_a_server_says_of_its_next_start_is_no_bug(said: str) -> None:
    """Who answers at its address need not be PostgreSQL; of what cannot be understood the owner hears."""
    database = Database("shop", "", "shop", Login(Ref("secret", "", "postgres")), host="127.0.0.1", port=5432)
    world = World(postgres=Server(said), secrets=Secrets())
    facts = look(world, DatabaseStep(name="database/shop", database=database))
    assert facts.gaps
    assert all(isinstance(each.id, str) for each in foresee(facts, NOW))


class Configured(Partial):
    """An API server that tells what Patroni was told, or does not."""

    def __init__(self, told: Operated | BoothealError | None) -> None:
        self._told = told

    def configured(self, namespace: str, scope: str) -> Operated | None:
        assert (namespace, scope) == ("shop", "shop-db")
        if isinstance(self._told, BoothealError):
            raise self._told
        return self._told


@pytest.mark.parametrize(
    ("told", "patroni", "name"),
    [
        (Operated(paused=True), "master, running", "shop-db"),
        (Operated(), "master, running", ""),
        (None, "master, running", ""),
        (DeniedError("cannot get endpoints: 403", status=403), "master, running", ""),
        (Operated(paused=True), "", ""),
    ],
    ids=["paused", "at work", "without a configuration", "not ours to see", "none of Patroni's"],
)
def test_whether_patroni_is_paused_is_asked_of_its_own_clusters(
    told: Operated | BoothealError | None, patroni: str, name: str
) -> None:
    """By the name under which it keeps its configuration; what cannot be seen is nobody's fault."""
    database = Database("shop", "shop", "shop", Login(Ref("secret", "shop", "postgres")), service="shop-db")
    pod = a_pod("shop-db-0", patroni=patroni, labels={"cluster-name": "shop-db"})
    assert paused(World(cluster=Configured(told)), database, [pod]) == name
