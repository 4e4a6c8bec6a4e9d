"""What a database's answers mean, by SQLSTATE."""

from typing import Any

import pytest

from bootheal.model import Answer, Login, Ref, Target
from bootheal.primary import Database, Member, Members
from bootheal.step import GiveUp, Judgement, Settled, Wait
from bootheal.steps.database import DatabaseStep, Seen
from support.objects import NOW, past

DATABASE = Database("shop", "shop", "shop", Login(Ref("secret", "shop", "admin")), service="postgres")
STEP = DatabaseStep(name="database/shop", database=DATABASE)


def member(name: str = "postgres-0", **answer: Any) -> Member:
    return Member(name, Target("10.42.0.5", 5432), Answer(**{"ok": False, "spoke": True} | answer))


def judge(*members: Member) -> Judgement:
    return STEP.judge(Seen(Members(members)), past())


def test_a_writable_primary_settles_it() -> None:
    """Whichever member it is; a standby beside it is no trouble."""
    standby, primary = member("postgres-0", ok=True, value="t"), member("postgres-1", ok=True, value="f")
    assert judge(standby, primary) == Settled("postgres-1 accepts connections and takes writes")


def test_a_service_that_does_not_lead_there_yet_is_waited_for() -> None:
    """The pooler comes through it, and would hang on an address that is gone."""
    members = Members((member(ok=True, value="f"),), service="service/shop/db still sends to 10.42.0.3")
    assert STEP.judge(Seen(members), past()) == Wait("service/shop/db still sends to 10.42.0.3")


def test_crash_recovery_is_waited_for_without_using_up_patience() -> None:
    """57P03 is work in progress: the reason carries the SQLSTATE, the clock of patience stands still."""
    said = member(sqlstate="57P03", text="the database system is starting up")
    why = "PostgreSQL postgres-0: the database system is starting up (57P03)"
    assert judge(said) == Wait(why, counts=False)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ({"spoke": False, "text": "connection refused"}, "no writable primary: postgres-0: connection refused"),
        (
            {"sqlstate": "53300", "text": "too many clients"},
            "no writable primary: postgres-0: too many clients (53300)",
        ),
        ({"ok": True, "value": "t"}, "no writable primary: postgres-0 is read-only (a standby)"),
    ],
)
def test_what_may_pass_is_waited_for_and_explained(answer: dict[str, Any], why: str) -> None:
    """Member by member."""
    assert judge(member(**answer)) == Wait(why)


def test_no_pod_at_all_is_waited_for() -> None:
    """After a reboot the StatefulSet's pod may not have been made yet."""
    assert judge() == Wait("no writable primary: none of its pods exists yet")


@pytest.mark.parametrize("sqlstate", ["3D000", "XX001", "58P01"])
def test_missing_or_damaged_data_needs_a_person(sqlstate: str) -> None:
    """Nothing is created, nothing is repaired; exit code 3 and a hint."""
    judgement = judge(member(sqlstate=sqlstate, text="gone"))
    assert isinstance(judgement, GiveUp)
    assert judgement.person
    assert "backup" in judgement.hint


def test_two_primaries_need_a_person() -> None:
    """Split brain is not ours to resolve."""
    seen = Seen(Members((member("a", ok=True, value="f"), member("b", ok=True, value="f"))))
    assert isinstance(STEP.judge(seen, past()), Wait)  # a switchover may look so for a moment
    judgement = STEP.judge(seen, past(first_seen={"two primaries": NOW - 10}))
    assert isinstance(judgement, GiveUp)
    assert judgement.person


@pytest.mark.parametrize("sqlstate", ["28P01", "3D000", "XX001"])
def test_no_member_decides_before_all_have_answered(sqlstate: str) -> None:
    """What a standby says is no verdict while the primary is still on its way."""
    absent = member("postgres-1", spoke=False, text="connection refused")
    assert isinstance(judge(member(sqlstate=sqlstate, text="no"), absent), Wait)


@pytest.mark.parametrize("sqlstate", ["28P01", "28000"])
def test_a_refused_administrator_is_named_with_its_secret(sqlstate: str) -> None:
    """The person is told which Secret to compare."""
    judgement = judge(member(sqlstate=sqlstate, text="no"))
    assert isinstance(judgement, GiveUp)
    assert "secret/shop/admin" in judgement.hint
