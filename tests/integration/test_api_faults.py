"""The API server fails after the gate has opened: a clear message, the right exit code, nothing lost."""

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from bootheal.adapters.kube.api import Api
from bootheal.adapters.kube.cluster import KubeCluster
from bootheal.adapters.kube.kubeconfig import LiveKubeconfig
from bootheal.adapters.scope import Scope
from bootheal.demo.api.faults import Request
from bootheal.demo.stack import BootScript, Fault, Stack
from bootheal.errors import TransientError
from bootheal.model import Ref
from bootheal.ports import Interest
from support import double
from support.command import LONGEST, heal, not_healed, outcome, start

PODS = "/namespaces/shop/pods$"


@pytest.fixture
def spoiled(healthy: Stack) -> Iterator[Stack]:
    """The module's stack, in which something will go wrong; it is put right afterwards."""
    healthy.requests.clear()
    yield healthy
    healthy.cluster.store.history.lag = 0.0
    healthy.faults.clear()
    healthy.faults.used.clear()
    healthy.configure({"deadline": None})


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault(path=PODS, status=401), "cannot list pods in namespace shop: the API server says 401 Unauthorized"),
        (Fault(path=PODS, status=403), "cannot list pods in namespace shop: the API server says 403 Forbidden"),
        (Fault(path=PODS, status=429), "cannot use pods of namespace shop: the API server says 429 Too Many Requests"),
        (Fault(path=PODS, status=500), "cannot use pods of namespace shop: the API server says 500"),
        (Fault(path=PODS, status=200, body="<html>"), "what answers is not an API server, or not yet"),
        (Fault(path=PODS, cut="reset"), "cannot reach the API server at https://127.0.0.1"),
        (Fault(path=PODS, cut="eof"), "cannot reach the API server at https://127.0.0.1"),
    ],
)
def test_a_fault_that_lasts_is_named(spoiled: Stack, fault: Fault, said: str) -> None:
    """Until the deadline; exit 1, and nothing has been changed."""
    spoiled.faults.add(fault)
    assert "NOT healed" in not_healed(spoiled, said).stderr
    assert not [request for request in spoiled.requests if request.writes]


def test_a_conflict_is_read_anew_although_the_watch_is_late(spoiled: Stack) -> None:
    """Somebody changes the Deployment between our look and our write; the watch would tell of it a minute later."""
    spoiled.configure({"workloads": {"deployment/shop/nginx": {"restart": "always"}}, "deadline": 60})
    path = "/deployments/nginx$"
    spoiled.faults.add(Fault(path=path, method="PATCH", delay=1.5, times=1))
    process = start("run", "--once", "--config", spoiled.config)
    try:
        spoiled.wait_until("our write", lambda: writes(spoiled, path))
        spoiled.cluster.store.history.lag = 60.0
        theirs = {"metadata": {"annotations": {"theirs": "too"}}}
        double.Api(spoiled.kubeconfig).call("PATCH", f"{double.APPS}/deployments/nginx", theirs, double.MERGE)
        spoiled.wait_until("our second write", lambda: [w.status for w in writes(spoiled, path)][-1:] == [200], 30.0)
    finally:
        spoiled.cluster.store.history.lag = 0.0
        process.communicate(timeout=LONGEST)
        spoiled.configure({"workloads": {"deployment/shop/nginx": {"restart": None}}})
    ours = [write.status for write in writes(spoiled, path) if write.body.get("spec")]
    assert ours == [409, 200]


def writes(stack: Stack, path: str) -> list[Request]:
    """Return the PATCHes of what is at a path."""
    return [each for each in list(stack.requests) if each.method == "PATCH" and re.search(path, each.path)]


@pytest.mark.parametrize(
    "fault",
    [
        Fault(path=PODS, status=401, times=3),
        Fault(path=PODS, status=403, times=3),
        Fault(path=PODS, status=500, times=3),
        Fault(path=PODS, query="watch=", status=410, times=1),
        Fault(path=PODS, query="watch=", status=500, times=2),
        Fault(path=PODS, cut="reset", times=3),
        Fault(path=PODS, cut="eof", times=3),
        Fault(path="/secrets/", cut="eof", times=1),
        Fault(path="/secrets/", status=401, times=2),
    ],
)
def test_a_fault_that_passes_is_forgotten(spoiled: Stack, fault: Fault) -> None:
    """A 401 that becomes 200, a list that is expired, a connection that is cut: exit 0."""
    spoiled.faults.add(fault)
    heal(spoiled.config)
    assert spoiled.faults.used


def test_a_right_that_is_missing_is_named_when_it_is_needed(spoiled: Stack) -> None:
    """403 on the delete of a pod: that step waits for a minute, as for the API server's roles; the others go on."""
    spoiled.leave_dead(1)
    spoiled.faults.deny("delete", "pods", "shop")
    said = "cannot delete pods in namespace shop: the API server says 403 Forbidden"
    report = json.loads(not_healed(spoiled, said).stdout)
    found = outcome(report, "cleanup")
    assert said in found["why"]
    assert {item["ending"] for item in report["outcomes"] if item["step"] != "cleanup"} == {"settled"}
    spoiled.faults.clear()
    spoiled.configure({"deadline": None})
    heal(spoiled.config)


def test_a_server_that_asks_for_a_pause_gets_it(spoiled: Stack) -> None:
    """429 with Retry-After: nobody asks for that again before, and nothing else waits for it."""
    spoiled.faults.add(Fault(path=PODS, status=429, headers={"Retry-After": "5"}, times=1))
    report = heal(spoiled.config)
    asked = [request.time for request in spoiled.requests if re.search(PODS, request.path)]
    assert asked[1] - asked[0] >= 4.9
    assert [r for r in spoiled.requests if asked[0] < r.time < asked[1] and "/pods" not in r.path]
    assert report["began"] + outcome(report, "gate")["ended"] < asked[1]


def test_an_older_event_does_not_undo_our_own_write(spoiled: Stack, scope: Scope) -> None:
    """A watch that is late brings somebody's earlier change after the response of ours: nobody reads that again."""
    nginx = Ref("deployment", "shop", "nginx")
    cluster, read = KubeCluster(Api(LiveKubeconfig(spoiled.kubeconfig), scope)), list[int]()

    def changed(_what: Interest) -> None:
        with suppress(TransientError):
            read.append(int(cluster.reader.workload(nginx).version))

    cluster.watcher.watch(frozenset({Interest("deployment", "shop")}), changed)
    spoiled.wait_until("the list", lambda: bool(read))
    spoiled.cluster.store.history.lag = 1.0
    somebody = double.Api(spoiled.kubeconfig)
    body = {"metadata": {"annotations": {"somebody": "else"}}}
    _, theirs = somebody.call("PATCH", f"{double.APPS}/deployments/nginx", body, double.MERGE)
    version = theirs["metadata"]["resourceVersion"]
    cluster.writer.scale(nginx, version, 1, was=None, cause="a test")
    ours = int(cluster.reader.workload(nginx).version)
    assert ours > int(version) > read[0]
    _, later = somebody.call(
        "PATCH", f"{double.APPS}/deployments/nginx", {"metadata": {"annotations": {"x": "y"}}}, double.MERGE
    )
    spoiled.wait_until("the watch to tell", lambda: read[-1] >= int(later["metadata"]["resourceVersion"]))
    assert [seen for seen in read[1:] if seen < ours] == []


# --- in the middle of healing ---------------------------------------------------------------------


def heals_although(stack: Stack, happens: Callable[[], None], when: str = r"ok +gate") -> str:
    """Cut the power, and let something happen once the run says so; it must end well. Return what it said."""
    stack.power_cut()
    stack.boot(BootScript.quick(crash_recovery=1.0))
    process = start("run", "--once", "--config", stack.config)
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if re.search(when, line):
            happens()
            break
    out, err = process.communicate(timeout=LONGEST)
    text = "".join(said) + out + err
    assert process.returncode == 0, text
    assert "Traceback" not in text
    assert all(stack.serving().values())
    return text


@pytest.mark.parametrize("cut", ["reset", "eof"])
def test_an_api_server_that_goes_away_in_the_middle_is_waited_for(stack: Stack, cut: str) -> None:
    """Every connection, old and new, for two seconds; then the healing goes on where it was."""

    def go_away() -> None:
        stack.faults.door = cut  # type: ignore[assignment]
        stack.faults.add(Fault(path=".*", cut=cut))  # type: ignore[arg-type]
        time.sleep(2)
        stack.faults.clear()

    text = heals_although(stack, go_away)
    assert len(re.findall("reset the password", text)) <= 3


def test_a_watch_that_is_expired_is_listed_anew(stack: Stack) -> None:
    """410 on every watch, and the server has forgotten what was before."""

    def forget() -> None:
        stack.invoke(stack.cluster.store.history.forget)

    stack.faults.add(Fault(query="watch=", status=410, times=6))
    heals_although(stack, forget)


def test_a_watch_on_a_dead_connection_is_noticed(stack: Stack) -> None:
    """The peer has vanished without a goodbye: half a minute later the pods are known again."""
    stack.faults.add(Fault(path=PODS, query="watch=", cut="silence", times=1))
    began = time.monotonic()
    heals_although(stack, lambda: None)
    assert time.monotonic() - began < LONGEST
