"""The double's controllers and kubelet: workloads behave as in a real cluster in what bootheal looks at."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bootheal.demo.stack import Stack
from support.double import APPS, MERGE, SHOP, STRATEGIC, Api

Pod = dict[str, Any]
Make = Callable[..., str]


@pytest.fixture
def make(api: Api, stack: Stack) -> Iterator[Make]:
    """Return a function that makes a workload of sleeping pods, called `sleeper`, and removes it afterwards."""
    made: list[str] = []

    def create(resource: str = "deployments", image: str = "demo/sleep", **spec: Any) -> str:
        container = {"name": "main", "image": image} | spec.pop("container", {})
        template_spec = {"containers": [container], "terminationGracePeriodSeconds": 1} | spec.pop("pod", {})
        manifest = {
            "metadata": {"name": "sleeper"},
            "spec": {
                "selector": {"matchLabels": {"app": "sleeper"}},
                "template": {"metadata": {"labels": {"app": "sleeper"}}, "spec": template_spec},
            }
            | spec,
        }
        status, answer = api.call("POST", f"{APPS}/{resource}", manifest)
        assert status == 201, answer
        made.append(f"{APPS}/{resource}/sleeper")
        return made[-1]

    yield create
    for path in made:
        api.call("DELETE", path)
        stack.wait_until("the pods to go", lambda: not sleepers(api))


def sleepers(api: Api) -> list[Pod]:
    """The pods of the workload under test."""
    found: list[Pod] = api.get(f"{SHOP}/pods", labelSelector="app=sleeper")["items"]
    return found


def waiting(api: Api) -> list[str]:
    """The reasons for which their containers wait."""
    statuses = [s for pod in sleepers(api) for s in pod["status"].get("containerStatuses", [])]
    return [status["state"].get("waiting", {}).get("reason", "") for status in statuses]


def ready(api: Api, path: str) -> int:
    """How many of a workload's pods are ready."""
    return int(api.get(path).get("status", {}).get("readyReplicas", 0))


def test_a_deleted_pod_stops_gracefully_and_is_replaced(stack: Stack, api: Api) -> None:
    """The pod is marked first, goes when its process has ended, and its ReplicaSet makes another."""
    (name,) = api.names(f"{SHOP}/pods", labelSelector="app=nginx")
    status, answer = api.call("DELETE", f"{SHOP}/pods/{name}")
    assert (status, answer["metadata"]["deletionGracePeriodSeconds"]) == (200, 5)
    assert "deletionTimestamp" in answer["metadata"]
    stack.wait_until("the pod to go", lambda: api.call("GET", f"{SHOP}/pods/{name}")[0] == 404)
    stack.wait_until("another to serve", lambda: stack.serving()["nginx"])


def test_a_rollout_never_has_fewer_pods_than_allowed(stack: Stack, api: Api) -> None:
    """`rollout restart` replaces all pods of django, two at a time being ready throughout; the revision counts up."""
    path = f"{APPS}/deployments/django"
    before = set(api.names(f"{SHOP}/pods", labelSelector="app=django"))
    template = {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "now"}}}
    api.call("PATCH", path, {"spec": {"template": template}}, STRATEGIC)
    seen: list[int] = []

    def rolled() -> bool:
        found = api.get(path)
        seen.append(found["status"].get("availableReplicas", 0))
        observed = found["status"]["observedGeneration"] == found["metadata"]["generation"]
        counts = [found["status"].get(key) for key in ("replicas", "updatedReplicas", "readyReplicas")]
        return observed and counts == [2, 2, 2]

    stack.wait_until("the rollout", rolled)
    assert min(seen) >= 2
    stack.wait_until(
        "the old pods to go", lambda: not before & set(api.names(f"{SHOP}/pods", labelSelector="app=django"))
    )
    found = api.get(path)
    assert found["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "2"
    conditions = {c["type"]: c["reason"] for c in found["status"]["conditions"]}
    assert conditions == {"Available": "MinimumReplicasAvailable", "Progressing": "NewReplicaSetAvailable"}


def test_recreate_lets_the_old_pods_go_first(stack: Stack, api: Api, make: Make) -> None:
    """With strategy Recreate there are never pods of two revisions."""
    path = make(strategy={"type": "Recreate"}, replicas=2)
    stack.wait_until("two pods", lambda: ready(api, path) == 2)
    api.call("PATCH", path, {"spec": {"template": {"metadata": {"annotations": {"new": "yes"}}}}}, STRATEGIC)
    hashes: list[int] = []

    def done() -> bool:
        pods = sleepers(api)
        hashes.append(len({pod["metadata"]["labels"]["pod-template-hash"] for pod in pods}))
        return len(pods) == 2 and all("new" in pod["metadata"].get("annotations", {}) for pod in pods)

    stack.wait_until("the new pods", done)
    assert max(hashes) == 1


def test_a_rollout_that_makes_no_progress_says_so(stack: Stack, api: Api, make: Make) -> None:
    """ProgressDeadlineExceeded is how a Deployment says that it has failed."""
    path = make(image="demo/missing", progressDeadlineSeconds=1)

    def exceeded() -> bool:
        conditions = api.get(path).get("status", {}).get("conditions", [])
        return any((c["type"], c["reason"]) == ("Progressing", "ProgressDeadlineExceeded") for c in conditions)

    stack.wait_until("the deadline", exceeded)


def test_a_failing_container_backs_off_longer_and_longer(stack: Stack, api: Api, make: Make) -> None:
    """CrashLoopBackOff, with the last end and its exit code in view; deleting the pod begins anew."""
    make(image="demo/web", container={"env": [{"name": "PORT", "value": "1"}]})
    stack.wait_until("a back-off", lambda: waiting(api) == ["CrashLoopBackOff"])
    (pod,) = sleepers(api)
    (status,) = pod["status"]["containerStatuses"]
    assert (pod["status"]["phase"], status["restartCount"]) == ("Running", 1)
    assert tuple(status["lastState"]["terminated"][key] for key in ("exitCode", "reason")) == (1, "Error")
    assert "back-off 2s restarting failed container" in status["state"]["waiting"]["message"]
    api.call("DELETE", f"{SHOP}/pods/{pod['metadata']['name']}")
    stack.wait_until("a new pod", lambda: [p["metadata"]["uid"] for p in sleepers(api)] != [pod["metadata"]["uid"]])
    stack.wait_until("its back-off", lambda: waiting(api) == ["CrashLoopBackOff"])
    assert sleepers(api)[0]["status"]["containerStatuses"][0]["restartCount"] == 1


def test_an_init_containers_log_is_read_by_its_name(stack: Stack, api: Api, make: Make) -> None:
    """The double runs none itself: what stands on the node's disk is told, and another name is refused as such."""
    path = make(pod={"initContainers": [{"name": "migrate", "image": "demo/sleep"}]})
    stack.wait_until("the pod to be ready", lambda: ready(api, path) == 1)
    (pod,) = sleepers(api)
    log = f"{SHOP}/pods/{pod['metadata']['name']}/log"
    assert api.call("GET", log, container="migrate")[0] == 400, "it has said nothing yet"
    written = stack.cluster.runtime.home / "pods" / pod["metadata"]["uid"] / "migrate" / "0.log"
    written.parent.mkdir(parents=True, exist_ok=True)
    written.write_text("relation orders does not exist\n")
    assert "relation orders does not exist" in str(api.get(log, container="migrate"))
    assert "relation orders" not in str(api.get(log, container="main"))
    status, answer = api.call("GET", log, container="other")
    assert (status, "container other is not valid" in answer["message"]) == (400, True)


def test_a_missing_secret_is_a_configuration_error(stack: Stack, api: Api, make: Make) -> None:
    """The container waits for what its spec names, and starts once it is there."""
    reference = {"secretKeyRef": {"name": "late", "key": "word"}}
    make(container={"env": [{"name": "WORD", "valueFrom": reference}]})
    stack.wait_until("the error", lambda: waiting(api) == ["CreateContainerConfigError"])
    assert sleepers(api)[0]["status"]["phase"] == "Pending"
    api.call("POST", f"{SHOP}/secrets", {"metadata": {"name": "late"}, "data": {"word": "eA=="}})
    stack.wait_until("the pod to run", lambda: sleepers(api)[0]["status"]["phase"] == "Running")


def test_a_registry_that_is_down_is_an_image_pull_back_off(stack: Stack, api: Api, make: Make) -> None:
    """With pull policy Always an image that is there does not help; when the registry is back, the pod runs."""
    stack.faults.unavailable_images = frozenset({"demo/sleep"})
    make(container={"imagePullPolicy": "Always"})
    stack.wait_until("the back-off", lambda: waiting(api) == ["ImagePullBackOff"])
    assert "connection refused" in sleepers(api)[0]["status"]["containerStatuses"][0]["state"]["waiting"]["message"]
    stack.faults.clear()
    stack.wait_until("the pod to run", lambda: sleepers(api)[0]["status"]["phase"] == "Running")


def test_a_failed_pod_is_replaced_and_left_lying(stack: Stack, api: Api, make: Make) -> None:
    """Failed pods of a ReplicaSet stay until somebody deletes them, which takes no time."""
    path = make()
    stack.wait_until("one pod", lambda: ready(api, path) == 1)
    (pod,) = sleepers(api)
    name = pod["metadata"]["name"]
    failed = {"status": pod["status"] | {"phase": "Failed", "reason": "Evicted"}}
    api.call("PATCH", f"{SHOP}/pods/{name}/status", failed, MERGE)
    stack.wait_until("a replacement", lambda: len(sleepers(api)) == 2)
    api.call("DELETE", f"{SHOP}/pods/{name}")
    assert api.call("GET", f"{SHOP}/pods/{name}")[0] == 404


def test_a_stateful_set_is_ordered(stack: Stack, api: Api, make: Make) -> None:
    """Pods have numbers, start one after the other, and are updated from the last to the first."""
    path = make("statefulsets", serviceName="sleeper", replicas=2)
    stack.wait_until("two pods", lambda: ready(api, path) == 2)
    assert [pod["metadata"]["name"] for pod in sleepers(api)] == ["sleeper-0", "sleeper-1"]
    api.call("PATCH", path, {"spec": {"template": {"metadata": {"annotations": {"new": "yes"}}}}}, STRATEGIC)
    revisions: list[tuple[bool, ...]] = []

    def updated() -> bool:
        status = api.get(path)["status"]
        revisions.append(tuple("new" in pod["metadata"].get("annotations", {}) for pod in sleepers(api)))
        return bool(status["updateRevision"] == status["currentRevision"] and status["readyReplicas"] == 2)

    stack.wait_until("the first update to begin", lambda: api.get(path)["status"]["updatedReplicas"] < 2)
    stack.wait_until("the update", updated)
    assert (True, False) not in revisions
    assert revisions[-1] == (True, True)


def test_on_delete_updates_only_what_is_deleted(stack: Stack, api: Api, make: Make) -> None:
    """With OnDelete a new template waits until somebody deletes the pod."""
    path = make("statefulsets", serviceName="sleeper", updateStrategy={"type": "OnDelete"})
    stack.wait_until("a pod", lambda: ready(api, path) == 1)
    api.call("PATCH", path, {"spec": {"template": {"metadata": {"annotations": {"new": "yes"}}}}}, STRATEGIC)
    stack.wait_until("the controller to see it", lambda: api.get(path)["status"]["observedGeneration"] == 2)
    assert "annotations" not in sleepers(api)[0]["metadata"]
    api.call("DELETE", f"{SHOP}/pods/sleeper-0")
    stack.wait_until(
        "the new one", lambda: [p["metadata"].get("annotations") for p in sleepers(api)] == [{"new": "yes"}]
    )


def test_a_daemon_set_has_one_pod_on_the_one_node(stack: Stack, api: Api, make: Make) -> None:
    """And reports it in its own fields."""
    path = make("daemonsets")
    stack.wait_until("the pod", lambda: api.get(path).get("status", {}).get("numberReady") == 1)
    api.call("PATCH", path, {"spec": {"template": {"metadata": {"annotations": {"new": "yes"}}}}}, STRATEGIC)
    stack.wait_until(
        "the new one", lambda: [p["metadata"].get("annotations") for p in sleepers(api)] == [{"new": "yes"}]
    )


def test_a_cordoned_node_gets_no_pods(stack: Stack, api: Api, make: Make) -> None:
    """As after `k3d cluster stop`: pods are Pending, and say why."""
    api.call("PATCH", "/api/v1/nodes/demo", {"spec": {"unschedulable": True}}, MERGE)
    make()
    stack.wait_until("a pod", lambda: bool(sleepers(api)))

    def refused() -> bool:
        conditions = sleepers(api)[0]["status"].get("conditions", [])
        return [c["reason"] for c in conditions] == ["Unschedulable"]

    stack.wait_until("the refusal", refused)
    api.call("PATCH", "/api/v1/nodes/demo", {"spec": {"unschedulable": None}}, MERGE)
    stack.wait_until("the pod to run", lambda: sleepers(api)[0]["status"]["phase"] == "Running")


def test_a_deleted_deployment_takes_its_pods_with_it(stack: Stack, api: Api, make: Make) -> None:
    """The ReplicaSet and the pods go in the background, unless they are orphaned."""
    path = make()
    stack.wait_until("one pod", lambda: ready(api, path) == 1)
    api.call("DELETE", path, {"propagationPolicy": "Orphan"})
    assert len(sleepers(api)) == 1
    (name,) = api.names(f"{APPS}/replicasets", labelSelector="app=sleeper")
    api.call("DELETE", f"{APPS}/replicasets/{name}")
    stack.wait_until("the pod to go", lambda: not sleepers(api))


def test_a_service_without_a_ready_pod_refuses(stack: Stack, api: Api) -> None:
    """The slice loses the pod, the port of the Service is closed, and django and nginx say that they do not serve."""
    stack.pooler.stop()
    stack.wait_until("nobody to serve", lambda: not any(stack.serving().values()))
    slices = api.get("/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices")["items"]
    endpoints = next(s["endpoints"] for s in slices if s["metadata"]["name"].startswith("pooler-"))
    assert not any(endpoint["conditions"]["ready"] for endpoint in endpoints)
    stack.pooler.start()
    stack.wait_until("everything to serve", lambda: all(stack.serving().values()))


def test_a_killed_server_is_started_again_where_its_data_is(stack: Stack) -> None:
    """SIGKILL to every PostgreSQL process: the kubelet restarts the container, and the orders are still there."""
    with stack.postgres.admin() as connection:
        before = connection.execute("SELECT count(*) FROM orders").fetchone()
    stack.postgres.kill()
    stack.wait_until("a restart", lambda: stack.postgres.pods[0]["status"]["containerStatuses"][0]["restartCount"] == 1)
    stack.wait_until("everything to serve", lambda: all(stack.serving().values()))
    with stack.postgres.admin() as connection:
        assert before == connection.execute("SELECT count(*) FROM orders").fetchone()
