"""The same boot as Kubernetes 1.21, 1.28, 1.33 and 1.36 show it is judged in the same way."""

import pytest

from bootheal.adapters.kube import objects, service_objects, workloads
from bootheal.cluster.dead_pods import cause_of_death
from bootheal.cluster.freshness import node_doubt, pod_doubt, service_doubt, workload_doubt
from bootheal.cluster.rollout import rollout
from support import object_sets
from support.object_sets import NEW, RELEASES, Moment
from support.objects import BOOT, THIS_BOOT

NOW = BOOT + 12


@pytest.mark.parametrize("name", RELEASES)
@pytest.mark.parametrize(
    ("moment", "node", "pod", "died", "service"),
    [
        ("stale", "still shows the previous boot", "still shows the previous boot", "", "still sends to 10.42.0.3"),
        ("found", "", "", "Unknown", "still sends to 10.42.0.3"),
        ("well", "", "", "", ""),
    ],
)
def test_each_moment_of_a_boot(name: str, moment: Moment, *, node: str, pod: str, died: str, service: str) -> None:
    """What is of the previous boot is not believed, what is dead is known to be, and what is well is well."""
    release = RELEASES[name]
    found = objects.pod(object_sets.pod(release, moment))
    named, at = service_objects.endpoints(object_sets.endpoint_slice(release, moment))
    doubts = (
        (
            node,
            node_doubt(
                objects.node(object_sets.node(release, moment)),
                objects.lease(object_sets.lease(moment)),
                boot_id=NEW,
                boot_time=THIS_BOOT,
                now=NOW,
            ),
        ),
        (pod, pod_doubt(found, boot_time=THIS_BOOT)),
        (service, service_doubt(service_objects.service(object_sets.service()), at, [found], boot_time=THIS_BOOT)),
    )
    for expected, said in doubts:
        assert expected in said
        assert bool(expected) == bool(said)
    assert cause_of_death(found, boot_time=THIS_BOOT) == died
    assert named == "db"


@pytest.mark.parametrize("name", RELEASES)
def test_a_stateful_set_is_rolled_out_when_its_pod_is_ready_and_counted(name: str) -> None:
    """Before 1.22 it does not say how many replicas are available; its controller may be behind."""
    release = RELEASES[name]
    workload = {
        moment: workloads.workload(object_sets.stateful_set(release, moment), "statefulset")
        for moment in ("stale", "found", "well")
    }
    dead, alive = (objects.pod(object_sets.pod(release, moment)) for moment in ("found", "well"))
    assert workload_doubt(workload["stale"], [dead]) == (
        "its controller still counts more ready pods (1) than there are (0)"
    )
    assert not rollout(workload["found"], boot_time=THIS_BOOT).done
    assert rollout(workload["well"], boot_time=THIS_BOOT).done
    assert workload_doubt(workload["well"], [alive]) == ""


@pytest.mark.parametrize("name", RELEASES)
def test_a_pod_that_an_orderly_shutdown_ended_is_dead(name: str) -> None:
    """Under the reason that it had then."""
    release = RELEASES[name]
    found = objects.pod(object_sets.shut_down_pod(release))
    assert cause_of_death(found, boot_time=THIS_BOOT) == release.shut_down


@pytest.mark.parametrize("name", RELEASES)
def test_a_control_plane_node_is_known_by_either_label(name: str) -> None:
    """It was called master until 1.24."""
    assert objects.node(object_sets.node(RELEASES[name], "well")).control_plane


def test_a_sidecar_is_no_init_container_that_is_not_done() -> None:
    """From 1.29 on it runs beside the rest, and is ready when that is."""
    found = objects.pod(object_sets.pod(RELEASES["1.33"], "well"))
    assert [container.name for container in found.init] == ["proxy"]
    assert found.ready


@pytest.mark.parametrize(
    ("labels", "annotations", "by"),
    [
        ({"kustomize.toolkit.fluxcd.io/name": "shop", "kustomize.toolkit.fluxcd.io/namespace": "flux"}, {}, "Flux"),
        ({"helm.toolkit.fluxcd.io/name": "db"}, {"meta.helm.sh/release-name": "db"}, "Flux"),
        ({"app.kubernetes.io/managed-by": "Helm"}, {"meta.helm.sh/release-name": "db"}, "Helm"),
        ({"argocd.argoproj.io/instance": "shop"}, {}, "Argo CD"),
        ({}, {"argocd.argoproj.io/tracking-id": "shop:apps/StatefulSet:shop/db"}, "Argo CD"),
        ({"app.kubernetes.io/managed-by": "kustomize"}, {}, ""),
    ],
)
def test_who_would_undo_a_change_is_known_all_through_a_boot(
    labels: dict[str, str], annotations: dict[str, str], by: str
) -> None:
    """By the marks that Flux, Argo CD and Helm leave, whatever the status says."""
    for moment in ("stale", "found", "well"):
        raw = object_sets.stateful_set(RELEASES["1.33"], moment)
        raw["metadata"] |= {"labels": labels, "annotations": annotations}
        assert workloads.workload(raw, "statefulset").managed_by == by
