"""Clean-up on the stack: what is deleted, in how many requests, what is kept of it, and what does not go."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bootheal.demo.objects.kinds import NODE, POD
from bootheal.demo.stack import BootScript, Fault, Stack
from support.command import actions, bootheal, heal, outcome
from support.stack import running

HEAP = 2_000


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack for this module, of which only the clean-up is configured."""
    with running(tmp_path_factory.mktemp("stack")) as stack:
        stack.configure({"databases": None, "poolers": None, "workloads": None, "cleanup": {"grace": 1}})
        yield stack


@pytest.fixture
def stack(shared: Stack) -> Iterator[Stack]:
    """The module's stack without anything dead; the configuration is put back afterwards."""
    shared.requests.clear()
    yield shared
    shared.faults.clear()
    shared.configure({"cleanup": {"cap": None, "force_after": None, "log_lines": None}})
    shared.invoke(lambda: bury(shared))


def bury(stack: Stack) -> None:
    """Take every dead or stranded pod out of the store."""
    store = stack.cluster.store
    for pod in store.all(POD, "shop"):
        if pod["status"]["phase"] == "Failed" or "deletionTimestamp" in pod["metadata"]:
            store.remove(POD, "shop", pod["metadata"]["name"])
    for path in (stack.directory / "state").glob("state.json"):
        path.unlink()


def deletes(stack: Stack) -> list[Any]:
    return [request for request in stack.requests if request.method == "DELETE"]


def test_a_heap_of_dead_pods_is_refused_after_one_list(stack: Stack) -> None:
    """Page by page, none of them is deleted, and a person is told how many, where, and what to do. Exit 1."""
    stack.leave_dead(HEAP)
    time.sleep(1)  # the last of them must have been dead for as long
    report = heal(stack.config, expect=1)
    found = outcome(report, "cleanup")
    assert f"{HEAP} pods are dead ({HEAP} in namespace shop), more than cleanup.cap = 25" in found["why"]
    assert f"raise cleanup.cap to {HEAP} or more" in found["hint"]
    lists = [r for r in stack.requests if r.path.endswith("/shop/pods") and "watch" not in r.query]
    times = len([r for r in lists if "continue" not in r.query])
    assert times in (1, 2), "a busy machine may lose the watch once"
    assert len(lists) == times * (HEAP // 500 + 1)
    assert [r for r in stack.requests if r.writes] == []
    assert (stack.directory / "state" / "state.json").stat().st_size < 20_000


def test_a_heap_goes_with_one_request_a_pod(stack: Stack) -> None:
    """With the cap raised; each at its UID and version, and the last words of ten are kept."""
    stack.leave_dead(600)
    stack.configure({"cleanup": {"cap": 600}})
    report = heal(stack.config)
    asked = deletes(stack)
    assert len({request.path for request in asked}) == len(asked) == 600
    assert all(set(request.body["preconditions"]) == {"uid", "resourceVersion"} for request in asked)
    assert all("gracePeriodSeconds" not in request.body for request in asked)
    assert len([r for r in stack.requests if r.path.endswith("/log") or r.path.endswith("/events")]) <= 20
    kept = [done for done in outcome(report, "cleanup")["actions"] if done["evidence"]]
    assert len(kept) == 10
    assert outcome(report, "cleanup")["why"] == "no dead pod, 600 deleted in this boot"


def test_a_pod_that_changed_meanwhile_is_looked_at_again(stack: Stack) -> None:
    """409: nothing is forced; the next look decides."""
    stack.leave_dead(1)
    stack.faults.add(Fault(method="DELETE", status=409, times=1))
    report = heal(stack.config)
    results = [done["result"].split(":")[0] for done in outcome(report, "cleanup")["actions"]]
    assert results == ["failed", "done"]
    assert len(deletes(stack)) == 2


def test_the_evicted_go_when_the_pressure_has_gone(stack: Stack) -> None:
    """Left and said while the node is short of it."""
    stack.leave_dead(1, "Evicted")
    set_pressure(stack, "True")
    report = heal(stack.config)
    assert actions(report) == []
    assert "(Evicted): node demo still has DiskPressure" in outcome(report, "cleanup")["remarks"][0]
    set_pressure(stack, "False")
    assert "(Evicted)" in actions(heal(stack.config))[0]


def set_pressure(stack: Stack, status: str) -> None:
    def change(node: dict[str, Any]) -> None:
        for condition in node["status"]["conditions"]:
            if condition["type"] == "DiskPressure":
                condition["status"] = status

    stack.invoke(lambda: stack.cluster.store.edit(NODE, "", "demo", change))


def test_what_has_no_room_is_reported_only(stack: Stack) -> None:
    """OutOfpods: its successor would die of the same, unless somebody declares otherwise."""
    stack.leave_dead(1, "OutOfpods")
    report = heal(stack.config)
    assert actions(report) == []
    assert "(OutOfpods): not among cleanup.reasons" in outcome(report, "cleanup")["remarks"][0]


def test_a_finalizer_that_holds_a_pod_is_named(stack: Stack) -> None:
    """It is not taken off, not even where forcing is allowed."""
    name = stack.leave_terminating(600, finalizers=["example.com/hold"])
    stack.configure({"cleanup": {"force_after": 60}})
    report = heal(stack.config)
    (remark,) = outcome(report, "cleanup")["remarks"]
    assert remark.startswith(f"pod/shop/{name} should have gone 1")
    assert " min ago: finalizer example.com/hold holds it; who set it must take it off" in remark
    assert remark.endswith("not forced: a finalizer is not bootheal's to take off")
    assert deletes(stack) == []
    pod = stack.find("pods", name)
    assert pod is not None
    assert pod["metadata"]["finalizers"] == ["example.com/hold"]


def test_forcing_is_asked_for_and_the_kubelet_is_asked(stack: Stack) -> None:
    """Without the switch: a remark. With it, for a pod that the kubelet of this boot does not know: forced."""
    name = stack.leave_terminating(600, known=False)
    report = heal(stack.config)
    assert "the kubelet of demo is not done" in outcome(report, "cleanup")["remarks"][0]
    assert not any("proxy" in request.path for request in stack.requests)
    stack.configure({"cleanup": {"force_after": 60}})
    report = heal(stack.config)
    # Whoever wrote to the pod in between makes its version another one: then it is looked at again.
    assert set(actions(report)) == {f"force the deletion of pod/shop/{name} (unknown to the kubelet of demo)"}
    *_, request = deletes(stack)
    assert request.body["gracePeriodSeconds"] == 0
    assert set(request.body["preconditions"]) == {"uid", "resourceVersion"}
    assert stack.find("pods", name) is None


def test_without_the_right_to_ask_a_kubelet_nothing_is_forced(stack: Stack) -> None:
    """The right is named; `check` names it, too."""
    name = stack.leave_terminating(600, known=False)
    stack.configure({"cleanup": {"force_after": 60}})
    stack.faults.deny("get", "nodes/proxy")
    report = heal(stack.config)
    assert "not forced: cannot get nodes/proxy: the API server says 403" in outcome(report, "cleanup")["remarks"][0]
    assert stack.find("pods", name) is not None
    assert "not allowed: get nodes/proxy" in bootheal("check", "--config", stack.config, expect=1).stdout


def test_a_kubelet_that_has_just_begun_is_not_believed(stack: Stack) -> None:
    """It answers with the pods of its own machine's files before it has read the API's, whose containers may run."""
    name = stack.leave_terminating(600, known=False)
    static = {"metadata": {"uid": "etcd", "annotations": {"kubernetes.io/config.source": "file"}}}
    stack.faults.add(Fault(path="proxy/pods", status=200, body=json.dumps({"items": [static]})))
    stack.configure({"cleanup": {"force_after": 60}})
    assert "not forced: the kubelet of demo knows of no pod" in outcome(heal(stack.config), "cleanup")["remarks"][0]
    assert stack.find("pods", name) is not None


def test_last_words_are_kept_before_the_delete(tmp_path: Path) -> None:
    """Status, events and log lines of a pod that the power cut killed; `bootheal status --json` shows them."""
    with running(tmp_path) as stack:
        stack.configure({"databases": None, "poolers": None, "workloads": None, "cleanup": {"grace": 1}})
        stack.power_cut()
        stack.boot(BootScript.quick())
        stack.wait_until("the kubelet to find it dead", lambda: "Unknown" in stack.summary())
        heal(stack.config)
        state = json.loads(bootheal("status", "--json", "--config", stack.config).stdout)
        (cleanup,) = (item for item in state["report"]["outcomes"] if item["step"] == "cleanup")
        evidence = {done["cause"]: done["evidence"] for done in cleanup["actions"]}
        assert evidence["Terminated"]["status"].startswith("Failed, Terminated, Pod was terminated in response")
        assert "terminated, Unknown, exit code 255" in evidence["Unknown"]["status"]
        assert "SandboxChanged" in evidence["Unknown"]["events"]
        assert "listening on 8080" in evidence["Unknown"]["log nginx"]
        reads = [n for n, r in enumerate(stack.requests) if r.path.endswith("/log")]
        first = next(n for n, r in enumerate(stack.requests) if r.method == "DELETE" and "nginx" in r.path)
        assert any(number < first for number in reads)


def test_last_words_that_cannot_be_had_hold_nothing_up(stack: Stack) -> None:
    """What did not answer once is not asked for more, container by container: the pod is deleted without them."""
    stack.leave_dead(1)
    stack.faults.add(Fault(path="/events", status=503))
    stack.requests.clear()
    (done,) = outcome(heal(stack.config), "cleanup")["actions"]
    assert "503" in done["evidence"]["events"]
    assert not [request for request in stack.requests if request.path.endswith("/log")]
