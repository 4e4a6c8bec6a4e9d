"""The names that CoreDNS keeps."""

from bootheal.model import Document, Node
from bootheal.platform.node_hosts import COREDNS, KEY, NodeHosts, NodeHostsObservation, RestoreNodeHosts, merged
from bootheal.step import Act, Settled, Wait
from support.objects import NOW, a_node, past

WANTED = {"host.k3d.internal": "172.18.0.1", "box": "172.18.0.3"}
LOST = {"lost": NOW - 20}
WHY = "CoreDNS does not know where host.k3d.internal is"


def seen(text: str, *nodes: Node, unaware: tuple[str, ...] = ()) -> NodeHostsObservation:
    return NodeHostsObservation(Document(COREDNS, KEY, text, "7"), WANTED, unaware, nodes)


def test_names_that_are_known_are_left_alone() -> None:
    """Whatever else is in the list."""
    whole = "172.18.0.3 box\n172.18.0.1 host.k3d.internal\n10.0.0.9 printer\n"
    assert isinstance(NodeHosts(restore=True).judge(seen(whole), past(first_seen=LOST)), Settled)


def test_a_list_that_is_kept_elsewhere_is_no_matter_of_ours() -> None:
    """No CoreDNS, or k3d in the host's network."""
    assert isinstance(NodeHosts(restore=True).judge(NodeHostsObservation(None, WANTED), past()), Settled)
    assert isinstance(
        NodeHosts(restore=True).judge(NodeHostsObservation(Document(COREDNS, KEY, "", "7"), {}), past()), Settled
    )


def test_a_lost_name_is_told_of_once_k3s_has_had_its_say() -> None:
    """With the setting that would bring it back; nothing is written by default."""
    lost = seen("172.18.0.3 box\n")
    assert NodeHosts().judge(lost, past()) == Wait(f"{WHY}, as while k3s starts", again=20)
    hint = f"{WHY}: cluster.node_hosts: restore lets bootheal tell it"
    assert NodeHosts().judge(lost, past(first_seen=LOST)) == Settled(WHY, (hint,))


def test_a_lost_name_is_restored_where_allowed() -> None:
    """At the version that was read."""
    action = RestoreNodeHosts(
        cause="lost since Docker restarted it", names=(("host.k3d.internal", "172.18.0.1"),), version="7"
    )
    assert NodeHosts(restore=True).judge(seen("172.18.0.3 box\n"), past(first_seen=LOST)) == Act(WHY, (action,))
    assert action.sentence == "tell CoreDNS of host.k3d.internal (lost since Docker restarted it)"


def test_a_name_at_an_address_of_before_is_lost_too() -> None:
    """Docker hands out addresses anew."""
    assert seen("172.18.0.3 box\n172.18.0.9 host.k3d.internal\n").lost == (("host.k3d.internal", "172.18.0.1"),)


def test_every_other_line_stays_and_each_has_one_name() -> None:
    """Two addresses of one name stay two lines; doing it again changes nothing."""
    before = "172.18.0.9 host.k3d.internal\n\n172.18.0.3 box\nfd00::3 box\n10.0.0.9 printer copier\n"
    names = {"host.k3d.internal": "172.18.0.1"}
    after = "172.18.0.3 box\nfd00::3 box\n10.0.0.9 printer\n10.0.0.9 copier\n172.18.0.1 host.k3d.internal\n"
    assert merged(before, names) == merged(after, names) == after


def test_a_node_at_another_address_than_its_container_is_told_of() -> None:
    """It cannot be close_incident from here; nor can a container's own /etc/hosts."""
    whole = "172.18.0.3 box\n172.18.0.1 host.k3d.internal\n"
    judgement = NodeHosts().judge(seen(whole, a_node(ip="172.18.0.2"), unaware=("box",)), past())
    assert isinstance(judgement, Settled)
    assert [remark.partition(":")[0] for remark in judgement.remarks] == [
        "node box says its address is 172.18.0.2, but its container has 172.18.0.3",
        "container box does not know host.k3d.internal itself",
    ]
