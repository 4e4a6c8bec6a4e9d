"""What several servers of one database tell together: none hides another, and the gravest decides."""

from dataclasses import replace
from typing import Any

import pytest

from bootheal.model import Answer, Login, Pod, Ref, Target
from bootheal.postgres.database import DatabaseStep
from bootheal.postgres.location import Database
from bootheal.postgres.observation import DatabaseObservation
from bootheal.postgres.primary import Server, Servers
from bootheal.postgres.server_log import finding
from bootheal.postgres.silent_server import SilentServer
from bootheal.step import GiveUp, Judgement, Wait
from support.objects import NOW, a_pod, past, running

DATABASE = Database("shop", "shop", "shop", Login(Ref("secret", "shop", "admin")), service="postgres")
STEP = DatabaseStep(name="database/shop", database=DATABASE)

REFUSED = Answer(ok=False, spoke=False, text="connection refused")
LATE = Answer(ok=False, spoke=True, sqlstate="57P03", text="the database system is not yet accepting connections")
STANDBY = Answer(ok=True, spoke=True, value="t")

NOTHING = SilentServer()
FOLLOWS = SilentServer(follows=True)
REPLICA = {"role": "replica"}
ZALANDO = {"spilo-role": "master"}


def says(line: str, **fields: Any) -> SilentServer:
    found = finding(f"{line}\n", Ref("pod", "shop", "pg-0"), "postgres")
    assert found
    return replace(SilentServer("CrashLoopBackOff, 3 restarts", found, tried=True), **fields)


DAMAGED = says("PANIC:  could not locate a valid checkpoint record")
EMPTY = says('FATAL:  lock file "postmaster.pid" is empty')
EXISTS = says('FATAL:  lock file "postmaster.pid" already exists')
KILLED = says("LOG:  startup process (PID 9) was terminated by signal 9: Killed")


Member = tuple[Answer, SilentServer, dict[str, str]]


def judge(*members: Member) -> Judgement:
    names = [f"pg-{number}" for number in range(len(members))]
    pods: list[Pod] = [
        a_pod(name, running(name="postgres"), labels=m[2]) for name, m in zip(names, members, strict=True)
    ]
    servers = [
        Server(name, Target("10.42.0.5", 5432), member[0], pod=pod)
        for name, member, pod in zip(names, members, pods, strict=True)
    ]
    silent = {name: member[1] for name, member in zip(names, members, strict=True) if not member[0].ok}
    return STEP.judge(DatabaseObservation(Servers(tuple(servers)), silent=silent), past())


@pytest.mark.parametrize(
    ("members", "person"),
    [
        # The former primary is damaged, and the other one only follows.
        ([(REFUSED, DAMAGED, {}), (LATE, FOLLOWS, {})], True),
        ([(REFUSED, DAMAGED, {}), (LATE, NOTHING, REPLICA)], True),
        ([(REFUSED, DAMAGED, {}), (STANDBY, NOTHING, {})], True),
        ([(REFUSED, DAMAGED, {"role": "primary"}), (STANDBY, NOTHING, {}), (LATE, FOLLOWS, {})], True),
        # All members say so, whoever built them.
        ([(REFUSED, DAMAGED, ZALANDO)], True),
        ([(REFUSED, DAMAGED, ZALANDO), (REFUSED, DAMAGED, ZALANDO)], True),
        # The gravest decides.
        ([(REFUSED, EMPTY, {}), (REFUSED, DAMAGED, {})], True),
        ([(REFUSED, EMPTY, {})], False),
        ([(REFUSED, EMPTY, {}), (REFUSED, EMPTY, {})], False),
        ([(REFUSED, EMPTY, {}), (LATE, FOLLOWS, {})], False),
    ],
)
def test_what_no_waiting_cures_is_given_up_at_once_with_all_members(members: list[Member], *, person: bool) -> None:
    """Whatever a standby says beside it; data at risk is for a person."""
    judged = judge(*members)
    assert isinstance(judged, GiveUp)
    assert judged.person is person
    assert all(f"pg-{number}" in judged.why for number in range(len(members)))
    assert ("valid checkpoint record" if person else "lock file is empty") in judged.why
    assert "kubectl -n shop" in judged.hint
    assert ("restore from a backup" in judged.hint) is person


@pytest.mark.parametrize(
    ("members", "counts"),
    [
        # An operator makes another one the primary.
        ([(REFUSED, DAMAGED, ZALANDO), (LATE, FOLLOWS, ZALANDO)], True),
        ([(REFUSED, DAMAGED, ZALANDO), (STANDBY, NOTHING, ZALANDO)], True),
        # The other one may be the primary, on its way; but the clock runs.
        ([(REFUSED, DAMAGED, {}), (LATE, NOTHING, {})], True),
        ([(REFUSED, DAMAGED, {}), (REFUSED, NOTHING, {})], True),
        # It is a standby that is damaged.
        ([(REFUSED, DAMAGED, REPLICA), (REFUSED, NOTHING, {})], True),
        ([(REFUSED, DAMAGED, REPLICA), (STANDBY, NOTHING, {})], True),
        # Crash recovery, as long as it takes.
        ([(LATE, NOTHING, {})], False),
        ([(LATE, NOTHING, {}), (REFUSED, EXISTS, {})], False),
        # What passes is waited for.
        ([(REFUSED, EXISTS, {})], True),
        ([(REFUSED, KILLED, {})], True),
        # A first failure may be the boot's.
        ([(REFUSED, replace(EMPTY, tried=False), {})], True),
    ],
)
def test_what_may_come_is_waited_for_with_all_members(members: list[Member], *, counts: bool) -> None:
    """None hides another, and what lasts has its next step."""
    judged = judge(*members)
    assert isinstance(judged, Wait)
    assert judged.counts is counts
    for number, (_, silent, _) in enumerate(members):
        assert f"pg-{number}" in judged.why
        if silent.finding:
            assert silent.finding.means in judged.why
    assert judged.hint.startswith(("kubectl", "see", "do not", "raise", "find")) or not counts


YOUNG, OLD = NOW - 60, NOW - 3600
IDLE = SilentServer(idle=True, started=OLD)
REDO = SilentServer(position="0/5A3C2B8", recovery="redo is at 0/5A3C2B8 after 10 s", started=OLD)
STARTING = Answer(ok=False, spoke=True, sqlstate="57P03", text="the database system is starting up")


@pytest.mark.parametrize(
    ("silent", "recovers", "at_its_place", "counts"),
    [
        # A single member of Patroni without WAL, or without a leader, says so for ever.
        (IDLE, OLD, NOW, True),
        (replace(IDLE, started=YOUNG), YOUNG, NOW, False),
        # Crash recovery that moves; one that has stopped.
        (REDO, OLD, NOW - 10, False),
        (REDO, OLD, NOW - 299, False),
        (REDO, OLD, NOW - 300, True),
        # Nothing tells, as before PostgreSQL 15: hours are believed, days are not.
        (SilentServer(started=OLD), OLD, NOW, False),
        (SilentServer(), OLD, NOW, False),
        (SilentServer(started=OLD), NOW - 7 * 3600, NOW, True),
        (REDO, NOW - 7 * 3600, NOW - 10, False),
    ],
)
def test_the_clock_stands_still_for_what_is_at_work_only(
    silent: SilentServer, recovers: float, at_its_place: float, *, counts: bool
) -> None:
    """Else a database that never comes is waited for without end, and nobody is told."""
    servers = Servers((Server("pg-0", Target("10.42.0.5", 5432), STARTING, pod=a_pod("pg-0")),))
    seen = DatabaseObservation(servers, silent={"pg-0": silent})
    held = {each: at_its_place if " at " in each else recovers for each in seen.conditions}
    judged = STEP.judge(seen, past(first_seen=held))
    assert isinstance(judged, Wait)
    assert judged.counts is counts
    assert judged.hint
