"""Leases whose holders died with the previous boot: released on proof, and on nothing less."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from bootheal.adapters.kube.elections import election
from bootheal.errors import DeniedError
from bootheal.model import BootTime, Election, Node, Pod, Ref, Right
from bootheal.platform.leases import Leases, LeasesObservation, ReleaseLease
from bootheal.ports import Partial, World
from bootheal.step import Act, Judgement, Settled, Wait
from support.objects import BOOT, NOW, THIS_BOOT, a_node, a_pod, past

SCHEDULER = Ref("lease", "kube-system", "kube-scheduler")
DEAD = Election(SCHEDULER, "7", "box_0c9f", BOOT - 900, BOOT - 30, 15.0)
FLUX = replace(DEAD, ref=Ref("lease", "flux-system", "source-controller"), holder="source-1_77aa", duration=60.0)
BOX = a_node(name="box", boot_id="new")


@dataclass
class Place(Partial):
    """One machine, its host, its Leases."""

    found: Sequence[Election] = (DEAD,)
    nodes_: Sequence[Node] = (BOX,)
    pods_: Sequence[Pod] = ()
    boot: BootTime | None = THIS_BOOT
    allowed: bool = True
    asked: list[str] = field(default_factory=list)

    def nodes(self) -> Sequence[Node]:
        return self.nodes_

    def pods(self, namespace: str, _labels: Mapping[str, str] | None = None) -> Sequence[Pod]:
        return [pod for pod in self.pods_ if pod.ref.namespace == namespace]

    def elections(self, namespace: str) -> Sequence[Election]:
        return [each for each in self.found if each.ref.namespace == namespace]

    def may(self, right: Right, name: str = "") -> bool:
        self.asked.append(f"{right} {name}")
        return self.allowed

    def boot_time(self) -> BootTime | None:
        return self.boot

    def boot_id(self) -> str:
        return "new"


def look(step: Leases | None = None, **fields: Any) -> LeasesObservation:
    place = Place(**fields)
    return (step or Leases()).look(World(cluster=place, host=place))


def judged(seen: LeasesObservation, watched: float, step: Leases | None = None) -> Judgement:
    return (step or Leases()).judge(seen, past(first_seen=dict.fromkeys(seen.conditions, NOW - watched)))


def test_a_lease_of_a_dead_leader_is_released_once_it_was_watched() -> None:
    """At the version that stood still; a leader that lives would have renewed it."""
    seen = look()
    early = judged(seen, 1.0)
    assert isinstance(early, Wait)
    assert early.again == 2.0
    judgement = judged(seen, 3.0)
    assert isinstance(judgement, Act)
    assert [action.sentence for action in judgement.actions] == [
        "release lease/kube-system/kube-scheduler (its holder was a process of the previous boot)"
    ]
    (release,) = judgement.actions
    assert isinstance(release, ReleaseLease)
    assert (release.lease, release.version) == (SCHEDULER, "7")


def test_a_record_that_moves_begins_anew() -> None:
    """Its resourceVersion is a part of what must last."""
    assert not look().conditions & look(found=[replace(DEAD, version="8")]).conditions


@pytest.mark.parametrize(
    "fields",
    [
        {"found": [replace(DEAD, renewed=NOW - 1)]},
        {"found": [replace(DEAD, acquired=NOW - 1)]},
        {"found": [replace(DEAD, holder="another_0c9f")]},
        {"found": [replace(DEAD, holder="box")]},
        {"found": [replace(DEAD, holder="")]},
        {"found": [replace(DEAD, renewed=0.0)]},
        {"found": [replace(DEAD, duration=2.0**31)]},
        {"found": [replace(DEAD, duration=float("inf"))]},
        {"found": [replace(DEAD, ref=Ref("lease", "kube-system", "k3s-etcd"))]},
        {"found": [replace(DEAD, ref=Ref("lease", "kube-system", "somebodys-controller"))]},
        {"found": [FLUX]},
        {"boot": None},
        {"nodes_": [replace(BOX, boot_id="old")]},
        {"nodes_": [BOX, a_node(name="two")]},
        {"nodes_": [replace(BOX, control_plane=True), a_node(name="two", control_plane=True)]},
        {"nodes_": []},
    ],
)
def test_less_than_proof_releases_nothing(fields: dict[str, Any]) -> None:
    """Renewed or acquired in this boot; another machine's; nobody's; not the control plane's; more than one machine."""
    assert isinstance(judged(look(**fields), 600.0), Settled)


@pytest.mark.parametrize(("holder", "wanted"), [("Box_0c9f", True), ("BOX2_0c9f", False), ("box.lan_0c9f", False)])
def test_a_machines_name_may_have_capitals(holder: str, wanted: bool) -> None:
    """Its node's has none: the kubelet writes it small, the controller manager does not."""
    judgement = judged(look(found=[replace(DEAD, holder=holder)]), 600.0)
    assert isinstance(judgement, Act) == wanted


def test_workers_beside_one_control_plane_do_not_matter() -> None:
    """None of them can be its leader."""
    seen = look(nodes_=[replace(BOX, control_plane=True), a_node(name="two")])
    assert isinstance(judged(seen, 3.0), Act)


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        (FLUX, True),
        (replace(FLUX, holder="laptop_77aa"), False),
        (replace(FLUX, marks=("cnpg.io/cluster",)), False),
        (replace(FLUX, ref=Ref("lease", "flux-system", "postgres-leader")), False),
        (replace(FLUX, renewed=NOW - 1), False),
    ],
)
def test_an_operators_lease_is_released_where_it_is_asked_for(found: Election, wanted: bool) -> None:
    """Held by a pod of that namespace; never a database's lock, nor what somebody holds from elsewhere."""
    step = Leases(namespaces=("flux-system",))
    pods = [a_pod("source-1", ref=Ref("pod", "flux-system", "source-1"))]
    assert isinstance(judged(look(step, found=[found], pods_=pods), 12.0, step), Act) == wanted
    assert not isinstance(judged(look(step, found=[found], pods_=pods), 11.0, step), Act), "it has 60 s to renew it"
    assert isinstance(
        judged(look(step, found=[found], pods_=pods, nodes_=[BOX, a_node(name="two")]), 12, step), Settled
    )


def test_no_verdict_waits_for_an_operators_long_lease() -> None:
    """It is watched all the same, by who stays; what would take minutes is left to time."""
    step = Leases(namespaces=("flux-system",))
    seen = look(
        step,
        found=[replace(FLUX, duration=137.0)],
        pods_=[a_pod("source-1", ref=Ref("pod", "flux-system", "source-1"))],
    )
    early = judged(seen, 0.4, step)
    assert isinstance(early, Settled)
    assert early.again == pytest.approx(27.0)
    assert isinstance(judged(seen, 28.0, step), Act)


@pytest.mark.parametrize(
    ("spec", "renewed"),
    [
        ({"renewTime": "0001-01-01T00:00:00Z"}, 0.0),
        ({"renewTime": "1970-01-01T00:00:09.5Z"}, 9.5),
        ({"renewTime": 5}, None),
        ({"leaseDurationSeconds": float("nan")}, None),
        ({"leaseDurationSeconds": 10**400}, None),
    ],
)
def test_a_record_that_says_nothing_of_time_is_no_proof(spec: dict[str, Any], renewed: float | None) -> None:
    """Go writes the year 1 for no time; what is no number of seconds is nobody's to judge."""
    found = election({"metadata": {"namespace": "kube-system", "name": "k3s"}, "spec": spec})
    assert (found and found.renewed) == renewed


def test_report_only_tells_and_so_does_who_may_not() -> None:
    """With the key, or the right, that would change it; an older rbac must not keep a boot from being healed."""
    telling = Leases(report=True)
    judgement = judged(look(telling), 600.0, telling)
    assert isinstance(judgement, Settled)
    assert "stale_leases.action: release" in judgement.remarks[0]
    judgement = judged(look(allowed=False), 600.0)
    assert isinstance(judgement, Settled)
    assert "the right to patch them is missing" in judgement.remarks[0]

    class Forbidden(Place):
        def elections(self, namespace: str) -> Sequence[Election]:
            raise DeniedError(f"cannot read the Leases of namespace {namespace}", status=403)

    place = Forbidden()
    assert isinstance(judged(Leases().look(World(cluster=place, host=place)), 600.0), Settled)
