"""Restarts on the stack: each way, on each kind of workload; shapes that would deadlock; killed in the middle."""

import json
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bootheal.demo.stack import Stack
from support.command import actions, bootheal, heal, interrupt_at, outcome
from support.double import APPS, MERGE, SHOP, STRATEGIC, Api, running

Make = Callable[..., None]
Config = Callable[..., Path]
THING = "deployment/shop/thing"
# Which of the two is said depends on who is quicker, the pods or their controller.
AT_ZERO = r"waits .*(have yet to end|its controller still counts)"
KINDS = {"deployment": "deployments", "statefulset": "statefulsets", "daemonset": "daemonsets"}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running(tmp_path_factory.mktemp("stack")) as stack:
        yield stack


@pytest.fixture
def api(stack: Stack) -> Api:
    return Api(stack.kubeconfig)


@pytest.fixture
def make(api: Api, stack: Stack) -> Iterator[Make]:
    """Make a workload of sleeping pods called `thing`, wait until it is rolled out; it goes afterwards."""
    made: list[str] = []

    def create(
        kind: str = "deployment",
        name: str = "thing",
        *,
        wait: bool = True,
        pod: Any = None,
        metadata: Any = None,
        **spec: Any,
    ) -> None:
        container = {"name": "main", "image": "demo/sleep"} | spec.pop("container", {})
        template = {
            "metadata": {"labels": {"app": name, "made": "here"}},
            "spec": {"containers": [container], "terminationGracePeriodSeconds": 1} | (pod or {}),
        }
        manifest = {
            "metadata": {"name": name} | (metadata or {}),
            "spec": {"selector": {"matchLabels": {"app": name}}, "template": template} | spec,
        }
        path = f"{APPS}/{KINDS[kind]}"
        status, answer = api.call("POST", path, manifest)
        assert status == 201, answer
        made.append(f"{path}/{name}")
        if wait:
            wanted = 1 if kind == "daemonset" else spec.get("replicas", 1)
            stack.wait_until("its pods", lambda: sum(map(is_ready, pods(api, f"app={name}"))) == wanted)
            time.sleep(1 - time.time() % 1)  # in the second that they were made in nothing is restarted

    yield create
    for path in made:
        api.call("DELETE", path)
    stack.wait_until("its pods to go", lambda: not pods(api))


def pods(api: Api, labels: str = "made=here") -> list[Any]:
    found: list[Any] = api.get(f"{SHOP}/pods", labelSelector=labels)["items"]
    return found


def is_ready(pod: Any) -> bool:
    return any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", []))


def uids(api: Api) -> set[str]:
    return {pod["metadata"]["uid"] for pod in pods(api)}


def wait_until_gone(api: Api, before: set[str]) -> None:
    deadline = time.monotonic() + 90
    while uids(api) & before:
        assert time.monotonic() < deadline, "the old pods have not gone"
        time.sleep(0.05)


@pytest.fixture
def config(stack: Stack, tmp_path: Path) -> Config:
    """Write a configuration of these workloads alone, all with the same settings, and with a memory of its own."""

    def write(*names: str, **settings: Any) -> Path:
        path = tmp_path / "bootheal.yaml"
        cluster = yaml.safe_load(stack.config.read_text())["cluster"]
        workloads = {name: {"soak": 0} | settings for name in names or (THING,)}
        content = {"cluster": cluster, "state_directory": str(tmp_path / "state"), "deadline": 90}
        path.write_text(yaml.safe_dump(content | {"workloads": workloads}))
        return path

    return write


WAYS = {
    "rollout": (["deployment", "statefulset", "daemonset"], "roll out {}/shop/{} (restart: always)"),
    "scale": (["deployment", "statefulset"], "scale {}/shop/{} to zero, to go back to 2 (restart: always)"),
    "delete-pods": (["deployment", "statefulset", "daemonset"], "delete pod/shop/{1}-"),
}


@pytest.mark.parametrize("strategy", WAYS)
def test_each_way_restarts_each_kind_once(strategy: str, api: Api, make: Make, config: Config) -> None:
    """Every pod is another one afterwards, there are as many, and a second run in the same boot changes nothing."""
    kinds, sentence = WAYS[strategy]
    for kind in kinds:
        make(kind, kind, **({} if kind == "daemonset" else {"replicas": 2}))
    before, path = uids(api), config(*(f"{kind}/shop/{kind}" for kind in kinds), restart="always", strategy=strategy)
    done = actions(heal(path))
    for kind in kinds:
        assert any(each.startswith(sentence.format(kind, kind)) for each in done)
    wait_until_gone(api, before)
    assert len(pods(api)) == len(before)
    found = [api.get(f"{APPS}/{KINDS[kind]}/{kind}") for kind in kinds]
    assert [item["spec"].get("replicas") for item in found] == [2, 2, None][: len(kinds)]
    assert not any("bootheal/scaled-from" in item["metadata"].get("annotations", {}) for item in found)
    after = uids(api)
    assert actions(heal(path)) == []
    assert uids(api) == after


def test_our_writes_are_made_under_our_own_name(make: Make, config: Config, stack: Stack) -> None:
    """Flux strips the fields of managers called kubectl…, and no others."""
    make()
    stack.requests.clear()
    heal(config(restart="always", strategy="rollout"))
    patches = [request.query for request in stack.requests if request.method == "PATCH"]
    assert patches == [{"fieldManager": "bootheal"}]


@pytest.mark.parametrize(
    ("moment", "memory"),
    [
        (r"does .*to zero", True),
        (AT_ZERO, False),
        (r"does .*back to 2", True),
    ],
)
def test_a_run_killed_while_it_scales_leaves_nothing_at_zero(
    moment: str, memory: bool, api: Api, make: Make, config: Config
) -> None:
    """kill -9 at each step: the next run goes back to two replicas, even if all it knows is in the object."""
    make(replicas=2, pod={"terminationGracePeriodSeconds": 2})
    before, path = uids(api), config(restart="always", strategy="scale")
    interrupt_at(path, moment)
    if not memory:
        (path.parent / "state/state.json").unlink()
    report = heal(path)
    assert outcome(report, THING)["ending"] == "settled"
    assert len(pods(api)) == 2
    assert not uids(api) & before
    assert api.get(f"{APPS}/deployments/thing")["spec"]["replicas"] == 2
    assert actions(heal(path)) == []


@pytest.mark.parametrize("moment", [r"does .*to zero", AT_ZERO])
def test_a_run_that_is_stopped_while_it_scales_gives_the_replicas_back(
    moment: str, api: Api, make: Make, config: Config
) -> None:
    """SIGTERM: it waits for the old pods to end, and leaves nothing at zero for somebody else to find."""
    make(replicas=2, pod={"terminationGracePeriodSeconds": 2})
    before = uids(api)
    said = interrupt_at(config(restart="always", strategy="scale"), moment, signal.SIGTERM)
    assert api.get(f"{APPS}/deployments/thing")["spec"]["replicas"] == 2, said
    assert not uids(api) & before
    assert "interrupted before the end" in said


def test_what_was_left_at_zero_is_given_back_though_what_it_comes_after_fails(
    api: Api, make: Make, config: Config, stack: Stack
) -> None:
    """Its own step is not tried, its replicas are given back all the same."""
    make(replicas=2)
    annotations = {"bootheal/scaled-from": "2"}
    zero = {"metadata": {"annotations": annotations}, "spec": {"replicas": 0}}
    api.call("PATCH", f"{APPS}/deployments/thing", zero, MERGE)
    path = config(strategy="scale", after=["deployment/shop/none"])
    content = yaml.safe_load(path.read_text())
    content["workloads"]["deployment/shop/none"] = {}
    path.write_text(yaml.safe_dump(content))
    report = heal(path, expect=1)
    assert outcome(report, THING)["ending"] == "skipped"
    stack.wait_until("two pods", lambda: len(pods(api)) == 2 and all(map(is_ready, pods(api))))


def lone_volume(api: Api, mode: str) -> dict[str, Any]:
    """Make a volume with that access mode; return what a pod says to use it."""
    name = f"data-{mode.lower()}"
    spec = {"accessModes": [mode], "resources": {"requests": {"storage": "1Gi"}}}
    api.call("POST", f"{SHOP}/persistentvolumeclaims", {"metadata": {"name": name}, "spec": spec})
    return {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": name}}]}


def test_what_a_rollout_would_deadlock_is_restarted_by_deleting_its_pods(api: Api, make: Make, config: Config) -> None:
    """The shape is seen before the write, and said; the template is not touched."""
    make(name="port", container={"ports": [{"containerPort": 7777, "hostPort": 7777}]})
    make(name="lone", pod=lone_volume(api, "ReadWriteOncePod"))
    make(name="lock", pod=lone_volume(api, "ReadWriteOnce"))
    names = [f"deployment/shop/{name}" for name in ("port", "lone", "lock")]
    before = uids(api)
    report = heal(config(*names, restart="always"))
    for name, why in zip(names, ("host port", "ReadWriteOncePod", "a lock"), strict=True):
        (done,) = outcome(report, name)["actions"]
        assert done["sentence"].startswith(f"delete pod/shop/{name.rpartition('/')[2]}-")
        assert "restart: always; no rollout: a new pod " in done["sentence"]
        assert why in done["sentence"]
        assert api.get(f"{APPS}/deployments/{name.rpartition('/')[2]}")["metadata"]["generation"] == 1
    wait_until_gone(api, before)


def test_a_declared_rollout_that_would_deadlock_is_refused(api: Api, make: Make, config: Config, stack: Stack) -> None:
    """With the strategy that would do it; and it is true that the rollout would never have ended."""
    make(pod=lone_volume(api, "ReadWriteOncePod"))
    report = heal(config(restart="always", strategy="rollout"), expect=1)
    found = outcome(report, THING)
    assert "a rollout would not end" in found["why"]
    assert "strategy: delete-pods" in found["hint"]
    assert actions(report) == []
    template = {"metadata": {"annotations": {"by": "hand"}}}
    api.call("PATCH", f"{APPS}/deployments/thing", {"spec": {"template": template}}, STRATEGIC)
    stack.wait_until("a new pod without a node", lambda: len(pods(api)) == 2)
    time.sleep(1.5)
    assert sorted(map(is_ready, pods(api))) == [False, True]


def test_a_stateful_set_with_a_pod_that_is_not_ready_is_not_rolled_out(api: Api, make: Make, config: Config) -> None:
    """Its controller would replace nothing; its pods are deleted instead."""
    unready = {"readinessProbe": {"tcpSocket": {"port": 1}, "periodSeconds": 1}}
    make("statefulset", wait=False, container=unready)
    api.call(
        "PATCH", f"{APPS}/statefulsets/thing", {"spec": {"template": {"metadata": {"annotations": {"a": "b"}}}}}, MERGE
    )
    report = heal(config("statefulset/shop/thing", restart="always", patience=3), expect=1)
    assert actions(report)[0].startswith(
        "delete pod/shop/thing-0 (restart: always; no rollout: its controller replaces no"
    )


def test_the_restart_survives_whoever_manages_it(make: Make, config: Config) -> None:
    """An annotation for Flux and Helm; no change of the template for Argo CD, whose name is told."""
    make(name="flux", metadata={"labels": {"kustomize.toolkit.fluxcd.io/name": "apps"}})
    make(name="helm", metadata={"annotations": {"meta.helm.sh/release-name": "shop"}})
    make(name="argo", metadata={"annotations": {"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:shop/argo"}})
    report = heal(config(*(f"deployment/shop/{name}" for name in ("flux", "helm", "argo")), restart="always"))
    for name in ("flux", "helm"):
        (done,) = outcome(report, f"deployment/shop/{name}")["actions"]
        assert done["sentence"] == f"roll out deployment/shop/{name} (restart: always)"
    (done,) = outcome(report, "deployment/shop/argo")["actions"]
    assert done["sentence"].startswith("delete pod/shop/argo-")
    assert "no rollout: Argo CD may undo a change of the template" in done["sentence"]


def test_what_serves_is_not_restarted_while_its_image_cannot_be_pulled(
    stack: Stack, make: Make, config: Config
) -> None:
    """Another pod can't get its image from the same registry: a new pod of this one might never start."""
    make(container={"imagePullPolicy": "Always"})
    stack.faults.unavailable_images = frozenset({"demo/sleep"})
    make(name="other", wait=False, container={"imagePullPolicy": "Always"})
    stack.wait_until("a pull to fail", lambda: "ImagePull" in stack.summary())
    report = heal(config(restart="always", patience=1), expect=1)
    stack.faults.unavailable_images = frozenset()
    assert outcome(report, THING)["why"].startswith(
        "not restarted yet: its image is always pulled, and pod/shop/other-"
    )
    assert actions(report) == []


def test_a_front_door_that_does_not_answer_is_not_healthy(stack: Stack, make: Make, config: Config) -> None:
    """Whatever the pods say; and with the same door open it is."""
    make()
    service = stack.find("services", "nginx")
    assert service is not None
    address, port = service["spec"]["clusterIP"], service["spec"]["ports"][0]["port"]
    url = f"http://shop.local:{port}/health"
    heal(config(probe={"url": url, "address": address}))
    report = heal(config(probe={"url": url, "address": "127.0.0.1"}, patience=1), expect=1)
    assert f"GET {url}: connection refused" in outcome(report, THING)["why"]


def test_a_budget_that_allows_nothing_protects_what_serves(api: Api, make: Make, config: Config) -> None:
    """Its pods are not deleted, and the budget is named."""
    make()
    budget = {
        "metadata": {"name": "thing"},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "thing"}}},
        "status": {"disruptionsAllowed": 0},
    }
    path = "/apis/policy/v1/namespaces/shop/poddisruptionbudgets"
    assert api.call("POST", path, budget)[0] == 201
    report = heal(config(restart="always", strategy="delete-pods", patience=1), expect=1)
    api.call("DELETE", f"{path}/thing")
    found = outcome(report, THING)
    assert found["why"].startswith("not restarted yet: poddisruptionbudget/shop/thing allows no disruption")
    assert actions(report) == []


def test_what_lacks_a_secret_says_which(make: Make, config: Config) -> None:
    """The kubelet's words for it; nothing is restarted."""
    reference = {"secretKeyRef": {"name": "api-token", "key": "token"}}
    make(wait=False, container={"env": [{"name": "TOKEN", "valueFrom": reference}]})
    report = heal(config(patience=2), expect=1)
    assert 'CreateContainerConfigError: secret "api-token" not found' in outcome(report, THING)["why"]
    assert actions(report) == []


def test_a_crash_loop_that_no_restart_cures_is_given_up_with_its_last_words(
    make: Make, config: Config, stack: Stack, tmp_path: Path
) -> None:
    """Deleted once, rolled out once; then the report has the line that matters, the hint the command for more.

    Who may read everything sees that line in `status`; in the files that everybody may read it does not stand.
    """
    environment = {"POD_IP": "127.0.0.1", "PORT": "1", "DATABASE_HOST": "127.0.0.1", "DATABASE_PORT": "1"}
    environment |= {"DATABASE_NAME": "x", "DATABASE_USER": "x", "DATABASE_PASSWORD": "x"}
    variables = [{"name": name, "value": value} for name, value in environment.items()]
    make(wait=False, container={"image": "demo/web", "env": variables})
    stack.wait_until("a crash loop", lambda: "thing" in stack.summary() and "CrashLoopBackOff" in stack.summary())
    report = heal(config(soak=None), expect=1)
    done = actions(report)
    assert [sentence.split("/")[0] for sentence in done] == ["delete pod", "roll out deployment"]
    found = outcome(report, THING)
    assert "although it was restarted" in found["why"]
    assert "django.db.utils.OperationalError: connection failed" in found["why"]
    assert found["hint"].startswith("kubectl -n shop logs --previous thing-")
    state = tmp_path / "state"
    assert "OperationalError" not in (state / "state.json").read_text() + (state / "history.json").read_text()
    assert "OperationalError" in bootheal("status", "--config", tmp_path / "bootheal.yaml", expect=1).stdout


def test_a_plan_shows_how_it_would_be_restarted(make: Make, config: Config) -> None:
    """Before anything is written."""
    make(container={"ports": [{"containerPort": 7779, "hostPort": 7779}]})
    text = json.dumps(json.loads(bootheal("plan", "--json", "--config", config(restart="always")).stdout))
    assert "no rollout: a new pod would wait for the host port" in text
