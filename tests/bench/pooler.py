"""Part (b): from "cause removed" to the first served query, bootheal against doing nothing.

Real PostgreSQL, real PgBouncer, real clients, and `bootheal run --once` as a user starts
it while the cause is still there. "Doing nothing" means that somebody removes the cause
and does not touch the pooler.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from multiprocessing import get_context
from operator import attrgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, TypeVar

import psycopg

from bench.clients import Applications, Ending
from bench.command import run, running
from bench.row import CannotMeasureError, Row
from bootheal.demo.stack import Stack, StackOptions
from bootheal.errors import DemoError

PART = "pooler: seconds from 'cause removed' to the first served query"
Found = TypeVar("Found")
Cause = Literal["wrong password", "PostgreSQL down"]
CAUSES: tuple[Cause, ...] = ("wrong password", "PostgreSQL down")
# Cold: the pooler has started anew while the cause was there, as after a reboot, and lets clients wait in their login.
Pool = Literal["cold", "warm"]
POOLS: tuple[Pool, ...] = ("cold", "warm")
RETRIES, QUICK_RETRY = (5, 15, 60), 15
GOAL = 0.5

# The cause is there for this long; PostgreSQL comes back this long after bootheal was started.
TROUBLE, LEAD = 8.0, 2.0
SETTLE, LOOK, LONGEST = 0.5, 0.01, 90.0
DELAYS = (0.0, 5.0)
IDLE = 5


@dataclass(frozen=True, slots=True)
class Case:
    """One experiment, on a stack of its own."""

    cause: Cause
    pool: Pool
    retry: int
    heal: bool
    trouble: float = TROUBLE


@dataclass(frozen=True, slots=True)
class Result:
    """`seconds` from the cause's end to the first served query.

    `dropped` counts connections of clients that were closed, without a word, since the
    healing began; `errored` the requests that got an error since the cause began.
    """

    seconds: float
    dropped: int
    errored: int


def measure(retries: tuple[int, ...] = RETRIES, *, quick: bool = False) -> Iterator[Row]:
    """Yield the rows; `quick` leaves out doing nothing for a minute."""
    nothing = [Case(cause, pool, retry, heal=False) for cause in CAUSES for pool in POOLS for retry in retries]
    healed = [replace(case, heal=True) for case in nothing]
    if quick:
        nothing = [case for case in nothing if case.retry <= QUICK_RETRY]
    context = get_context("spawn")
    # Doing nothing is mostly waiting: all of it at once.
    with ProcessPoolExecutor(len(nothing), mp_context=context) as processes:
        results = dict(zip(nothing, processes.map(try_out, nothing), strict=True))
    # Two at a time, half a case apart: none is measured while the other's stack starts or is measured.
    with ProcessPoolExecutor(2, mp_context=context) as processes:
        for cases, found in zip(lanes := (healed[::2], healed[1::2]), processes.map(_lane, lanes, DELAYS), strict=True):
            results |= zip(cases, found, strict=True)
    yield from _rows(healed, results)


def _lane(cases: list[Case], delay: float) -> list[Result]:
    time.sleep(delay)
    return [try_out(case) for case in cases]


def _rows(healed: list[Case], results: Mapping[Case, Result]) -> Iterator[Row]:
    def nothing(case: Case) -> Result | None:
        return results.get(replace(case, heal=False))

    for case in healed:
        other = nothing(case)
        what = f"{case.cause}, {case.pool} pool, server_login_retry {case.retry}"
        against = "doing nothing"
        yield Row(PART, what, results[case].seconds, "s", other.seconds if other else None, against, most=GOAL)
    for what, counts, most in (
        ("connections of clients dropped, in all cases", attrgetter("dropped"), 0.0),
        ("requests of clients answered with an error, in all cases", attrgetter("errored"), None),
    ):
        others = [other for case in healed if (other := nothing(case))]
        other_sum = float(sum(map(counts, others))) if len(others) == len(healed) else None
        ours = float(sum(counts(results[case]) for case in healed))
        yield Row(PART, what, ours, "", other_sum, "doing nothing", most=most)


def try_out(case: Case) -> Result:
    """Start a stack, break it, have it healed or not, and watch its clients."""
    options = StackOptions(server_login_retry=case.retry, pooler_settings={"pool_mode": "transaction"})
    idle = IDLE if case.pool == "warm" else 0
    with ExitStack() as context:
        directory = Path(context.enter_context(TemporaryDirectory()))
        stack = context.enter_context(Stack(directory, options))
        applications = context.enter_context(Applications(_login(stack), idle))
        at = ("--config", str(stack.config))
        run("-m", "bootheal", "plan", *at)  # as on any machine it has run on before, its bytecode is there
        began = _break(stack, case)
        time.sleep(case.trouble - LEAD)
        if applications.first_served(began + SETTLE):
            raise CannotMeasureError(f"cannot measure {case}: clients were served although the cause was there")
        if not case.heal:
            return _watch(stack, case, applications, began)
        with running("-m", "bootheal", "run", "--once", *at) as command:
            result = _watch(stack, case, applications, began)
            command.result()
        _check_repaid(stack, case)
        return result


def _watch(stack: Stack, case: Case, applications: Applications, began: float) -> Result:
    """See the cause removed and the clients served again."""
    healing = time.monotonic()
    removed = _remove(stack, case)
    served = _wait_for(lambda: applications.first_served(removed), f"{case} to serve a query")
    time.sleep(SETTLE)
    dropped = applications.count(Ending.DROPPED, healing) + applications.lost()
    return Result(served - removed, dropped, applications.count(Ending.ERRORED, began))


def _login(stack: Stack) -> dict[str, Any]:
    service = stack.find("services", "pooler")
    assert service
    user, password = stack.pooler.secret("app")
    host, port = service["spec"]["clusterIP"], service["spec"]["ports"][0]["port"]
    return {"host": host, "port": port, "user": user, "password": password, "dbname": "shop", "sslmode": "disable"}


def _break(stack: Stack, case: Case) -> float:
    """Cause the trouble; return since when it is there."""
    if case.cause == "wrong password":
        stack.postgres.drift_password()
        with stack.postgres.admin() as connection:  # a pooled connection would hide it
            connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'pooler'")
    else:
        stack.postgres.stop()
        _wait_for(lambda: not stack.postgres.pids, "PostgreSQL to stop")
    if case.pool == "cold":
        old = stack.pooler.pids
        stack.pooler.kill()
        _wait_for(
            lambda: stack.pooler.pids and not set(old).intersection(stack.pooler.pids), "the pooler to start anew"
        )
    return time.monotonic()


def _remove(stack: Stack, case: Case) -> float:
    """Remove the cause, or see bootheal do so; return the last moment at which it was certainly still there."""
    if case.cause == "PostgreSQL down":
        time.sleep(LEAD)
        stack.postgres.start()
        return _last_failure(lambda: _accepts(stack), "PostgreSQL to accept connections")
    if not case.heal:
        time.sleep(LEAD)
        moment = time.monotonic()
        stack.postgres.resalt("pooler")
        return moment
    with stack.postgres.admin() as connection:
        query = "select rolpassword from pg_authid where rolname = 'pooler'"
        wrong = connection.execute(query).fetchone()
        return _last_failure(lambda: connection.execute(query).fetchone() != wrong, "bootheal to reset the password")


def _accepts(stack: Stack) -> bool:
    try:
        stack.postgres.admin().close()
    except (psycopg.OperationalError, DemoError):
        return False
    return True


def _last_failure(holds: Callable[[], bool], what: str) -> float:
    """Return when the last look began that did not see it: rather too early than too late."""
    failed = time.monotonic()

    def look() -> bool:
        nonlocal failed
        began = time.monotonic()
        if holds():
            return True
        failed = began
        return False

    _wait_for(look, what)
    return failed


def _wait_for(look: Callable[[], Found | None], what: str) -> Found:
    deadline = time.monotonic() + LONGEST
    while not (found := look()):
        if time.monotonic() > deadline:
            raise CannotMeasureError(f"cannot wait longer than {LONGEST:g} s for {what}")
        time.sleep(LOOK)
    return found


def _check_repaid(stack: Stack, case: Case) -> None:
    """A run that leaves the pooler with another setting has not healed it."""
    now = stack.pooler.setting("server_login_retry")
    if float(now) != case.retry:
        raise CannotMeasureError(f"cannot measure {case}: it left server_login_retry at {now}")
