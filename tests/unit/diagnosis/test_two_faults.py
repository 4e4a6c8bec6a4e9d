"""Two faults at once: both are told, the graver first, and what follows from one is beneath it."""

from dataclasses import replace
from typing import Any

import pytest

from bootheal.diagnosis import Diagnosis, diagnose
from bootheal.diagnosis.logs import wanted_logs
from bootheal.model import ComponentState, Extensions, Occurrence, Pod, Ref, Symptom, Webhook
from bootheal.model.scene import Claim, Disk, Need, Said, Scene, Unwell
from support.objects import BOOT, a_node, a_pod, running, terminated, waiting
from support.scenes import (
    DATA,
    LOOP,
    NOW,
    a_scene,
    component,
    pooler_pod,
    postgres_pod,
    postgres_says,
    roots,
    template,
    web_pod,
    web_says,
    with_pod,
    workload,
)

K3S = "unit/k3s.service"
POSTGRES, WEB, DISK = "pod/shop/postgres-0", "pod/shop/web-5d4-a", "disk//var/lib/rancher"
ENDS = waiting("CrashLoopBackOff", name="postgres", image="postgres:16", **LOOP)
SIDECAR = waiting(
    "ImagePullBackOff", name="exporter", image="x:1", message="failed to resolve reference: x:1: not found"
)
DAMAGED, LOCKED = (
    "PANIC:  could not locate a valid checkpoint record\n",
    'FATAL:  lock file "postmaster.pid" is empty\n',
)
OTHER = "CRITICAL: system ID mismatch, node postgres-1 belongs to a different cluster: 1 != 2\n"
LACKING = 'secret "tls" not found'
NO_ROOM = 'FATAL:  could not write lock file "postmaster.pid": No space left on device'
READ_ONLY = 'FATAL:  could not create lock file "postmaster.pid": Read-only file system'


def beneath(found: Diagnosis) -> set[tuple[str, str]]:
    return {(part.id, str(part.about)) for each in found.found for part in each.all() if part is not each}


@pytest.mark.parametrize(
    ("log", "first", "exit_code"),
    [(DAMAGED, "postgres-checkpoint-missing", 3), (LOCKED, "postgres-lock-file-empty", 1)],
)
def test_a_sidecar_without_an_image_hides_nothing_that_the_server_says(log: str, first: str, exit_code: int) -> None:
    """Each container has its own trouble."""
    found = diagnose(with_pod(postgres_pod(ready=False, containers=(ENDS, SIDECAR)), log))
    assert roots(found) == [(first, POSTGRES), ("image-not-found", POSTGRES)]
    assert found.exit_code == exit_code


def test_of_one_container_the_graver_of_status_and_log_is_told() -> None:
    """It was killed for want of memory, and says itself that its data is damaged; or says nothing that is graver."""
    killed = replace(ENDS, last_reason="OOMKilled")
    for log, told in ((DAMAGED, "postgres-checkpoint-missing"), ("LOG:  shutting down\n", "container-out-of-memory")):
        assert roots(diagnose(with_pod(postgres_pod(ready=False, containers=(killed,)), log))) == [(told, POSTGRES)]


def crashes(name: str, *, sidecar: bool) -> Scene:
    init = waiting("CrashLoopBackOff", name=name, sidecar=sidecar, **LOOP)
    main = running(name="web") if sidecar else waiting("PodInitializing", name="web")
    pod = web_pod(ready=False, init=(init,), containers=(main,))
    return replace(with_pod(pod), said=(Said(pod.ref, name, "KeyError: 'COLOUR'\n"),))


@pytest.mark.parametrize(("name", "sidecar"), [("migrate", False), ("proxy", True)])
def test_an_init_container_and_a_sidecar_are_named_with_their_own_log(name: str, *, sidecar: bool) -> None:
    """The command shows theirs, not that of the container that waits for them."""
    found = diagnose(crashes(name, sidecar=sidecar))
    assert roots(found) == [("pod-crashes", WEB)]
    assert "KeyError: 'COLOUR'" in found.found[0].finding.means
    assert found.found[0].finding.next_step == f"kubectl -n shop logs --previous web-5d4-a -c {name}"


def a_refused_workload() -> Scene:
    silent = 'failed calling webhook "w.example.org": failed to call webhook: no endpoints available for service "w"'
    none = workload("deployment", "web", replicas=0, updated=0, ready=0, available=0, refused=silent)
    webhook = Webhook("w.example.org", "Mutating x", Ref("service", "policy", "w"))
    return a_scene(
        pods=(postgres_pod(), pooler_pod()),
        workloads=(none,),
        services=(),
        extensions=Extensions(unreachable=(webhook,)),
    )


def falls(kind: str) -> Scene:
    """k3s starts again and again, and says why."""
    return component(
        ComponentState.RESTARTING, "exit status 1", symptoms=(Symptom(kind, "k3s.service", "it complains"),)
    )


def a_lost_claim() -> Scene:
    gone = '0/1 nodes are available: persistentvolumeclaim "data" bound to non-existent persistentvolume "pv-1".'
    pod = postgres_pod(ready=False, phase="Pending", containers=(), ip="", unschedulable=gone)
    return replace(with_pod(pod), claims=(Claim(DATA, "Lost", "pv-1"),))


@pytest.mark.parametrize(
    ("scene", "root", "follows", "exit_code"),
    [
        (
            replace(postgres_says(NO_ROOM), disks=(Disk("/var/lib/rancher", 0.001),)),
            ("disk-full", DISK),
            ("postgres-disk-full", POSTGRES),
            1,
        ),
        (
            replace(postgres_says(READ_ONLY), disks=(Disk("/var/lib/rancher", 0.5, read_only=True),)),
            ("disk-read-only", DISK),
            ("postgres-disk-fails", POSTGRES),
            3,
        ),
        (
            a_refused_workload(),
            ("webhook-unanswered", "service/policy/w"),
            ("webhook-silent", "deployment/shop/web"),
            1,
        ),
        (falls("k3s-token"), ("k3s-token", K3S), ("component-starts", K3S), 1),
        (falls("k3s-clock-behind"), ("k3s-clock-behind", K3S), ("component-starts", K3S), 1),
        (falls("k3s-etcd-damaged"), ("k3s-etcd-damaged", K3S), ("component-starts", K3S), 3),
        (a_lost_claim(), ("claim-lost", str(DATA)), ("claim-volume-gone", POSTGRES), 3),
    ],
    ids=["full disk", "failing disk", "silent webhook", "wrong token", "clock", "damaged etcd", "lost claim"],
)
def test_what_follows_is_told_beneath_its_cause(
    scene: Scene, root: tuple[str, str], follows: tuple[str, str], exit_code: int
) -> None:
    """One root; the exit code is that of the gravest of all."""
    found = diagnose(scene)
    assert roots(found) == [root]
    assert follows in beneath(found)
    assert found.exit_code == exit_code


def test_damaged_data_is_told_before_the_node_that_is_not_ready() -> None:
    """What lasts longer than it should is no reason to overlook it, and both have their own next step."""
    why = "KubeletNotReady: PLEG is not healthy: pleg was last seen active 16h17m50s ago; threshold is 3m0s"
    scene = with_pod(postgres_pod(ready=False, containers=(ENDS,)), DAMAGED, nodes=(a_node(ready=False, why=why),))
    found = diagnose(scene)
    assert roots(found) == [("postgres-checkpoint-missing", POSTGRES), ("node-runtime-down", "node/box")]
    assert "systemctl restart k3s" in found.found[1].finding.next_step


def recovering(at: float) -> Scene:
    container = running(name="postgres", image="postgres:16", ready=False, restarts=3, started=NOW - 30, ended=NOW - 31)
    pod = postgres_pod(ready=False, containers=(container,))
    killing = Occurrence("Killing", "Container postgres failed liveness probe, will be restarted", at, "postgres")
    return replace(with_pod(pod, "LOG:  redo starts at 0/1\n"), events={pod.ref: (killing,)})


def test_a_server_that_its_kubelet_ends_while_it_recovers_is_told() -> None:
    """What the previous boot's kubelet did is nobody's business."""
    assert roots(diagnose(recovering(NOW - 61))) == [("probe-kills", POSTGRES)]
    assert roots(diagnose(recovering(BOOT - 61))) == [("pod-not-ready", POSTGRES)]


@pytest.mark.parametrize(("names", "said"), [("app tls", "tls"), ("tls app", "app"), ("tls", "tls")])
def test_what_a_template_names_in_vain_is_told_once(names: str, said: str) -> None:
    """Its kubelet says it, too, of one at a time; and its workload does not serve for it."""
    needs = tuple(Need(Ref("secret", "shop", name), container=name) for name in names.split())
    message = f'MountVolume.SetUp failed for volume "v" : secret "{said}" not found'
    lacks = waiting("ContainerCreating", name="web")
    scene = with_pod(
        web_pod(ready=False, containers=(lacks,), created=BOOT + 20),
        templates=(template("deployment", "web", needs=needs),),
        keys={need.about: None for need in needs},
        events={Ref("pod", "shop", "web-5d4-a"): (Occurrence("FailedMount", message, NOW - 30),)},
    )
    found = diagnose(scene)
    assert roots(found) == [("reference-missing", "deployment/shop/web")] * len(needs)
    assert ("volume-secret-missing", WEB) in beneath(found)
    (above,) = (each for each in found.found if each.follows)
    assert f"secret/shop/{said} is not there" in above.finding.means
    young = diagnose(replace(scene, now=BOOT + 60))
    assert (young.found, len(young.passing)) == ((), len(needs))


def test_another_workload_may_lack_a_secret_for_itself() -> None:
    """What one template names in vain is no reason for what another one's pod lacks."""
    need = Need(Ref("secret", "shop", "tls"))
    scene = with_pod(
        web_pod(ready=False, containers=(waiting("CreateContainerConfigError", name="web", message=LACKING),)),
        templates=(template("deployment", "pooler", needs=(need,)),),
        keys={need.about: None},
    )
    assert set(roots(diagnose(scene))) == {("reference-missing", "deployment/shop/pooler"), ("secret-missing", WEB)}


def test_a_job_that_has_failed_is_told_with_its_last_words() -> None:
    """Its command is one step away; why it has failed is what the reader wants to know."""
    job = Ref("job", "shop", "migrate")
    pods = [
        replace(a_pod(name, terminated("Error"), ready=False, phase="Failed", created=BOOT + at), owner=job, node="box")
        for name, at in (("migrate-a", 50), ("migrate-b", 90))
    ]
    scene = a_scene(jobs=(Unwell(job, "BackoffLimitExceeded", "six tries", NOW - 600),))
    scene = replace(scene, pods=(*scene.pods, *pods))
    assert {pod.ref for pod in pods} <= {each.pod for each in wanted_logs(scene)}
    said = tuple(Said(pod.ref, "main", f"KeyError: '{pod.ref.name}'\n") for pod in pods)
    (item,) = diagnose(replace(scene, said=said)).found
    assert item.evidence == (("log", "KeyError: 'migrate-b'"),)


def test_nobody_finds_a_name_while_the_clusters_dns_is_scaled_to_zero() -> None:
    """Whoever knows an address still is well for a while, so nobody suffers yet."""
    dns, labels = Ref("deployment", "kube-system", "coredns"), {"k8s-app": "kube-dns"}
    scene = a_scene()
    service = replace(scene.services[0], ref=Ref("service", "kube-system", "kube-dns"), selector=labels)
    none = replace(workload("deployment", "coredns"), ref=dns, desired=0, replicas=0, updated=0, ready=0, available=0)
    scene = replace(
        scene,
        services=(*scene.services, service),
        workloads=(*scene.workloads, none),
        templates=(*scene.templates, replace(scene.templates[0], owner=dns, labels=labels, mentions=frozenset())),
    )
    found = diagnose(scene)
    assert roots(found) == [("workload-needed-at-zero", str(dns))]
    assert found.found[0].finding.next_step.startswith("kubectl -n kube-system scale deployment coredns --replicas=1")
    assert found.held == ()
    ours = tuple(replace(each, scaled_from=1) if each.ref == dns else each for each in scene.workloads)
    assert roots(diagnose(replace(scene, workloads=ours))) == []


def test_what_is_at_zero_is_no_cause_for_who_has_its_name_among_its_words() -> None:
    """`tail /dev/zero` needs no Service zero, however unwell it is; who does need one says so itself."""
    scene = web_says("KeyError: 'COLOUR'\n")
    none: dict[str, Any] = {"desired": 0, "replicas": 0, "updated": 0, "ready": 0, "available": 0}
    scene = replace(
        scene,
        workloads=tuple(replace(each, **none) if each.ref.name == "pooler" else each for each in scene.workloads),
        pods=tuple(pod for pod in scene.pods if pod.labels.get("app") != "pooler"),
        endpoints={ref: () if ref.name == "pooler" else found for ref, found in scene.endpoints.items()},
    )
    found = diagnose(scene)
    assert roots(found) == [("pod-crashes", WEB)]
    assert [str(ref) for ref, _ in found.held] == ["deployment/shop/pooler"]


def test_a_webhook_that_is_gone_is_asked_no_more() -> None:
    """What a controller said of it stands until it tries again, after up to 17 min: that is no fault until then."""
    scene = a_refused_workload()
    blind = replace(scene, extensions=Extensions(guarded=False))
    assert roots(diagnose(blind)) == [("workload-not-available", "deployment/shop/web")]
    young = replace(blind, now=BOOT + 600, nodes=(), leases={})
    (item,) = (each for each in diagnose(young).passing if each.id == "workload-not-available")
    assert "its controller tries again within 17 min" in item.finding.means


def member(name: str, says: str, **fields: Any) -> Pod:
    """A pod of statefulset/shop/postgres, as Patroni notes on it what it is."""
    pod = postgres_pod(patroni=says, **fields)
    return replace(pod, ref=Ref("pod", "shop", name), uid=name)


@pytest.mark.parametrize(
    ("says", "leader", "log", "exit_code"),
    [
        ("replica, start failed", "master, running", DAMAGED, 1),
        ("replica, start failed", "primary, running", DAMAGED, 1),
        ("replica, start failed", "replica, running", DAMAGED, 3),
        ("replica, start failed", "master, stopped", DAMAGED, 3),
        ("master, start failed", "replica, running", DAMAGED, 3),
        ("", "master, running", DAMAGED, 3),
        ("replica, start failed", "master, running", OTHER, 3),
    ],
)
def test_a_damaged_standby_is_no_loss_while_its_leader_serves(says: str, leader: str, log: str, exit_code: int) -> None:
    """It is made anew from there; "restore from a backup" would throw away what the leader has written since."""
    ill, well = member("postgres-1", says, ready=False, containers=(ENDS,)), member("postgres-0", leader)
    scene = a_scene()
    scene = replace(scene, pods=(well, ill, *scene.pods[1:]), said=(Said(ill.ref, "postgres", log),))
    found = diagnose(scene)
    assert found.exit_code == exit_code
    (item,) = (each for each in found.found if each.about == ill.ref)
    assert ("exec -it postgres-0 -- patronictl reinit CLUSTER postgres-1" in item.next_step) == (exit_code == 1)
