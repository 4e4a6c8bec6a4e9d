"""Whole states of a machine and its cluster, as people have reported them: one cause first, what follows beneath."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from bootheal.diagnosis import diagnose
from bootheal.diagnosis.logs import wanted_logs
from bootheal.model import Aggregated, ComponentState, Extensions, Occurrence, Pod, Ref, Service, Webhook, Workload
from bootheal.model.scene import Claim, Disk, Said, Scene, Template, Unwell
from support.objects import BOOT, a_lease, a_node, a_pod, running, waiting
from support.scenes import (
    DATA,
    LOOP,
    NOW,
    Reported,
    a_scene,
    assert_one_root,
    component,
    exits,
    postgres_pod,
    web_pod,
    with_pod,
    workload,
)

WEB, POD = Ref("deployment", "shop", "web"), Ref("pod", "shop", "web-5d4-a")
METRICS, METRICS_POD = Ref("service", "kube-system", "metrics-server"), Ref("pod", "kube-system", "metrics-server-0")
API, NAMES = "apiservice/v1beta1.metrics.k8s.io", Ref("service", "kube-system", "kube-dns")
COREDNS, PROVISIONER = Ref("pod", "kube-system", "coredns-0"), Ref("pod", "kube-system", "local-path-provisioner-0")
CILIUM = Ref("pod", "kube-system", "cilium-0")
LONGHORN = Ref("pod", "longhorn-system", "longhorn-manager-0")
UNREACHED = 'Get "https://10.43.0.1:443/version": dial tcp 10.43.0.1:443: connect: no route to host'
WEBHOOK = Webhook("mutate.policy.example", "MutatingWebhookConfiguration policy", Ref("service", "policy", "hook"))
LEFT_OVER = 'failed calling webhook "mutate.policy.example": failed to call webhook: service "hook" not found'
SANDBOX = 'failed to setup network for sandbox "ab": open /run/flannel/subnet.env: no such file or directory'


def of_the_system(ref: Ref, **fields: Any) -> Pod:
    """A pod of a Deployment in kube-system."""
    pod = a_pod(ref.name, node="box", created=BOOT + 5, ready_changed=BOOT + 20, labels={"k8s-app": ref.name[:-2]})
    return replace(pod, ref=ref, owner=Ref("deployment", ref.namespace, ref.name[:-2]), **fields)


def unready(ref: Ref) -> Pod:
    return of_the_system(ref, ready=False, containers=(running(ready=False),))


def crashing(ref: Ref) -> Pod:
    return of_the_system(ref, ready=False, containers=(waiting("CrashLoopBackOff", **LOOP),))


def without_a_network(said: str, *others: Pod) -> Scene:
    """Two pods of two workloads meet the same, and whose trouble it may be stands beside them."""
    pods = (
        web_pod(ready=False, phase="Pending", containers=(waiting("ContainerCreating", name="web"),), ip=""),
        postgres_pod(ready=False, phase="Pending", containers=(waiting("ContainerCreating"),), ip=""),
    )
    event = Occurrence("FailedCreatePodSandBox", f"Failed to create pod sandbox: {said}", NOW - 5)
    scene = with_pod(pods[0])
    return replace(
        scene,
        pods=(*pods, *(each for each in scene.pods if each.labels["app"] == "pooler"), *others),
        workloads=tuple(
            replace(each, ready=0, available=0) if each.ref.name in ("web", "postgres") else each
            for each in scene.workloads
        ),
        events={pod.ref: (event,) for pod in pods},
    )


def lacking(*conditions: str, **fields: Any) -> Scene:
    """A StatefulSet whose pod has no node, since its claim has no volume; and what else there is."""
    pod = postgres_pod(ready=False, phase="Pending", containers=(), ip="", node="", unschedulable=conditions[0])
    scene = with_pod(pod)
    return replace(scene, pods=(*scene.pods, *fields.pop("more", ())), **fields)


def a_namespace(said: str) -> Unwell:
    return Unwell(Ref("namespace", "", "old"), "Terminating", said, BOOT + 9)


def metrics(*, served: bool) -> Extensions:
    why = "MissingEndpoints" if served else "ServiceNotFound"
    return Extensions(unavailable=(Aggregated("v1beta1.metrics.k8s.io", why, METRICS),))


def renamed() -> Scene:
    """kubernetes#61117: this machine has another name in this boot; the pod wants the volume of the former node."""
    conflict = "0/2 nodes are available: 1 node(s) didn't match PersistentVolume's node affinity."
    nodes = (a_node(name="localhost"), a_node(name="box", boot_id="old", ready=False))
    beats = {"localhost": a_lease(renewed=NOW - 5)}
    return lacking(conflict, nodes=nodes, leases=beats, volumes={"pv-1": ("box",)})


def beside(scene: Scene, *pods: Pod, said: tuple[Said, ...] = (), **fields: Any) -> Scene:
    """The scene, and other pods beside its own."""
    return replace(scene, pods=(*scene.pods, *pods), said=(*scene.said, *said), **fields)


def unplaced(name: str, why: str) -> Pod:
    return replace(
        of_the_system(Ref("pod", "shop", f"{name}-0"), ready=False, phase="Pending", containers=()),
        node="",
        unschedulable=why,
    )


def a_plugin(name: str, image: str, **fields: Any) -> Pod:
    """A pod of a DaemonSet that does not run, of the image that others need."""
    about = Ref("pod", name, f"{name}-0")
    return of_the_system(about, ready=False, containers=(waiting("PodInitializing", image=image),), **fields)


def blocked() -> Scene:
    """Kyverno's own namespace is not exempt: none of its pods is left that could answer, and none can be made."""
    hook = Webhook("validate.policy.example", "ValidatingWebhookConfiguration policy", Ref("service", "policy", "hook"))
    said = f'Internal error occurred: failed calling webhook "{hook.name}": no endpoints available for service "hook"'
    own = Ref("deployment", "policy", "hook")
    return replace(
        a_scene(extensions=Extensions(unreachable=(hook,))),
        workloads=(replace(workload("deployment", "web", available=0, ready=0, replicas=0, refused=said), ref=own),),
        services=(Service(hook.service, "10.43.7.2", ((443, 9443),), {"app": "hook"}),),
        templates=(Template(own, {"app": "hook"}, {}, ()),),
        pods=(),
    )


def nameless_pooler() -> Scene:
    """CoreDNS does not serve, and the pooler, which runs, finds its server's name no more."""
    stamp = datetime.fromtimestamp(NOW - 3, UTC).strftime("%Y-%m-%d %H:%M:%S.000 UTC")
    lost = f"{stamp} [1] WARNING DNS lookup failed: postgres.shop.svc: result=-2\n"
    refused = 'OperationalError: connection to server at "pooler", port 5432 failed: FATAL:  server DNS lookup failed\n'
    return beside(
        exits(None),
        unready(COREDNS),
        said=(Said(Ref("pod", "shop", "pooler-7c9-b"), "pooler", lost), Said(POD, "web", refused)),
        services=(*a_scene().services, Service(NAMES, "10.43.0.10", ((53, 53),), {"k8s-app": "coredns"})),
    )


GPU = "0/1 nodes are available: 1 Insufficient nvidia.com/gpu. preemption: 0/1 nodes are available: 1 No victims."
CORDONED = "0/1 nodes are available: 1 node(s) were unschedulable. preemption: 0/1 nodes are available: 1 not helpful."
REDIS = Ref("pod", "shop", "redis-0")
MISCONF = "MISCONF Redis is configured to save RDB snapshots, but it is currently not able to persist on disk."

# The state, its one root, and what of it stands beneath.
SCENES: Reported = {
    # multus-cni#852: the token that its pod has written for its plugin is a day old, and every pod of the node meets it
    "a network plugin whose token is not accepted any more": (
        lambda: without_a_network("Multus: [shop/web-5d4-a/51]: error waiting for pod: Unauthorized"),
        ("network-plugin-unauthorized", str(POD)),
        {"workload-not-available"},
    ),
    # cilium#33391
    "a network plugin whose own pod does not run": (
        lambda: without_a_network(
            "unable to connect to Cilium agent: dial unix /run/cilium/cilium.sock: connect: no such file or directory",
            of_the_system(
                CILIUM,
                ready=False,
                containers=(waiting("CrashLoopBackOff", name="cilium-agent", image="cilium/cilium:v1.16", **LOOP),),
            ),
        ),
        ("pod-ends-silently", str(CILIUM)),
        {"network-plugin-not-ready", "workload-not-available"},
    ),
    # kubernetes#83332: an aggregated API hangs on the pods behind its Service
    "metrics-server is not ready": (
        lambda: replace(
            a_scene(extensions=metrics(served=True)),
            pods=(*a_scene().pods, unready(METRICS_POD)),
            services=(Service(METRICS, "10.43.0.8", ((443, 443),), {"k8s-app": "metrics-server"}),),
        ),
        ("pod-not-ready", str(METRICS_POD)),
        {"api-group-unavailable", "service-without-pods"},
    ),
    "an API of what was removed": (
        lambda: a_scene(extensions=metrics(served=False)),
        ("api-group-orphaned", API),
        set(),
    ),
    # kubernetes#60807
    "a namespace that cannot be emptied without that API": (
        lambda: a_scene(
            extensions=metrics(served=True),
            namespaces=(a_namespace("Discovery failed for some groups, 1 failing: metrics.k8s.io/v1beta1: stale"),),
        ),
        ("api-group-unavailable", API),
        {"namespace-not-ending"},
    ),
    # kyverno#1780
    "a webhook of what was removed": (
        lambda: a_scene(
            workloads=(workload("deployment", "web", available=0, ready=0, replicas=0, refused=LEFT_OVER),),
            pods=(),
            services=(),
            extensions=Extensions(unreachable=(replace(WEBHOOK, gone=True),)),
        ),
        ("webhook-orphaned", "mutatingwebhookconfiguration/policy"),
        {"webhook-left-over"},
    ),
    "a node short of disk": (
        lambda: lacking(
            "0/1 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/disk-pressure: }.",
            nodes=(a_node(pressures=("DiskPressure",)),),
        ),
        ("node-under-pressure", "node/box"),
        {"node-disk-pressure"},
    ),
    "another name in this boot": (renamed, ("node-former-name", "node/box"), {"volume-of-another-node"}),
    # local-path-provisioner#192
    "local-path cannot begin the pod in which it makes a volume": (
        lambda: lacking(
            "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.",
            claims=(Claim(DATA, "Pending", "", "local-path"),),
            more=(
                of_the_system(
                    Ref("pod", "kube-system", "helper-pod-create-pvc-1"),
                    ready=False,
                    containers=(waiting("ErrImagePull", message="dial tcp: lookup docker.io: no such host"),),
                ),
            ),
        ),
        ("registry-name-unknown", "pod/kube-system/helper-pod-create-pvc-1"),
        {"claim-pending", "claim-unbound"},
    ),
    "local-path's provisioner ends": (
        lambda: lacking(
            "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.",
            claims=(Claim(DATA, "Pending", "", "local-path"),),
            workloads=(Workload(Ref("deployment", "kube-system", "local-path-provisioner"), "u", "1", 1, 1, 1),),
            more=(crashing(PROVISIONER),),
        ),
        ("pod-ends-silently", str(PROVISIONER)),
        {"claim-pending", "claim-unbound"},
    ),
    "Longhorn does not serve, and is to make a volume": (
        lambda: lacking(
            "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.",
            claims=(Claim(DATA, "Pending", "", "longhorn"),),
            more=(crashing(LONGHORN),),
        ),
        ("pod-ends-silently", str(LONGHORN)),
        {"claim-pending", "claim-unbound"},
    ),
    "a node without a network takes no pod": (
        lambda: lacking(
            "0/1 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/not-ready: }.",
            nodes=(a_node(ready=False, why="KubeletNotReady: cni plugin not initialized"),),
        ),
        ("node-network-not-ready", "node/box"),
        {"node-not-ready"},
    ),
    "the host port is held by a pod that does not go": (
        lambda: replace(
            lacking("0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports."),
            pods=(
                postgres_pod(
                    ready=False, phase="Pending", containers=(), ip="", node="", unschedulable="didn't have free ports"
                ),
                web_pod(deleting=True, delete_by=NOW - 900),
            ),
            workloads=(),
            services=(),
        ),
        ("pod-not-ending", str(POD)),
        {"node-port-taken"},
    ),
    "k3s is ended for want of memory": (
        lambda: component(ComponentState.RESTARTING, "oom-kill"),
        ("component-starved", "unit/k3s.service"),
        set(),
    ),
    # a firewall that came up with the boot: CoreDNS runs, and only its log says why it does not serve
    "CoreDNS does not reach the API server": (
        lambda: replace(
            a_scene(),
            pods=(*a_scene().pods, unready(COREDNS)),
            said=(Said(COREDNS, "main", f"[WARNING] plugin/kubernetes: failure: {UNREACHED}"),),
        ),
        ("dns-waits-for-the-api", str(COREDNS)),
        set(),
    ),
    "a name is not found while CoreDNS does not serve": (
        lambda: replace(
            a_scene(),
            pods=(exits(None).pods[-1], unready(COREDNS)),
            said=(Said(POD, "web", "Error: getaddrinfo EAI_AGAIN api.example.org\n"),),
            workloads=(),
            services=(Service(NAMES, "10.43.0.10", ((53, 53),), {"k8s-app": "coredns"}),),
        ),
        ("pod-not-ready", str(COREDNS)),
        {"name-not-resolved", "service-without-pods"},
    ),
    "nobody reaches the API server": (
        lambda: replace(
            a_scene(),
            pods=tuple(crashing(each) for each in (METRICS_POD, PROVISIONER, COREDNS)),
            said=tuple(Said(each, "main", f"panic: {UNREACHED}") for each in (METRICS_POD, PROVISIONER, COREDNS)),
            workloads=(),
            services=(),
            claims=(),
        ),
        ("api-out-of-reach", str(METRICS_POD)),
        set(),
    ),
    "no pod of the node gets a network": (
        lambda: replace(
            a_scene(),
            pods=tuple(
                of_the_system(each, ready=False, containers=(waiting("ContainerCreating"),))
                for each in (METRICS_POD, PROVISIONER)
            ),
            events={
                each: (Occurrence("FailedCreatePodSandBox", SANDBOX, NOW - 9),) for each in (METRICS_POD, PROVISIONER)
            },
            workloads=(),
            services=(),
            claims=(),
        ),
        ("flannel-not-ready", str(METRICS_POD)),
        set(),
    ),
    "a cordoned node, and two pods that wait for it": (
        lambda: beside(a_scene(), unplaced("a", CORDONED), unplaced("b", CORDONED)),
        ("node-cordoned", "pod/shop/a-0"),
        set(),
    ),
    # gpu-operator#131: the plugin waits for its driver's validation, and nobody has its devices
    "the device plugin does not run": (
        lambda: beside(
            a_scene(),
            a_plugin("nvidia", "nvcr.io/nvidia/k8s-device-plugin:v0.17.0", init=(waiting("CrashLoopBackOff", **LOOP),)),
            unplaced("model", GPU),
        ),
        ("pod-ends-silently", "pod/nvidia/nvidia-0"),
        {"device-not-reported"},
    ),
    "the storage driver's own pod ends": (
        lambda: beside(
            with_pod(postgres_pod(ready=False, phase="Pending", containers=(waiting("ContainerCreating"),), ip="")),
            of_the_system(
                Ref("pod", "longhorn-system", "longhorn-csi-plugin-0"),
                ready=False,
                containers=(
                    running(image="longhornio/csi-node-driver-registrar:v2.12"),
                    waiting("CrashLoopBackOff", name="longhorn-csi-plugin", **LOOP),
                ),
            ),
            events={
                Ref("pod", "shop", "postgres-0"): (
                    Occurrence(
                        "FailedMount",
                        'MountVolume.MountDevice failed for volume "pvc-1" : kubernetes.io/csi: driver name '
                        "driver.longhorn.io not found in the list of registered CSI drivers",
                        NOW - 5,
                    ),
                )
            },
        ),
        ("pod-ends-silently", "pod/longhorn-system/longhorn-csi-plugin-0"),
        {"volume-driver-absent", "workload-not-available"},
    ),
    # kyverno's own troubleshooting guide
    "a webhook that must be asked before its own pods are made": (
        blocked,
        ("webhook-blocks-itself", "service/policy/hook"),
        {"webhook-silent"},
    ),
    "the pooler finds no name while CoreDNS does not serve": (
        nameless_pooler,
        ("pod-not-ready", str(COREDNS)),
        {"pgbouncer-server-name-unknown", "application-pooler-refuses"},
    ),
    "a server of another kind on the disk that is read-only": (
        lambda: beside(
            a_scene(disks=(Disk("/var/lib/rancher", 0.4, 0.9, read_only=True),)),
            crashing(REDIS),
            said=(Said(REDIS, "main", "# Can't open or create append-only dir appendonlydir: Read-only file system"),),
        ),
        ("disk-read-only", "disk//var/lib/rancher"),
        {"application-disk-read-only"},
    ),
    # immich#3525: whoever writes to it is refused, and why stands in its own log alone
    "a Redis that cannot save, for its user may not write there": (
        lambda: beside(
            exits(None),
            crashing(REDIS),
            said=(
                Said(REDIS, "main", "# Can't open or create append-only dir appendonlydir: Permission denied"),
                Said(POD, "web", f"redis.exceptions.ResponseError: {MISCONF}\n"),
            ),
        ),
        ("application-files-denied", str(REDIS)),
        {"application-redis-cannot-save", "workload-not-available"},
    ),
    "a Redis that cannot save, for the disk is full": (
        lambda: beside(
            replace(exits(None), disks=(Disk("/var/lib/rancher", 0.001, 0.9),)),
            said=(Said(POD, "web", f"ReplyError: {MISCONF}\n"),),
        ),
        ("disk-full", "disk//var/lib/rancher"),
        {"application-redis-cannot-save"},
    ),
    # zammad-docker#6
    "a database that recovers, and who asks it meanwhile": (
        lambda: beside(
            replace(
                without_a_network("x"),
                events={},
                pods=(
                    postgres_pod(ready=False, containers=(running(name="postgres", image="postgres:16", ready=False),)),
                    web_pod(ready=False, containers=(waiting("CrashLoopBackOff", name="web", **LOOP),)),
                ),
            ),
            said=(Said(POD, "web", "PG::ConnectionBad: FATAL:  the database system is starting up\n"),),
        ),
        ("pod-not-ready", "pod/shop/postgres-0"),
        {"application-server-starts"},
    ),
    # k3s#11493, kube-router#1777: a VPN's rules, which no network plugin of the node can read past
    "firewall rules of another program": (
        lambda: without_a_network("iptables v1.8.4 (nf_tables): table `nat' is incompatible, use 'nft' tool."),
        ("sandbox-foreign-rules", str(POD)),
        {"workload-not-available"},
    ),
    # opencontainers/runc: EDQUOT of a keyring, which is no disk's
    "the kernel's session keys are used up": (
        lambda: without_a_network("unable to join session keyring: unable to create session key: disk quota exceeded"),
        ("kernel-keys-used-up", str(POD)),
        {"workload-not-available"},
    ),
    # moby#49291: k3d's cluster is silent since Docker is, and Docker says why in its own journal
    "Docker does not start": (
        lambda: a_scene(
            host_silent="cannot reach Docker at unix:///var/run/docker.sock: docker.service is failed (exit status 1): "
            "failed to start daemon: cannot create network 2d0c (docker0): networks have same bridge name"
        ),
        ("docker-networks-contradict", "host/docker"),
        set(),
    ),
}


@pytest.mark.parametrize("name", SCENES)
def test_a_reported_state_has_one_root(name: str) -> None:
    """The cause that the report came to, and nothing beside it."""
    scene, root, beneath = SCENES[name]
    assert_one_root(diagnose(scene()), root, beneath)


def test_the_log_of_a_dns_that_runs_and_does_not_serve_is_read() -> None:
    """Of the present process; of one that serves it is nobody's business."""
    names = replace(unready(COREDNS), labels={"k8s-app": "kube-dns"})
    assert [(each.pod, each.previous) for each in wanted_logs(a_scene(pods=(names,)))] == [(COREDNS, False)]
    ready = replace(names, ready=True, containers=(running(),))
    assert wanted_logs(a_scene(pods=(ready,))) == ()
