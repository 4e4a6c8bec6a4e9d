"""The double's API server, through the official client: it must answer as a real one does in what bootheal touches."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from kubernetes import client, stream, watch

from bootheal.demo.stack import Stack
from support.double import APPS, MERGE, SHOP, STRATEGIC, Api

CONFIG_MAPS = f"{SHOP}/configmaps"


@pytest.fixture
def note(api: Api, request: pytest.FixtureRequest) -> Iterator[dict[str, Any]]:
    """Return a ConfigMap of this test's own."""
    name = request.node.name.replace("_", "-")[:60]
    manifest = {"metadata": {"name": name, "labels": {"note": "yes"}}, "data": {"a": "1"}}
    status, created = api.call("POST", CONFIG_MAPS, manifest)
    assert status == 201
    yield created
    api.call("DELETE", f"{CONFIG_MAPS}/{name}")


def test_typed_lists_are_complete_enough_for_the_client(api: Api) -> None:
    """The client's own models accept our pods, nodes, deployments and leases, so no required field is missing."""
    core, apps = client.CoreV1Api(api.client), client.AppsV1Api(api.client)
    assert len(core.list_namespaced_pod("shop").items) == 7
    assert core.list_node().items[0].metadata.name == "demo"
    assert len(apps.list_namespaced_deployment("shop").items) == 3
    assert client.CoordinationV1Api(api.client).read_namespaced_lease("demo", "kube-node-lease").spec.renew_time


def test_a_client_certificate_is_as_good_as_the_token(stack: Stack) -> None:
    """k3s' own kubeconfig shows a certificate."""
    assert Api(stack.certified_kubeconfig).names("/api/v1/nodes") == ["demo"]


def test_a_wrong_token_is_401(stack: Stack) -> None:
    """An expired credential must be told from missing rights."""
    status, answer = Api(stack.kubeconfig, token="wrong").call("GET", "/api/v1/nodes")
    assert (status, answer["reason"]) == (401, "Unauthorized")


def test_a_denied_right_is_403_and_the_access_review_says_so(stack: Stack, api: Api) -> None:
    """`bootheal check` asks before it acts; both answers come from one rule."""
    stack.faults.deny("delete", "pods", "shop")
    review = {"spec": {"resourceAttributes": {"verb": "delete", "resource": "pods", "namespace": "shop"}}}
    status, answer = api.call("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review)
    assert (status, answer["status"]["allowed"]) == (201, False)
    status, answer = api.call("DELETE", f"{SHOP}/pods/postgres-0")
    assert status == 403
    expected = (
        'pods "postgres-0" is forbidden: User "system:admin" cannot delete resource "pods" '
        'in API group "" in the namespace "shop"'
    )
    assert expected == answer["message"]


def test_labels_select_by_equality_and_by_set(api: Api) -> None:
    """All forms of a label selector work."""
    assert len(api.names(f"{SHOP}/pods", labelSelector="app=django")) == 2
    assert len(api.names(f"{SHOP}/pods", labelSelector="app in (django, nginx)")) == 3
    assert len(api.names(f"{SHOP}/pods", labelSelector="pod-template-hash,app!=pooler")) == 3
    assert api.names(f"{SHOP}/pods", labelSelector="apps.kubernetes.io/pod-index") == ["postgres-0"]
    assert api.call("GET", f"{SHOP}/pods", labelSelector="app in django")[0] == 400


def test_only_indexed_fields_can_be_selected(api: Api) -> None:
    """status.phase=Unknown matches nothing, and status.reason is refused: both as on a real server."""
    assert api.names(f"{SHOP}/pods", fieldSelector="metadata.name=postgres-0") == ["postgres-0"]
    assert len(api.names(f"{SHOP}/pods", fieldSelector="status.phase=Succeeded")) == 1
    assert api.names(f"{SHOP}/pods", fieldSelector="status.phase=Unknown") == []
    status, answer = api.call("GET", f"{SHOP}/pods", fieldSelector="status.reason=Terminated")
    assert status == 400
    assert "field label not supported: status.reason" in answer["message"]


def test_a_long_list_comes_in_pages(api: Api) -> None:
    """`limit` and `continue` give every object once."""
    names: list[str] = []
    token, pages = "", 0
    while pages == 0 or token:
        page = api.get(f"{SHOP}/pods", limit=3, **({"continue": token} if token else {}))
        names += [item["metadata"]["name"] for item in page["items"]]
        token, pages = page["metadata"].get("continue", ""), pages + 1
    assert (3, api.names(f"{SHOP}/pods")) == (pages, names)


def test_the_pages_of_a_list_are_of_one_moment(stack: Stack, api: Api) -> None:
    """What comes between two pages is on neither; once that moment is forgotten it is 410 Gone."""
    for name in ("a", "b"):
        api.call("POST", CONFIG_MAPS, {"metadata": {"name": f"page-{name}"}})
    first = api.get(CONFIG_MAPS, limit=1)
    api.call("POST", CONFIG_MAPS, {"metadata": {"name": "zz-later"}, "data": {"a": "1"}})
    rest = api.get(CONFIG_MAPS, **{"continue": first["metadata"]["continue"]})
    assert first["metadata"]["resourceVersion"] == rest["metadata"]["resourceVersion"]
    assert "zz-later" not in [item["metadata"]["name"] for item in rest["items"]]
    for name in ("zz-later", "page-a", "page-b"):
        api.call("DELETE", f"{CONFIG_MAPS}/{name}")
    stack.invoke(stack.cluster.store.history.forget)
    status, answer = api.call("GET", CONFIG_MAPS, **{"continue": first["metadata"]["continue"]})
    assert (status, answer["reason"]) == (410, "Expired")


def test_the_kubelet_can_be_asked_for_its_pods(stack: Stack, api: Api) -> None:
    """Through the API server; a pod that it has lost sight of is not among them."""
    name = stack.leave_terminating(60, known=False)
    path = "/api/v1/nodes/demo/proxy/pods"
    known = [pod["metadata"]["name"] for pod in api.get(path)["items"]]
    assert "postgres-0" in known
    assert name not in known
    stack.faults.deny("get", "nodes/proxy")
    assert api.call("GET", path)[0] == 403
    stack.faults.clear()
    assert api.call("DELETE", f"{SHOP}/pods/{name}", {"gracePeriodSeconds": 0})[0] == 200
    assert api.call("GET", f"{SHOP}/pods/{name}")[0] == 404


def test_a_stale_update_is_a_conflict(api: Api, note: dict[str, Any]) -> None:
    """Whoever comes with an old resourceVersion has to look again."""
    path = f"{CONFIG_MAPS}/{note['metadata']['name']}"
    assert api.call("PATCH", path, {"data": {"a": "2"}}, MERGE)[0] == 200
    version = note["metadata"]["resourceVersion"]
    status, answer = api.call("PATCH", path, {"metadata": {"resourceVersion": version}, "data": {"a": "3"}}, MERGE)
    assert (status, answer["reason"]) == (409, "Conflict")
    assert "the object has been modified" in answer["message"]
    assert api.get(path)["data"] == {"a": "2"}


def test_a_patch_that_changes_nothing_leaves_the_version(api: Api, note: dict[str, Any]) -> None:
    """No new resourceVersion, and so no event for watchers."""
    path = f"{CONFIG_MAPS}/{note['metadata']['name']}"
    status, answer = api.call("PATCH", path, {"data": {"a": "1"}}, MERGE)
    assert (200, note["metadata"]["resourceVersion"]) == (status, answer["metadata"]["resourceVersion"])


def test_a_taken_name_is_already_exists(api: Api, note: dict[str, Any]) -> None:
    """Creating twice is 409, with a reason that differs from a stale update's."""
    status, answer = api.call("POST", CONFIG_MAPS, {"metadata": {"name": note["metadata"]["name"]}})
    assert (status, answer["reason"]) == (409, "AlreadyExists")


def test_delete_insists_on_its_preconditions(api: Api, note: dict[str, Any]) -> None:
    """A pod that was replaced meanwhile, or changed, is not the one that was judged."""
    path, metadata = f"{CONFIG_MAPS}/{note['metadata']['name']}", note["metadata"]
    for wrong in ({"uid": "another"}, {"uid": metadata["uid"], "resourceVersion": "1"}):
        status, answer = api.call("DELETE", path, {"preconditions": wrong})
        assert (status, answer["reason"]) == (409, "Conflict")
        assert "Precondition failed" in answer["message"]
    right = {"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]}
    status, answer = api.call("DELETE", path, {"preconditions": right})
    assert (status, answer["status"]) == (200, "Success")
    assert api.call("GET", path)[0] == 404


def test_a_finalizer_holds_an_object_until_it_is_taken_off(api: Api, note: dict[str, Any]) -> None:
    """Deleted objects may stay for as long as somebody has not finished with them."""
    path = f"{CONFIG_MAPS}/{note['metadata']['name']}"
    api.call("PATCH", path, {"metadata": {"finalizers": ["demo/hold"]}}, MERGE)
    assert "deletionTimestamp" in api.call("DELETE", path)[1]["metadata"]
    assert api.call("GET", path)[0] == 200
    api.call("PATCH", path, {"metadata": {"finalizers": None}}, MERGE)
    assert api.call("GET", path)[0] == 404


def test_generation_counts_changes_of_the_spec_only(api: Api) -> None:
    """An annotation or a status is not a new generation; a template is."""
    path = f"{APPS}/deployments/nginx"
    before = api.get(path)["metadata"]["generation"]
    patched = api.call("PATCH", path, {"metadata": {"annotations": {"note": "1"}}}, STRATEGIC)[1]
    assert before == patched["metadata"]["generation"]
    patched = api.call("PATCH", f"{path}/status", {"status": {"replicas": 1}}, MERGE)[1]
    assert before == patched["metadata"]["generation"]
    patched = api.call("PATCH", path, {"spec": {"minReadySeconds": 0}}, STRATEGIC)[1]
    assert before + 1 == patched["metadata"]["generation"]


def test_a_strategic_patch_merges_containers_by_name(api: Api) -> None:
    """One variable can be added without repeating the container; a merge patch would replace the list."""
    path = f"{APPS}/deployments/nginx"
    containers = [{"name": "nginx", "env": [{"name": "EXTRA", "value": "1"}]}]
    patch = {"spec": {"paused": True, "template": {"spec": {"containers": containers}}}}
    status, answer = api.call("PATCH", path, patch, STRATEGIC)
    container = answer["spec"]["template"]["spec"]["containers"][0]
    assert (status, container["image"]) == (200, "demo/web")
    assert [variable["name"] for variable in container["env"]] == ["PORT", "UPSTREAM", "EXTRA"]
    removed = [{"name": "nginx", "env": [{"name": "EXTRA", "$patch": "delete"}]}]
    patch = {"spec": {"paused": None, "template": {"spec": {"containers": removed}}}}
    answer = api.call("PATCH", path, patch, STRATEGIC)[1]
    env = answer["spec"]["template"]["spec"]["containers"][0]["env"]
    assert [variable["name"] for variable in env] == ["PORT", "UPSTREAM"]


def test_a_watch_tells_what_changes(api: Api, note: dict[str, Any]) -> None:
    """From a list's version on, every change arrives once; an object that leaves the selector is deleted for it."""
    name = note["metadata"]["name"]
    path = f"{CONFIG_MAPS}/{name}"
    version = api.get(CONFIG_MAPS)["metadata"]["resourceVersion"]
    api.call("PATCH", path, {"data": {"a": "2"}}, MERGE)
    api.call("PATCH", path, {"metadata": {"labels": {"note": None}}}, MERGE)
    core = client.CoreV1Api(api.client)
    events = watch.Watch().stream(
        core.list_namespaced_config_map,
        "shop",
        label_selector="note=yes",
        resource_version=version,
        timeout_seconds=1,
    )
    assert [("MODIFIED", name), ("DELETED", name)] == [(e["type"], e["object"].metadata.name) for e in events]


def test_a_watch_of_what_does_not_change_keeps_up_with_what_does(api: Api) -> None:
    """Well before its end it gets a bookmark however much else is changed, so that its version does not expire."""
    beginning = api.get(CONFIG_MAPS)["metadata"]["resourceVersion"]
    ended = threading.Event()

    def change() -> None:
        while not ended.wait(0.1):
            api.call(
                "PATCH", f"{APPS}/deployments/nginx", {"metadata": {"annotations": {"t": str(time.time())}}}, MERGE
            )

    changing = threading.Thread(target=change)
    changing.start()
    events = watch.Watch().stream(
        client.CoreV1Api(api.client).list_namespaced_config_map,
        "shop",
        resource_version=beginning,
        allow_watch_bookmarks=True,
        timeout_seconds=30,
    )
    began = time.monotonic()
    try:
        bookmark = next(event["raw_object"] for event in events if event["type"] == "BOOKMARK")
        took = time.monotonic() - began
    finally:
        ended.set()
        changing.join()
    assert took < 25
    assert int(bookmark["metadata"]["resourceVersion"]) > int(beginning) + 3


def test_an_old_version_is_expired(stack: Stack, api: Api) -> None:
    """A watcher that slept too long gets 410 and must list again."""
    stack.cluster.store.history.forget()
    with pytest.raises(client.ApiException, match="Expired"):
        list(
            watch.Watch().stream(
                client.CoreV1Api(api.client).list_namespaced_pod, "shop", resource_version="1", timeout_seconds=1
            )
        )


def test_scale_is_a_subresource(api: Api) -> None:
    """Replicas can be read and set without touching the rest."""
    path = f"{APPS}/deployments/nginx/scale"
    assert api.get(path)["spec"]["replicas"] == 1
    assert api.call("PATCH", path, {"spec": {"replicas": 2}}, MERGE)[1]["spec"]["replicas"] == 2
    assert api.get(f"{APPS}/deployments/nginx")["spec"]["replicas"] == 2
    api.call("PATCH", path, {"spec": {"replicas": 1}}, MERGE)


def test_a_port_forward_carries_tcp(api: Api) -> None:
    """The client's port-forward reaches PostgreSQL, which answers a StartupMessage."""
    pod = client.CoreV1Api(api.client).connect_get_namespaced_pod_portforward
    forward = stream.portforward(pod, "postgres-0", "shop", ports="5432")
    with closing(forward.socket(5432)) as connection:
        connection.sendall(b"\x00\x00\x00\x08\x04\xd2\x16\x2f")  # SSLRequest
        assert connection.recv(1) == b"N"


def test_a_port_forward_to_a_closed_port_says_refused(api: Api) -> None:
    """Nobody listens: the connection ends, and the error channel says why."""
    pod = client.CoreV1Api(api.client).connect_get_namespaced_pod_portforward
    forward = stream.portforward(pod, "postgres-0", "shop", ports="5433")
    with closing(forward.socket(5433)) as connection:
        assert connection.recv(1) == b""
    assert "connection refused" in forward.error(5433)


def test_logs_are_the_output_of_the_process(api: Api) -> None:
    """What a container writes can be read, and so can its end."""
    text = api.get(f"{SHOP}/pods/postgres-0/log", tailLines=1000)
    assert "database system is ready to accept connections" in text
    assert len(str(api.get(f"{SHOP}/pods/postgres-0/log", tailLines=1)).splitlines()) == 1
    status, answer = api.call("GET", f"{SHOP}/pods/postgres-0/log", previous="true")
    assert (status, answer["reason"]) == (400, "BadRequest")


def test_readyz_can_be_made_to_fail(stack: Stack, api: Api) -> None:
    """As in the first seconds of a boot."""
    assert api.call("GET", "/readyz") == (200, "ok")
    stack.faults.readyz = 500
    assert api.call("GET", "/readyz")[0] == 500
    stack.faults.readyz = 503
    assert api.call("GET", "/readyz")[0] == 503


def test_unknown_paths_objects_and_verbs_are_refused_as_by_the_real_server(api: Api) -> None:
    """404 for what is not there, 405 for what cannot be done."""
    assert api.call("GET", "/apis/nobody/v1/things") == (404, "404 page not found\n")
    status, answer = api.call("GET", f"{APPS}/deployments/none")
    assert (status, answer["message"]) == (404, 'deployments.apps "none" not found')
    assert api.call("POST", f"{APPS}/deployments/nginx", {})[0] == 405


def test_every_request_is_recorded(stack: Stack, api: Api) -> None:
    """Tests of bootheal ask what was sent: method, path, query, body and answer, and whether it was a write."""
    stack.requests.clear()
    api.get(f"{SHOP}/pods", labelSelector="app=django")
    api.call("PATCH", f"{APPS}/deployments/none", {"spec": {}}, MERGE)
    read, write = stack.requests
    assert (read.method, read.query, read.status, read.writes) == ("GET", {"labelSelector": "app=django"}, 200, False)
    assert (write.method, write.body, write.status, write.writes) == ("PATCH", {"spec": {}}, 404, True)


def test_the_kubeconfig_is_private(stack: Stack) -> None:
    """It holds a token."""
    modes = [path.stat().st_mode & 0o777 for path in (stack.kubeconfig, stack.certified_kubeconfig)]
    assert modes == [0o600, 0o600]


def test_the_node_has_the_boot_id_of_the_machine(stack: Stack, api: Api) -> None:
    """How bootheal on k3s knows that the node's status is of this boot."""
    info = api.get("/api/v1/nodes/demo")["status"]["nodeInfo"]
    assert stack.boot_id_file.read_text().strip() == info["bootID"]
