"""What may keep new pods out of a namespace, as the API has it."""

from typing import Any

import pytest

from bootheal.adapters.kube import admission, webhooks
from bootheal.errors import DeniedError, MissingError
from bootheal.model import Requirement

RULE = {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}
NAMESPACE = {"metadata": {"name": "shop", "labels": {"tier": "front"}}, "status": {"phase": "Active"}}


class Served:
    """An API server of a few GETs, by the ends of their paths."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = answers

    def __call__(self, path: str, _query: object = (), *, about: str) -> Any:
        for end, answer in self.answers.items():
            if path.endswith(end):
                if isinstance(answer, Exception):
                    raise answer
                return answer
        raise MissingError(f"cannot find {about}")


def a_webhook(rule: dict[str, Any], **selectors: Any) -> dict[str, Any]:
    service = {"service": {"namespace": "policy", "name": "hook"}}
    hook = {"name": "check.example.org", "clientConfig": service, "rules": [rule]} | selectors
    return {"items": [{"metadata": {"name": "policy"}, "webhooks": [hook]}]}


def asked(hook: dict[str, Any], namespace: Any = NAMESPACE) -> bool:
    """Tell whether the webhook, which nobody answers for, keeps pods out of namespace shop."""
    served = Served({"validatingwebhookconfigurations": hook, "/endpointslices": {}, "/namespaces/shop": namespace})
    return bool(admission.admission(admission.limits(served, "shop"), webhooks.read(served).unreachable).webhooks)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (RULE, True),
        (RULE | {"operations": ["*"]}, True),
        (RULE | {"operations": ["UPDATE", "DELETE"]}, False),
        (RULE | {"resources": ["*"]}, True),
        (RULE | {"resources": ["*/*"]}, True),
        (RULE | {"resources": ["deployments"]}, False),
        (RULE | {"apiGroups": ["*"], "apiVersions": ["*"]}, True),
        (RULE | {"apiGroups": ["apps"], "resources": ["*"]}, False),
    ],
)
def test_a_webhook_keeps_pods_out_that_it_is_asked_about(rule: dict[str, Any], expected: bool) -> None:
    """By its rules, in which * stands for all."""
    assert asked(a_webhook(rule)) is expected


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ({}, True),
        ({"matchLabels": {"tier": "front"}}, True),
        ({"matchLabels": {"tier": "back"}}, False),
        (
            {"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["shop"]}]},
            False,
        ),
        ({"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["shop"]}]}, True),
        ({"matchExpressions": [{"key": "tier", "operator": "Exists"}]}, True),
        ({"matchExpressions": [{"key": "policy", "operator": "Exists"}]}, False),
        ({"matchExpressions": [{"key": "policy", "operator": "DoesNotExist"}]}, True),
        ({"matchExpressions": [{"key": "policy", "operator": "NotIn", "values": ["off"]}]}, True),
    ],
)
def test_a_webhook_of_other_namespaces_keeps_nobody_out(selector: dict[str, Any], expected: bool) -> None:
    """By the namespace's labels, of which its name is one."""
    assert asked(a_webhook(RULE, namespaceSelector=selector)) is expected


def test_labels_that_we_may_not_read_may_be_those_that_a_webhook_wants() -> None:
    """Its name alone is known then: what it excludes by name it excludes."""
    denied = DeniedError("cannot get namespace/shop: 403", status=403)
    assert asked(a_webhook(RULE, namespaceSelector={"matchLabels": {"tier": "back"}}), denied)
    by_name = {"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["shop"]}]}
    assert not asked(a_webhook(RULE, namespaceSelector=by_name), denied)


@pytest.mark.parametrize(
    ("status", "used_up"),
    [
        ({"hard": {"pods": "3"}, "used": {"pods": "3"}}, ("pods",)),
        ({"hard": {"pods": "3"}, "used": {"pods": "2"}}, ()),
        ({"hard": {"pods": "3"}, "used": {"pods": "4"}}, ("pods",)),
        ({"hard": {"pods": "0"}, "used": {"pods": "0"}}, ("pods",)),
        ({"hard": {"limits.memory": "2Gi"}, "used": {"limits.memory": "2048Mi"}}, ("limits.memory",)),
        ({"hard": {"limits.memory": "2G"}, "used": {"limits.memory": "1Gi"}}, ()),
        ({"hard": {"requests.cpu": "1"}, "used": {"requests.cpu": "1000m"}}, ("requests.cpu",)),
        ({"hard": {"requests.cpu": "1500m"}, "used": {"requests.cpu": "1"}}, ()),
        ({"hard": {"requests.storage": "1Gi"}, "used": {"requests.storage": "1Gi"}}, ()),
        ({"hard": {"services": "1", "secrets": "9"}, "used": {"services": "1", "secrets": "9"}}, ()),
        ({"hard": {"count/pods": "1"}, "used": {"count/pods": "1"}}, ("count/pods",)),
        ({"hard": {"pods": "1"}, "used": {}}, ()),
        ({"hard": {"pods": "many"}, "used": {"pods": "1"}}, ()),
        ({}, ()),
    ],
)
def test_a_quota_is_used_up_where_nothing_is_left_of_what_pods_need(
    status: dict[str, Any], used_up: tuple[str, ...]
) -> None:
    """In whatever units; what is of no pod's concern, or has not been counted, keeps none out."""
    found = admission.quota({"metadata": {"name": "mem", "namespace": "shop"}, "status": status})
    assert found.used_up == used_up


def test_a_namespace_that_goes_away_takes_no_new_pod() -> None:
    """Its phase says so, or that it has a time of its end."""
    for going in ({"status": {"phase": "Terminating"}}, {"metadata": {"deletionTimestamp": "2026-11-29T10:00:00Z"}}):
        assert admission.limits(Served({"/namespaces/shop": going}), "shop").going_away
    assert not admission.limits(Served({"/namespaces/shop": NAMESPACE}), "shop").going_away


@pytest.mark.parametrize(
    ("operator", "values", "met"),
    [
        ("In", ("a",), True),
        ("In", ("b",), False),
        ("NotIn", ("a",), False),
        ("Exists", (), True),
        ("DoesNotExist", (), False),
    ],
)
def test_a_requirement_is_met_as_kubernetes_says(operator: str, values: tuple[str, ...], met: bool) -> None:
    """What is not there is NotIn, and in nothing."""
    assert Requirement("k", operator, values).met({"k": "a"}) is met
    assert Requirement("k", operator, values).met({}) is (operator in ("NotIn", "DoesNotExist"))
