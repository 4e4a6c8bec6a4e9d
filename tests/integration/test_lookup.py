"""A pooler that looked its database up before cluster DNS served, as happens after most power cuts."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from bootheal.demo.stack import Stack, StackOptions
from support.command import actions, heal
from support.names import NameServer

REMEMBERS = 120
"""Seconds; by default 15."""


@pytest.fixture
def looked_up(tmp_path: Path) -> Iterator[tuple[Stack, NameServer]]:
    """A stack whose pooler looks postgres up, and whom it asks."""
    with tempfile.NamedTemporaryFile("w", prefix="resolv-") as resolver:
        Path(resolver.name).chmod(0o644)
        settings: dict[str, str | int] = {"resolv_conf": resolver.name, "dns_nxdomain_ttl": REMEMBERS}
        options = StackOptions(fsync=False, drift=False, database_name="postgres.shop.svc", pooler_settings=settings)
        with NameServer(lambda: address_of(stack)) as names:
            stack = Stack(tmp_path, options)
            resolver.write(f"nameserver {names.host}\n")
            resolver.flush()
            with stack:
                stack.configure({"cleanup": {"namespaces": []}, "workloads": None})
                yield stack, names


def address_of(stack: Stack) -> str:
    service = stack.find("services", "postgres")
    return str(service["spec"]["clusterIP"]) if service else "127.0.0.1"


def test_a_name_that_it_does_not_believe_in_any_more_is_cured_in_seconds(looked_up: tuple[Stack, NameServer]) -> None:
    """By one restart, instead of the minutes for which it remembers; the declared settings are there again."""
    stack, names = looked_up
    names.knows = False
    stack.pooler.kill()
    stack.wait_until("the pooler to look its database up in vain", lambda: remembers(stack))
    names.knows = True
    began = time.monotonic()
    done = actions(heal(stack.config))
    took = time.monotonic() - began
    assert [sentence for sentence in done if "it remembers that PostgreSQL's name does not exist" in sentence]
    assert asks(stack)
    assert took < REMEMBERS / 2, "the pod's start, on a busy machine, included"
    assert stack.pooler.setting("server_idle_timeout") == "300"


def asks(stack: Stack) -> bool:
    try:
        with stack.pooler.connect(*stack.pooler.secret("app"), "shop", timeout=2) as connection:
            connection.execute("select 1")
    except psycopg.OperationalError:
        return False
    return True


def remembers(stack: Stack) -> bool:
    """Make it look, and see that it has not found anything."""
    try:
        if asks(stack):
            return False
        with stack.pooler.console() as connection:
            return any(not row[2] for row in connection.execute("SHOW DNS_HOSTS").fetchall())
    except psycopg.OperationalError:
        return False
