"""Whoever answers at a PostgreSQL's address: no secret on the wire, an end in time, and the truth about it."""

import logging
import ssl
import time
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest

from bootheal.adapters.postgres.console import PgBouncerConsole
from bootheal.adapters.postgres.server import PostgresServer
from bootheal.cli.streams import silence_libraries
from bootheal.errors import PermanentError, TransientError
from bootheal.model import Auth, Credentials, Secret, Target, Trust
from bootheal.model.quoted import LONGEST
from support.certificates import Authority
from support.malicious_postgres import BEHAVIOURS, LETS_IN, impostor, proves_itself, useful
from support.malicious_sessions import FLOOD_BYTES, SENSELESS, floods
from support.reach import direct

CANARY = "canary-2b9e-hunter2"
WHO = Credentials("postgres", Secret(CANARY))
REACH = direct()
SECONDS = 0.5
PAUSES = 4.0  # of a machine that is busy with other work
MEGABYTES = 16


def hurried(target: Target, seconds: float) -> AbstractContextManager[tuple[str, int]]:
    """Give a session the seconds of a test: a tenth of what it has outside, all the same."""
    return REACH.local(target, seconds / 10)


POSTGRES, CONSOLE = PostgresServer(REACH.open, hurried), PgBouncerConsole(hurried)


@pytest.mark.parametrize("name", BEHAVIOURS)
def test_a_question_ends_in_time_truthfully_and_gives_nothing_away(name: str) -> None:
    """Whatever is asked for; only who lets everybody in is believed, and it is said that nothing is proven."""
    with impostor(BEHAVIOURS[name]) as server:
        began = time.monotonic()
        tracemalloc.start()
        try:
            answer = POSTGRES.ask(server.target, WHO, "shop", timeout=SECONDS)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        took = time.monotonic() - began
    assert peak < MEGABYTES << 20
    assert took < SECONDS + PAUSES
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


GREEDY = [name for name in BEHAVIOURS if "the password" in name or "md5" in name or name.startswith("lets in after")]


@pytest.mark.parametrize("auth", Auth)
@pytest.mark.parametrize("verified", [False, True])
def test_tls_alone_gets_nobody_a_password(verified: bool, auth: Auth, tmp_path: Path) -> None:
    """Whoever is at the end of it. Over verified TLS it goes where it was asked for by name; an md5 hash likewise."""
    authority, context = Authority("shop's own"), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.certify("db.shop.svc", "127.0.0.1", tmp_path))
    trust = Trust(authority.certificate, "db.shop.svc") if verified else None
    given = {}
    for name in GREEDY:
        with impostor(BEHAVIOURS[name], context) as server:
            target = replace(server.target, auth=auth, trust=trust)
            answer = POSTGRES.ask(target, WHO, "shop", timeout=5.0)
        assert CANARY not in str(answer)
        if found := useful(bytes(server.heard), WHO.user, CANARY):
            given[name] = found
        assert answer.ok == bool(found), name
    allowed: dict[Auth, dict[str, list[str]]] = {
        Auth.SCRAM: {},
        Auth.MD5: {name: ["an answer to md5"] for name in ("asks for md5", "asks for md5 with a short salt")},
        Auth.PASSWORD: {"asks for the password": ["the password"]} if verified else {},
    }
    assert given == allowed[auth]


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
                assert time.monotonic() - began < 2 + 2 * PAUSES, name  # two connections of a second each
        heard = bytes(server.heard)
        found = useful(heard, WHO.user, CANARY) + useful(heard, "app", "other-canary")
        return [f"{name}: {what}" for what in found] + ([f"{name}: a verifier"] if b"SCRAM-SHA-256$" in heard else [])

    with ThreadPoolExecutor(max_workers=16) as pool:
        assert [found for each in pool.map(attack, BEHAVIOURS) for found in each] == []


@pytest.mark.parametrize("name", [*GREEDY, "lets everybody in"])
def test_a_session_is_no_less_careful_than_the_login_before_it(name: str) -> None:
    """libpq comes after a login of our own that the server has proven itself by: it takes no word for it."""
    session = POSTGRES.set_password
    with impostor(proves_itself(CANARY, BEHAVIOURS[name])) as server:
        with pytest.raises((TransientError, PermanentError)) as refused:
            session(server.target, WHO, "shop", "app", Secret("other-canary"))
        assert CANARY not in str(refused.value)
    heard = bytes(server.heard)
    assert heard.count(b"user\0postgres") >= 2, "the session was begun"
    assert useful(heard, WHO.user, CANARY) == []
    assert b"SCRAM-SHA-256$" not in heard
    assert b"other-canary" not in heard


QUESTIONS: dict[str, Callable[[Target], object]] = {
    "role": lambda server: POSTGRES.role(server, WHO, "shop", "app", Secret("other-canary")),
    "console": lambda server: CONSOLE.read(server, WHO, "shop"),
    "set": lambda server: CONSOLE.set(server, WHO, "server_login_retry", "0.2"),
    "reload": lambda server: CONSOLE.reload(server, WHO),
}


def answered(server: Target, question: Callable[[Target], object]) -> str:
    """Ask, and return what was said of it; anything but an error of ours is a bug."""
    try:
        return repr(question(server))
    except (TransientError, PermanentError) as error:
        return str(error)


@pytest.fixture
def silent() -> Iterator[None]:
    """Let no library log, as the command does: see `cli.streams`."""
    silence_libraries()
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.usefixtures("silent")
@pytest.mark.parametrize("name", SENSELESS)
def test_a_server_that_talks_nonsense_is_no_bug(name: str, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever its rows hold: an answer, or an error that names it. None of its words act on a reader, nor in a log."""
    with impostor(SENSELESS[name]) as server:
        for question, ask in QUESTIONS.items():
            said = answered(server.target, ask)
            assert said.isprintable(), (question, said)
            assert len(said) < 2 * LONGEST, (question, said)
    assert caplog.text == ""


@pytest.mark.parametrize("question", ["role", "console"])
def test_a_session_hears_no_more_than_it_can_need(question: str) -> None:
    """Rows without end would be kept by libpq until the memory is full: five gigabytes in ten seconds."""
    sent: list[int] = []
    with impostor(floods(sent.append)) as server:
        assert "cannot hold a session" in answered(server.target, QUESTIONS[question])
    assert 0 < sum(sent) < FLOOD_BYTES
