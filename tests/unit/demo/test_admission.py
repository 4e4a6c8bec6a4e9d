"""The double refuses to create pods as the real API server does, and its controllers tell of it in the same words."""

from typing import Any

import pytest

from bootheal.demo.control.deployments import reconcile_deployment, reconcile_replica_set
from bootheal.demo.control.statefulsets import reconcile_daemon_set, reconcile_stateful_set
from bootheal.demo.objects.admission import admit
from bootheal.demo.objects.answers import ApiError
from bootheal.demo.objects.defaults import add_defaults
from bootheal.demo.objects.kinds import (
    DAEMON_SET,
    DEPLOYMENT,
    EVENT,
    NAMESPACE,
    NODE,
    POD,
    QUOTA,
    REPLICA_SET,
    SECRET,
    SERVICE,
    SLICE,
    STATEFUL_SET,
    WEBHOOKS,
    Kind,
    Object,
)
from bootheal.demo.objects.store import Store

POD_SPEC: Object = {"containers": [{"name": "main", "image": "demo/sleep"}]}
QUOTED = "is forbidden: exceeded quota: small, requested: pods=1, used: pods=0, limited: pods=0"
ENDS = "unable to create new content in namespace shop because it is being terminated"
CALL = 'Internal error occurred: failed calling webhook "check.example.org": failed to call webhook: '
UNANSWERED = f'{CALL}Post "https://hook.guard.svc:443/check?timeout=10s": no endpoints available for service "hook"'


def a_store() -> Store:
    def admitted(kind: Kind, item: Object) -> None:
        add_defaults(kind, item)
        admit(store, kind, item)

    store = Store(admitted, seed=7)
    store.create(NODE, {"metadata": {"name": "box"}})
    for name in ("shop", "guard"):
        store.create(NAMESPACE, {"metadata": {"name": name}})
    return store


def meta(name: str, namespace: str = "shop", **more: Any) -> Object:
    return {"name": name, "namespace": namespace} | more


def limit(store: Store, pods: int) -> None:
    store.create(QUOTA, {"metadata": meta("small"), "spec": {"hard": {"pods": str(pods)}}})


def end_namespace(store: Store) -> None:
    store.edit(NAMESPACE, "", "shop", lambda new: new.update(status={"phase": "Terminating"}))


def guard(store: Store, **fields: Any) -> None:
    """Have a webhook whose Service leads nowhere."""
    rule = {"apiGroups": [""], "resources": ["pods"], "operations": ["CREATE"]}
    service = {"namespace": "guard", "name": "hook", "path": "/check"}
    webhook = {"name": "check.example.org", "clientConfig": {"service": service}, "rules": [rule]} | fields
    store.create(SERVICE, {"metadata": meta("hook", "guard"), "spec": {"ports": [{"port": 443}]}})
    store.create(WEBHOOKS[0], {"metadata": {"name": "guard"}, "webhooks": [webhook]})


REFUSALS = {
    "quota": (lambda store: limit(store, 0), QUOTED),
    "namespace": (end_namespace, ENDS),
    "webhook": (guard, UNANSWERED),
}


def a_pod(store: Store) -> Object:
    return store.create(POD, {"metadata": meta("web"), "spec": POD_SPEC})


@pytest.mark.parametrize(("refuse", "why"), REFUSALS.values(), ids=REFUSALS.keys())
def test_a_pod_is_refused_in_the_servers_words(refuse: Any, why: str) -> None:
    """403 by quota and namespace, 500 where a webhook that must be asked does not answer."""
    store = a_store()
    refuse(store)
    with pytest.raises(ApiError) as refused:
        a_pod(store)
    assert why in refused.value.message
    assert refused.value.code == (500 if why == UNANSWERED else 403)


def test_what_does_not_stand_in_the_way_refuses_nothing() -> None:
    """Quota that is left, pods that are over, a webhook that may be ignored, answers, or is about something else."""
    store = a_store()
    limit(store, 1)
    store.create(POD, {"metadata": meta("over"), "spec": POD_SPEC, "status": {"phase": "Failed"}})
    guard(store, failurePolicy="Ignore")
    assert a_pod(store)
    other = a_store()
    guard(other, rules=[{"apiGroups": ["apps"], "resources": ["deployments"], "operations": ["CREATE"]}])
    assert a_pod(other)
    answering = a_store()
    guard(answering)
    labels = {"kubernetes.io/service-name": "hook"}
    answering.create(
        SLICE, {"metadata": meta("hook-1", "guard", labels=labels), "endpoints": [{"addresses": ["10.42.0.3"]}]}
    )
    assert a_pod(answering)


def test_a_namespace_that_goes_away_takes_nothing_new() -> None:
    """No Secret either; others do."""
    store = a_store()
    end_namespace(store)
    with pytest.raises(ApiError, match='secrets "x" is forbidden'):
        store.create(SECRET, {"metadata": meta("x")})
    assert store.create(SECRET, {"metadata": meta("x", "guard")})


def workload(store: Store, kind: Kind) -> Object:
    template = {"metadata": {"labels": {"app": "web"}}, "spec": POD_SPEC}
    spec = {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": template}
    return store.create(kind, {"metadata": meta("web"), "spec": spec})


@pytest.mark.parametrize(("refuse", "why"), REFUSALS.values(), ids=REFUSALS.keys())
def test_a_deployment_tells_why_its_pods_are_refused_until_they_are_not(refuse: Any, why: str) -> None:
    """By the condition ReplicaFailure, which its ReplicaSet has from the API server; it tries again."""
    store = a_store()
    workload(store, DEPLOYMENT)
    refuse(store)
    try:
        reconcile_deployment(store, store.get(DEPLOYMENT, "shop", "web"))
    except ApiError:
        assert why == ENDS  # no ReplicaSet either
        return
    (replicas,) = store.all(REPLICA_SET)
    assert reconcile_replica_set(store, replicas)
    reconcile_deployment(store, store.get(DEPLOYMENT, "shop", "web"))
    conditions = {c["type"]: c for c in store.get(DEPLOYMENT, "shop", "web")["status"]["conditions"]}
    failure = conditions["ReplicaFailure"]
    assert (failure["status"], failure["reason"]) == ("True", "FailedCreate")
    assert why in failure["message"]
    for kind in (QUOTA, *WEBHOOKS):
        for item in store.all(kind):
            store.remove(kind, item["metadata"].get("namespace", ""), item["metadata"]["name"])
    reconcile_replica_set(store, store.all(REPLICA_SET)[0])
    reconcile_deployment(store, store.get(DEPLOYMENT, "shop", "web"))
    assert "ReplicaFailure" not in [c["type"] for c in store.get(DEPLOYMENT, "shop", "web")["status"]["conditions"]]
    assert len(store.all(POD)) == 2


@pytest.mark.parametrize(
    ("kind", "reconcile", "said"),
    [
        (STATEFUL_SET, reconcile_stateful_set, "create Pod web-0 in StatefulSet web failed error: pods"),
        (DAEMON_SET, reconcile_daemon_set, "Error creating: pods"),
    ],
)
def test_other_controllers_tell_it_by_an_event(kind: Kind, reconcile: Any, said: str) -> None:
    """FailedCreate, a warning; and they try again."""
    store = a_store()
    workload(store, kind)
    limit(store, 0)
    assert reconcile(store, store.get(kind, "shop", "web"))
    (event,) = [item for item in store.all(EVENT, "shop") if item["reason"] == "FailedCreate"]
    assert event["type"] == "Warning"
    assert event["message"].startswith(said)
    assert QUOTED in event["message"]
