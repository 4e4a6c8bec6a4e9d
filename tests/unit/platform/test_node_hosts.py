"""The names that CoreDNS keeps."""

from dataclasses import dataclass, replace
from typing import Any

import pytest

from bootheal.errors import ConflictError, MissingError
from bootheal.model import Component, ComponentState, ConfigMap, HostFacts, Node, Ref
from bootheal.platform.node_hosts import COREDNS, KEY, NodeHosts, NodeHostsObservation, RestoreNodeHosts, merged
from bootheal.ports import Partial, World
from bootheal.step import Act, Judgement, Settled, Wait
from support.objects import NOW, a_node, past

WANTED = {"host.k3d.internal": "172.18.0.1", "box": "172.18.0.3"}
LOST = {"lost": NOW - 20}
WHY = "CoreDNS does not know where host.k3d.internal is"


def seen(text: str, *nodes: Node, unaware: tuple[str, ...] = ()) -> NodeHostsObservation:
    return NodeHostsObservation(ConfigMap(COREDNS, {KEY: text}, "7"), WANTED, unaware, nodes)


def test_names_that_are_known_are_left_alone() -> None:
    """Whatever else is in the list."""
    whole = "172.18.0.3 box\n172.18.0.1 host.k3d.internal\n10.0.0.9 printer\n"
    assert isinstance(NodeHosts(restore=True).judge(seen(whole), past(first_seen=LOST)), Settled)


def test_a_list_that_is_kept_elsewhere_is_no_matter_of_ours() -> None:
    """No CoreDNS, one of another kind, or k3d in the host's network."""
    foreign = ConfigMap(COREDNS, {"Corefile": ".:53 { forward . /etc/resolv.conf }"}, "7")
    for found, why in (
        (NodeHostsObservation(None, WANTED), "there is no configmap/kube-system/coredns, so there is nothing to keep"),
        (
            NodeHostsObservation(foreign, WANTED),
            "configmap/kube-system/coredns has no list of names, so there is nothing to keep",
        ),
        (NodeHostsObservation(ConfigMap(COREDNS, {KEY: ""}, "7"), {}), "there are no names of this machine to keep"),
    ):
        assert NodeHosts(restore=True).judge(found, past(first_seen=LOST)) == Settled(why)


K3S = {"Corefile": ".:53 { hosts /etc/coredns/NodeHosts { reload 15s } }"}


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (K3S, "configmap/kube-system/coredns has no key NodeHosts any more, so CoreDNS does not know where box, "),
        (K3S | {KEY: ""}, "CoreDNS does not know where box, "),
    ],
)
def test_a_list_that_is_gone_is_restored_as_one_that_is_empty(data: dict[str, str], why: str) -> None:
    """A missing key once passed for a missing ConfigMap, and nothing was restored; it is told as what it is."""
    judgement = NodeHosts(restore=True).judge(
        NodeHostsObservation(ConfigMap(COREDNS, data, "7"), WANTED), past(first_seen=LOST)
    )
    assert isinstance(judgement, Act)
    assert judgement.why == f"{why}host.k3d.internal is"


@pytest.mark.parametrize("data", [{KEY: "172.18.0.3 box\n172.18.0.1 host.k3d.internal\n"}, K3S, None])
def test_nothing_is_settled_before_k3s_has_applied_its_own_manifest(data: dict[str, str] | None) -> None:
    """It takes the whole key away some seconds after the gate has opened; a cluster that runs for long has done so."""

    def judge(started: float | None) -> Judgement:
        found = ConfigMap(COREDNS, data, "7") if data is not None else None
        seen = NodeHostsObservation(found, WANTED, started=started)
        return NodeHosts(restore=True).judge(seen, past(first_seen=LOST))

    young = judge(NOW - 15)
    assert isinstance(young, Wait)
    assert young.again == 15
    assert not any(isinstance(judge(started), Wait) for started in (NOW - 30, NOW + 3600, None))


def test_the_youngest_server_counts() -> None:
    """k3s is started with its container."""

    class Young(Partial):
        def facts(self) -> HostFacts:
            parts = [Component(f"s{n}", "server", ComponentState.RUNNING, NOW - 900 * n) for n in (2, 1)]
            return HostFacts((*parts, Component("lb", "loadbalancer", ComponentState.RUNNING, NOW)), names=WANTED)

        def nodes(self) -> list[Node]:
            return []

        def config_map(self, ref: Ref) -> ConfigMap:
            raise MissingError(f"cannot find {ref}")

    seen = NodeHosts().look(World(cluster=Young(), host=Young()))
    assert (seen.started, seen.found) == (NOW - 900, None)


def test_a_lost_name_is_told_of_once_k3s_has_had_its_say() -> None:
    """With the setting that would bring it back; nothing is written by default."""
    lost = seen("172.18.0.3 box\n")
    hint = f"{WHY}: cluster.node_hosts: restore lets bootheal tell it"
    for age, again in ((20, 10), (30, None)):
        judgement = NodeHosts().judge(replace(lost, started=NOW - age), past())
        assert judgement == (Wait(f"{WHY}, as while k3s starts", again=again) if again else Settled(WHY, (hint,)))


def test_a_lost_name_is_restored_once_it_stays_lost() -> None:
    """It may come back by itself for twenty seconds; k3s has applied its own until it was thirty seconds old."""
    lost, waits = seen("172.18.0.3 box\n"), f"{WHY}, as while k3s starts"
    step = NodeHosts(restore=True)
    assert step.judge(lost, past()) == Wait(waits, again=20)
    assert step.judge(replace(lost, started=NOW - 40), past()) == Wait(waits, again=10)
    assert isinstance(step.judge(replace(lost, started=NOW - 50), past()), Act)


def test_a_lost_name_is_restored_where_allowed() -> None:
    """At the version that was read."""
    action = RestoreNodeHosts(
        cause="lost since Docker restarted it", names=(("host.k3d.internal", "172.18.0.1"),), version="7"
    )
    assert NodeHosts(restore=True).judge(seen("172.18.0.3 box\n"), past(first_seen=LOST)) == Act(WHY, (action,))
    assert action.sentence == "tell CoreDNS of host.k3d.internal (lost since Docker restarted it)"


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"immutable": True}, "it is immutable"),
        ({"managed_by": "Flux"}, "Flux manages it"),
        ({"data": K3S, "binary": (KEY,)}, "its key NodeHosts is binary data, not text"),
    ],
)
@pytest.mark.parametrize("restore", [True, False])
def test_a_list_that_is_not_ours_to_change_is_only_told_of(fields: dict[str, Any], why: str, *, restore: bool) -> None:
    """The API server would refuse, or somebody undo it: once it was tried until it was given up."""
    found = replace(ConfigMap(COREDNS, {KEY: "172.18.0.3 box\n"}, "7"), **fields)
    judgement = NodeHosts(restore=restore).judge(NodeHostsObservation(found, WANTED), past(first_seen=LOST))
    assert isinstance(judgement, Settled)
    (remark,) = judgement.remarks
    assert f"host.k3d.internal is: it was not told, because {why}" in remark
    assert "no key" not in remark


def test_a_list_that_is_gone_or_changed_since_is_looked_at_anew() -> None:
    """Whoever applies the manifest again does so at just this time: that is no reason to give up."""

    @dataclass
    class Cluster(Partial):
        found: ConfigMap | None

        def config_map(self, ref: Ref) -> ConfigMap:
            if self.found is None:
                raise MissingError(f"cannot find {ref}")
            return self.found

    action = RestoreNodeHosts(cause="lost", names=(("box", "172.18.0.3"),), version="7")
    for found, why in ((None, "it is gone"), (ConfigMap(COREDNS, {KEY: ""}, "8"), "it changed")):
        with pytest.raises(ConflictError, match=why):
            action.apply(World(cluster=Cluster(found)))


def test_a_name_at_an_address_of_before_is_lost_too() -> None:
    """Docker hands out addresses anew."""
    assert seen("172.18.0.3 box\n172.18.0.9 host.k3d.internal\n").lost == (("host.k3d.internal", "172.18.0.1"),)


def test_every_other_line_stays_and_each_has_one_name() -> None:
    """Two addresses of one name stay two lines; doing it again changes nothing."""
    before = "172.18.0.9 host.k3d.internal\n\n172.18.0.3 box\nfd00::3 box\n10.0.0.9 printer copier\n"
    names = {"host.k3d.internal": "172.18.0.1"}
    after = "172.18.0.3 box\nfd00::3 box\n10.0.0.9 printer\n10.0.0.9 copier\n172.18.0.1 host.k3d.internal\n"
    assert merged(before, names) == merged(after, names) == after


def test_a_word_of_a_comment_is_no_name() -> None:
    """Somebody may have noted why a line is there: that stays, and CoreDNS does not give it out as a name."""
    before = "# of the office\n10.0.0.9 printer # old box\n"
    names = {"box": "172.18.0.3"}
    assert merged(before, names) == "# of the office\n10.0.0.9 printer\n172.18.0.3 box\n"
    assert ("host.k3d.internal", "172.18.0.1") in seen("172.18.0.1 gone # host.k3d.internal\n").lost


def test_a_node_at_another_address_than_its_container_is_told_of() -> None:
    """It cannot be mended from here, nor can a container's own /etc/hosts; and only where it does harm."""
    whole = "172.18.0.3 box\n172.18.0.1 host.k3d.internal\n"
    here, other = a_node(ip="172.18.0.2"), a_node(name="two", ip="172.18.0.4")
    assert NodeHosts().judge(seen(whole, here, unaware=("box",)), past()) == Settled(
        "CoreDNS knows this machine and the cluster's containers by name"
    )
    judgement = NodeHosts(registry=True).judge(seen(whole, here, other, unaware=("box",)), past())
    assert isinstance(judgement, Settled)
    assert [remark.partition(":")[0] for remark in judgement.remarks] == [
        "node box says its address is 172.18.0.2, but its container has 172.18.0.3",
        "container box does not know host.k3d.internal itself",
    ]
