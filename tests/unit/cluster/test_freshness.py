"""What the API says right after a power cut is not believed."""

from dataclasses import replace
from typing import Any

import pytest

from bootheal.adapters.kube.objects import pod as parsed_pod
from bootheal.adapters.kube.service_objects import endpoints
from bootheal.cluster.freshness import node_doubt, pod_doubt, service_doubt, workload_doubt
from bootheal.model import BootTime, Endpoint, Lease, Node, Pod, Ref, Service
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
        (a_node(boot_id="any"), a_lease(), None, "was not seen renewing its Lease lately"),
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


WEB = Service(SERVICE, "10.43.0.9", ((80, 80),), {"app": "web"})
BLUE, GREEN = a_pod("blue", ip="10.42.0.9"), a_pod("green", ip="10.42.0.10", owner=Ref("replicaset", "shop", "green"))
UNREADY = a_pod("unready", running(ready=False), ip="10.42.0.3")
DUAL = a_pod("dual", ip="10.42.0.9", ips=("10.42.0.9", "fd42::9"))
OLD = a_pod("old", running(started=BOOT - 1), ip="10.42.0.9")


def at(*addresses: str, pod: str = "", ready: bool = True) -> list[Endpoint]:
    return [Endpoint(address, 80, pod, ready) for address in addresses]


def foreign(*addresses: str, pod: str = "") -> list[Endpoint]:
    return [replace(endpoint, foreign=True) for endpoint in at(*addresses, pod=pod)]


@pytest.mark.parametrize(
    ("service", "endpoints", "pods", "doubt"),
    [
        (WEB, at("10.42.0.9"), [BLUE], ""),
        (WEB, [], [BLUE], "service/shop/web has no ready address yet"),
        (WEB, at("10.42.0.9", "10.42.0.3"), [BLUE], "still sends to 10.42.0.3, where no ready pod of this boot is"),
        (WEB, at("10.42.0.9", "10.42.0.3"), [BLUE, UNREADY], "still sends to 10.42.0.3"),
        (WEB, at("10.42.0.9"), [OLD], "still sends to 10.42.0.9"),
        (WEB, at("10.42.0.9"), [a_pod("gone", phase="Failed", ip="10.42.0.9")], "still sends to 10.42.0.9"),
        # two Deployments behind it, of which one may be at rest
        (WEB, at("10.42.0.9", "10.42.0.10"), [BLUE, GREEN], ""),
        (WEB, at("10.42.0.10"), [GREEN, UNREADY], ""),
        # one replica that is not ready, of a Service that publishes it all the same
        (replace(WEB, publishes_unready=True), at("10.42.0.9", "10.42.0.3"), [BLUE, UNREADY], ""),
        (replace(WEB, publishes_unready=True), at("10.42.0.3"), [UNREADY], "sends to no pod that is ready yet"),
        (replace(WEB, publishes_unready=True), at("10.42.0.9", "10.42.0.4"), [BLUE], "10.42.0.4, where no pod of"),
        # another name for something else, whatever its selector says
        (replace(WEB, external="db.example.org"), [], [BLUE], ""),
        # both families of addresses, in any spelling
        (WEB, at("10.42.0.9", "fd42::9"), [DUAL], ""),
        (WEB, at("FD42:0:0:0:0:0:0:9"), [DUAL], ""),
        # no selector: Patroni writes the address of the leader, who may not be ready; others write what is no pod's
        (replace(WEB, selector={}), at("10.42.0.3", pod="unready"), [UNREADY], ""),
        (replace(WEB, selector={}), at("10.42.0.4", pod="unready"), [UNREADY], "10.42.0.4, where no pod of this boot"),
        (replace(WEB, selector={}), at("192.0.2.7"), [], ""),
        (replace(WEB, selector={}), at("192.0.2.7", ready=False), [], "has no ready address yet"),
        # addresses that somebody else adds, as who joins clusters: what is no pod's is not known, what is must live
        (WEB, [*at("10.42.0.9"), *foreign("192.0.2.7")], [BLUE], ""),
        (WEB, [*at("10.42.0.9"), *foreign("10.42.0.3", pod="unready")], [BLUE, UNREADY], ""),
        (WEB, [*at("10.42.0.9"), *foreign("10.42.0.4", pod="unready")], [BLUE, UNREADY], "10.42.0.4, where no "),
        (WEB, foreign("192.0.2.7"), [BLUE], "sends to no pod that is ready yet"),
    ],
)
def test_a_service_is_believed_when_all_it_sends_to_lives_in_this_boot(
    service: Service, endpoints: list[Endpoint], pods: list[Pod], doubt: str
) -> None:
    """One rule for every kind of Service; each of these once waited until its patience ended."""
    found = service_doubt(service, endpoints, pods, boot_time=THIS_BOOT)
    assert doubt in found
    assert bool(doubt) == bool(found)


def test_who_was_asked_itself_need_not_be_ready() -> None:
    """Its address in the slices is enough; one that is not there, or another pod's that is not ready, is not."""

    def doubt(address: str, *asked: Pod) -> str:
        refs = [pod.ref for pod in asked]
        return service_doubt(WEB, at(address), [UNREADY], boot_time=THIS_BOOT, asked=refs)

    assert doubt("10.42.0.3", UNREADY) == ""
    assert "10.42.0.3, where no ready pod of this boot" in doubt("10.42.0.3")
    assert "10.42.0.4, where no ready pod of this boot" in doubt("10.42.0.4", UNREADY)


def test_a_named_port_is_that_of_whoever_has_it() -> None:
    """A sidecar, too; a pod without it is not asked at the Service's own port, which is somebody else's."""
    raw = {
        "metadata": {"name": "web-1", "namespace": "shop"},
        "spec": {
            "containers": [{"name": "app", "ports": [{"name": "admin", "containerPort": 9000}]}],
            "initContainers": [
                {"name": "proxy", "restartPolicy": "Always", "ports": [{"name": "http", "containerPort": 15001}]},
                {"name": "migrate", "ports": [{"name": "once", "containerPort": 1}]},
            ],
        },
    }
    assert replace(WEB, ports=((80, "http"),)).port_on(parsed_pod(raw)) == 15001
    assert replace(WEB, ports=((80, "once"),)).port_on(parsed_pod(raw)) == 0
    assert replace(WEB, ports=((443, "https"), (80, "http"))).port_on(parsed_pod(raw)) == 15001


def a_slice(labels: dict[str, str], *endpoints: dict[str, Any], **fields: Any) -> dict[str, Any]:
    labels = {"kubernetes.io/service-name": "web"} | labels
    return {"metadata": {"name": "web-1", "namespace": "shop", "labels": labels}, "endpoints": endpoints} | fields


@pytest.mark.parametrize(
    ("target", "pod"),
    [
        ({"kind": "Pod", "name": "blue", "namespace": "shop"}, "blue"),
        ({"kind": "Pod", "name": "blue"}, "blue"),
        ({"kind": "Pod", "name": "blue", "namespace": "elsewhere"}, ""),
        ({"kind": "ExternalWorkload", "name": "blue", "namespace": "shop"}, ""),
    ],
)
def test_an_address_is_a_pods_where_it_says_so(target: dict[str, str], pod: str) -> None:
    """A machine outside of the cluster has a name, too; it once was waited for as a pod that did not come."""
    (endpoint,) = endpoints(a_slice({}, {"addresses": ["10.42.0.9"], "targetRef": target}))[1]
    assert (endpoint.pod, endpoint.foreign) == (pod, True)


def test_a_slice_is_kubernetes_own_by_its_label() -> None:
    """Its controller of Endpoints goes by no selector; nodes send nobody to a name."""
    at, label = {"addresses": ["10.42.0.9"]}, "endpointslice.kubernetes.io/managed-by"
    own, mirrored = ({label: f"endpointslice{word}-controller.k8s.io"} for word in ("", "mirroring"))
    assert [endpoints(a_slice(each, at))[1][0].foreign for each in (own, mirrored)] == [False, True]
    assert endpoints(a_slice(own, {"addresses": ["db.example.org"]}, addressType="FQDN")) == ("web", ())


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
