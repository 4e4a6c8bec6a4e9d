"""The gate's judgement."""

import os
from dataclasses import replace
from typing import Any

import pytest

from bootheal.adapters.kube.bound_to_node import bound
from bootheal.errors import DeniedError
from bootheal.model import Component, ComponentState, HostFacts, Lease, Node, Readiness, Ref, Symptom
from bootheal.platform.components import Allowed, RestartComponent
from bootheal.platform.gate import Gate, GateObservation
from bootheal.step import Act, GiveUp, Settled, Wait
from support.objects import NOW, THIS_BOOT, a_lease, a_node, past


def seen(*nodes: Any, **fields: Any) -> GateObservation:
    return replace(
        GateObservation(Readiness(ready=True), nodes=nodes, boot_id="new", epoch="new", boot_time=THIS_BOOT), **fields
    )


def test_the_gate_opens_for_a_node_of_this_boot_and_says_which_boot() -> None:
    """Settled carries the epoch that everything after the gate belongs to."""
    opened = Settled("node box is Ready in this boot", epoch="new", boots={"box": "new"})
    assert Gate().judge(seen((a_node(), a_lease())), past()) == opened


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        (seen(readiness=Readiness(ready=False, why="/readyz says 500")), "not ready: /readyz says 500"),
        (seen(), "no node has registered yet"),
        (seen((a_node(boot_id="old"), a_lease())), "previous boot"),
        (seen((a_node(ready=False, why="KubeletNotReady: cni"), a_lease())), "KubeletNotReady: cni"),
        (seen((a_node(taints=("node.kubernetes.io/not-ready",)), a_lease())), "taint node.kubernetes.io/not-ready"),
        (seen(denied="cannot get /readyz: 401"), "401"),
    ],
)
def test_the_gate_waits_and_says_for_what(facts: GateObservation, why: str) -> None:
    """Each reason a person would want to read in the journal."""
    judgement = Gate().judge(facts, past())
    assert isinstance(judgement, Wait)
    assert why in judgement.why


def test_the_check_that_holds_the_api_server_up_is_named_once_it_has_lasted() -> None:
    """In a boot one follows the other several times a second; each would be a line in the journal."""
    starting = seen(readiness=Readiness(ready=False, why="/readyz says 500", check="etcd"))
    (failing,) = starting.conditions
    for seconds, named in ((0, ""), (4, ""), (5, " (etcd)")):
        judgement = Gate().judge(starting, past(first_seen={failing: NOW - seconds}))
        assert judgement == Wait(f"the API server is not ready: /readyz says 500{named}")
    another = seen(readiness=Readiness(ready=False, why="/readyz says 500", check="poststarthook/rbac"))
    assert failing not in another.conditions


@pytest.mark.parametrize(
    "facts", [HostFacts(), HostFacts(symptoms=(Symptom("k3s.service", "slow", "its disk is slow"),))]
)
def test_a_request_that_is_not_answered_is_no_outage(facts: HostFacts) -> None:
    """A busy API server leaves some unanswered for weeks: the gate has been ill only where that lasts."""
    silent = seen(unreachable="cannot reach the API server: no answer in time", facts=facts)
    since = "the API server is out of reach"
    assert since in silent.conditions
    for seconds, blind in ((0, True), (4, True), (5, False)):
        judgement = Gate().judge(silent, past(first_seen={since: NOW - seconds}))
        assert isinstance(judgement, Wait)
        assert judgement.blind is blind


def test_a_refusal_is_believed_only_after_a_minute() -> None:
    """The API server answers before it has loaded its roles; after a minute a 401 is a wrong credential."""
    facts = seen(denied="cannot get /readyz: 401", hint="read the live file")
    refused = {f"refused as process {os.getpid()}": NOW - 60}
    given_up = GiveUp("cannot get /readyz: 401", "read the live file", refused=True)
    assert Gate().judge(facts, past(first_seen=refused)) == given_up
    assert refused.keys() == facts.conditions
    by_another_process = {f"refused as process {os.getpid() + 1}": NOW - 3600}  # with an older credential, maybe
    assert isinstance(Gate().judge(facts, past(first_seen=by_another_process)), Wait)


def test_a_refusal_that_a_new_process_mends_is_not_waited_out() -> None:
    """The kubeconfig was written after this process had been given its copy."""
    facts = seen(denied="cannot log in", hint="it is copied at each start", final=True)
    assert Gate().judge(facts, past()) == GiveUp("cannot log in", "it is copied at each start", refused=True)


def test_a_refusal_is_not_hidden_by_what_the_host_complains_of() -> None:
    """Least of all by k3s' symptom of an expired certificate, which is ours: each of our requests brings one more."""
    expired = Symptom("k3s-certificate-expired", "k3s.service", "a certificate does not fit the clock")
    network = Symptom("flannel", "k3s.service", "the pod network is not set up yet")
    refused = past(first_seen={f"refused as process {os.getpid()}": NOW - 60})
    for symptom, waiting in ((expired, "401"), (network, "k3s.service: the pod network is not set up yet; 401")):
        facts = seen(denied="401", facts=HostFacts(symptoms=(symptom,)))
        assert Gate().judge(facts, past()) == Wait(waiting)
        assert Gate().judge(facts, refused) == GiveUp("401", "", refused=True)


def test_of_several_nodes_the_one_on_this_host_counts() -> None:
    """Another machine's node that is down does not keep this one shut."""
    other = (a_node(name="far", boot_id="other", ready=False), a_lease())
    assert isinstance(Gate().judge(seen(other, (a_node(), a_lease())), past()), Settled)


def test_a_node_that_says_why_it_is_not_ready_has_a_next_step() -> None:
    """What passes is waited for; what a person does if it does not is told with it (kubernetes#77728)."""
    why = "KubeletNotReady: PLEG is not healthy: pleg was last seen active 3m3.9s ago; threshold is 3m0s"
    judgement = Gate(name="gate").judge(seen((a_node(ready=False, why=why), a_lease())), past())
    assert isinstance(judgement, Wait)
    assert why in judgement.why
    assert judgement.hint.startswith("systemctl restart k3s")


def test_a_cordoned_node_is_remarked() -> None:
    """It is not uncordoned, and not kept quiet about."""
    judgement = Gate().judge(seen((a_node(unschedulable=True), a_lease())), past())
    assert isinstance(judgement, Settled)
    assert judgement.remarks == ("node box is unschedulable (cordoned)",)


def test_an_api_server_that_is_not_there_is_explained_by_its_unit() -> None:
    """What the host knows comes first, then what the wire says."""
    starting = HostFacts((Component("k3s.service", "k3s", ComponentState.STARTING),))
    facts = seen(unreachable="cannot reach the API server: connection refused", facts=starting)
    expected = Wait("k3s.service is starting; cannot reach the API server: connection refused")
    assert expected == Gate().judge(facts, past())


def test_a_unit_that_is_down_does_not_shut_an_open_gate() -> None:
    """k3s may have been started in another way: what counts is the node."""
    down = HostFacts((Component("k3s.service", "k3s", ComponentState.FAILED),))
    lasting = past(first_seen={"k3s.service failed": NOW - 3600})
    assert isinstance(Gate().judge(seen((a_node(), a_lease()), facts=down), lasting), Settled)
    assert isinstance(Gate().judge(seen(facts=down), lasting), GiveUp)


def test_reserved_names_are_cleared_by_one_restart_where_allowed_although_the_node_is_well() -> None:
    """They keep pods from starting, and the node does not tell."""
    symptom = Symptom("reserved-name", "k3s.service", "sandbox names are still reserved", restart=True)
    told = HostFacts((Component("k3s.service", "k3s", ComponentState.RUNNING),), (symptom,))
    facts = seen((a_node(), a_lease()), facts=told)
    lasting = past(first_seen={"k3s.service reserved-name": NOW - 3600})
    assert isinstance(Gate().judge(facts, lasting), Settled)
    judgement = Gate(allowed=Allowed(restart=frozenset({"k3s"}))).judge(facts, lasting)
    assert isinstance(judgement, Act)
    assert (RestartComponent(cause="sandbox names are still reserved", component="k3s.service"),) == judgement.actions


def test_a_clock_that_is_not_set_yet_is_said() -> None:
    """It is why a certificate is not yet valid, and it passes."""
    unset = seen(unreachable="cannot reach the API server: its certificate is not yet valid")
    judgement = Gate().judge(replace(unset, facts=HostFacts(clock_synchronised=False)), past())
    assert isinstance(judgement, Wait)
    assert judgement.why.endswith("this machine's clock is not synchronised yet")


def test_a_clock_that_is_not_set_yet_refuses_no_connection() -> None:
    """It was once told of with each of them."""
    unset = replace(seen(unreachable="connection refused"), facts=HostFacts(clock_synchronised=False))
    assert Gate().judge(unset, past()) == Wait("connection refused")


def test_what_was_begun_for_us_and_failed_is_told_once_all_is_well() -> None:
    """The way around it has its price, and somebody can mend the cause."""
    failed = "`k3d cluster start` ended with 1: no tools image"
    judgement = Gate().judge(seen((a_node(), a_lease()), facts=HostFacts(failed=(failed,))), past())
    assert isinstance(judgement, Settled)
    assert judgement.remarks == (failed,)


BOX = a_node(
    name="box", boot_id="old", ready=False, why="NodeStatusUnknown", taints=("node.kubernetes.io/unreachable",)
)
HERE = (a_node(name="localhost", ip="192.0.2.7"), a_lease())
BOUND = (Ref("pod", "shop", "postgres-0"), Ref("persistentvolumeclaim", "shop", "data-postgres-0"))


def remarks(*nodes: Any, **fields: Any) -> tuple[str, ...]:
    judgement = Gate().judge(seen(HERE, *nodes, **fields), past())
    assert isinstance(judgement, Settled)
    return judgement.remarks


@pytest.mark.parametrize("lease", [a_lease(NOW - 86_400), None])
@pytest.mark.parametrize("address", ["192.0.2.7", ""])
def test_a_host_that_has_another_name_since_this_boot_is_told_with_what_is_bound_to_it(
    lease: Lease | None, address: str
) -> None:
    """The host has another name: local-path's volumes stay with the old one, and so do the pods on them."""
    (remark,) = remarks((replace(BOX, ip=address), lease), bound={"box": BOUND})
    assert remark.startswith("node box is not this machine's any more: this boot has registered as localhost")
    assert "bound to it: pod/shop/postgres-0, persistentvolumeclaim/shop/data-postgres-0" in remark
    assert "k3s --node-name box" in remark


def test_another_machine_that_is_down_is_told_as_that() -> None:
    """It has an address of its own."""
    (remark,) = remarks((replace(BOX, ip="192.0.2.8"), a_lease(NOW - 86_400)), bound={"box": BOUND})
    assert remark.startswith("node box has not come back; bound to it: pod/shop/postgres-0")


@pytest.mark.parametrize(
    ("node", "lease"),
    [(replace(BOX, ready=True), a_lease()), (BOX, a_lease()), (replace(BOX, boot_id="new"), a_lease(NOW - 86_400))],
    ids=["serves", "is just not ready", "of this boot"],
)
def test_a_node_that_lives_is_nothing_to_tell_of(node: Node, lease: Lease) -> None:
    """Elsewhere it may boot just now."""
    judgement = Gate().judge(seen(HERE, (node, lease)), past())
    assert not isinstance(judgement, Settled) or judgement.remarks == ()


def test_what_is_bound_to_a_node_is_found_by_name_and_by_the_volumes_affinity() -> None:
    """Pods of all namespaces, and the claims of volumes that only it can mount; what we may not see is left out."""
    pod = {"metadata": {"name": "postgres-0", "namespace": "shop"}}
    affinity = {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": ["box"]}]}
    volume = {
        "spec": {
            "claimRef": {"namespace": "shop", "name": "data-postgres-0"},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [affinity]}},
        }
    }
    anywhere = {"spec": {"claimRef": {"namespace": "shop", "name": "nfs"}}}

    def get(path: str, query: Any, *, about: str) -> Any:
        assert about
        if path.endswith("/pods"):
            assert query == [("fieldSelector", "spec.nodeName=box")]
            return {"items": [pod]}
        return {"items": [volume, anywhere]}

    assert bound(get, "box") == BOUND

    def denied(_path: str, _query: Any, *, about: str) -> Any:
        raise DeniedError(f"cannot list {about}: 403", status=403)

    assert bound(denied, "box") == ()


# --- several machines -------------------------------------------------------------------------------


def elsewhere(*nodes: Any, **fields: Any) -> GateObservation:
    """What is seen of a cluster whose machines are not this one."""
    return replace(seen(*nodes, boot_id=None, epoch=None, boot_time=None), **fields)


LIVING = [(a_node(name=name, boot_id=f"boot-{name}"), a_lease(advanced=True)) for name in ("a", "b")]
DEAD = (a_node(name="c", boot_id="boot-c", ready=False, why="NodeStatusUnknown"), a_lease(NOW - 300))
STAYS = {"c": (Ref("pod", "shop", "db-2"), Ref("persistentvolumeclaim", "shop", "data-db-2"))}


def test_a_node_that_does_not_come_back_is_named_after_two_renewals_and_holds_nothing_up() -> None:
    """What is on others goes on; a person reads what stays on it, and what to do."""
    facts = elsewhere(*LIVING, DEAD, bound=STAYS)
    bound = "pod/shop/db-2, persistentvolumeclaim/shop/data-db-2"
    told = f"node c has not come back; bound to it: {bound}; start that machine, or kubectl delete node c"
    assert facts.conditions == {"node c is away"}
    for seconds in (0, 19):
        judgement = Gate().judge(facts, past(first_seen={"node c is away": NOW - seconds}))
        assert judgement == Wait("node c was not seen renewing its Lease lately")
    judgement = Gate().judge(facts, past(first_seen={"node c is away": NOW - 20}))
    assert judgement == Settled(
        "nodes a, b are Ready in this boot",
        epoch="boot-a+boot-b+boot-c",
        boots={"a": "boot-a", "b": "boot-b", "c": "boot-c"},
        baseline={"left c in boot": "boot-c"},
        remarks=(told,),
    )


def test_what_a_watch_tells_of_is_asked_for_less_often() -> None:
    """While it is not live each look lists the nodes, as often as anything is asked that is waited for."""
    why = "node c was not seen renewing its Lease lately"
    assert Gate().judge(elsewhere(*LIVING, DEAD, watched=True), past()) == Wait(why, watched=True)


def test_a_node_that_was_left_is_not_waited_for_again_in_that_boot() -> None:
    """Another node that reboots a day later does not make all wait for what died long ago."""
    left = past(baseline={"left c in boot": "boot-c"})
    assert isinstance(Gate().judge(elsewhere(*LIVING, DEAD), left), Settled)
    booted = (replace(DEAD[0], boot_id="boot-c2"), DEAD[1])
    assert isinstance(Gate().judge(elsewhere(*LIVING, booted), left), Wait)


BOOTS = {"a": "boot-a", "b": "boot-b"}


@pytest.mark.parametrize(
    ("before", "epoch"),
    [
        pytest.param({}, "boot-a+boot-b", id="nothing is known"),
        pytest.param(BOOTS, "as it was called", id="the same"),
        pytest.param({"a": "boot-a"}, "as it was called", id="b has joined"),
        pytest.param({**BOOTS, "c": "boot-c"}, "as it was called", id="c is gone"),
        pytest.param({"a": "boot-a", "b": "before"}, "boot-a+boot-b", id="b has rebooted"),
    ],
)
def test_only_a_reboot_begins_another_epoch_of_a_cluster_elsewhere(before: dict[str, str], epoch: str) -> None:
    """Nodes come and go: what was done once in this boot is not done again for one that joins."""
    judgement = Gate().judge(elsewhere(*LIVING), past(epoch="as it was called", boots=before))
    assert isinstance(judgement, Settled)
    assert (judgement.epoch, judgement.boots) == (epoch, BOOTS)


def test_this_machine_is_called_by_its_own_epoch_and_others_by_their_boots() -> None:
    """On k3d all nodes are containers of this machine: what restarted them is the epoch, not the boot id."""
    far = (a_node(name="far", boot_id="other"), a_lease())
    judgement = Gate().judge(seen((a_node(), a_lease()), far, epoch="new@1.5"), past())
    assert isinstance(judgement, Settled)
    assert judgement.boots == {"box": "new@1.5", "far": "other"}


def test_where_no_node_lives_all_are_waited_for() -> None:
    """However long: there is nothing that could go on."""
    facts = elsewhere(DEAD)
    assert isinstance(Gate().judge(facts, past(first_seen={"node c is away": NOW - 3600})), Wait)


def test_another_machine_that_is_away_on_k3s_holds_nothing_up() -> None:
    """This one is what the service is for; the other one is named at once, since its Lease has run out."""
    facts = seen((a_node(), a_lease()), (replace(DEAD[0], ip="10.0.0.3"), DEAD[1]), bound=STAYS)
    judgement = Gate().judge(facts, past())
    assert isinstance(judgement, Settled)
    assert judgement.epoch == "new"
    assert judgement.remarks[0].startswith("node c has not come back; bound to it: pod/shop/db-2")
