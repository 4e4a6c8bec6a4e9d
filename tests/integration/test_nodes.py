"""Three nodes, of which one reboots and one does not come back: nothing is done to what lives on the others."""

import copy
from datetime import UTC, datetime, timedelta

from bootheal.demo.objects.kinds import DEPLOYMENT, LEASE, NODE, POD, Object
from bootheal.demo.stack import BootScript, Stack
from support.command import heal, outcome

LONG_AGO = (datetime.now(UTC) - timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%SZ")


def join(stack: Stack, name: str, address: str, *, ready: bool) -> None:
    """Let another machine have joined: it is in a boot of its own, or was until a month ago."""
    store = stack.cluster.store
    node = copy.deepcopy(store.get(NODE, "", "demo"))
    node["metadata"] = {"name": name, "labels": {"kubernetes.io/hostname": name}}
    node["status"]["nodeInfo"]["bootID"] = f"boot-of-{name}"
    node["status"]["addresses"] = [{"type": "InternalIP", "address": address}]
    if not ready:
        for condition in node["status"]["conditions"]:
            condition.update({"status": "Unknown", "reason": "NodeStatusUnknown"})
    store.create(NODE, node)
    spec = {"holderIdentity": name, "leaseDurationSeconds": 40, "renewTime": LONG_AGO.replace("Z", ".000000Z")}
    store.create(LEASE, {"metadata": {"name": name, "namespace": "kube-node-lease"}, "spec": spec})


def renew(stack: Stack, name: str) -> None:
    """Let a machine show that it lives."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    stack.cluster.store.edit(LEASE, "kube-node-lease", name, lambda lease: lease["spec"].update(renewTime=now))


def deploy(stack: Stack, name: str, node: str) -> None:
    """Make a Deployment of one replica whose pod is on that node."""
    selector, container = {"app": name}, {"name": "main", "image": "far"}
    template = {"metadata": {"labels": selector}, "spec": {"nodeName": node, "containers": [container]}}
    spec = {"replicas": 1, "selector": {"matchLabels": selector}, "template": template}
    stack.cluster.store.create(DEPLOYMENT, {"metadata": {"name": name, "namespace": "shop"}, "spec": spec})


def of(stack: Stack, name: str) -> list[Object]:
    return [pod for pod in stack.cluster.store.all(POD, "shop") if pod["metadata"]["labels"].get("app") == name]


def runs(stack: Stack, name: str, *, ready: bool) -> None:
    """Let its pod have run for a month."""
    state = {"running": {"startedAt": LONG_AGO}}
    container = {"name": "main", "image": "far", "imageID": "", "ready": ready, "restartCount": 0, "state": state}
    condition = {"type": "Ready", "status": str(ready), "lastTransitionTime": LONG_AGO}
    status = {
        "phase": "Running",
        "podIP": "192.0.2.77",
        "conditions": [condition],
        "containerStatuses": [container],
    }
    pod = of(stack, name)[0]["metadata"]["name"]
    stack.cluster.store.edit(POD, "shop", pod, lambda new: new.update(status=status))


def test_what_lives_on_another_node_is_left_alone_and_what_is_lost_is_named(stack: Stack) -> None:
    """Its pod is a month old, which on this node would be a status of before the boot: it was waited for in vain."""
    for what in (
        lambda: join(stack, "far", "192.0.2.2", ready=True),
        lambda: join(stack, "lost", "192.0.2.3", ready=False),
        lambda: deploy(stack, "remote", "far"),
        lambda: deploy(stack, "stranded", "lost"),
    ):
        stack.invoke(what)
    for name, ready in (("remote", True), ("stranded", False)):
        stack.wait_until(f"the pod of {name}", lambda name=name: of(stack, name))  # type: ignore[misc]
        stack.invoke(lambda name=name, ready=ready: runs(stack, name, ready=ready))  # type: ignore[misc]
    stack.configure({"workloads": {"deployment/shop/remote": {"restart": "if-needed"}}, "deadline": 120})
    before = of(stack, "remote")[0]["metadata"]["uid"]
    stack.power_cut()
    stack.boot(BootScript.quick(crash_recovery=0.5))
    stack.invoke(lambda: renew(stack, "far"))
    stack.requests.clear()
    report = heal(stack.config)
    assert outcome(report, "deployment/shop/remote")["why"].startswith("well, left alone")
    assert of(stack, "remote")[0]["metadata"]["uid"] == before
    touched = [
        each.path for each in stack.requests if each.writes and ("remote" in each.path or "stranded" in each.path)
    ]
    assert touched == []
    stranded = of(stack, "stranded")[0]["metadata"]["name"]
    told = f"node lost has not come back; bound to it: pod/shop/{stranded}"
    assert any(remark.startswith(told) for remark in outcome(report, "gate")["remarks"])
