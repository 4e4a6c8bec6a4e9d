"""What the states and the symptoms of a cluster's components call for."""

import pytest

from bootheal.model import ActionRecord, Component, ComponentState, HostFacts, Symptom
from bootheal.platform import components
from bootheal.platform.components import Allowed, RestartComponent, StartComponent
from bootheal.step import Act, GiveUp, Wait
from support.objects import NOW, past

K3S = "k3s.service"
LOG = "journalctl -u k3s.service -e"
MAY = Allowed(start=frozenset({"k3s"}), restart=frozenset({"k3s"}))
RESERVED = Symptom("reserved-name", K3S, "sandbox names are still reserved", restart=True)
BROKEN = Symptom("database", K3S, "its database is malformed", "restore the newest backup", fatal=True)


def facts(state: ComponentState, *symptoms: Symptom, why: str = "") -> HostFacts:
    return HostFacts((Component(K3S, "k3s", state, why=why, log=LOG),), symptoms)


def for_long(state: ComponentState, *symptoms: Symptom) -> dict[str, float]:
    """All conditions of these facts, held for an hour."""
    return dict.fromkeys(components.conditions(facts(state, *symptoms)), NOW - 3600)


def done(action: str) -> ActionRecord:
    return ActionRecord(0, action, f"host/{K3S}", "any", NOW - 60, "", result="done")


def test_a_fatal_complaint_needs_a_person() -> None:
    """Exit code 3, with the human step, whatever is allowed."""
    judgement = components.judge(facts(ComponentState.RESTARTING, BROKEN), past(), MAY)
    assert judgement == GiveUp(f"{K3S}: its database is malformed", "restore the newest backup", person=True)


def test_a_fatal_complaint_that_spares_the_data_is_given_up_at_once() -> None:
    """A kernel without a cgroup is not cured by waiting, and nobody's data is at risk: exit code 1."""
    cgroup = Symptom("kubelet-cgroup-v1", K3S, "no cgroup v1", "boot with v2", fatal=True, spares_data=True)
    judgement = components.judge(facts(ComponentState.RESTARTING, cgroup), past(), MAY)
    assert judgement == GiveUp(f"{K3S}: no cgroup v1", "boot with v2")


def test_of_several_fatal_complaints_data_at_risk_decides() -> None:
    """Whichever container says it, and whatever the others end with."""
    token = Symptom("k3s-token", K3S, "another token", "give it its token", fatal=True, spares_data=True)
    for symptoms in ((token, BROKEN), (BROKEN, token)):
        judgement = components.judge(facts(ComponentState.RESTARTING, *symptoms), past(), MAY)
        assert judgement == GiveUp(f"{K3S}: its database is malformed", "restore the newest backup", person=True)


@pytest.mark.parametrize("state", [ComponentState.STARTING, ComponentState.RESTARTING, ComponentState.STOPPED])
def test_what_a_unit_complains_of_is_told_beside_its_state(state: ComponentState) -> None:
    """A unit that is starting says no more than that; its journal says why it does not get on."""
    expired = Symptom("k3s-certificate-expired", K3S, "a certificate has expired", "k3s certificate rotate")
    judgement = components.judge(facts(state, expired), past(), Allowed())
    assert isinstance(judgement, Wait)
    assert judgement.why.startswith(f"{K3S} is {state}")
    assert judgement.why.endswith("; a certificate has expired (k3s certificate rotate)")


def test_what_does_not_stay_up_is_given_up_with_what_it_complains_of() -> None:
    """The complaint's own next step is worth more than where the journal is."""
    full = Symptom("node-journal-disk-full", K3S, "the disk is full", "make room")
    lasting = past(first_seen=for_long(ComponentState.RESTARTING, full))
    judgement = components.judge(facts(ComponentState.RESTARTING, full), lasting, Allowed())
    assert judgement == GiveUp(f"{K3S} is restarting and does not stay up; the disk is full", "make room")


@pytest.mark.parametrize(
    ("state", "why", "said"),
    [
        (ComponentState.STARTING, "", "k3s.service is starting"),
        (ComponentState.RESTARTING, "exit-code", f"k3s.service is restarting (exit-code); see {LOG}"),
        (ComponentState.STOPPED, "", "k3s.service is stopped"),
        (ComponentState.FAILED, "exit-code", "k3s.service has failed (exit-code)"),
    ],
)
def test_what_is_down_for_a_moment_is_waited_for(state: ComponentState, why: str, said: str) -> None:
    """At boot a unit is stopped until its turn comes, and says so."""
    assert components.judge(facts(state, why=why), past(), Allowed()) == Wait(said)


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (ComponentState.STOPPED, "is stopped"),
        (ComponentState.FAILED, "has failed"),
        (ComponentState.MISSING, "is missing"),
    ],
)
def test_what_stays_down_is_given_up_with_the_next_step(state: ComponentState, said: str) -> None:
    """Somebody stopped it, or it failed for good: not for us to start, unless allowed."""
    judgement = components.judge(facts(state), past(first_seen=for_long(state)), Allowed())
    assert judgement == GiveUp(f"{K3S} {said}", f"start {K3S}; {LOG} shows why it {said}")


def test_what_is_down_is_started_once_a_boot_where_allowed() -> None:
    """The second time it is left to a person."""
    assert components.judge(facts(ComponentState.STOPPED), past(), MAY) == Act(
        f"{K3S} is stopped", (StartComponent(cause="it is stopped", component=K3S),)
    )
    again = past(done=(done("start-component"),), first_seen=for_long(ComponentState.STOPPED))
    assert isinstance(components.judge(facts(ComponentState.STOPPED), again, MAY), GiveUp)


def test_a_restart_needs_evidence_that_lasts_and_permission_and_happens_once() -> None:
    """Most symptoms of a start pass by themselves within two minutes."""
    complaining = facts(ComponentState.RUNNING, RESERVED)
    lasting = for_long(ComponentState.RUNNING, RESERVED)
    said = Wait(f"{K3S}: sandbox names are still reserved")
    assert said == components.judge(complaining, past(), MAY)
    assert said == components.judge(complaining, past(first_seen=lasting), Allowed())
    expected = RestartComponent(cause="sandbox names are still reserved", component=K3S)
    assert components.judge(complaining, past(first_seen=lasting), MAY) == Act(
        f"{K3S}: sandbox names are still reserved", (expected,)
    )
    assert said == components.judge(complaining, past(first_seen=lasting, done=(done("restart-component"),)), MAY)
    assert components.judge_symptoms(complaining, past(), MAY) is None


def test_what_does_not_stay_up_is_restarted_once_where_allowed() -> None:
    """As k3d's load balancer, which trips over its own PID file."""
    lasting = past(first_seen={f"{K3S} restarting": NOW - 120})
    judgement = components.judge(facts(ComponentState.RESTARTING), lasting, MAY)
    assert isinstance(judgement, Act)
    assert judgement.actions[0].sentence == "restart k3s.service (it does not stay up)"
    assert isinstance(components.judge(facts(ComponentState.RESTARTING), lasting, Allowed()), Wait)


def test_what_does_not_stay_up_for_minutes_is_given_up_with_the_next_step() -> None:
    """Until then in the same words, so that it is told once: how often it was started is no news."""
    falling = facts(ComponentState.RESTARTING, why="exit status 1: no such flag")
    since = [past(first_seen={f"{K3S} restarting": NOW - seconds}) for seconds in (0, 299, 300, 9000)]
    waits, still_waits, *given_up = (components.judge(falling, each, Allowed()) for each in since)
    said = f"{K3S} is restarting (exit status 1: no such flag)"
    assert waits == still_waits == Wait(f"{said}; see {LOG}")
    assert given_up == [GiveUp(f"{said} and does not stay up", f"{LOG} shows why")] * 2


def test_parts_that_run_give_no_reason_for_anything() -> None:
    """Nor do no components at all, as on a remote cluster."""
    assert components.judge(facts(ComponentState.RUNNING), past(), MAY) is None
    assert components.judge(HostFacts(), past(), MAY) is None


def test_a_load_balancer_that_does_not_stay_up_is_restarted_after_a_quarter_of_a_minute() -> None:
    """Only connections are lost with it, and without it nothing can be reached; a server is left to its own."""
    looping = HostFacts((Component("lb", "loadbalancer", ComponentState.RESTARTING),))
    may = Allowed(restart=frozenset({"loadbalancer"}))
    assert isinstance(components.judge(looping, past(first_seen={"lb restarting": NOW - 14}), may), Wait)
    assert components.judge(looping, past(first_seen={"lb restarting": NOW - 15}), may) == Act(
        "lb is restarting", (RestartComponent(cause="it does not stay up", component="lb"),)
    )
    server = HostFacts((Component("server", "server", ComponentState.RESTARTING),))
    assert isinstance(components.judge(server, past(first_seen={"server restarting": NOW - 299}), may), Wait)


def test_a_cluster_that_is_started_as_a_whole_is_only_begun() -> None:
    """It was once listed as a change that was made, although `k3d cluster start` had failed."""
    stopped = HostFacts((Component("k3d cluster shop", "cluster", ComponentState.STOPPED),))
    judgement = components.judge(stopped, past(), Allowed(start=frozenset({"cluster"})))
    assert isinstance(judgement, Act)
    assert [action.sentence for action in judgement.actions] == ["begin to start k3d cluster shop (it is stopped)"]


def test_what_somebody_has_paused_is_not_started() -> None:
    """Docker starts none that is paused; a backup may have paused it for a moment."""
    paused = facts(ComponentState.PAUSED)
    assert components.judge(paused, past(), MAY) == Wait(f"{K3S} is paused", hint=f"docker unpause {K3S}")
    lasting = past(first_seen=for_long(ComponentState.PAUSED))
    assert components.judge(paused, lasting, MAY) == GiveUp(f"{K3S} is paused", f"docker unpause {K3S}")
