"""What a database's answers mean, by SQLSTATE."""

from dataclasses import replace
from typing import Any

import pytest

from bootheal.cluster.back_off import NextStart
from bootheal.model import ActionRecord, Answer, Login, Ref, Target
from bootheal.postgres.data_checks import Check, Checked, checked
from bootheal.postgres.database import AcceptData, DatabaseStep
from bootheal.postgres.location import Database
from bootheal.postgres.observation import DatabaseObservation
from bootheal.postgres.primary import Server, Servers
from bootheal.postgres.server_log import finding
from bootheal.postgres.silent_server import SilentServer
from bootheal.step import Act, GiveUp, Judgement, Settled, Wait
from support.objects import NOW, a_pod, past

DATABASE = Database("shop", "shop", "shop", Login(Ref("secret", "shop", "admin")), service="postgres")
STEP = DatabaseStep(name="database/shop", database=DATABASE)


def server(name: str = "postgres-0", **answer: Any) -> Server:
    return Server(name, Target("10.42.0.5", 5432), Answer(**{"ok": False, "spoke": True} | answer))


def judge(*servers: Server) -> Judgement:
    return STEP.judge(DatabaseObservation(Servers(servers)), past())


WRITABLE = Servers((server(ok=True, value="f"),))
ORDERS = Check("orders kept", "select count(*) from orders", at_least=1, may_shrink=0)
CHECKING = replace(STEP, checks=(ORDERS,), client=Login(Ref("secret", "shop", "app")))
GOOD = {"system identifier": "7", "check orders kept": "3000"}


def counted(value: str = "3000", **answer: Any) -> tuple[Checked, ...]:
    given: dict[str, Any] = {"ok": True, "spoke": True, "value": value} | answer
    return (checked(ORDERS, Answer(**given)),)


def compared(seen: DatabaseObservation, step: DatabaseStep = CHECKING, **history: Any) -> Judgement:
    return step.judge(seen, past(**{"baseline": GOOD} | history))


def test_a_writable_primary_settles_it() -> None:
    """Whichever server it is; a standby beside it is no trouble."""
    standby, primary = server("postgres-0", ok=True, value="t"), server("postgres-1", ok=True, value="f")
    why = "postgres-1 accepts connections and takes writes"
    assert judge(standby, primary) == Settled(why, baseline={"primary": "postgres-1"})


def test_a_server_that_asks_for_no_password_is_told_of() -> None:
    """`trust` is legitimate, but whoever answers there has proven nothing."""
    judgement = judge(server("postgres-0", ok=True, value="f", unproven=True))
    assert isinstance(judgement, Settled)
    assert judgement.remarks == (
        "postgres-0 lets us in without a password (trust in pg_hba.conf), so it has proven nothing",
    )


def test_a_service_that_does_not_lead_there_yet_is_waited_for() -> None:
    """Who comes through it would hang on an address that is gone; who only needs the primary does not wait."""
    servers = Servers((server(ok=True, value="f"),), service="service/shop/db still sends to 10.42.0.3")
    assert STEP.judge(DatabaseObservation(servers), past()) == Wait(
        "service/shop/db still sends to 10.42.0.3; postgres-0 takes writes"
    )
    assert isinstance(replace(STEP, routed=False).judge(DatabaseObservation(servers), past()), Settled)


def test_crash_recovery_is_waited_for_without_using_up_patience() -> None:
    """57P03 is work in progress: the reason carries the SQLSTATE, the clock of patience stands still."""
    said = server(sqlstate="57P03", text="the database system is starting up")
    why = "PostgreSQL postgres-0: the database system is starting up (57P03)"
    assert judge(said) == Wait(why, counts=False)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ({"spoke": False, "text": "connection refused"}, "no writable primary: postgres-0: connection refused"),
        (
            {"sqlstate": "53300", "text": "too many clients"},
            "PostgreSQL postgres-0: too many clients (53300); what comes after waits until connections are free",
        ),
        ({"ok": True, "value": "t"}, "no writable primary: postgres-0 is read-only (a standby)"),
    ],
)
def test_what_may_pass_is_waited_for_and_explained(answer: dict[str, Any], why: str) -> None:
    """With what the server said."""
    assert judge(server(**answer)) == Wait(why)


def test_no_pod_at_all_is_waited_for() -> None:
    """After a reboot the StatefulSet's pod may not have been made yet."""
    assert judge() == Wait("no writable primary: none of its pods exists yet")


@pytest.mark.parametrize("sqlstate", ["3D000", "XX001", "58P01"])
def test_missing_or_damaged_data_needs_a_person(sqlstate: str) -> None:
    """Nothing is created, nothing is repaired; exit code 3 and a hint."""
    judgement = judge(server(sqlstate=sqlstate, text="gone"))
    assert isinstance(judgement, GiveUp)
    assert judgement.person
    assert "backup" in judgement.hint


def test_two_primaries_need_a_person() -> None:
    """Split brain is not ours to resolve."""
    seen = DatabaseObservation(Servers((server("a", ok=True, value="f"), server("b", ok=True, value="f"))))
    assert isinstance(STEP.judge(seen, past()), Wait)  # a switchover may look so for a moment
    judgement = STEP.judge(seen, past(first_seen={"two primaries": NOW - 10}))
    assert isinstance(judgement, GiveUp)
    assert judgement.person


@pytest.mark.parametrize("sqlstate", ["28P01", "3D000", "XX001"])
def test_no_server_decides_before_all_have_answered(sqlstate: str) -> None:
    """What a standby says proves nothing while the primary is still on its way."""
    absent = server("postgres-1", spoke=False, text="connection refused")
    assert isinstance(judge(server(sqlstate=sqlstate, text="no"), absent), Wait)


@pytest.mark.parametrize("sqlstate", ["28P01", "28000"])
def test_a_refused_administrator_is_named_with_its_secret(sqlstate: str) -> None:
    """The person is told which Secret to compare."""
    judgement = judge(server(sqlstate=sqlstate, text="no"))
    assert isinstance(judgement, GiveUp)
    assert "secret/shop/admin" in judgement.hint


def test_crash_recovery_shows_how_far_it_is() -> None:
    """Where the log tells."""
    starting = Servers((server(sqlstate="57P03", text="the database system is not yet accepting connections"),))
    seen = DatabaseObservation(
        starting, silent={"postgres-0": SilentServer(recovery="redo is at 0/5A3C2B8 after 10 s")}
    )
    why = (
        "PostgreSQL postgres-0: the database system is not yet accepting connections (57P03): "
        "redo is at 0/5A3C2B8 after 10 s"
    )
    assert STEP.judge(seen, past()) == Wait(why, counts=False)


def logs(line: str, **fields: Any) -> SilentServer:
    found = finding(f"{line}\n", Ref("pod", "shop", "postgres-0"), "postgres")
    return replace(SilentServer(finding=found, tried=True), **fields)


DAMAGE = logs("PANIC:  could not locate a valid checkpoint record")
LOCK = logs('FATAL:  lock file "postmaster.pid" already exists')
ABSENT = server(spoke=False, text="connection refused")


def test_a_server_that_cannot_find_its_checkpoint_needs_a_person() -> None:
    """Crash loops do not cure that, and pg_resetwal is nobody's to run but a person's."""
    seen = DatabaseObservation(
        Servers((ABSENT,)), silent={"postgres-0": DAMAGE}, backup="the newest backup is job/shop/b"
    )
    judgement = STEP.judge(seen, past())
    assert isinstance(judgement, GiveUp)
    assert judgement.person
    assert "postgres-0's log: it cannot locate a valid checkpoint record" in judgement.why
    assert judgement.hint.endswith("then restore from a backup (the newest backup is job/shop/b)")


def test_distress_that_may_pass_is_waited_for_and_told() -> None:
    """A lock file of another container; and damage of one server while another may come up yet."""
    lock = STEP.judge(DatabaseObservation(Servers((ABSENT,)), silent={"postgres-0": LOCK}), past())
    assert isinstance(lock, Wait)
    assert lock.why == f"no writable primary: postgres-0: connection refused ({LOCK.told('postgres-0')})"
    assert "kubectl -n shop debug -it postgres-0" in lock.hint
    two = Servers((ABSENT, replace(ABSENT, name="postgres-1")))
    assert isinstance(STEP.judge(DatabaseObservation(two, silent={"postgres-1": DAMAGE}), past()), Wait)


@pytest.mark.parametrize(("began", "judgement"), [(NOW - 2, Wait), (NOW - 20, GiveUp), (0.0, GiveUp)])
def test_what_it_logged_before_this_pass_may_have_been_corrected(began: float, judgement: type) -> None:
    """Its next start shows that; a failure that this pass has seen is believed at once."""
    wrong = logs('FATAL:  configuration file "postgresql.conf" contains errors', ended=NOW - 9)
    wrong = replace(wrong, next_start=NextStart(NOW + 1, NOW + 7))
    seen = DatabaseObservation(Servers((ABSENT,)), silent={"postgres-0": wrong})
    assert isinstance(STEP.judge(seen, past(began=began)), judgement)


def test_what_is_found_is_kept_for_the_next_boot() -> None:
    """Only what could be read; what could not is not forgotten."""
    judgement = compared(DatabaseObservation(WRITABLE, "7", counted("3001")))
    assert isinstance(judgement, Settled)
    assert judgement.baseline == {"system identifier": "7", "check orders kept": "3001"}
    assert judgement.why == "postgres-0 accepts connections and takes writes; orders kept"
    blind = compared(DatabaseObservation(WRITABLE, "", counted("3001")))
    assert isinstance(blind, Settled)
    assert blind.baseline == {"system identifier": "7", "check orders kept": "3001"}


def stopped(seen: DatabaseObservation) -> GiveUp:
    """Return the judgement that nothing goes on without a person, who is told of the newest backup."""
    judgement = compared(replace(seen, backup="the newest backup is job/shop/b"))
    assert isinstance(judgement, GiveUp)
    assert judgement.person
    assert "restore from a backup" in judgement.hint
    assert "the newest backup is job/shop/b" in judgement.hint
    return judgement


@pytest.mark.parametrize(
    ("identifier", "count", "told"),
    [
        ("8", "3000", "another database cluster"),
        ("7", "2999", "orders kept: 2999, and 3000 in the last good boot"),
        ("8", "0", "initdb) on an empty volume?; orders kept: 0, and at least 1 are expected"),
    ],
)
def test_data_that_is_not_as_it_was_needs_a_person(identifier: str, count: str, told: str) -> None:
    """Both numbers are told, and how to say that all is right."""
    judgement = stopped(DatabaseObservation(WRITABLE, identifier, counted(count)))
    assert told in judgement.why
    assert "if it is right as it is: bootheal run --once --accept-data shop" in judgement.hint


@pytest.mark.parametrize(
    ("sqlstate", "told"),
    [
        ("42P01", "it could be asked in the last good boot"),
        ("3F000", "it could be asked in the last good boot"),
        ("42883", "it could be asked in the last good boot"),
        ("XX001", "gone (XX001)"),
        ("58P01", "gone (58P01)"),
    ],
)
def test_data_that_cannot_be_asked_for_any_more_needs_a_person(sqlstate: str, told: str) -> None:
    """A table, a schema or a function that vanished, a damaged page: nobody can accept what cannot be counted."""
    answers = counted(ok=False, sqlstate=sqlstate, text="gone")
    judgement = stopped(DatabaseObservation(WRITABLE, "7", answers))
    assert told in judgement.why
    assert "--accept-data" not in judgement.hint


def test_a_database_that_was_there_is_told_apart_from_a_slip_of_the_pen() -> None:
    """3D000 is exit 3 in any case; its hint depends on whether it was ever seen."""
    servers = Servers((server(sqlstate="3D000", text="gone"),))
    first, later = STEP.judge(DatabaseObservation(servers), past()), compared(DatabaseObservation(servers, "8"))
    assert isinstance(first, GiveUp)
    assert isinstance(later, GiveUp)
    assert first.person
    assert later.person
    assert "is databases.shop.dbname right?" in first.hint
    assert "it was there in the last good boot; this is another database cluster" in later.why


@pytest.mark.parametrize("sqlstate", ["42P01", "28P01"])
def test_a_new_cluster_is_told_although_its_checks_cannot_be_asked(sqlstate: str) -> None:
    """After initdb there is neither table nor role: that is no matter of a Secret. It cannot be accepted unseen."""
    seen = DatabaseObservation(WRITABLE, "8", counted(ok=False, sqlstate=sqlstate, text="not there"))
    judgement = compared(seen, replace(CHECKING, accept=NOW))
    assert isinstance(judgement, GiveUp)
    assert judgement.person
    assert "another database cluster" in judgement.why
    assert f"check 'orders kept': not there ({sqlstate})" in judgement.why
    assert "--accept-data" not in judgement.hint


@pytest.mark.parametrize(
    "answer",
    [
        {"sqlstate": "53300", "text": "too many clients"},
        {"sqlstate": "57014", "text": "canceling statement due to statement timeout"},
        {"sqlstate": "57P03", "text": "shutting down"},
        {"spoke": False, "text": "connection reset"},
        {"text": "no answer in time"},
    ],
)
def test_a_check_that_may_be_answered_later_is_waited_for(answer: dict[str, Any]) -> None:
    """Disks are cold and connections scarce after a boot."""
    assert isinstance(compared(DatabaseObservation(WRITABLE, "7", counted(**{"ok": False} | answer))), Wait)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        ({"ok": False, "sqlstate": "28P01", "text": "no"}, "compare secret/shop/app (databases.shop.client)"),
        ({"ok": False, "sqlstate": "42501", "text": "denied"}, "databases.shop.checks"),
        ({"ok": False, "sqlstate": "25006", "text": "read-only"}, "databases.shop.checks"),
        ({"ok": False, "sqlstate": "42P01", "text": "no table"}, "databases.shop.checks"),
        ({"value": "a row"}, "databases.shop.checks"),
    ],
)
def test_a_check_that_cannot_be_asked_says_what_to_correct(answer: dict[str, Any], hint: str) -> None:
    """A slip in the configuration is no data loss (the table was never there before)."""
    judgement = compared(DatabaseObservation(WRITABLE, "7", counted(**answer)), baseline={"system identifier": "7"})
    assert isinstance(judgement, GiveUp)
    assert not judgement.person
    assert hint in judgement.hint


@pytest.mark.parametrize("result", ["done", "intended"])
def test_the_owner_accepts_the_data_once(result: str) -> None:
    """It is an action, with what was accepted in its record, should we be killed then; less is not good after that."""
    accepting, seen = replace(CHECKING, accept=NOW), DatabaseObservation(WRITABLE, "8", counted("0"))
    judgement = compared(seen, accepting)
    assert isinstance(judgement, Act)
    (action,) = judgement.actions
    assert isinstance(action, AcceptData)
    assert action.note == {"system identifier": "8", "check orders kept": "0"}
    done = ActionRecord(0, "accept-data", "database/shop", action.cause, NOW + 1, action.sentence, result, action.note)
    settled = compared(seen, accepting, done=(done,))
    assert isinstance(settled, Settled)
    assert settled.baseline == action.note
    assert isinstance(compared(replace(seen, identifier="9"), accepting, done=(done,)), GiveUp)
    assert isinstance(compared(seen, CHECKING, done=(done,)), Settled)  # the next run of this boot


def test_what_was_accepted_once_is_no_licence_for_the_rest_of_the_boot() -> None:
    """Ninety rows came after the owner had accepted none; that they vanish again is another trouble."""
    accepted = {"system identifier": "8", "check orders kept": "0"}
    done = ActionRecord(0, "accept-data", "database/shop", "x", NOW - 50, "accept", "done", accepted)
    since: dict[str, Any] = {
        "done": (done,),
        "incident": 1,
        "baseline": {"system identifier": "8", "check orders kept": "90"},
    }
    assert isinstance(compared(DatabaseObservation(WRITABLE, "8", counted("90")), **since), Settled)
    judgement = compared(DatabaseObservation(WRITABLE, "8", counted("0")), **since)
    assert isinstance(judgement, GiveUp)
    assert "orders kept: 0, and 90 in the last good boot" in judgement.why


def test_nothing_is_accepted_where_nothing_is_amiss() -> None:
    """The option stays without effect, and healthy stays healthy."""
    assert isinstance(compared(DatabaseObservation(WRITABLE, "7", counted()), replace(CHECKING, accept=NOW)), Settled)


def test_a_server_that_lets_in_over_tls_only_and_offers_none_is_explained() -> None:
    """28000 with "no encryption": TLS is tried first, so the server has none."""
    judgement = judge(server(sqlstate="28000", text='no pg_hba.conf entry for host "10.42.0.1", no encryption'))
    assert isinstance(judgement, GiveUp)
    assert "the server offers none: see ssl in postgresql.conf" in judgement.hint


def test_a_missing_synchronous_standby_is_told() -> None:
    """Nothing fails, and every commit hangs: a person should know."""
    judgement = compared(DatabaseObservation(WRITABLE, "7", counted(), alone=True))
    assert isinstance(judgement, Settled)
    assert judgement.remarks == ("commits wait for a standby that is not there: see synchronous_standby_names",)


def test_text_that_is_sorted_by_another_library_is_a_remark() -> None:
    """An image with another C library; with the statements that mend it. It holds nothing up."""
    judgement = compared(DatabaseObservation(WRITABLE, "7", counted("3001"), collation="2.31 2.36"))
    assert isinstance(judgement, Settled)
    (remark,) = judgement.remarks
    assert remark == (
        "database shop sorts text by version 2.31 of a library of which the server has 2.36, so indexes on text may be "
        "wrong: REINDEX DATABASE shop; ALTER DATABASE shop REFRESH COLLATION VERSION"
    )


# --- several members -------------------------------------------------------------------------------


def member(name: str, *, leads: bool, patroni: str = "") -> Server:
    return replace(server(name, ok=True, value="f" if leads else "t"), pod=a_pod(name, patroni=patroni))


def settled(servers: Servers, **history: Any) -> Settled:
    judgement = STEP.judge(DatabaseObservation(servers), past(**history))
    assert isinstance(judgement, Settled)
    return judgement


def test_a_failover_is_told_in_its_boot_and_not_in_the_next() -> None:
    """Also at the looks that follow: what was good before is remembered with it."""
    first = settled(Servers((member("pg-0", leads=True), member("pg-1", leads=False))), epoch="one")
    assert first.remarks == ()
    other = Servers((member("pg-0", leads=False), member("pg-1", leads=True)))
    second = settled(other, epoch="two", baseline=first.baseline)
    assert second.remarks == ("pg-1 is the primary since this boot: before it was pg-0",)
    assert settled(other, epoch="two", baseline=second.baseline).remarks == second.remarks
    assert settled(other, epoch="three", baseline=second.baseline).remarks == ()


def test_a_single_server_has_nobody_to_fail_over_to() -> None:
    """The pod of a Deployment has another name in each boot."""
    servers = Servers((member("postgres-5c-x", leads=True),))
    assert settled(servers, epoch="two", baseline={"primary": "postgres-5c-y"}).remarks == ()


def test_a_replica_that_lost_its_data_is_told_of() -> None:
    """It serves again once all is copied, which may take hours; one that only starts is no news."""
    leader = member("pg-0", leads=True, patroni="primary, running")
    for patroni, remark in (
        ("replica, creating replica", "pg-1 does not follow, Patroni says replica, creating replica: its data is "),
        ("replica, start failed", "pg-1 does not follow, Patroni says replica, start failed"),
        ("uninitialized, stopped", "pg-1 does not follow, Patroni says uninitialized, stopped: it has no whole copy"),
    ):
        follower = member("pg-1", leads=False, patroni=patroni)
        (told,) = settled(Servers((leader, follower))).remarks
        assert told.startswith(remark)
        assert settled(Servers((leader, replace(follower, stale=True)))).remarks == ()  # of the previous boot
    assert settled(Servers((leader, member("pg-1", leads=False, patroni="replica, starting")))).remarks == ()
