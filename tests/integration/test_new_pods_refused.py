"""While new pods are refused nothing is taken down, and the reason is told: on the stack, which refuses them itself."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from bootheal.demo.stack import Stack
from support.command import actions, heal, outcome
from support.double import APPS, MERGE, SHOP, Api, running

THING = "deployment/shop/thing"
HOOKS = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
NAMESPACE = "/api/v1/namespaces/shop"
QUOTA = {"hard": {"pods": "1"}, "used": {"pods": "1"}}
WEBHOOK = {
    "name": "mutate.policy.example",
    "clientConfig": {"service": {"namespace": "policy", "name": "policy"}},
    "failurePolicy": "Fail",
    "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}],
    "admissionReviewVersions": ["v1"],
    "sideEffects": "None",
}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack with a Deployment that serves."""
    with running(tmp_path_factory.mktemp("stack")) as stack:
        api = Api(stack.kubeconfig)
        container = {"name": "main", "image": "demo/sleep"}
        template = {"metadata": {"labels": {"app": "thing"}}, "spec": {"containers": [container]}}
        spec = {"selector": {"matchLabels": {"app": "thing"}}, "template": template}
        status, answer = api.call("POST", f"{APPS}/deployments", {"metadata": {"name": "thing"}, "spec": spec})
        assert status == 201, answer
        stack.wait_until("its pod", lambda: ready(api) == 1)
        time.sleep(1 - time.time() % 1)  # in the second that it was made in nothing is restarted
        yield stack


@pytest.fixture
def api(stack: Stack) -> Api:
    return Api(stack.kubeconfig)


def ready(api: Api) -> int:
    return int(api.get(f"{APPS}/deployments/thing").get("status", {}).get("readyReplicas", 0))


def uids(api: Api) -> set[str]:
    return {pod["metadata"]["uid"] for pod in api.get(f"{SHOP}/pods")["items"]}


@contextmanager
def webhook(api: Api) -> Iterator[None]:
    status, answer = api.call("POST", HOOKS, {"metadata": {"name": "policy"}, "webhooks": [WEBHOOK]})
    assert status == 201, answer
    try:
        yield
    finally:
        api.call("DELETE", f"{HOOKS}/policy")


@contextmanager
def quota(api: Api) -> Iterator[None]:
    path = f"{SHOP}/resourcequotas"
    made = {"metadata": {"name": "few"}, "spec": {"hard": QUOTA["hard"]}}
    assert api.call("POST", path, made)[0] == 201
    status, answer = api.call("PATCH", f"{path}/few/status", {"status": QUOTA}, MERGE)
    assert status == 200, answer
    try:
        yield
    finally:
        api.call("DELETE", f"{path}/few")


@contextmanager
def terminating(api: Api) -> Iterator[None]:
    assert api.call("PATCH", f"{NAMESPACE}/status", {"status": {"phase": "Terminating"}}, MERGE)[0] == 200
    try:
        yield
    finally:
        api.call("PATCH", f"{NAMESPACE}/status", {"status": {"phase": "Active"}}, MERGE)


REFUSALS = {
    "webhook": (webhook, "webhook mutate.policy.example of MutatingWebhookConfiguration policy refuses new pods"),
    "quota": (quota, "resourcequota/shop/few is used up (pods) and takes no new pods"),
    "namespace": (terminating, "namespace shop is being deleted and takes no new pods"),
}


@pytest.mark.parametrize(
    ("refusal", "strategy"), [("webhook", "delete-pods"), ("quota", "rollout"), ("namespace", "scale")]
)
def test_nothing_is_taken_down_while_new_pods_are_refused(
    refusal: str, strategy: str, stack: Stack, api: Api, tmp_path: Path
) -> None:
    """Whichever way it would be restarted: every pod stays, no template changes, and the report says who refuses."""
    refuse, why = REFUSALS[refusal]
    before, made = uids(api), api.get(f"{APPS}/deployments/thing")["metadata"]["generation"]
    with refuse(api):
        report = heal(configuration(stack, tmp_path, strategy), expect=1)
    told = outcome(report, THING)["why"]
    assert why in told
    assert told.startswith("not deleted yet: " if strategy == "delete-pods" else "not restarted yet: ")
    assert actions(report) == []
    assert uids(api) == before
    assert api.get(f"{APPS}/deployments/thing")["metadata"]["generation"] == made


def test_it_is_restarted_once_that_is_over(stack: Stack, tmp_path: Path) -> None:
    """What was refused was only put off."""
    report = heal(configuration(stack, tmp_path, "delete-pods", patience=30))
    assert [done.split("/")[0] for done in actions(report)] == ["delete pod"]
    assert "refuses" not in json.dumps(report)


def configuration(stack: Stack, directory: Path, strategy: str, patience: float = 1) -> Path:
    """Write a configuration of the Deployment alone, with a memory of its own."""
    settings: dict[str, Any] = {"soak": 0, "restart": "always", "strategy": strategy, "patience": patience}
    path = directory / "bootheal.yaml"
    content = {
        "cluster": yaml.safe_load(stack.config.read_text())["cluster"],
        "state_directory": str(directory / "state"),
        "deadline": 60,
        "workloads": {THING: settings},
    }
    path.write_text(yaml.safe_dump(content))
    return path
