"""The Cluster port keeps the same promises on the embedded stack's API server and on a real one (--kubeconfig)."""

import base64
import queue
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from bootheal.adapters.kube.api import Api
from bootheal.adapters.kube.cluster import KubeCluster
from bootheal.adapters.kube.kubeconfig import LiveKubeconfig
from bootheal.adapters.scope import Scope
from bootheal.errors import BoothealError, ConflictError, MissingError, PermanentError
from bootheal.model import KubernetesEvent, Login, Pod, Ref, Right
from bootheal.ports import Interest
from support.stack import running

PASSWORD = "canary-c0ffee"


@dataclass(frozen=True)
class Place:
    """A cluster, and a namespace of our own in it."""

    api: Api
    cluster: KubeCluster
    namespace: str

    def ref(self, kind: str, name: str = "thing") -> Ref:
        return Ref(kind, self.namespace, name)

    def create(self, group: str, plural: str, body: dict[str, Any]) -> Any:
        return self.api.write("POST", f"{group}/namespaces/{self.namespace}/{plural}", body, about=plural)

    def pods(self) -> list[Pod]:
        return sorted(self.cluster.reader.pods(self.namespace, {"app": "thing"}), key=lambda pod: pod.ref)


def wait_until(what: str, holds: Callable[[], Any], timeout: float = 20.0) -> Any:
    deadline = time.monotonic() + timeout
    while not (found := holds()):
        assert time.monotonic() < deadline, f"no {what} within {timeout} s"
        time.sleep(0.05)
    return found


@pytest.fixture(scope="module", params=["double", "real"])
def kubeconfig(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    if request.param == "double":
        with running(tmp_path_factory.mktemp("stack")) as stack:
            yield stack.kubeconfig
    elif path := request.config.getoption("--kubeconfig"):
        yield Path(path)
    else:
        pytest.skip("no real cluster: --kubeconfig names one")


@pytest.fixture
def place(kubeconfig: Path, scope: Scope) -> Iterator[Place]:
    """A namespace with a Secret, a ConfigMap and a Deployment of one pod, which need not run."""
    api = Api(LiveKubeconfig(kubeconfig), scope)
    name = f"bootheal-contract-{secrets.token_hex(4)}"
    api.write("POST", "/api/v1/namespaces", {"metadata": {"name": name}}, about="namespaces")
    place = Place(api, KubeCluster(api), name)
    encoded = base64.b64encode(PASSWORD.encode()).decode()
    place.create("/api/v1", "secrets", {"metadata": {"name": "thing"}, "data": {"password": encoded}})
    place.create("/api/v1", "configmaps", {"metadata": {"name": "thing"}, "data": {"a": "1", "b": "2"}})
    template = {
        "metadata": {"labels": {"app": "thing"}},
        "spec": {"containers": [{"name": "main", "image": "bootheal-contract/none:1", "imagePullPolicy": "Never"}]},
    }
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": "thing"}}, "template": template}
    place.create("/apis/apps/v1", "deployments", {"metadata": {"name": "thing"}, "spec": spec})
    wait_until("pod", place.pods)
    yield place
    api.write("DELETE", f"/api/v1/namespaces/{name}", {}, about="the namespace")


def test_it_is_ready_and_its_node_lives(place: Place) -> None:
    """/readyz, a node with a boot id, a heartbeat of the last minute."""
    assert place.cluster.reader.readiness().ready
    (node, *_) = place.cluster.reader.nodes()
    assert node.ready
    assert node.boot_id
    lease = place.cluster.reader.lease(node.name)
    assert lease is not None
    assert time.time() - lease.renewed < 60
    assert place.cluster.reader.lease("nobody") is None


def test_a_secret_is_read_by_key(place: Place) -> None:
    """What is missing is named, with what there is instead; the value is nowhere in a text."""
    login = Login(place.ref("secret"), user="app")
    who = place.cluster.secrets.credentials(login)
    assert (who.user, who.password.reveal()) == ("app", PASSWORD)
    assert who.version
    with pytest.raises(MissingError, match="cannot find key pass in secret/") as error:
        place.cluster.secrets.credentials(replace(login, password_key="pass"))
    assert "it has password" in str(error.value)
    with pytest.raises(MissingError, match="cannot find secret/.*/none"):
        place.cluster.secrets.credentials(replace(login, secret=place.ref("secret", "none")))


def test_what_does_not_exist_is_named(place: Place) -> None:
    """Whether it is kept by a watch or asked for."""
    with pytest.raises(MissingError, match="cannot find deployment/.*/none"):
        place.cluster.reader.workload(place.ref("deployment", "none"))
    with pytest.raises(MissingError, match="cannot find key c in configmap/"):
        place.cluster.reader.document(place.ref("configmap"), "c")
    place.cluster.watcher.watch(frozenset({Interest("deployment", place.namespace)}), lambda _: None)
    with pytest.raises(MissingError, match="cannot find deployment/.*/none"):
        place.cluster.reader.workload(place.ref("deployment", "none"))


def test_one_key_of_a_config_map_is_changed_at_its_version(place: Place) -> None:
    """The other keys stay; one that is missing is made, which is another thing than empty; at its version only."""
    ref = place.ref("configmap")
    place.cluster.writer.write_document(place.cluster.reader.config_map(ref).document("c"), "")
    assert place.cluster.reader.config_map(ref).data == {"a": "1", "b": "2", "c": ""}
    assert place.cluster.reader.document(ref, "c").text == ""
    before = place.cluster.reader.document(ref, "a")
    place.cluster.writer.write_document(before, "new")
    assert [place.cluster.reader.document(ref, key).text for key in ("a", "b")] == ["new", "2"]
    with pytest.raises(ConflictError):
        place.cluster.writer.write_document(before, "newer")


def test_a_rollout_is_seen_at_once_and_refused_at_a_stale_version(place: Place) -> None:
    """Our own write enters what we know before any watch can bring it."""
    place.cluster.watcher.watch(frozenset({Interest("deployment", place.namespace)}), lambda _: None)
    ref = place.ref("deployment")
    before = wait_until("status", lambda: settled(place, ref))
    place.cluster.writer.roll_out(ref, before.version, "boot/reason", time.time())
    after = place.cluster.reader.workload(ref)
    assert after.caused_by == "boot/reason"
    assert after.generation == before.generation + 1
    with pytest.raises(ConflictError):
        place.cluster.writer.roll_out(ref, before.version, "boot/other", time.time())


def settled(place: Place, ref: Ref) -> Any:
    """Return the workload once its controllers have stopped writing its status."""
    first = place.cluster.reader.workload(ref)
    time.sleep(0.5)
    return first if place.cluster.reader.workload(ref).version == first.version and first.observed else None


def test_a_pod_is_deleted_by_uid_and_no_other(place: Place) -> None:
    """A pod that has been replaced or has changed meanwhile is spared; deleting one that is gone is fine."""
    (pod,) = place.pods()
    for uid, version in (("00000000-0000-0000-0000-000000000000", ""), (pod.uid, "1")):
        with pytest.raises(ConflictError):
            place.cluster.writer.delete_pod(pod.ref, uid, version)
    assert pod.uid in {other.uid for other in place.pods() if not other.deleting}
    place.cluster.writer.delete_pod(pod.ref, pod.uid)
    wait_until("successor", lambda: [p for p in place.pods() if p.uid != pod.uid and not p.deleting])
    place.cluster.writer.delete_pod(place.ref("pod", "none"), pod.uid)


def test_a_watch_tells_of_changes(place: Place) -> None:
    """The pod's deletion and its successor are told by name, and what is kept is what a list would say."""
    told: queue.SimpleQueue[Interest] = queue.SimpleQueue()
    interest = Interest("pod", place.namespace)
    place.cluster.watcher.watch(frozenset({interest}), told.put)
    assert told.get(timeout=10) == interest  # the list itself
    (pod,) = place.pods()
    while not told.empty():
        told.get()
    place.cluster.writer.delete_pod(pod.ref, pod.uid)
    wait_until("successor", lambda: [p for p in place.pods() if p.uid != pod.uid])
    wait_until("a word of its deletion", lambda: told.get(timeout=10) == replace(interest, name=pod.ref.name))


def test_a_list_that_nobody_asks_for_is_not_kept(place: Place) -> None:
    """Where no Service is in front of anything, slices are none of our business; once read, a watch tells of them."""
    told: queue.Queue[Interest] = queue.Queue()
    watcher, namespace = place.cluster.watcher, place.namespace
    watcher.watch(frozenset({Interest("endpointslice", namespace)}), told.put)
    assert not watcher.watched("endpointslice", namespace)
    assert not place.cluster.reader.endpoints(namespace, "thing")
    wait_until("watch", lambda: watcher.watched("endpointslice", namespace))
    slices = {
        "metadata": {"name": "thing-1", "labels": {"kubernetes.io/service-name": "thing"}},
        "addressType": "IPv4",
        "endpoints": [{"addresses": ["10.1.2.3"], "conditions": {"ready": True}}],
        "ports": [{"name": "web", "port": 80, "protocol": "TCP"}],
    }
    place.create("/apis/discovery.k8s.io/v1", "endpointslices", slices)
    wait_until("address", lambda: place.cluster.reader.endpoints(namespace, "thing"))
    assert Interest("endpointslice", namespace, "thing-1") in list(told.queue)


def test_rights_are_asked_for(place: Place) -> None:
    """The kubeconfig of these tests may do everything that bootheal may need."""
    assert place.cluster.reader.may(Right("delete", "pods", place.namespace))
    for right in place.cluster.watcher.rights(frozenset({Interest("pod", place.namespace)})):
        assert place.cluster.reader.may(right)


def test_the_log_of_what_never_ran_is_empty(place: Place) -> None:
    """No error: a log is evidence, not a condition."""
    (pod,) = place.pods()
    assert place.cluster.pod_access.log_tail(pod.ref, "main", 5, previous=True) == ""


def test_a_port_forward_that_cannot_be_is_a_clear_error(place: Place) -> None:
    """A pod that does not exist; the reason, within the deadline."""
    began = time.monotonic()
    with pytest.raises(BoothealError, match="cannot forward a port to pod/"):
        place.api.forward(place.namespace, "none", 80, 3.0)
    assert time.monotonic() - began < 15


def test_a_kubeconfig_that_is_not_there_is_named(tmp_path: Path) -> None:
    """With where to look."""
    with pytest.raises(PermanentError, match="cannot use the kubeconfig .*/none: ") as error:
        LiveKubeconfig(tmp_path / "none")
    assert "cluster.kubeconfig" in error.value.hint


def test_a_scaling_notes_what_to_go_back_to_in_the_same_write(place: Place) -> None:
    """And the way back removes the note; a stale version is a conflict."""
    ref = place.ref("deployment")
    before = wait_until("status", lambda: settled(place, ref))
    place.cluster.writer.scale(ref, before.version, 0, was=1, cause="boot/reason")
    down = place.cluster.reader.workload(ref)
    assert (down.desired, down.scaled_from, down.scaled_by) == (0, 1, "boot/reason")
    assert down.generation == before.generation + 1
    with pytest.raises(ConflictError):
        place.cluster.writer.scale(ref, before.version, 5, was=None)
    wait_until("the pod to go", lambda: not place.pods())
    place.cluster.writer.scale(ref, wait_until("status", lambda: settled(place, ref)).version, 1, was=None)
    up = place.cluster.reader.workload(ref)
    assert (up.desired, up.scaled_from, up.scaled_by) == (1, None, "boot/reason")


def test_how_a_workload_may_be_restarted_is_read_from_it(place: Place) -> None:
    """The API server fills in the strategy; a quarter of one pod is one to surge and none to miss."""
    workload = place.cluster.reader.workload(place.ref("deployment"))
    assert (workload.strategy, workload.surge, workload.unavailable) == ("RollingUpdate", 1, 0)
    assert (workload.host_ports, workload.claims, workload.managed_by) == (False, (), "")
    assert workload.images == ("bootheal-contract/none:1",)
    assert not workload.pulls_always


def test_budgets_and_access_modes_are_read(place: Place) -> None:
    """What does not exist has none."""
    spec = {"minAvailable": 1, "selector": {"matchLabels": {"app": "thing"}}}
    place.create("/apis/policy/v1", "poddisruptionbudgets", {"metadata": {"name": "thing"}, "spec": spec})
    (budget,) = place.cluster.reader.budgets(place.namespace)
    assert (budget.selector, budget.allowed) == ({"app": "thing"}, 0)
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}
    place.create("/api/v1", "persistentvolumeclaims", {"metadata": {"name": "data"}, "spec": claim})
    assert place.cluster.reader.access_modes(place.namespace, "data") == ("ReadWriteOnce",)
    assert place.cluster.reader.access_modes(place.namespace, "none") == ()


def test_what_was_done_is_written_as_an_event_and_counted(place: Place) -> None:
    """`kubectl describe` asks by the object's UID; the same in one boot is one Event, also from another process."""
    made = place.create(
        "/api/v1", "configmaps", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "told"}}
    )
    event = KubernetesEvent(place.ref("configmap", "told"), "reload", "BoothealReload", "reloaded it", 1_700_000_000.5)
    place.cluster.kubernetes_events.tell(event, "boot-1")
    KubeCluster(place.api).kubernetes_events.tell(event, "boot-1")
    place.cluster.kubernetes_events.tell(event, "boot-2")
    path = f"/apis/events.k8s.io/v1/namespaces/{place.namespace}/events"
    events = [
        event
        for event in place.api.get(path, about="events")["items"]
        if event.get("reportingController") == "bootheal" and event["regarding"]["name"] == "told"
    ]
    first, second = sorted(events, key=lambda event: -event.get("series", {}).get("count", 1))
    assert first["series"]["count"] == 2
    assert "series" not in second
    assert first["note"] == "reloaded it"
    assert first["type"] == "Normal"
    assert first["eventTime"].startswith("2023-11-14T22:13:20.5")
    assert first["regarding"]["kind"] == "ConfigMap"
    assert first["regarding"]["uid"] == made["metadata"]["uid"]
