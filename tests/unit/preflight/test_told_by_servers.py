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
        return Answer(ok=True, spoke=True, value=self._said if sql in QUESTIONS.values() else "f")


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
