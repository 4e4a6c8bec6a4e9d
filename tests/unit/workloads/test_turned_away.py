"""What is said of a workload whose pods the kubelet turns away: each is Failed, and nothing of it lives."""

from dataclasses import replace

import pytest

from bootheal.causes.pods import turned_away
from bootheal.diagnosis import diagnose
from bootheal.model import Pod, Ref
from bootheal.ports import World
from bootheal.step import GiveUp, Judgement, Wait
from bootheal.workloads.observation import look
from support.few import Few
from support.objects import BOOT, a_pod, running
from support.scenes import roots, web_pod, with_pod
from support.workloads import WEB, down, judged

OWNER = Ref("replicaset", "shop", "web-5d4")
LABELS = "Pod Predicate NodeAffinity failed"
SYSCTL = 'Pod was rejected: forbidden sysctl: "net.core.somaxconn" not allowlisted'


def rejected(name: str = "web-1", *, reason: str, message: str, **fields: object) -> Pod:
    return replace(
        a_pod(name, phase="Failed", reason=reason, message=message, labels={"app": "web"}, owner=OWNER), **fields
    )


def told(*pods: Pod, held: float = 0) -> Judgement:
    few = Few(*pods)
    return judged(look(World(cluster=few, host=few), down(), "rollout", None), held)


def test_a_reason_word_never_stands_without_its_message() -> None:
    """As Kubernetes has it, and what it means, with a command that fits; however long: its controller goes on."""
    for held in (0, 600):
        judgement = told(rejected(reason="NodeAffinity", message=LABELS), held=held)
        assert isinstance(judgement, Wait)
        assert "NodeAffinity: Predicate NodeAffinity failed (the kubelet turned it away" in judgement.why
        assert "kubectl get nodes --show-labels" in judgement.hint


def test_what_its_node_does_not_allow_is_given_up_after_a_while() -> None:
    """Its successors are turned away for the same."""
    pod = rejected(reason="SysctlForbidden", message=SYSCTL)
    assert isinstance(told(pod), Wait)
    judgement = told(pod, held=120)
    assert isinstance(judgement, GiveUp)
    assert 'forbidden sysctl: "net.core.somaxconn" not allowlisted' in judgement.why
    assert "Pod was rejected" not in judgement.why


def test_what_is_not_known_is_quoted_with_the_command_that_shows_more() -> None:
    """A reason of the next release."""
    judgement = told(rejected(reason="MoonPhase", message="Pod was rejected: not tonight"), held=600)
    assert isinstance(judgement, Wait)
    assert "pod/shop/web-1 MoonPhase: not tonight" in judgement.why
    assert judgement.hint == "kubectl -n shop describe pod web-1"


def test_the_newest_pod_counts_and_only_while_none_lives() -> None:
    """A ReplicaSet leaves each of them behind, and the first may tell of another trouble."""
    old = rejected("web-0", reason="Evicted", message="The node was low on resource: memory.", created=BOOT)
    new = rejected("web-1", reason="NodeAffinity", message=LABELS, created=BOOT + 60)
    found = turned_away([new, old])
    assert found is not None
    assert found.id == "node-labels-differ"
    living = a_pod("web-2", running(), labels={"app": "web"}, owner=OWNER)
    facts = look(World(cluster=(few := Few(old, new, living)), host=few), down(), "rollout", None)
    assert facts.turned_away is None
    assert turned_away([living, replace(new, deleting=True), replace(old, reason="")]) is None


@pytest.mark.parametrize(
    ("reason", "message", "cause"),
    [
        ("NodeAffinity", LABELS, "node-labels-differ"),
        ("SysctlForbidden", SYSCTL, "node-does-not-allow"),
        ("MoonPhase", "not tonight", "pod-not-understood"),
    ],
)
def test_doctor_tells_it_above_the_workload_that_it_keeps_down(reason: str, message: str, cause: str) -> None:
    """One tree: the workload and its Service follow from it."""
    gone = web_pod(ready=False, phase="Failed", reason=reason, message=message, containers=())
    assert roots(diagnose(with_pod(gone))) == [(cause, str(gone.ref))]


def test_doctor_says_nothing_of_what_was_left_behind() -> None:
    """Its successor lives; or nobody wants one."""
    gone = web_pod("web-5d4-0", ready=False, phase="Failed", reason="NodeAffinity", message=LABELS, containers=())
    scene = with_pod(web_pod())
    assert not diagnose(replace(scene, pods=(*scene.pods, gone))).found
    zero = tuple(
        replace(each, desired=0, replicas=0, ready=0, available=0, updated=0) if each.ref == WEB else each
        for each in scene.workloads
    )
    left = tuple(pod for pod in scene.pods if pod.labels["app"] != "web")
    told_of = diagnose(replace(scene, pods=(*left, gone), workloads=zero)).found
    assert not [part for each in told_of for part in each.all() if part.about == gone.ref]
