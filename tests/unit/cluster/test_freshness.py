"""What the API says right after a power cut is not believed."""

import pytest

from bootheal.cluster.freshness import node_doubt, pod_doubt, service_doubt, workload_doubt
from bootheal.model import BootTime, Endpoint, Lease, Node, Ref
from support.objects import BOOT, NOW, THIS_BOOT, a_deployment, a_lease, a_node, a_pod, running, terminated

SERVICE = Ref("service", "shop", "web")


@pytest.mark.parametrize(
    ("node", "lease", "boot_id", "doubt"),
    [
        (a_node(), a_lease(), "new", ""),
        (a_node(boot_id="old"), a_lease(), "new", "still shows the previous boot"),
        (a_node(heartbeat=BOOT + 1), a_lease(), "new", ""),
        (a_node(heartbeat=BOOT - 2), a_lease(), "new", "has not reported its state in this boot"),
        (a_node(), None, "new", "no Lease yet"),
        (a_node(), a_lease(BOOT - 1), "new", "has not renewed its Lease in this boot"),
        (a_node(), a_lease(NOW - 41), "new", "last renewed its Lease 41 s ago"),
        (a_node(boot_id="any"), a_lease(), None, "has not renewed its Lease since we began to look"),
        (a_node(boot_id="any"), a_lease(advanced=True), None, ""),
    ],
)
def test_a_node_is_believed_when_its_kubelet_lives_in_this_boot(
    node: Node, lease: Lease | None, boot_id: str | None, doubt: str
) -> None:
    """By boot id and Lease on this host; by a Lease seen advancing elsewhere."""
    found = node_doubt(node, lease, boot_id=boot_id, boot_time=THIS_BOOT, now=NOW)
    assert doubt in found
    assert bool(doubt) == bool(found)


def test_no_container_survives_a_reboot() -> None:
    """A running container older than the boot is a status from before it."""
    assert "previous boot" in pod_doubt(a_pod("a", running(started=BOOT - 1)), boot_time=THIS_BOOT)
    assert pod_doubt(a_pod("a", running(started=BOOT + 1)), boot_time=THIS_BOOT) == ""
    assert pod_doubt(a_pod("a", running(started=BOOT - 1)), boot_time=None) == ""


def test_whole_seconds_are_given_the_benefit_of_the_doubt() -> None:
    """A container that started half a second after the boot may be dated half a second before it."""
    assert pod_doubt(a_pod("a", running(started=BOOT)), boot_time=BootTime.since(BOOT + 0.5)) == ""


def test_a_service_is_believed_when_all_it_sends_to_is_alive() -> None:
    """Addresses of pods that are gone, not ready or of the previous boot are doubted; none at all, too."""
    pod = a_pod("a", ip="10.42.0.9")
    alive, dead = Endpoint("10.42.0.9", 5432), Endpoint("10.42.0.3", 5432)
    assert service_doubt(SERVICE, [alive], [pod], boot_time=THIS_BOOT) == ""
    assert service_doubt(SERVICE, [], [pod], boot_time=THIS_BOOT) == "service/shop/web has no ready address yet"
    assert "10.42.0.3" in service_doubt(SERVICE, [alive, dead], [pod], boot_time=THIS_BOOT)
    dual = a_pod("a", ip="10.42.0.9", ips=("10.42.0.9", "fd42::9"))
    assert service_doubt(SERVICE, [Endpoint("fd42::9", 5432)], [dual], boot_time=THIS_BOOT) == ""
    old = a_pod("a", running(started=BOOT - 1), ip="10.42.0.9")
    assert "10.42.0.9" in service_doubt(SERVICE, [alive], [old], boot_time=THIS_BOOT)


def test_a_workloads_status_is_believed_when_it_counts_what_is_there() -> None:
    """Its controller is elected seconds after the kubelet has found its pods dead."""
    gone, here = a_pod("a", terminated("Unknown")), a_pod("b")
    assert workload_doubt(a_deployment(available=1, ready=1), [here, gone]) == ""
    assert "still counts more ready pods (2) than there are (1)" in workload_doubt(a_deployment(), [here, gone])
    assert workload_doubt(a_deployment(available=0, ready=1), [a_pod("c", deleting=True)]) != ""


def test_a_lease_of_an_earlier_clock_does_not_tell_its_age() -> None:
    """The clock was set forward by an hour a moment ago: the kubelet is as alive as it was."""
    set_forward = BootTime(((BOOT - 3600, BOOT - 3590), (BOOT - 1, BOOT + 20)))
    assert node_doubt(a_node(), a_lease(BOOT - 3591), boot_id="new", boot_time=set_forward, now=BOOT + 9) == ""
