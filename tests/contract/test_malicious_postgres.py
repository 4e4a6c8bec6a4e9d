"""Whoever answers at a PostgreSQL's address: no secret on the wire, an end in time, and the truth about it."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager

import pytest

from bootheal.adapters.postgres.console import PgBouncerConsole
from bootheal.adapters.postgres.server import PostgresServer
from bootheal.errors import PermanentError, TransientError
from bootheal.model import Credentials, Secret, Target
from bootheal.model.quoted import LONGEST
from support.malicious_postgres import BEHAVIOURS, LETS_IN, impostor, useful
from support.reach import direct

CANARY = "canary-2b9e-hunter2"
WHO = Credentials("postgres", Secret(CANARY))
REACH = direct()
SECONDS = 0.5


def hurried(target: Target, seconds: float) -> AbstractContextManager[tuple[str, int]]:
    """Give a session the seconds of a test: a tenth of what it has outside, all the same."""
    return REACH.local(target, seconds / 10)


POSTGRES, CONSOLE = PostgresServer(REACH.open, hurried), PgBouncerConsole(hurried)


@pytest.mark.parametrize("name", BEHAVIOURS)
def test_a_question_ends_in_time_truthfully_and_gives_nothing_away(name: str) -> None:
    """Whatever is asked for; only who lets everybody in is believed, and it is said that nothing is proven."""
    with impostor(BEHAVIOURS[name]) as server:
        began = time.monotonic()
        answer = POSTGRES.ask(server.target, WHO, "shop", timeout=SECONDS)
        took = time.monotonic() - began
    assert took < SECONDS + 1.0
    assert answer.ok == answer.unproven == (name in LETS_IN)
    assert useful(bytes(server.heard), WHO.user, CANARY) == []
    assert CANARY not in str(answer)
    assert answer.ok or (0 < len(answer.text) <= LONGEST and answer.text.isprintable())


def test_what_it_wants_is_named_with_the_key_that_would_allow_it() -> None:
    """A person reads what to do: SCRAM, or the one key."""
    with impostor(BEHAVIOURS["asks for md5"]) as server:
        answer = POSTGRES.ask(server.target, WHO, "shop", timeout=SECONDS)
    assert "let it use SCRAM (scram-sha-256), or say `auth: md5` at the pooler" in answer.text
    with impostor(BEHAVIOURS["asks for the password"]) as server:
        answer = POSTGRES.ask(server.target, WHO, "shop", timeout=SECONDS)
    assert "which is not handed over" in answer.text


def test_no_session_gives_anything_away() -> None:
    """Neither one that reads nor one that would set a password, nor the pooler's console."""

    def attack(name: str) -> list[str]:
        with impostor(BEHAVIOURS[name]) as server:
            sessions: tuple[Callable[[], object], ...] = (
                lambda: POSTGRES.role(server.target, WHO, "shop", "app", Secret("other-canary")),
                lambda: POSTGRES.set_password(server.target, WHO, "shop", "app", Secret("other-canary")),
                lambda: CONSOLE.reload(server.target, WHO),
            )
            for session in sessions:
                began = time.monotonic()
                said = ""
                try:
                    session()
                except (TransientError, PermanentError) as error:
                    said = str(error)
                assert CANARY not in said, name
                assert said.isprintable(), name
                assert time.monotonic() - began < 8, name  # two connections of a second each, on a busy machine
        heard = bytes(server.heard)
        found = useful(heard, WHO.user, CANARY) + useful(heard, "app", "other-canary")
        return [f"{name}: {what}" for what in found] + ([f"{name}: a verifier"] if b"SCRAM-SHA-256$" in heard else [])

    with ThreadPoolExecutor(max_workers=16) as pool:
        assert [found for each in pool.map(attack, BEHAVIOURS) for found in each] == []
