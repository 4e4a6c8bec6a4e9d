"""Part (b): from "cause removed" to the first served query, bootheal against doing nothing.

Real PostgreSQL, real PgBouncer, real clients, and `bootheal run --once` as a user starts
it while the cause is still there. "Doing nothing" means that somebody removes the cause
and does not touch the pooler; "the start-up script" that somebody, as soon as PostgreSQL
accepts, sets the password once more and deletes the pooler's pod.
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
from bootheal.demo.shop import Layout
from bootheal.demo.stack import Stack, StackOptions
from bootheal.errors import DemoError
from support.double import SHOP, Api

PART = "pooler: seconds from 'cause removed' to the first served query"
Found = TypeVar("Found")
Cause = Literal["wrong password", "PostgreSQL down", "crash recovery"]
CAUSES: tuple[Cause, ...] = ("wrong password", "PostgreSQL down", "crash recovery")
LAYOUTS: tuple[Layout, ...] = ("plaintext", "verifier", "auth_query")
Helper = Literal["bootheal", "nobody", "the start-up script"]
# Cold: the pooler has started anew while the cause was there, as after a reboot, and lets clients wait in their login.
Pool = Literal["cold", "warm"]
RETRIES, QUICK_RETRY = (5, 15, 60), 15
GOAL = 0.5

# The cause is there for this long; PostgreSQL comes back this long after bootheal was started.
TROUBLE, LEAD = 6.0, 2.0
SETTLE, LOOK, LONGEST = 0.5, 0.01, 90.0
DELAYS = (0.0, 4.0)
AT_ONCE = 9
IDLE = 5


@dataclass(frozen=True, slots=True)
class Case:
    """One experiment, on a stack of its own."""

    cause: Cause
    pool: Pool
    retry: int
    helper: Helper = "bootheal"
    layout: Layout = "plaintext"
    trouble: float = TROUBLE

    @property
    def role(self) -> str:
        """Whose password lets the pooler in: with a verifier it passes the application's keys through."""
        return "app" if self.layout == "verifier" else "pooler"

    def __str__(self) -> str:
        return f"{self.cause}, {self.layout}, {self.pool} pool, server_login_retry {self.retry}"


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
    """Yield the rows; `quick` leaves out doing nothing for a minute, and all layouts but one."""
    layouts = LAYOUTS[:1] if quick else LAYOUTS
    healed = [Case(cause, "cold", retry, layout=layout) for layout in layouts for cause in CAUSES for retry in retries]
    healed += [Case(cause, "warm", retry) for cause in CAUSES for retry in retries]
    plain = [case for case in healed if case.layout == "plaintext"]
    nothing = [replace(case, helper="nobody") for case in plain if not quick or case.retry <= QUICK_RETRY]
    script = [replace(case, helper="the start-up script") for case in plain if case.retry == QUICK_RETRY]
    results: dict[Case, Result] = {}
    context = get_context("spawn")
    # Doing nothing is mostly waiting: much of it at once.
    with ProcessPoolExecutor(AT_ONCE, mp_context=context) as processes:
        results |= zip(nothing, processes.map(try_out, nothing), strict=True)
    # Two at a time, half a case apart: none is measured while the other's stack starts or is measured.
    with ProcessPoolExecutor(2, mp_context=context) as processes:
        lanes = [(healed + script)[::2], (healed + script)[1::2]]
        for cases, found in zip(lanes, processes.map(_lane, lanes, DELAYS), strict=True):
            results |= zip(cases, found, strict=True)
    yield from _rows(healed, results)


def _lane(cases: list[Case], delay: float) -> list[Result]:
    time.sleep(delay)
    return [try_out(case) for case in cases]


def _rows(healed: list[Case], results: Mapping[Case, Result]) -> Iterator[Row]:
    def beside(case: Case, helper: Helper) -> Result | None:
        return results.get(replace(case, helper=helper))

    for case in healed:
        other = beside(case, "nobody")
        yield Row(
            PART, str(case), results[case].seconds, "s", other.seconds if other else None, "doing nothing", most=GOAL
        )
    for case in healed:
        if other := beside(case, "the start-up script"):
            against = f"the start-up script, {other.dropped} connections dropped"
            yield Row(PART, str(case), results[case].seconds, "s", other.seconds, against)
    for what, counts, most in (
        ("connections of clients dropped, in all cases", attrgetter("dropped"), 0.0),
        ("requests of clients answered with an error, in all cases", attrgetter("errored"), None),
    ):
        ours = float(sum(counts(results[case]) for case in healed))
        yield Row(PART, what, ours, "", most=most)


def try_out(case: Case) -> Result:
    """Start a stack, break it, have it healed or not, and watch its clients."""
    options = StackOptions(
        pooler_layout=case.layout, server_login_retry=case.retry, pooler_settings={"pool_mode": "transaction"}
    )
    idle = IDLE if case.pool == "warm" else 0
    with ExitStack() as context:
        directory = Path(context.enter_context(TemporaryDirectory()))
        stack = context.enter_context(Stack(directory, options))
        applications = context.enter_context(Applications(_login(stack), idle))
        if case.layout == "verifier":
            stack.configure({"poolers": {"shop": {"auth_file": {"secret": "pooler-userlist"}}}})
        at = ("--config", str(stack.config))
        run("-m", "bootheal", "plan", *at)  # as on any machine it has run on before, its bytecode is there
        began = _break(stack, case)
        time.sleep(case.trouble - LEAD)
        if applications.first_served(began + SETTLE):
            raise CannotMeasureError(f"cannot measure {case}: clients were served although the cause was there")
        if case.helper != "bootheal":
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
    if case.helper == "the start-up script":
        stack.postgres.resalt(case.role)
        _delete_pooler(stack)
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
    match case.cause:
        case "wrong password":
            stack.postgres.drift_password(case.role)
            with stack.postgres.admin() as connection:  # a pooled connection would hide it
                query = "select pg_terminate_backend(pid) from pg_stat_activity where usename in ('pooler', 'app')"
                connection.execute(query)
        case "PostgreSQL down":
            stack.postgres.stop()
            _wait_for(lambda: not stack.postgres.pids, "PostgreSQL to stop")
        case "crash recovery":
            stack.postgres.be_busy()
            stack.cluster.postgres.recovery_seconds = case.trouble
            stack.postgres.kill()
    if case.pool == "cold":
        old = stack.pooler.pids
        stack.pooler.kill()
        _wait_for(
            lambda: stack.pooler.pids and not set(old).intersection(stack.pooler.pids), "the pooler to start anew"
        )
    return time.monotonic()


def _remove(stack: Stack, case: Case) -> float:
    """Remove the cause, or see it go; return the last moment at which it was certainly still there."""
    if case.cause == "PostgreSQL down":
        time.sleep(LEAD)
        stack.postgres.start()
    if case.cause != "wrong password":
        return _last_failure(lambda: _accepts(stack), "PostgreSQL to accept connections")
    if case.helper != "bootheal":
        time.sleep(LEAD)
        moment = time.monotonic()
        if case.helper == "nobody":
            stack.postgres.resalt(case.role)
        return moment
    with stack.postgres.admin() as connection:
        query = "select rolpassword from pg_authid where rolname = %s"
        wrong = connection.execute(query, [case.role]).fetchone()
        return _last_failure(
            lambda: connection.execute(query, [case.role]).fetchone() != wrong, "bootheal to reset the password"
        )


def _delete_pooler(stack: Stack) -> None:
    """As `kubectl delete pod` does."""
    api = Api(stack.kubeconfig)
    for pod in stack.pooler.pods:
        api.call("DELETE", f"{SHOP}/pods/{pod['metadata']['name']}")


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
