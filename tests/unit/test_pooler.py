"""The pooler: loans, settings, whose fault a refused login is."""

from dataclasses import replace
from typing import Any

import pytest

from bootheal.model import Answer, Document, Done, Login, Ref, Setting, Target
from bootheal.step import Act, GiveUp, Judgement, Settled, Wait
from bootheal.steps.pooler import Lend, Member, PoolerStep, Repay, Seen
from support.objects import NOW, past

POD = Ref("pod", "shop", "pooler-1")
STEP = PoolerStep(
    name="pooler/shop",
    deployment=Ref("deployment", "shop", "pooler"),
    service="pooler",
    dbname="shop",
    console=Login(Ref("secret", "shop", "pooler")),
    client=Login(Ref("secret", "shop", "app")),
    settings={"server_idle_timeout": "300"},
)
OK = Answer(ok=True, spoke=True)
FAILING = Answer(ok=False, spoke=True, sqlstate="08P01", text="server login has been failing, try again later")


def member(login: Answer = OK, retry: str = "15", idle: str = "300", **fields: Any) -> Member:
    settings = {
        "server_login_retry": Setting(retry, changeable=True),
        "server_idle_timeout": Setting(idle, changeable=True),
    }
    return replace(Member(POD, "uid-1", Target("10.42.0.8", 6432, POD), login, settings), **fields)


def loan(number: int = 0, **fields: Any) -> Done:
    note = {"uid": "uid-1", "key": "server_login_retry", "value": "15"}
    return replace(Done(number, "lend", str(POD), "login not served", NOW - 1, "lend", "done", note), **fields)


def judge(*members: Member, step: PoolerStep = STEP, done: tuple[Done, ...] = (), **facts: Any) -> Judgement:
    return step.judge(Seen(members=members, **facts), past(done=done))


def test_a_pooler_that_serves_with_its_settings_is_left_alone() -> None:
    """Nothing is set again."""
    assert judge(member()) == Settled("logins through pooler-1 succeed, the declared settings are in force")


def test_a_failing_login_lifts_the_back_off() -> None:
    """Whatever the wording: PostgreSQL is known to serve, so PgBouncer should try now. The loan notes the old value."""
    judgement = judge(member(FAILING))
    assert isinstance(judgement, Act)
    (action,) = judgement.actions
    assert isinstance(action, Lend)
    assert action.note == {"uid": "uid-1", "key": "server_login_retry", "value": "15"}


def test_the_memory_for_failed_lookups_is_shortened_too() -> None:
    """CoreDNS comes late after a power cut, and PgBouncer believes that a name does not exist for 15 s."""
    timeout = {
        "dns_nxdomain_ttl": Setting("15", changeable=True),
        "server_login_retry": Setting("1", changeable=True),
    }
    judgement = judge(member(FAILING, settings=timeout))
    assert isinstance(judgement, Act)
    assert [action.note["key"] for action in judgement.actions] == ["dns_nxdomain_ttl"]
    both = (loan(), loan(1, note={"uid": "uid-1", "key": "dns_nxdomain_ttl", "value": "15"}))
    repaid = judge(member(retry="1"), done=both)
    assert isinstance(repaid, Act)
    assert {action.note["key"] for action in repaid.actions} == {"server_login_retry", "dns_nxdomain_ttl"}


def test_a_back_off_that_is_lifted_already_is_waited_for() -> None:
    """No second loan on top of the first."""
    assert isinstance(judge(member(FAILING, retry="1"), done=(loan(),)), Wait)


def test_a_loan_is_repaid_once_logins_succeed() -> None:
    """With the value from before the loan, also when another process took it and died."""
    judgement = judge(member(retry="1"), done=(loan(result="intended"),))
    assert isinstance(judgement, Act)
    (action,) = judgement.actions
    assert isinstance(action, Repay)
    assert action.value == "15"


def test_a_repaid_loan_is_not_repaid_again() -> None:
    """The repayment is remembered; one that failed is not."""
    paid = Done(1, "repay", str(POD), "x", NOW, "repay", "done", {"uid": "uid-1", "key": "server_login_retry"})
    assert isinstance(judge(member(), done=(loan(), paid)), Settled)
    assert isinstance(judge(member(retry="1"), done=(loan(), replace(paid, result="failed: x"))), Act)


def test_a_loan_to_a_pod_that_is_gone_is_void() -> None:
    """Its successor read the value from its own file."""
    assert isinstance(judge(member(uid="uid-2"), done=(loan(),)), Settled)


def test_a_second_loan_still_owes_the_first_value() -> None:
    """A pod that was reloaded meanwhile gets back what it had before the first loan."""
    judgement = judge(member(FAILING, retry="30"), done=(loan(),))
    assert isinstance(judgement, Act)
    assert judgement.actions[0].note["value"] == "15"


def test_a_declared_back_off_is_what_is_given_back() -> None:
    """The owner's value wins over the one that was found."""
    step = replace(STEP, settings={"server_login_retry": "5"})
    judgement = judge(member(retry="1"), step=step, done=(loan(),))
    assert isinstance(judgement, Act)
    (action,) = judgement.actions
    assert isinstance(action, Repay)
    assert action.value == "5"


def test_settings_that_differ_are_set() -> None:
    """Only those; numbers are compared as numbers."""
    judgement = judge(member(idle="600"))
    assert isinstance(judgement, Act)
    assert [action.sentence for action in judgement.actions] == ["set server_idle_timeout = 300 on pod/shop/pooler-1"]
    assert isinstance(judge(member(idle="300.0")), Settled)


def test_settings_that_cannot_change_at_run_time_say_so() -> None:
    """They are remarks, not endless attempts."""
    step = replace(STEP, settings={"listen_port": "7000", "no_such": "1"})
    fixed = {"listen_port": Setting("6432", changeable=False)}
    judgement = judge(member(settings=fixed), step=step)
    assert isinstance(judgement, Settled)
    assert judgement.remarks == (
        "pod/shop/pooler-1 does not know the setting no_such",
        "listen_port = 7000 needs a restart of PgBouncer on pod/shop/pooler-1 (it has 6432)",
    )


def test_without_the_console_settings_cannot_be_verified() -> None:
    """Logins work, but the promise about settings can't be kept: said, with the way out."""
    blind = member(settings=None, refused="cannot open a session: not allowed", hint="add it to admin_users")
    judgement = judge(blind)
    assert isinstance(judgement, GiveUp)
    assert "not allowed" in judgement.why
    assert judgement.hint == "add it to admin_users"
    assert isinstance(judge(blind, step=replace(STEP, settings={})), Settled)


def test_a_console_that_does_not_answer_for_now_is_waited_for() -> None:
    """Neither "healed" with a loan unpaid, nor given up for a hiccup."""
    blind = member(settings=None, refused="cannot hold a session: connection reset", passing=True)
    assert judge(blind) == Wait("cannot hold a session: connection reset")
    no_settings = replace(STEP, settings={})
    assert isinstance(judge(blind, step=no_settings, done=(loan(),)), Wait)
    assert isinstance(judge(blind, step=no_settings), Settled)


def test_a_loan_is_repaid_before_giving_up() -> None:
    """The application's own wrong password leaves nothing of ours behind."""
    refused = member(Answer(ok=False, spoke=True, text="SASL authentication failed"), retry="1")
    held = past(first_seen={"client fault": NOW - 10}, done=(loan(),))
    judgement = STEP.judge(Seen(members=(refused,)), held)
    assert isinstance(judgement, Act)
    assert isinstance(judgement.actions[0], Repay)


@pytest.mark.parametrize("value", ["", "15s", None])
def test_a_back_off_that_cannot_be_read_is_not_lent(value: str | None) -> None:
    """An odd PgBouncer is no reason to fail."""
    settings = {} if value is None else {"server_login_retry": Setting(value, changeable=True)}
    assert isinstance(judge(member(FAILING, settings=settings)), Wait)


def test_a_config_map_that_somebody_manages_is_not_written() -> None:
    """Flux, Argo CD or Helm would write it back; the owner is told where to change it."""
    document = Document(Ref("configmap", "shop", "ini"), "pgbouncer.ini", "[pgbouncer]\n", "1", managed_by="Flux")
    judgement = judge(member(), document=document)
    assert isinstance(judgement, Settled)
    assert "because Flux manages it" in judgement.remarks[0]


@pytest.mark.parametrize("text", ["SASL authentication failed", "no such user: app", "no such database: shop"])
def test_the_applications_own_login_is_not_the_poolers_fault(text: str) -> None:
    """Refused by the pooler itself for ten seconds: no loan, no write, the Secret is named."""
    login = Answer(ok=False, spoke=True, text=text)
    facts = Seen(members=(member(login),))
    assert isinstance(STEP.judge(facts, past()), Wait)
    judgement = STEP.judge(facts, past(first_seen={"client fault": NOW - 10}))
    assert isinstance(judgement, GiveUp)
    assert "secret/shop/app" in judgement.hint


def test_a_pod_that_does_not_run_and_a_service_behind_are_waited_for() -> None:
    """With their reasons."""
    assert judge(doubts=("pod/shop/pooler-1 does not run yet: Unknown",)) == Wait(
        "pod/shop/pooler-1 does not run yet: Unknown"
    )
    assert judge(member(), service="service/shop/pooler still sends to 10.42.0.3") == Wait(
        "service/shop/pooler still sends to 10.42.0.3"
    )


def test_a_named_config_map_is_written_only_when_it_differs() -> None:
    """So that the settings persist; in the same go as the SET."""
    document = Document(
        Ref("configmap", "shop", "ini"), "pgbouncer.ini", "[pgbouncer]\nserver_idle_timeout = 300\n", "1"
    )
    assert isinstance(judge(member(), document=document), Settled)
    judgement = judge(member(), document=replace(document, text="[pgbouncer]\n"))
    assert isinstance(judgement, Act)
    assert judgement.actions[0].about == document.ref
