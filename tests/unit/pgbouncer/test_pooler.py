"""The pooler: loans, settings, whose fault a refused login is."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from bootheal.errors import ConflictError, MissingError
from bootheal.model import (
    ActionRecord,
    Answer,
    Console,
    Credentials,
    Document,
    Login,
    Ref,
    Right,
    Secret,
    Setting,
    Target,
)
from bootheal.pgbouncer.actions import (
    ApplySettings,
    HangUp,
    LowerSetting,
    Reload,
    RestartPooler,
    RestoreSetting,
    WriteSettings,
)
from bootheal.pgbouncer.observation import Pooler, PoolerObservation
from bootheal.pgbouncer.pod import STARVED, PoolerPod, noted
from bootheal.pgbouncer.pooler import PoolerStep
from bootheal.ports import Partial, World
from bootheal.postgres.location import Database
from bootheal.step import Act, GiveUp, Judgement, Settled, Wait
from support.objects import NOW, past

POD = Ref("pod", "shop", "pooler-1")
POOLER = Pooler(
    deployment=Ref("deployment", "shop", "pooler"),
    service="pooler",
    dbname="shop",
    database=Database("shop", "shop", "shop", Login(Ref("secret", "shop", "admin")), service="postgres"),
    credential=Login(Ref("secret", "shop", "pooler")),
    console=Login(Ref("secret", "shop", "pooler")),
    client=Login(Ref("secret", "shop", "app")),
    settings={"server_idle_timeout": "300"},
)
STEP = PoolerStep(name="pooler/shop", pooler=POOLER)
OK = Answer(ok=True, spoke=True)
FAILING = Answer(ok=False, spoke=True, sqlstate="08P01", text="server login has been failing, try again later")


def shows(retry: str = "15", idle: str = "300", **facts: Any) -> Console:
    settings = {
        "server_login_retry": Setting(retry, changeable=True),
        "server_idle_timeout": Setting(idle, changeable=True),
    }
    return replace(Console(settings), **facts)


def pod(login: Answer = OK, retry: str = "15", idle: str = "300", **fields: Any) -> PoolerPod:
    return replace(PoolerPod(POD, "uid-1", Target("10.42.0.8", 6432, POD), login, shows(retry, idle)), **fields)


def declaring(settings: Mapping[str, str]) -> PoolerStep:
    return replace(STEP, pooler=replace(POOLER, settings=settings))


def loan(number: int = 0, **fields: Any) -> ActionRecord:
    note = {"uid": "uid-1", "key": "server_login_retry", "value": "15"}
    return replace(
        ActionRecord(number, "lower-setting", str(POD), "login not served", NOW - 1, "lower-setting", "done", note),
        **fields,
    )


def judge(*pods: PoolerPod, step: PoolerStep = STEP, done: tuple[ActionRecord, ...] = (), **facts: Any) -> Judgement:
    return step.judge(PoolerObservation(pods=pods, **facts), past(done=done))


def test_what_leads_nowhere_is_left_soon_and_what_is_only_slow_gets_its_time_again() -> None:
    """Lent while PostgreSQL lets both in, for two tries of four seconds; but once in a trouble."""
    key = "server_connect_timeout"

    def judged(value: str, seconds: float, *done: ActionRecord, direct: Answer = OK) -> list[tuple[str, str]]:
        console = Console({"server_login_retry": Setting("0.2", changeable=True), key: Setting(value, changeable=True)})
        seen = PoolerObservation(pods=(pod(FAILING, console=console),), pooler=direct, application=direct)
        judgement = STEP.judge(seen, past(done=done, first_seen={"let in without uid-1": NOW - seconds}))
        assert isinstance(judgement, Act | Wait)
        actions = judgement.actions if isinstance(judgement, Act) else ()
        return [(action.kind(), action.note.get("key", "")) for action in actions]

    lent, back = (
        ActionRecord(number, kind, str(POD), "x", NOW - 1, kind, "done", {"uid": "uid-1", "key": key, "value": "15"})
        for number, kind in enumerate(("lower-setting", "restore-setting"))
    )
    assert judged("15", 0) == [("lower-setting", key)]
    assert judged("15", 0, direct=replace(FAILING, sqlstate="57P03")) == []
    assert judged("4", 9, lent) == []
    assert judged("4", 10, lent) == [("restore-setting", key)]
    assert judged("4", 0, lent, direct=Answer(ok=False, spoke=False, text="no answer in time")) == [
        ("restore-setting", key)
    ]
    assert judged("15", 0, lent, back) == []


def test_what_postgresql_does_not_accept_is_not_told_as_accepted() -> None:
    """Where nobody answers there, no comparison of passwords helps."""
    silent = Answer(ok=False, spoke=False, text="no answer in time")
    seen = PoolerObservation(pods=(pod(FAILING, retry="0.2"),), pooler=silent)
    judgement = STEP.judge(seen, past(first_seen=dict.fromkeys(seen.conditions, NOW - 1800)))
    assert isinstance(judgement, GiveUp)
    assert judgement.why.endswith("; PostgreSQL gives no answer: no answer in time")
    assert judgement.hint == "see what database/shop waits for"


def test_a_configmap_that_is_gone_meanwhile_is_looked_at_anew() -> None:
    """Whoever replaces it deletes it first; a pooler that serves is not given up for that moment."""

    class Gone(Partial):
        def write_document(self, document: Document, text: str) -> None:
            raise MissingError(f"cannot find {document.ref}")

    document = Document(Ref("configmap", "shop", "pooler"), "ini", "", "7")
    with pytest.raises(ConflictError, match="cannot find configmap/shop/pooler"):
        WriteSettings(cause="declared", document=document, text="x").apply(World(writer=Gone()))


@pytest.mark.parametrize("console", [None, shows()])
def test_a_way_that_fails_is_no_pooler_that_fails(console: Console | None) -> None:
    """However long it does, and PostgreSQL lets both in meanwhile: it was deleted for that, with those it served."""
    forward = Answer(ok=False, spoke=False, text="cannot forward a port to pod/shop/pooler-1: 502", unasked=True)
    seen = PoolerObservation(pods=(pod(forward, console=console),), pooler=OK, application=OK)
    assert seen.conditions == {"unasked uid-1"}
    for seconds in (0.0, 60.0, 1799.0):
        first_seen = dict.fromkeys(("let in without uid-1", *seen.conditions), NOW - seconds)
        judgement = STEP.judge(seen, past(first_seen=first_seen, baseline={"served uid-1": "new"}))
        assert isinstance(judgement, Wait)
        assert judgement.again is None, "it is asked at its pace"
        assert "the way to it fails, not the pooler" in judgement.why
    judgement = STEP.judge(seen, past(first_seen=dict.fromkeys(seen.conditions, NOW - 1800)))
    assert isinstance(judgement, GiveUp)
    assert "port-forward pooler-1 6432" in judgement.hint


def test_a_pooler_that_serves_with_its_settings_is_left_alone() -> None:
    """Nothing is set again."""
    why = "logins through pooler-1 succeed, the declared settings are in force"
    assert judge(pod()) == Settled(why, baseline={"served uid-1": "new"})


def test_a_failing_login_lifts_the_back_off() -> None:
    """Whatever the wording: PostgreSQL is known to serve, so PgBouncer should try now. The loan notes the old value."""
    judgement = judge(pod(FAILING))
    assert isinstance(judgement, Act)
    (action,) = judgement.actions
    assert isinstance(action, LowerSetting)
    assert action.note == {"uid": "uid-1", "key": "server_login_retry", "value": "15"}


def test_declared_settings_need_no_login() -> None:
    """They are in force by the time that logins succeed; what is lent stays lent, and comes first."""
    judgement = judge(pod(FAILING, idle="60"))
    assert isinstance(judgement, Act)
    assert [type(action) for action in judgement.actions] == [LowerSetting]
    step = declaring({"server_idle_timeout": "300", "server_login_retry": "5"})
    judgement = judge(pod(FAILING, retry="0.2", idle="60"), step=step, done=(loan(),))
    assert isinstance(judgement, Act)
    (action,) = judgement.actions
    assert isinstance(action, ApplySettings)
    assert action.settings == (("server_idle_timeout", "300"),)


def test_a_way_that_is_not_there_is_no_login_that_failed() -> None:
    """A port-forward that cannot be opened, or is slow while all pods start: no SET helps, and none is sent."""
    judgement = judge(pod(Answer(ok=False, spoke=False, text="no answer in time")))
    assert isinstance(judgement, Wait)
    assert judgement.why == "login through pod/shop/pooler-1: no answer in time"


def test_what_served_is_not_touched_for_a_single_login() -> None:
    """It is asked again first, whatever was said; one that never served gets its loan at once."""
    seen, served = PoolerObservation((pod(FAILING),)), {"served uid-1": "new"}
    judgement = STEP.judge(seen, past(baseline=served))
    assert isinstance(judgement, Wait)
    assert judgement.again == 0.5
    assert isinstance(STEP.judge(seen, past(baseline=served, first_seen={"fails uid-1": NOW - 1})), Act)
    for other in ({"served uid-0": "new"}, {"served uid-1": "the boot before"}):
        assert isinstance(STEP.judge(seen, past(baseline=other)), Act)
    assert isinstance(STEP.judge(PoolerObservation((pod(STARVED),)), past(baseline=served)), Act)


def test_a_run_that_ends_gives_back_what_it_lent() -> None:
    """Also while logins still fail; to the pod that owes it, and only if nobody has paid."""
    lent = PoolerObservation(pods=(pod(FAILING, retry="0.2"),))
    judgement = STEP.wind_down(lent, past(done=(loan(),)))
    assert isinstance(judgement, Act)
    assert [(type(action), action.note["key"]) for action in judgement.actions] == [
        (RestoreSetting, "server_login_retry")
    ]
    paid = ActionRecord(
        1, "restore-setting", str(POD), "x", NOW, "repay", "done", {"uid": "uid-1", "key": "server_login_retry"}
    )
    assert [STEP.owes(done) for done in ((), (loan(),), (loan(), paid))] == [False, True, False]
    assert isinstance(STEP.wind_down(PoolerObservation(pods=(pod(uid="uid-2"),)), past(done=(loan(),))), Settled)


def test_the_memory_for_failed_lookups_is_shortened_too() -> None:
    """CoreDNS comes late after a power cut, and PgBouncer believes that a name does not exist for 15 s."""
    timeout = {
        "dns_nxdomain_ttl": Setting("15", changeable=True),
        "server_login_retry": Setting("0.2", changeable=True),
    }
    judgement = judge(pod(FAILING, console=Console(timeout)))
    assert isinstance(judgement, Act)
    assert [action.note["key"] for action in judgement.actions] == ["dns_nxdomain_ttl"]
    both = (loan(), loan(1, note={"uid": "uid-1", "key": "dns_nxdomain_ttl", "value": "15"}))
    repaid = judge(pod(retry="0.2"), done=both)
    assert isinstance(repaid, Act)
    assert {action.note["key"] for action in repaid.actions} == {"server_login_retry", "dns_nxdomain_ttl"}


def test_a_back_off_that_is_lifted_already_is_waited_for() -> None:
    """No second loan on top of the first."""
    assert isinstance(judge(pod(FAILING, retry="0.2"), done=(loan(),)), Wait)


def test_a_loan_is_repaid_once_logins_succeed() -> None:
    """With the value from before the loan, also when another process took it and died."""
    judgement = judge(pod(retry="0.2"), done=(loan(result="intended"),))
    assert isinstance(judgement, Act)
    (action,) = judgement.actions
    assert isinstance(action, RestoreSetting)
    assert action.value == "15"


def test_what_another_process_has_lent_is_given_back_by_what_is_noted_on_the_pod() -> None:
    """Where several take turns: its state file is on another machine, and may be gone."""
    step = replace(STEP, pooler=replace(POOLER, noted=True))
    judgement = judge(pod(retry="0.2", noted={"server_login_retry": "15"}), step=step)
    assert isinstance(judgement, Act)
    (restored,) = judgement.actions
    assert isinstance(restored, RestoreSetting)
    assert (restored.key, restored.value, restored.noted) == ("server_login_retry", "15", True)
    assert isinstance(judge(pod(noted={}), step=step, done=(loan(),)), Settled), "somebody else has repaid it"
    assert Right("patch", "pods", "shop") in step.rights()
    assert Right("patch", "pods", "shop") not in STEP.rights()


def test_a_note_is_on_the_pod_before_the_loan_and_until_it_is_repaid() -> None:
    """Whoever is killed in between leaves it to be found."""
    done: list[object] = []

    class Both(Partial):
        def credentials(self, login: Login, *, fresh: bool = False) -> Credentials:
            return Credentials("pooler", Secret("x"))

        def set(self, target: Target, credentials: Credentials, key: str, value: str) -> None:
            done.append((key, value))

        def note_loan(self, pod: Ref, uid: str, key: str, value: str | None) -> None:
            done.append((pod, uid, key, value))

    world = World(pooler=Both(), secrets=Both(), writer=Both())
    step = replace(STEP, pooler=replace(POOLER, noted=True))
    for seen in (pod(FAILING, noted={}), pod(retry="0.2", noted={"server_login_retry": "15"})):
        judgement = judge(seen, step=step)
        assert isinstance(judgement, Act)
        judgement.actions[0].apply(world)
    assert done == [
        (POD, "uid-1", "server_login_retry", "15"),
        ("server_login_retry", "0.2"),
        ("server_login_retry", "15"),
        (POD, "uid-1", "server_login_retry", None),
    ]


@pytest.mark.parametrize(
    "said",
    [
        {"server_login_retry": "15'; SHUTDOWN; --"},
        {"auth_type": "trust"},
        {"server_login_retry": "-1"},
        {"server_login_retry": "1e9"},
        {"server_login_retry": ""},
    ],
)
def test_a_note_that_no_loan_of_ours_can_have_left_is_ignored(said: dict[str, str]) -> None:
    """Whoever may annotate a pod may not set what he likes on its console by that."""
    assert noted(said) == {}
    assert noted({"server_login_retry": "15", "dns_nxdomain_ttl": "0.5"}) != {}


def test_a_repaid_loan_is_not_repaid_again() -> None:
    """The repayment is remembered; one that failed is not."""
    paid = ActionRecord(
        1, "restore-setting", str(POD), "x", NOW, "repay", "done", {"uid": "uid-1", "key": "server_login_retry"}
    )
    assert isinstance(judge(pod(), done=(loan(), paid)), Settled)
    assert isinstance(judge(pod(retry="0.2"), done=(loan(), replace(paid, result="failed: x"))), Act)


def test_a_loan_to_a_pod_that_is_gone_is_void() -> None:
    """Its successor read the value from its own file."""
    assert isinstance(judge(pod(uid="uid-2"), done=(loan(),)), Settled)


def test_a_second_loan_still_owes_the_first_value() -> None:
    """A pod that was reloaded meanwhile gets back what it had before the first loan."""
    judgement = judge(pod(FAILING, retry="30"), done=(loan(),))
    assert isinstance(judgement, Act)
    assert judgement.actions[0].note["value"] == "15"


def test_a_declared_back_off_is_what_is_given_back() -> None:
    """The owner's value wins over the one that was found."""
    step = declaring({"server_login_retry": "5"})
    judgement = judge(pod(retry="0.2"), step=step, done=(loan(),))
    assert isinstance(judgement, Act)
    (action,) = judgement.actions
    assert isinstance(action, RestoreSetting)
    assert action.value == "5"


def test_settings_that_differ_are_set() -> None:
    """Only those; numbers are compared as numbers."""
    judgement = judge(pod(idle="600"))
    assert isinstance(judgement, Act)
    assert [action.sentence for action in judgement.actions] == ["set server_idle_timeout = 300 on pod/shop/pooler-1"]
    assert isinstance(judge(pod(idle="300.0")), Settled)


def test_settings_that_cannot_change_at_run_time_say_so() -> None:
    """They are remarks, not endless attempts."""
    step = declaring({"listen_port": "7000", "no_such": "1"})
    fixed = {"listen_port": Setting("6432", changeable=False)}
    judgement = judge(pod(console=Console(fixed)), step=step)
    assert isinstance(judgement, Settled)
    assert judgement.why.endswith("succeed, not all declared settings are in force")
    assert judgement.remarks == (
        "listen_port = 7000 needs a restart of PgBouncer on pod/shop/pooler-1 (it has 6432)",
        "pod/shop/pooler-1 does not know the setting no_such",
    )


def test_without_the_console_settings_cannot_be_verified() -> None:
    """Logins work, so that nothing has failed; what is not known is said, with the way out."""
    blind = pod(console=None, refused="cannot open a session: not allowed", hint="add it to admin_users")
    judgement = judge(blind)
    assert isinstance(judgement, Settled)
    assert judgement.why == "logins through pooler-1 succeed, the declared settings cannot be verified"
    (remark,) = judgement.remarks
    assert "not allowed; add it to admin_users" in remark
    why = "logins through pooler-1 succeed"
    assert judge(blind, step=declaring({})) == Settled(why, baseline={"served uid-1": "new"})


def test_a_console_that_does_not_answer_for_now_is_waited_for() -> None:
    """Neither "healed" with a loan unpaid, nor given up for a hiccup."""
    blind = pod(console=None, refused="cannot hold a session: connection reset", transient=True)
    assert judge(blind) == Wait("cannot hold a session: connection reset")
    no_settings = declaring({})
    assert isinstance(judge(blind, step=no_settings, done=(loan(),)), Wait)
    assert isinstance(judge(blind, step=no_settings), Settled)


def test_a_loan_is_repaid_before_giving_up() -> None:
    """The application's own wrong password leaves nothing of ours behind."""
    refused = pod(Answer(ok=False, spoke=True, text="SASL authentication failed"), retry="0.2")
    held = past(first_seen={"stale_client uid-1": NOW - 10}, done=(loan(),))
    judgement = STEP.judge(PoolerObservation(pods=(refused,)), held)
    assert isinstance(judgement, Act)
    assert isinstance(judgement.actions[0], RestoreSetting)


@pytest.mark.parametrize("value", ["", "15s", None])
def test_a_back_off_that_cannot_be_read_is_not_lent(value: str | None) -> None:
    """An odd PgBouncer is no reason to fail."""
    settings = {} if value is None else {"server_login_retry": Setting(value, changeable=True)}
    assert isinstance(judge(pod(FAILING, console=Console(settings))), Wait)


def test_a_config_map_that_somebody_manages_is_not_written() -> None:
    """Flux, Argo CD or Helm would write it back; the owner is told where to change it."""
    document = Document(Ref("configmap", "shop", "ini"), "pgbouncer.ini", "[pgbouncer]\n", "1", managed_by="Flux")
    judgement = judge(pod(), document=document)
    assert isinstance(judgement, Settled)
    assert "because Flux manages it" in judgement.remarks[0]


def test_a_config_map_that_is_immutable_is_not_written() -> None:
    """The API server would refuse it each time: the owner is told, and the settings are in force all the same."""
    document = Document(Ref("configmap", "shop", "ini"), "pgbouncer.ini", "[pgbouncer]\n", "1", immutable=True)
    judgement = judge(pod(), document=document)
    assert isinstance(judgement, Settled)
    assert "configmap/shop/ini was not written, because it is immutable: make another" in judgement.remarks[0]


@pytest.mark.parametrize("text", ["SASL authentication failed", "no such user: app", "password authentication failed"])
def test_the_applications_own_login_is_not_the_poolers_fault(text: str) -> None:
    """Refused by the pooler itself for ten seconds: no loan, no write, the Secret is named."""
    login = Answer(ok=False, spoke=True, text=text)
    facts = PoolerObservation(pods=(pod(login),))
    assert isinstance(STEP.judge(facts, past()), Wait)
    judgement = STEP.judge(facts, past(first_seen={"stale_client uid-1": NOW - 10}))
    assert isinstance(judgement, GiveUp)
    assert "secret/shop/app" in judgement.hint


def test_a_pod_that_does_not_run_and_a_service_behind_are_waited_for() -> None:
    """With their reasons."""
    assert judge(doubts=("pod/shop/pooler-1 does not run yet: Unknown",)) == Wait(
        "pod/shop/pooler-1 does not run yet: Unknown"
    )
    assert judge(pod(), service="service/shop/pooler still sends to 10.42.0.3") == Wait(
        "service/shop/pooler still sends to 10.42.0.3"
    )


def test_a_named_config_map_is_written_only_when_it_differs() -> None:
    """So that the settings persist; in the same go as the SET."""
    document = Document(
        Ref("configmap", "shop", "ini"), "pgbouncer.ini", "[pgbouncer]\nserver_idle_timeout = 300\n", "1"
    )
    assert isinstance(judge(pod(), document=document), Settled)
    judgement = judge(pod(), document=replace(document, text="[pgbouncer]\n"))
    assert isinstance(judgement, Act)
    assert judgement.actions[0].about == document.ref


# --- whose fault it is ---------------------------------------------------------------------------

REFUSED = Answer(ok=False, spoke=True, sqlstate="28P01", text='password authentication failed for user "pooler"')
UNKNOWN = Answer(ok=False, spoke=True, text="SASL authentication failed")


def cured(*pods: PoolerPod, held: float = 0.0, done: tuple[ActionRecord, ...] = (), **facts: Any) -> Judgement:
    """Judge with both roles let in by PostgreSQL, each diagnosis having held for so long."""
    seen = PoolerObservation(pods=pods, **{"pooler": OK, "application": OK} | facts)
    return STEP.judge(seen, past(done=done, first_seen=dict.fromkeys(seen.conditions, NOW - held)))


def restarts(judgement: Judgement) -> list[str]:
    """Return why a pod is restarted."""
    actions = judgement.actions if isinstance(judgement, Act) else ()
    return [action.cause for action in actions if isinstance(action, RestartPooler)]


def restart(uid: str, result: str = "done") -> ActionRecord:
    return ActionRecord(0, "restart-pooler", str(POD), "x", NOW - 1, "restart", result, {"uid": uid})


@pytest.mark.parametrize(("held", "restarted"), [(3.3, False), (3.5, True)])
def test_a_pooler_that_is_refused_what_postgresql_accepts_is_restarted(held: float, *, restarted: bool) -> None:
    """Once the loan is out and it has tried more than twice."""
    judgement = cured(pod(REFUSED, retry="0.2"), held=held)
    assert bool(restarts(judgement)) is restarted
    assert isinstance(judgement, Act if restarted else Wait)


def test_a_version_with_a_bug_that_shows_itself_so_is_restarted_at_once() -> None:
    """And the bug is named."""
    buggy = pod(REFUSED, console=shows(retry="0.2", version="PgBouncer 1.25.0"))
    assert restarts(cured(buggy)) == ["ad-hoc SCRAM keys fail after a reconnect (pgbouncer#1432)"]


def test_a_pooler_is_restarted_once_a_boot() -> None:
    """Its successor that fails as well is a person's business; a restart that was only intended is done."""
    failing = pod(REFUSED, retry="0.2")
    assert isinstance(cured(failing, held=60, done=(restart("uid-0"),)), GiveUp)
    assert restarts(cured(failing, held=60, done=(restart("uid-1", "intended"),)))
    assert restarts(cured(failing, held=60, done=(restart("uid-0", "failed: 409"),)))


def test_a_pooler_is_not_restarted_while_its_successor_would_be_refused() -> None:
    """It is told why, and waited for: what is deleted does not come back until then. A reload needs no new pod."""
    judgement = cured(pod(REFUSED, retry="0.2", kept_out="resourcequota/shop/mem is used up"), held=60)
    assert isinstance(judgement, Wait)
    assert judgement.counts
    assert judgement.why.startswith("not restarted yet: resourcequota/shop/mem is used up (login through ")
    assert isinstance(cured(pod(REFUSED, retry="0.2", kept_out="x", same_file=True), held=60), Act)


def test_one_pod_after_the_other() -> None:
    """Not while another does not run; each of two pods may need it."""
    other = pod(REFUSED, retry="0.2", ref=Ref("pod", "shop", "pooler-2"), uid="uid-2")
    assert len(restarts(cured(pod(REFUSED, retry="0.2"), other, held=60, wanted=2))) == 1
    assert not restarts(cured(other, held=60, wanted=2, done=(restart("uid-1"),), doubts=("x does not run",)))
    assert restarts(cured(other, held=60, wanted=2, done=(restart("uid-1"),)))


def test_a_pooler_that_serves_others_is_not_restarted_on_suspicion() -> None:
    """Their connections would be dropped. A file that differs is no suspicion, but it may be on its way."""
    busy = shows(retry="0.2", servers=3)
    assert isinstance(cured(pod(REFUSED, console=busy), held=60), GiveUp)
    assert isinstance(cured(pod(REFUSED, console=busy, same_file=False), held=89), Wait)
    assert restarts(cured(pod(REFUSED, console=busy, same_file=False), held=90))


@pytest.mark.parametrize("login", [REFUSED, UNKNOWN])
def test_a_changed_auth_file_is_reloaded_once_it_is_in_the_pod(login: Answer) -> None:
    """That drops nobody. Where it is not in the pod, as with a subPath, only a restart brings it there."""
    judgement = cured(pod(login, retry="0.2", same_file=True))
    assert isinstance(judgement, Act)
    assert [type(action) for action in judgement.actions] == [Reload]
    done = ActionRecord(0, "reload", str(POD), "x", NOW - 1, "reload", "done", {"uid": "uid-1"})
    assert isinstance(cured(pod(login, retry="0.2", same_file=True), done=(done,)), Wait)
    earlier = STEP.judge(
        PoolerObservation(pods=(pod(login, retry="0.2", same_file=True),), pooler=OK, application=OK),
        past(done=(done,), incident=1),
    )
    assert isinstance(earlier, Act)  # that was another change of it, weeks ago in the same boot
    assert [type(action) for action in earlier.actions] == [Reload]
    assert restarts(cured(pod(login, retry="0.2", same_file=False))) == ["its auth_file is not the declared one"]


def test_a_remembered_lookup_costs_a_restart_only_if_that_is_sooner() -> None:
    """PgBouncer believes for dns_nxdomain_ttl that a name does not exist, whatever is set, reloaded or reconnected."""
    assert restarts(cured(pod(FAILING, console=shows(retry="0.2", unknown_for=9.0))))
    waiting = cured(pod(FAILING, console=shows(retry="0.2", unknown_for=2.0)))
    assert isinstance(waiting, Wait)
    assert "name does not exist" in waiting.why


def test_a_pooler_that_hides_why_is_restarted_in_the_end() -> None:
    """Before 1.24 it only says that it fails; PostgreSQL must have let both roles in for fifteen seconds."""
    failing = pod(FAILING, retry="0.2")
    assert isinstance(cured(failing, held=14), Wait)
    assert restarts(cured(failing, held=15)) == ["it goes on failing where PostgreSQL lets both roles in"]
    assert not restarts(cured(failing, held=15, pooler=Answer(ok=False, spoke=True, sqlstate="57P03")))
    assert restarts(cured(failing, held=15, application=None)), "a forced user: the application's role is not needed"


@pytest.mark.parametrize(
    ("console", "word", "hint"),
    [(shows(paused=True), "paused", "RESUME shop"), (shows(disabled=True), "disabled", "ENABLE shop")],
    ids=["paused", "disabled"],
)
def test_what_somebody_else_stopped_is_reported_not_undone(console: Console, word: str, hint: str) -> None:
    """For a minute whoever did it may be about to end it; nothing is lent for it, and nothing resumed."""
    stopped = pod(FAILING, console=console)
    waiting = cured(stopped, held=59)
    assert isinstance(waiting, Wait)
    assert f"somebody has {word} the database" in waiting.why
    told = cured(stopped, held=60)
    assert isinstance(told, GiveUp)
    assert hint in told.hint


def test_an_application_that_postgresql_refuses_too_is_reported() -> None:
    """Its Secret and its role disagree: not the pooler's fault, nor bootheal's to decide which is right."""
    wrong = Answer(ok=False, spoke=True, sqlstate="28P01", text='password authentication failed for user "app"')
    told = cured(pod(wrong, retry="0.2"), application=wrong, held=10)
    assert isinstance(told, GiveUp)
    assert "straight to PostgreSQL it is refused, too" in told.why
    assert "secret/shop/app" in told.hint


def test_recovery_does_not_count_against_patience() -> None:
    """PostgreSQL began to recover again after it had been seen to serve; but not for days."""
    recovering = Answer(ok=False, spoke=True, sqlstate="57P03", text="the database system is starting up")
    for held, counts in ((10, False), (3600, False), (7 * 3600, True)):
        judgement = cured(pod(FAILING, retry="0.2"), held=held, pooler=recovering, application=None)
        assert isinstance(judgement, Wait)
        assert judgement.counts is counts


def test_pods_of_an_old_and_a_new_revision_are_both_served() -> None:
    """Settings and loans reach the pod that runs while the other is still being made; then what is wanted is enough."""
    doubt = "pod/shop/pooler-2 does not run yet: ErrImagePull"
    assert isinstance(judge(pod(idle="600"), doubts=(doubt,)), Act)
    settled = judge(pod(), doubts=(doubt,))
    assert isinstance(settled, Settled)
    assert settled.remarks == (doubt,)
    assert judge(pod(), doubts=(doubt,), wanted=2) == Wait(doubt)


def test_without_the_console_a_signal_has_the_file_read() -> None:
    """Once the ConfigMap's text has reached the pod, and once only: what came of it cannot be seen."""
    document = Document(
        Ref("configmap", "shop", "ini"), "pgbouncer.ini", "[pgbouncer]\nserver_idle_timeout = 300\n", "1"
    )
    blind = pod(console=None, refused="not allowed", same_ini=True)
    judgement = judge(blind, document=document)
    assert isinstance(judgement, Act)
    assert [type(action) for action in judgement.actions] == [HangUp]
    done = ActionRecord(0, "hang-up", str(POD), "x", NOW - 1, "signal", "done", {"uid": "uid-1"})
    assert isinstance(judge(blind, document=document, done=(done,)), Settled)
    assert isinstance(judge(replace(blind, same_ini=None), document=document), Settled)
