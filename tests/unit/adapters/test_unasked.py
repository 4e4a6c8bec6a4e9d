"""A way that fails is told from somebody who does not answer: nothing is known of him."""

import socket
from collections.abc import Callable
from typing import Any

import pytest

from bootheal.adapters.postgres.server import PostgresServer
from bootheal.adapters.web import WebProbe
from bootheal.errors import UnreachableError
from bootheal.model import Answer, Credentials, Ref, Secret, Target
from bootheal.ports import Partial, World
from bootheal.probes import Exec, ask
from support.objects import a_pod

TARGET = Target("10.42.0.7", 80, Ref("pod", "shop", "web-1"))


def asked(error: Exception) -> dict[str, Answer]:
    """Ask in each way, where opening the connection fails so."""

    def fails(_target: Target, _timeout: float) -> Any:
        raise error

    web, nobody = WebProbe(fails), Credentials("nobody", Secret("x"))
    local: Any = None
    postgres = PostgresServer(fails, local)
    return {
        "http": web.http(TARGET, "/", 1.0),
        "tcp": web.tcp(TARGET, 1.0),
        "dns": web.dns(TARGET, "name", 1.0),
        "login": postgres.ask(TARGET, nobody, "shop", timeout=1.0),
        "greeting": postgres.greet(TARGET, "shop", timeout=1.0),
    }


@pytest.mark.parametrize(
    ("error", "unasked"),
    [
        (UnreachableError("cannot forward a port to pod/shop/web-1: 502"), True),
        (ConnectionRefusedError(111, "Connection refused"), False),
        (ConnectionResetError(104, "Connection reset"), False),
        (TimeoutError(), False),
    ],
)
def test_a_port_forward_that_cannot_be_opened_is_nobodys_silence(error: Exception, *, unasked: bool) -> None:
    """Whoever refuses, or keeps silent, was asked."""
    answers = asked(error)
    assert {kind: answer.unasked for kind, answer in answers.items()} == dict.fromkeys(answers, unasked)
    assert not any(answer.ok or answer.spoke for answer in answers.values())


def test_a_front_door_whose_name_nobody_resolves_was_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine's resolver may come late, and no restart of what is behind the door changes that."""

    def nobody(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_AGAIN, "temporary failure")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    never: Callable[..., Any] = nobody
    answer = WebProbe(never).visit("http://shop.invalid/", 1.0)
    assert (answer.spoke, answer.unasked) == (False, True)


def test_a_command_that_cannot_begin_was_not_run() -> None:
    """It says nothing of its container."""

    class Pods(Partial):
        def exec(self, pod: Ref, container: str, command: Any, timeout: float) -> Answer:
            raise UnreachableError("cannot run a command in pod/shop/web-1: 502")

    answer = ask(World(pod_access=Pods()), Exec(("pg_isready",)), [a_pod("web-1")])
    assert answer is not None
    assert answer.unasked
