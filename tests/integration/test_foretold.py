"""`plan` beside `run`, over layouts and states: what is done was said before, and nothing else is written anywhere."""

import json
import os
import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest

from bootheal.demo.shop import Layout
from bootheal.demo.stack import Stack, StackOptions
from support.command import actions, bootheal, heal
from support.session import DIRECTORY
from support.stack import running
from support.thorough import thorough

ROLES = ("pooler", "app", "postgres")
DECLARED = {"server_login_retry": "15", "server_idle_timeout": "300", "server_lifetime": "3600"}
AUTH_FILE = {"auth_file": {"secret": "pooler-userlist", "path": "userlist.txt"}}


def closed(stack: Stack) -> None:
    """End the connections that hide a wrong password."""
    with stack.postgres.admin() as connection:
        connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where usename in ('pooler', 'app')")


def rotated(role: str) -> Callable[[Stack], None]:
    """Give a role another password everywhere but in the pods."""

    def rotate(stack: Stack) -> None:
        stack.pooler.rotate(role)
        stack.postgres.set_password(role, stack.pooler.secret(role)[1])

    return rotate


def drift_both(stack: Stack) -> None:
    """Neither role has the password of its Secret any more."""
    for role in ("pooler", "app"):
        stack.postgres.drift_password(role)


def set_otherwise(stack: Stack) -> None:
    """Somebody has set something on the console."""
    with stack.pooler.console() as connection:
        connection.execute("SET server_idle_timeout = 7")


STATES: dict[str, Callable[[Stack], None]] = {
    "as it should be": lambda _stack: None,
    "the pooler's role has another password": lambda stack: stack.postgres.drift_password("pooler"),
    "the application's role has another password": lambda stack: stack.postgres.drift_password("app"),
    "the application's role has another salt": lambda stack: stack.postgres.resalt("app"),
    "both roles have others": drift_both,
    "the pooler's Secret is new": rotated("pooler"),
    "the application's Secret is new": rotated("app"),
    "a setting is another": set_otherwise,
}


class Case(NamedTuple):
    """A layout, what is declared of its pooler, how often it runs, and what has happened to it."""

    layout: Layout
    compared: bool
    replicas: int
    state: str


LAYOUTS: tuple[Layout, ...] = ("plaintext", "verifier", "auth_query")
ALL = [
    Case(layout, compared, replicas, state)
    for layout in LAYOUTS
    for compared in (True, False)
    for replicas in (1, 2)
    for state in STATES
]


def drawn() -> list[Case]:
    """Return all of them at night, else one, the same in each process of a session: a failure names it."""
    session = random.Random(os.environ.get(DIRECTORY, ""))  # noqa: S311 - an example, not a secret
    return ALL if thorough() else [session.choice(ALL)]


def observed(stack: Stack) -> dict[str, str]:
    """Return what could be changed outside of the API: verifiers, and settings of a pod that lets its own role in."""
    found = {f"role/shop/{role}": stack.postgres.verifier(role) for role in ROLES}
    with suppress(psycopg.OperationalError):
        found |= {key: stack.pooler.setting(key) for key in (*DECLARED, "dns_nxdomain_ttl")}
    return found


@pytest.mark.parametrize("case", drawn(), ids=lambda case: "-".join(map(str, case)))
def test_all_that_a_run_changes_was_said_before(tmp_path: Path, case: Case) -> None:
    """By `plan`, of what depends on nothing that is still to be mended, by a line before the deed, of all the rest.

    What the API server was sent, and what PostgreSQL and PgBouncer have otherwise than before, is one of these deeds.
    """
    options = StackOptions(pooler_layout=case.layout, fsync=False, drift=False, pooler_replicas=case.replicas)
    with running(tmp_path, options) as stack:
        pooler: dict[str, Any] = {"settings": DECLARED} | (AUTH_FILE if case.compared else {})
        changes: dict[str, Any] = {
            "cleanup": {"namespaces": []},
            "workloads": None,
            "poolers": {"shop": pooler},
            "deadline": 30,
        }
        stack.configure(changes)
        STATES[case.state](stack)
        closed(stack)
        before = observed(stack)
        planned = json.loads(bootheal("plan", "--json", "-c", stack.config).stdout)
        assert observed(stack) == before, "plan changes nothing"
        stack.requests.clear()
        report = heal(stack.config, expect=(0, 1))
        after = observed(stack)
        written = {each.path.rpartition("/")[2] for each in list(stack.requests) if each.writes}
    done = {outcome["step"]: [deed["sentence"] for deed in outcome["actions"]] for outcome in report["outcomes"]}
    said = "\n".join(actions(report))
    altered = {what for what in before.keys() & after.keys() if before[what] != after[what]}
    assert {name for name in written | altered if name not in said} == set(), said
    for row in planned:
        if row["not_yet"]:
            continue
        foretold, deeds = row["actions"], done[row["step"]]
        assert [deed for deed in foretold if deed not in deeds] == [], row
        assert row["judgement"] != "well" or not deeds or row["after"], (row, deeds)
