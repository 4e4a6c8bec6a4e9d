"""Each way in which a pooler knows passwords is recovered by its own shortest route."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from bootheal.demo.shop import Layout
from bootheal.demo.stack import Stack, StackOptions
from bootheal.model import Credentials, Secret, Target
from support.command import actions, bootheal, heal, interrupt_at
from support.pgbouncer import server
from support.stack import running
from support.thorough import rows_by_night

Start = Callable[..., Stack]
# The path is the double's: its containers have no file system of their own.
AUTH_FILE = {"auth_file": {"secret": "pooler-userlist", "path": "userlist.txt"}}


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a stack with a layout, and its pooler's configuration changed."""
    with ExitStack() as context:

        def started(layout: Layout, pooler: dict[str, Any] | None = None, **options: Any) -> Stack:
            quick = StackOptions(pooler_layout=layout, fsync=False, drift=False, **options)
            stack = context.enter_context(running(tmp_path, quick))
            stack.configure({"cleanup": {"namespaces": []}, "workloads": None, "poolers": {"shop": pooler or {}}})
            return stack

        yield started


def close_pooled(stack: Stack) -> None:
    """End what hides a wrong password: connections that are open."""
    with stack.postgres.admin() as connection:
        connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where usename in ('pooler', 'app')")


def serves(stack: Stack) -> bool:
    """Whether the application's query gets through; a warm pool lets it in, and then lets it wait."""
    user, password = stack.pooler.secret("app")
    target = Target(stack.pooler.address, stack.pooler._port)
    return server().ask(target, Credentials(user, Secret(password)), "shop", timeout=2.0).ok


def pooler_pods(stack: Stack) -> set[str]:
    return {pod["metadata"]["uid"] for pod in stack.pooler.pods}


def mend(stack: Stack) -> list[str]:
    """Heal, and return the deeds of the report; whatever was written, or is another verifier now, is one of them."""
    before = {role: stack.postgres.verifier(role) for role in ("pooler", "app", "postgres")}
    stack.requests.clear()
    done = actions(heal(stack.config))
    written = {each.path.rpartition("/")[2] for each in list(stack.requests) if each.writes}
    altered = {f"role/shop/{role}" for role, known in before.items() if stack.postgres.verifier(role) != known}
    said = "\n".join(done)
    assert {name for name in written | altered if name not in said} == set()
    return done


@pytest.mark.parametrize("layout", ["plaintext", "verifier", "auth_query"])
def test_a_healthy_stack_is_left_as_it_is(start: Start, layout: Layout) -> None:
    """Verifiers are the same byte for byte, and nothing is restarted."""
    stack = start(layout, AUTH_FILE | {"settings": None})
    before = [stack.postgres.verifier(role) for role in ("pooler", "app")], pooler_pods(stack)
    assert mend(stack) == []
    assert before == ([stack.postgres.verifier(role) for role in ("pooler", "app")], pooler_pods(stack))


@pytest.mark.parametrize("layout", ["plaintext", "auth_query"])
def test_a_drifted_pooler_role_is_reset_and_nobody_is_restarted(start: Start, layout: Layout) -> None:
    """The password of its Secret again, and the pooler logs in at once; `plan` has said so."""
    stack = start(layout)
    pods = pooler_pods(stack)
    stack.postgres.drift_password("pooler")
    close_pooled(stack)
    planned = json.loads(bootheal("plan", "--json", "-c", stack.config).stdout)
    foretold = [action for step in planned for action in step["actions"]]
    assert any("reset the password of role/shop/pooler" in action for action in foretold)
    done = mend(stack)
    assert [action for action in foretold if action not in done] == []
    assert serves(stack)
    assert pooler_pods(stack) == pods


@pytest.mark.parametrize("drift", ["salt", "password"])
def test_a_role_that_is_passed_through_gets_its_very_verifier_back(start: Start, drift: str) -> None:
    """Whether only the salt differs, or the password too: what auth_file has, byte for byte."""
    stack = start("verifier", AUTH_FILE)
    verifier, pods = stack.postgres.verifier("app"), pooler_pods(stack)
    if drift == "salt":
        stack.postgres.resalt("app")
    else:
        stack.postgres.drift_password("app")
    close_pooled(stack)
    done = "\n".join(mend(stack))
    assert "give role/shop/app the verifier that secret/shop/pooler-userlist has for it" in done
    assert stack.postgres.verifier("app") == verifier
    assert serves(stack)
    assert pooler_pods(stack) == pods


def rotate(stack: Stack, role: str) -> None:
    """An operator gives a role another password, everywhere but in the running pooler."""
    stack.pooler.rotate(role)
    stack.postgres.set_password(role, stack.pooler.secret(role)[1])
    close_pooled(stack)


def test_a_new_userlist_that_has_reached_the_pod_is_reloaded(start: Start) -> None:
    """No pod is restarted, and the declared settings come back into force."""
    stack = start("plaintext", AUTH_FILE)
    heal(stack.config)
    pods = pooler_pods(stack)
    rotate(stack, "app")
    stack.pooler.refresh_userlist()
    done = mend(stack)
    assert [sentence for sentence in done if sentence.startswith("reload pod/shop/pooler-")]
    assert serves(stack)
    assert pooler_pods(stack) == pods
    assert stack.pooler.setting("server_idle_timeout") == "300"
    assert stack.pooler.setting("server_login_retry") == "15"


@pytest.mark.parametrize("declared", [AUTH_FILE, {}], ids=["compared", "unknown"])
def test_a_new_userlist_that_never_reaches_the_pod_costs_one_restart(start: Start, declared: dict[str, Any]) -> None:
    """As with a subPath or the environment: at once where the file can be compared, else after a few seconds."""
    stack = start("auth_query", declared)
    pods = pooler_pods(stack)
    rotate(stack, "pooler")
    done = mend(stack)
    assert len([sentence for sentence in done if sentence.startswith("restart pod/shop/pooler-")]) == 1
    assert serves(stack)
    assert pooler_pods(stack).isdisjoint(pods)
    assert stack.pooler.setting("server_idle_timeout") == "300"


def test_two_pods_are_restarted_one_after_the_other(start: Start) -> None:
    """And end up with the declared settings, both."""
    stack = start("auth_query", AUTH_FILE, pooler_replicas=2)
    rotate(stack, "pooler")
    done = mend(stack)
    assert len([sentence for sentence in done if sentence.startswith("restart pod/shop/pooler-")]) == 2
    assert serves(stack)


@pytest.mark.parametrize(
    "moment",
    [
        r"does .*give role",
        r"does .*set server_login_retry = 0.2 ",
        *rows_by_night(r"ok +credential/shop/client", r"does .*again"),
    ],
)
def test_a_run_killed_at_any_write_is_finished_by_the_next(start: Start, moment: str) -> None:
    """Of verifier, loan and repayment: healed, nothing is left paused, and no SET of ours left behind."""
    stack = start("verifier", AUTH_FILE)
    verifier = stack.postgres.verifier("app")
    stack.postgres.drift_password("app")
    close_pooled(stack)
    refused = 'password authentication failed for user "app"'  # or else nothing needs to be lent
    stack.wait_until("the pooler to be refused", lambda: not serves(stack) and refused in stack.postgres.log)
    interrupt_at(stack.config, moment)
    heal(stack.config)
    assert serves(stack)
    assert stack.postgres.verifier("app") == verifier
    assert (stack.pooler.setting("server_login_retry"), stack.pooler.setting("dns_nxdomain_ttl")) == ("15", "15")
    with stack.pooler.console() as connection:
        columns = [column.name for column in connection.execute("SHOW DATABASES").description or ()]
        rows = [dict(zip(columns, row, strict=True)) for row in connection.execute("SHOW DATABASES").fetchall()]
    assert [row["paused"] for row in rows if row["name"] == "shop"] == [0]
