"""Who waits for what, as far as only the whole file tells: nothing waits for what it does not need.

A check of the data that logs in with a password which another step may mend comes after that step: else the check's
28P01 would keep it from being mended. What needs no such login is found out before, by a step of its own.

A database's Service is needed by who comes through it. A pooler proves it by its logins, so what the pooler comes after
begins as soon as there is a primary.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, TypeGuard

from bootheal.config import names
from bootheal.model import Login
from bootheal.pgbouncer.credential import Credential
from bootheal.pgbouncer.pooler import PoolerStep
from bootheal.postgres.database import DatabaseStep
from bootheal.postgres.location import Database
from bootheal.step import Step


def arranged(steps: Iterable[Step[Any]]) -> Iterator[Step[Any]]:
    """Yield the steps of a file with these edges."""
    every = list(steps)
    menders = {
        step.name: mending
        for step in every
        if isinstance(step, DatabaseStep) and (mending := [each.name for each in every if _mends(each, step)])
    }
    ahead = {each.name: of for each in every if _resets(each) and (of := _named(each.database)) in menders}
    for step in every:
        if isinstance(step, DatabaseStep):
            users = [each for each in every if step.name in each.after]
            through_poolers = users and all(isinstance(each, PoolerStep | Credential) for each in users)
            yield from _phases(replace(step, routed=not through_poolers), menders.get(step.name, ()))
        elif step.name in ahead:
            yield replace(step, after=(_primary(ahead[step.name]),))
        elif isinstance(step, PoolerStep):
            behind = [ahead[name] for name in step.after if name in ahead]  # no credential has waited for its checks
            yield replace(step, after=tuple(dict.fromkeys((*step.after, *behind))))
        else:
            yield step


def _resets(step: Step[Any]) -> TypeGuard[Credential]:
    return isinstance(step, Credential) and step.reset != "never"


def _mends(step: Step[Any], database: DatabaseStep) -> bool:
    """Whether a step may mend the password that the database's checks log in with: a role is its whole server's."""
    if not _resets(step) or _server(step.database) != _server(database.database):
        return False
    asks = database.client if database.checks else None
    return asks is not None and _may_be_one(asks, step.login)


def _server(database: Database) -> tuple[str, str, str, frozenset[tuple[str, str]]]:
    return database.host, database.namespace, database.service, frozenset(database.selector.items())


def _may_be_one(one: Login, other: Login) -> bool:
    """Whether two logins may be of one role: by their users, or else by a Secret that does not hold two for them."""
    if one.user and other.user:
        return one.user == other.user
    differ = one.password_key and other.password_key and one.password_key != other.password_key
    return one.secret == other.secret and not differ


def _phases(step: DatabaseStep, menders: Iterable[str]) -> Iterator[DatabaseStep]:
    """Yield the step, and before it what can be known without the login that `menders` may mend."""
    if menders:
        primary = replace(step, name=_primary(step.name), checks=(), client=None, routed=False)
        yield primary
        step = replace(step, after=(primary.name, *menders))
    yield step


def _named(database: Database) -> str:
    return f"{names.DATABASE}{database.name}"


def _primary(database: str) -> str:
    return f"{names.PRIMARY}{database.removeprefix(names.DATABASE)}"
