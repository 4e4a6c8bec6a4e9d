"""What a server says of itself, in whatever shape it comes: a gap, or something that can be told."""

import json
from typing import Any

import pytest

from bootheal.model import Answer, Credentials, Login, Ref, Secret, Target
from bootheal.ports import Partial, World
from bootheal.postgres.database import DatabaseStep
from bootheal.postgres.location import Database
from bootheal.preflight.databases import foresee, look
from bootheal.preflight.questions import QUESTIONS
from support.objects import NOW


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
