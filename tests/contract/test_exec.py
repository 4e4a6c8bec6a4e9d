"""Commands in pods, and the probes that are asked of one: by which way ever its servers are reached."""

import time
from dataclasses import replace

import pytest

from bootheal.adapters.kube.exec import OUTPUT_BYTES
from bootheal.demo.stack import Stack
from bootheal.errors import DeniedError, UnreachableError
from bootheal.model import Answer, Login, Ref, Target
from bootheal.ports import World
from bootheal.probes import Exec, Http, Probe, Sql, Tcp, ask
from support.reach import Parts


def run(parts: Parts, app: str, *command: str, container: str = "", timeout: float = 5.0) -> Answer:
    pod = next(pod for pod in parts.cluster.reader.pods("shop") if pod.ref.name.startswith(app) and pod.ready)
    return parts.cluster.pod_access.exec(pod.ref, container, command, timeout)


def test_a_command_runs_in_its_container(parts: Parts) -> None:
    """With the container's environment; what it printed is the value, what it complained of is not."""
    answer = run(parts, "django", "sh", "-c", 'echo "$DATABASE_NAME"; echo oops >&2')
    assert answer == Answer(ok=True, spoke=True, value="shop")


def test_a_command_that_fails_is_told_by_its_exit_code(parts: Parts) -> None:
    """And by the last line that it said, on whatever stream."""
    answer = run(parts, "django", "sh", "-c", "echo one; echo two >&2; echo three >&2; exit 42")
    assert (answer.ok, answer.spoke, answer.text, answer.value) == (False, True, "ends with 42: three", "one")
    assert run(parts, "django", "sh", "-c", "echo no luck; exit 1").text == "ends with 1: no luck"


def test_a_program_that_is_not_there_is_told(parts: Parts) -> None:
    """Most images lack most programs."""
    answer = run(parts, "django", "no-such-program")
    assert (answer.ok, answer.text) == (False, "there is no such program in the container")
    assert answer.unasked


def test_a_command_that_hangs_is_given_up_in_time(parts: Parts) -> None:
    """Silent or without end: neither holds us up, or fills our memory."""
    for command in ("sleep 60", "yes"):
        began = time.monotonic()
        answer = run(parts, "django", "sh", "-c", command, timeout=1)
        assert (answer.ok, answer.text) == (False, "has not ended within 1 s")
        assert time.monotonic() - began < 30


def test_much_output_is_cut_short(parts: Parts) -> None:
    """The beginning is kept; the exit code comes after all of it."""
    answer = run(parts, "django", "sh", "-c", "head -c 1000000 /dev/zero | tr '\\0' x; exit 3")
    assert answer.text.startswith("ends with 3")
    assert 1000 < len(answer.value) <= OUTPUT_BYTES


def test_a_command_never_tells_a_password_that_we_know(parts: Parts) -> None:
    """Neither in what it printed nor in what it complained of."""
    password = parts.who("app").password.reveal()
    answer = run(parts, "django", "sh", "-c", 'echo "$DATABASE_PASSWORD"; echo "$DATABASE_PASSWORD" >&2; exit 1')
    assert answer.value == "***"
    assert password not in str(answer)


def test_a_command_that_cannot_begin_is_an_error(parts: Parts, stack: Stack) -> None:
    """No such pod or container; no right to, with its name."""
    with pytest.raises(UnreachableError, match="cannot run a command in pod/shop/none: the API server says 404"):
        parts.cluster.pod_access.exec(Ref("pod", "shop", "none"), "", ["true"], 5)
    with pytest.raises(UnreachableError, match="the API server says 400"):
        run(parts, "django", "true", container="none")
    stack.faults.deny("get", "pods/exec", "shop")
    with pytest.raises(DeniedError) as error:
        run(parts, "django", "true")
    stack.faults.clear()
    assert "pods/exec" in error.value.hint


def test_every_kind_of_probe_is_asked_of_a_pod(parts: Parts) -> None:
    """And a bad answer says what was asked, and what came instead."""
    world = World(
        pod_access=parts.cluster.pod_access,
        secrets=parts.cluster.secrets,
        postgres=parts.postgres,
        web=parts.web,
    )
    django, pooler = parts.target("django"), parts.target("pooler")
    asked = {pod.ref: pod for pod in parts.cluster.reader.pods("shop")}
    login = Login(Ref("secret", "shop", "app"))

    def answer(probe: Probe, target: Target = django) -> Answer:
        assert target.pod is not None
        found = ask(world, probe, [asked[target.pod]])
        assert found is not None
        return replace(found, text=found.text.removeprefix(f"{target.pod.name} "))

    assert answer(Http(django.port, "/health")).ok
    assert answer(Tcp(django.port)).ok
    assert answer(Tcp(django.port, "GET / HTTP/1.0\r\n\r\n", "hello")).ok
    assert answer(Exec(("sh", "-c", "echo well"), expect="well")).ok
    assert answer(Sql("select 1", "shop", login, pooler.port, expect="1"), pooler).ok
    assert answer(Http(django.port, "/health", 204)).text == "GET /health says 200, not 204"
    assert answer(Exec(("sh", "-c", "exit 7"))).text == "sh ends with 7"
    assert answer(Exec(("echo", "ill"), expect="well")).text == "echo does not say 'well'"
    wrong = answer(Sql("select 2", "shop", login, pooler.port, expect="1"), pooler)
    assert wrong.text == "says something else than '1'"
    assert ask(world, Http(80), []) is None
