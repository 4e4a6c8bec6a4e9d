"""The table of faults: each is told by its cause, on its object, whatever follows from it."""

from collections.abc import Callable
from dataclasses import replace

from bootheal.causes import Gravity
from bootheal.diagnosis import diagnose
from bootheal.model import (
    Aggregated,
    Component,
    ComponentState,
    Endpoint,
    Extensions,
    HostFacts,
    Occurrence,
    Readiness,
    Ref,
    Webhook,
)
from bootheal.model.scene import Claim, Disk, Need, Scene, Unwell
from support.objects import BOOT, THIS_BOOT, a_node, running, terminated, waiting
from support.rows import each_row
from support.scenes import (
    DATA,
    LOOP,
    NOW,
    a_scene,
    complaint,
    component,
    needing,
    pooler_pod,
    postgres_pod,
    postgres_says,
    roots,
    selector,
    service,
    stuck,
    web_pod,
    web_says,
    with_pod,
    workload,
)

WEB, POD, POSTGRES = "deployment/shop/web", "pod/shop/web-5d4-a", "pod/shop/postgres-0"
WEB_POD = Ref("pod", "shop", "web-5d4-a")
NONE = {"replicas": 0, "updated": 0, "ready": 0, "available": 0}

FAULTS: dict[str, tuple[Callable[[], Scene], str, str]] = {
    # pods: the reason and its message
    "image not found": (
        lambda: stuck("ImagePullBackOff", 'failed to resolve reference "x/web:1": x/web:1: not found'),
        "image-not-found",
        POD,
    ),
    "the registry on this machine does not run": (
        lambda: replace(
            stuck("ErrImagePull", "failed to do request: dial tcp 127.0.0.1:5000: connect: connection refused"),
            registries={Component("registry", "registry", ComponentState.STOPPED, port=5000): (WEB_POD,)},
        ),
        "component-stopped",
        "container/registry",
    ),
    "the registry on this machine runs, and refuses": (
        lambda: replace(
            stuck("ErrImagePull", "failed to do request: dial tcp 127.0.0.1:5000: connect: connection refused"),
            registries={Component("registry", "registry", ComponentState.RUNNING, port=5000): (WEB_POD,)},
        ),
        "registry-refuses",
        POD,
    ),
    "image never pulled": (
        lambda: stuck("ErrImageNeverPull", 'Container image "web" is not present with pull policy of Never'),
        "image-never-pulled",
        POD,
    ),
    "secret missing": (
        lambda: stuck("CreateContainerConfigError", 'secret "app" not found'),
        "secret-missing",
        POD,
    ),
    "key missing": (
        lambda: stuck("CreateContainerConfigError", "couldn't find key url in ConfigMap shop/settings"),
        "configmap-missing",
        POD,
    ),
    "no such command": (
        lambda: stuck("RunContainerError", 'exec: "gunicron": executable file not found in $PATH'),
        "command-not-found",
        POD,
    ),
    "damaged image": (
        lambda: stuck("CreateContainerError", "exec /usr/bin/web: exec format error"),
        "exec-format-error",
        POD,
    ),
    "a reason that nobody knows": (lambda: stuck("HamsterAsleep", "the wheel stands"), "pod-not-understood", POD),
    "killed for want of memory": (
        lambda: with_pod(
            web_pod(
                ready=False,
                containers=(waiting("CrashLoopBackOff", name="web", **{**LOOP, "last_reason": "OOMKilled"}),),
            )
        ),
        "container-out-of-memory",
        POD,
    ),
    "crashes with words that nobody knows": (lambda: web_says("KeyError: 'COLOUR'"), "pod-crashes", POD),
    "ended, and says nothing of a back-off": (
        lambda: with_pod(web_pod(ready=False, containers=(terminated("Error", name="web", **LOOP),)), "KeyError: 'A'"),
        "pod-crashes",
        POD,
    ),
    "no node takes it": (
        lambda: with_pod(
            web_pod(
                ready=False,
                containers=(),
                phase="Pending",
                ip="",
                unschedulable="0/1 nodes are available: 1 Insufficient memory.",
            )
        ),
        "node-too-small",
        POD,
    ),
    "it runs, and its probe fails": (
        lambda: replace(
            with_pod(web_pod(ready=False, containers=(running(name="web", ready=False),))),
            events={WEB_POD: (Occurrence("Unhealthy", "Readiness probe failed: HTTP 500", NOW - 9),)},
        ),
        "probe-fails",
        POD,
    ),
    "it runs, and is not ready": (
        lambda: with_pod(web_pod(ready=False, containers=(running(name="web", ready=False),))),
        "pod-not-ready",
        POD,
    ),
    "its node has not begun with it": (
        lambda: with_pod(web_pod(ready=False, phase="Pending", containers=())),
        "pod-not-begun",
        POD,
    ),
    "a volume's directory is gone": (
        lambda: replace(
            with_pod(web_pod(ready=False, phase="Pending", containers=(waiting("ContainerCreating", name="web"),))),
            events={
                WEB_POD: (
                    Occurrence(
                        "FailedMount",
                        'MountVolume.NewMounter initialization failed for volume "pv" : path "/data" does not exist',
                        NOW - 9,
                    ),
                )
            },
        ),
        "volume-directory-missing",
        POD,
    ),
    "it does not go": (lambda: with_pod(web_pod(deleting=True, delete_by=NOW - 900)), "pod-not-ending", POD),
    "it completed with the shutdown": (
        lambda: with_pod(
            postgres_pod(
                ready=False, phase="Succeeded", containers=(terminated("Completed", name="postgres", ended=BOOT - 60),)
            )
        ),
        "pod-completed-early",
        POSTGRES,
    ),
    "its init container did not run in this boot": (
        lambda: with_pod(web_pod(init=(terminated("Completed", name="migrate", ended=BOOT - 60),))),
        "init-container-skipped",
        POD,
    ),
    # databases and poolers, by their own words
    "an empty lock file": (
        lambda: postgres_says('FATAL:  lock file "postmaster.pid" is empty'),
        "postgres-lock-file-empty",
        POSTGRES,
    ),
    "Patroni runs on, and PostgreSQL does not": (
        lambda: with_pod(
            postgres_pod(patroni="replica, start failed", containers=(running(name="postgres", image="spilo"),)),
            "FATAL:  could not load /data/pg_hba.conf\n",
        ),
        "postgres-hba-broken",
        POSTGRES,
    ),
    # workloads
    "a quota is used up": (
        lambda: a_scene(
            pods=(postgres_pod(), pooler_pod()),
            workloads=(
                workload(
                    "deployment",
                    "web",
                    replicas=0,
                    updated=0,
                    ready=0,
                    available=0,
                    refused='pods "web" is forbidden: exceeded quota: mem',
                ),
            ),
            services=(),
        ),
        "quota-used-up",
        WEB,
    ),
    "an Event says why there is no pod": (
        lambda: a_scene(
            pods=(pooler_pod(),),
            workloads=(workload("statefulset", "postgres", **NONE),),
            services=(),
            events={
                Ref("statefulset", "shop", "postgres"): (
                    Occurrence(
                        "FailedCreate",
                        'pods "postgres-0" is forbidden: error looking up service account shop/db',
                        NOW - 60,
                    ),
                )
            },
        ),
        "service-account-missing",
        "statefulset/shop/postgres",
    ),
    "nobody makes its pods": (
        lambda: a_scene(
            pods=(postgres_pod(), pooler_pod()),
            workloads=(workload("deployment", "web", **NONE),),
            services=(),
        ),
        "workload-not-available",
        WEB,
    ),
    "a Secret that its template needs": (
        lambda: replace(needing(Need(Ref("secret", "shop", "gone"))), keys={Ref("secret", "shop", "gone"): None}),
        "reference-missing",
        WEB,
    ),
    "a key that its template needs": (
        lambda: needing(Need(Ref("secret", "shop", "app"), "passwort")),
        "reference-missing",
        WEB,
    ),
    "a Job failed": (
        lambda: a_scene(jobs=(Unwell(Ref("job", "shop", "backup-1"), "BackoffLimitExceeded", "six tries", NOW - 600),)),
        "job-failed",
        "job/shop/backup-1",
    ),
    "a namespace does not end": (
        lambda: a_scene(
            namespaces=(Unwell(Ref("namespace", "", "old"), "Terminating", "finalizers remain", BOOT + 9),)
        ),
        "namespace-not-ending",
        "namespace/old",
    ),
    # Services
    "another value of a label": (lambda: selector(app="webb"), "service-selects-nothing", "service/shop/web"),
    "another key of a label": (lambda: selector(ap="web"), "service-selects-nothing", "service/shop/web"),
    "half of the labels": (lambda: selector(app="web", tier="front"), "service-selects-nothing", "service/shop/web"),
    "a port that the pods do not name": (
        lambda: a_scene(services=(service("web", ports=((80, "web"),)),)),
        "service-port-missing",
        "service/shop/web",
    ),
    "addresses of nobody": (
        lambda: a_scene(
            services=(service("web"),), endpoints={Ref("service", "shop", "web"): (Endpoint("10.42.9.9", 8000),)}
        ),
        "service-old-addresses",
        "service/shop/web",
    ),
    "no primary": (
        lambda: a_scene(services=(service("postgres", selector={"app": "postgres", "spilo-role": "master"}),)),
        "service-no-primary",
        "service/shop/postgres",
    ),
    "nobody enters an address that others rely on": (
        lambda: a_scene(services=(service("pooler", selector={}),), endpoints={}),
        "service-without-pods",
        "service/shop/pooler",
    ),
    # claims
    "a lost claim": (lambda: a_scene(claims=(Claim(DATA, "Lost", "pv-1"),)), "claim-lost", str(DATA)),
    "a claim without a volume": (
        lambda: a_scene(claims=(Claim(DATA, "Pending", "", "fast"),)),
        "claim-pending",
        str(DATA),
    ),
    "its class is not there": (
        lambda: a_scene(
            claims=(Claim(DATA, "Pending", "", "fast"),),
            events={DATA: (Occurrence("ProvisioningFailed", 'storageclass.storage.k8s.io "fast" not found', NOW - 5),)},
        ),
        "claim-class-missing",
        str(DATA),
    ),
    "a volume of a node that is gone": (
        lambda: a_scene(volumes={"pv-1": ("oldbox",)}),
        "volume-on-other-node",
        str(DATA),
    ),
    # the machine
    "a full disk": (lambda: a_scene(disks=(Disk("/var/lib/rancher", 0.001),)), "disk-full", "disk//var/lib/rancher"),
    "no inodes": (lambda: a_scene(disks=(Disk("/", 0.5, 0.0),)), "disk-inodes-used-up", "disk//"),
    "a disk that fails": (lambda: a_scene(disks=(Disk("/data", 0.5, read_only=True),)), "disk-read-only", "disk//data"),
    "somebody has paused a container of k3d's": (
        lambda: a_scene(facts=HostFacts((Component("k3d-shop-server-0", "server", ComponentState.PAUSED, BOOT),))),
        "component-paused",
        "container/k3d-shop-server-0",
    ),
    "k3s is stopped": (lambda: component(ComponentState.STOPPED), "component-stopped", "unit/k3s.service"),
    "k3s restarts for ever": (
        lambda: component(ComponentState.RESTARTING, "exit status 2"),
        "component-starts",
        "unit/k3s.service",
    ),
    "etcd is damaged": (lambda: complaint("k3s-etcd-damaged", fatal=True), "k3s-etcd-damaged", "unit/k3s.service"),
    "a complaint that is not in the catalogue": (lambda: complaint("new"), "component-complains", "unit/k3s.service"),
    "the API server is silent": (
        lambda: Scene(now=NOW, boot_time=THIS_BOOT, present=False, readiness=Readiness(ready=False, why="refused")),
        "api-silent",
        "api-server",
    ),
    "a kubeconfig of garbage": (
        lambda: Scene(now=NOW, present=False, unusable=True, readiness=Readiness(ready=False, why="it is not YAML")),
        "kubeconfig-unusable",
        "api-server",
    ),
    "the API server refuses us": (
        lambda: Scene(now=NOW, present=False, refused=True, readiness=Readiness(ready=False, why="401")),
        "api-refuses",
        "api-server",
    ),
    "a node not heard of": (lambda: a_scene(nodes=(a_node(boot_id="old"),)), "node-not-heard", "node/box"),
    "a node that is not Ready": (lambda: a_scene(nodes=(a_node(ready=False, why="CNI"),)), "node-unready", "node/box"),
    "a node's former name": (
        lambda: a_scene(nodes=(a_node(), a_node(name="oldbox", boot_id="old", ready=False))),
        "node-former-name",
        "node/oldbox",
    ),
    "a node under pressure": (
        lambda: a_scene(nodes=(a_node(pressures=("DiskPressure",)),)),
        "node-under-pressure",
        "node/box",
    ),
    "a webhook that nobody answers for": (
        lambda: a_scene(
            extensions=Extensions(unreachable=(Webhook("w.example.org", "Mutating x", Ref("service", "policy", "w")),))
        ),
        "webhook-unanswered",
        "service/policy/w",
    ),
    "an API that others serve": (
        lambda: a_scene(extensions=Extensions(unavailable=(Aggregated("v1beta1.metrics.k8s.io", "MissingEndpoints"),))),
        "api-group-unavailable",
        "apiservice/v1beta1.metrics.k8s.io",
    ),
}


@each_row(FAULTS, "name")
def test_a_fault_is_told_by_its_cause_and_its_object(name: str) -> None:
    """One root, whatever follows from it, with evidence and a command; the exit code is 1, or 3 for data at risk."""
    scene, cause, about = FAULTS[name]
    found = diagnose(scene())
    assert roots(found) == [(cause, about)]
    root = found.found[0]
    assert root.finding.next_step
    assert root.matters
    assert root.evidence or root.finding.evidence.text
    assert found.exit_code == (3 if root.gravity is Gravity.DATA else 1)


def test_a_unit_complains_since_it_lives_and_no_longer() -> None:
    """k3s had been started again 51 min into the boot, and was said to complain for 51 min."""
    scene = complaint("k3s-etcd-damaged", fatal=True)
    alive = replace(scene.facts.components[0], since=NOW - 9)
    (found,) = diagnose(replace(scene, facts=replace(scene.facts, components=(alive,)))).found
    assert found.since == NOW - 9
