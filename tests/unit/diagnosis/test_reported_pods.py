"""States of one pod, workload or Job, as people have reported them after a reboot: one cause, and no noise."""

from dataclasses import replace

import pytest

from bootheal.causes import Gravity
from bootheal.diagnosis import diagnose
from bootheal.model import Occurrence, Ref
from bootheal.model.scene import NOT_BEGUN, Said, Scene, Unwell
from support.objects import BOOT, a_pod, running, terminated, waiting
from support.scenes import LOOP, NOW, Reported, a_scene, assert_one_root, exits, web_pod, with_pod, workload

WEB, POD = Ref("deployment", "shop", "web"), Ref("pod", "shop", "web-5d4-a")
NIGHTLY = Ref("cronjob", "shop", "nightly")
GIVEN_UP = Unwell(Ref("helmrelease", "shop", "web"), "RetriesExceeded", "Failed to install after 1 attempt(s)")


def of_a_job(log: str) -> Scene:
    """A pod of a Job that begins again and again, beside what serves."""
    loop = waiting("CrashLoopBackOff", name="helm", **LOOP)
    pod = a_pod("helm-install-1", loop, ready=False, node="box", created=BOOT + 5)
    pod = replace(pod, owner=Ref("job", "shop", "helm-install"), labels={})
    scene = a_scene()
    return replace(scene, pods=(*scene.pods, pod), said=(Said(pod.ref, "helm", log),))


# The state, its one root, and what of it stands beneath.
SCENES: Reported = {
    # k3s#6185
    "what its runtime has lost": (
        lambda: with_pod(web_pod(ready=False, containers=(terminated("Unknown", name="web"),))),
        ("pod-lost", str(POD)),
        {"service-without-pods"},
    ),
    "an init container that its runtime has lost": (
        lambda: with_pod(
            web_pod(
                ready=False,
                init=(terminated("Unknown", name="migrate"),),
                containers=(waiting("PodInitializing", name="web"),),
            )
        ),
        ("pod-lost", str(POD)),
        set(),
    ),
    # a watch of the scheduler's that stands still: it holds its Lease, and says nothing of any pod
    "the scheduler stands still": (
        lambda: with_pod(web_pod(ready=False, phase="Pending", containers=(), node="", ip="")),
        ("pod-not-placed", str(POD)),
        {"workload-not-available"},
    ),
    "its controller has not seen its latest change": (
        lambda: a_scene(workloads=(workload("deployment", "web", generation=5, observed=4),)),
        ("controllers-stand-still", str(WEB)),
        set(),
    ),
    # it runs on, and lets nobody in
    "a PgCat whose role PostgreSQL refuses": (
        lambda: with_pod(
            web_pod(ready=False, containers=(running(name="web", image="postgresml/pgcat:v1.2.0", ready=False),)),
            "2026-11-29T12:00:01.000001Z ERROR ThreadId(03) pgcat::server: server error: "
            'FATAL: password authentication failed for user "app"\n',
        ),
        ("pgcat-server-password", str(POD)),
        {"workload-not-available", "service-without-pods"},
    ),
    # a job controller that stood still for half a day after a reboot
    "a Job that nobody has begun": (
        lambda: a_scene(jobs=(Unwell(Ref("job", "shop", "backup-1"), NOT_BEGUN, at=BOOT + 60),)),
        ("controllers-stand-still", "job/shop/backup-1"),
        set(),
    ),
    # helm-controller#289
    "a HelmRelease that Flux has given up": (
        lambda: a_scene(stalled=(replace(GIVEN_UP, at=BOOT + 200),)),
        ("flux-stalled", "helmrelease/shop/web"),
        set(),
    ),
    "created, and nobody says why it does not begin": (
        lambda: with_pod(web_pod(ready=False, phase="Pending", containers=(waiting("ContainerCreating", name="web"),))),
        ("pod-starts", str(POD)),
        set(),
    ),
    "a sidecar that is not ready keeps the others back": (
        lambda: with_pod(
            web_pod(
                ready=False,
                init=(running(name="proxy", ready=False, sidecar=True),),
                containers=(waiting("PodInitializing", name="web"),),
            )
        ),
        ("pod-starts", str(POD)),
        set(),
    ),
    # istio#11130, linkerd2#485: an injected proxy whose control plane is not there yet
    "a proxy that is not ready keeps its pod from it": (
        lambda: with_pod(
            web_pod(ready=False, containers=(running(name="web"), running(name="istio-proxy", ready=False)))
        ),
        ("container-not-ready", str(POD)),
        {"service-without-pods"},
    ),
    # argo-cd#12570, #8974: its repo-server came last
    "an Application that Argo CD cannot compare": (
        lambda: a_scene(stalled=(Unwell(Ref("application", "argocd", "shop"), "ComparisonError", "x", BOOT + 90),)),
        ("argo-application-failed", "application/argocd/shop"),
        set(),
    ),
    "a certificate that is not issued": (
        lambda: a_scene(stalled=(Unwell(Ref("certificate", "shop", "tls"), "DoesNotExist", "x", BOOT + 90),)),
        ("certificate-not-ready", "certificate/shop/tls"),
        set(),
    ),
    # k3s#6869
    "a HelmChart of k3s whose Job has failed": (
        lambda: a_scene(stalled=(Unwell(Ref("helmchart", "kube-system", "traefik"), "Failed", "x", BOOT + 90),)),
        ("helm-chart-failed", "helmchart/kube-system/traefik"),
        set(),
    ),
    # kubernetes#42649
    "a CronJob that has missed a hundred of its times": (
        lambda: a_scene(events={NIGHTLY: (Occurrence("FailedNeedsStart", "Cannot determine if job …", NOW - 9),)}),
        ("cronjob-given-up", str(NIGHTLY)),
        set(),
    ),
    # a hard NFS mount whose server is away: nothing kills who waits for it
    "its kubelet cannot end it": (
        lambda: a_scene(
            pods=(web_pod(deleting=True, delete_by=NOW - 900),),
            workloads=(),
            services=(),
            events={POD: (Occurrence("FailedKillPod", "error killing pod: wait container: timeout", NOW - 60),)},
        ),
        ("pod-not-killed", str(POD)),
        set(),
    ),
    "killed without a word": (lambda: exits(137), ("pod-ends-silently", str(POD)), set()),
    # k3s#7863
    "a Helm release that a cut of power has locked": (
        lambda: of_a_job("Error: UPGRADE FAILED: another operation (install/upgrade/rollback) is in progress\n"),
        ("helm-release-locked", "pod/shop/helm-install-1"),
        set(),
    ),
    "a Job that ends again and again": (
        lambda: of_a_job("KeyError: 'COLOUR'\n"),
        ("job-crashes", "pod/shop/helm-install-1"),
        set(),
    ),
}


@pytest.mark.parametrize("name", SCENES)
def test_a_reported_state_has_one_root(name: str) -> None:
    """The cause that the report came to, and nothing beside it."""
    scene, root, beneath = SCENES[name]
    assert_one_root(diagnose(scene()), root, beneath)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (137, "exit code 137 (killed, by its kubelet or for want of memory)"),
        (139, "exit code 139 (it crashed (segmentation fault))"),
        (132, "exit code 132 (illegal instruction: it was built for another processor than this one)"),
        (3, "exit code 3"),
        (None, "Error"),
    ],
)
def test_who_ends_without_a_word_is_told_by_the_exit_code(code: int | None, words: str) -> None:
    """There is no log: the code is all there is."""
    (found,) = diagnose(exits(code)).found
    assert found.finding.means.endswith(f"without a word: {words}")
    assert found.gravity is Gravity.HEALED
