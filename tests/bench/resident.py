"""Part (d): what watching costs and how soon it tells: wake-up latency, API requests, an idle daemon.

The API server is the demo stack's, over HTTPS; engine, watches, state file and daemon are the real ones.
"""

import json
import os
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.row import CannotMeasureError, Row
from bootheal.adapters.clock import SystemClock, ThreadWorkers
from bootheal.adapters.kube.api import Api
from bootheal.adapters.kube.cluster import KubeCluster
from bootheal.adapters.kube.kubeconfig import LiveKubeconfig
from bootheal.adapters.scope import Scope
from bootheal.demo.stack import Stack, StackOptions
from bootheal.engine import Engine, Inbox, Limits, Recorder
from bootheal.engine.plan import arrange
from bootheal.model import Ref
from bootheal.ports import Interest, World
from bootheal.step import Judgement, Past, Step, Wait
from support import double
from support.command import start_anew
from support.engine import Facts, FakeStore

PART = "resident: watching"
DJANGO = Ref("deployment", "shop", "django")
CHANGES, PAUSE = 50, 0.12
WORKLOADS, PARALLEL, BATCH = (20, 200), 8, 10
IDLE_SECONDS = 60.0
LEASE_SECONDS = 10.0
LONGEST = 240.0


@dataclass(frozen=True, kw_only=True)
class Watcher(Step[Facts]):
    """Does nothing but note when it judges which version of a Deployment."""

    judged: dict[str, float] = field(default_factory=dict)

    def interests(self) -> frozenset[Interest]:
        """The Deployment."""
        return frozenset({Interest(DJANGO.kind, DJANGO.namespace, DJANGO.name)})

    def look(self, world: World) -> Facts:
        """Read its version from the kept list."""
        return Facts(world.cluster.workload(DJANGO).version)

    def judge(self, seen: Facts, past: Past) -> Judgement:
        """Note, and wait for the watch to tell of the next change."""
        self.judged.setdefault(seen.value, time.monotonic())
        return Wait("watching", again=3600)


def wake_ups(stack: Stack, changes: int) -> list[float]:
    """Return the seconds from just before each change was sent until it was judged."""
    api, scope = double.Api(stack.kubeconfig), Scope(sys.exit)
    cluster = KubeCluster(Api(LiveKubeconfig(stack.kubeconfig), scope))
    watcher, inbox = Watcher(name="watcher"), Inbox()
    engine = Engine(
        arrange([watcher]),
        World(cluster=cluster.reader, watcher=cluster.watcher),
        clock=SystemClock(),
        workers=ThreadWorkers(scope),
        memory=Recorder(FakeStore(), SystemClock()),
        tell=lambda _: None,
        inbox=inbox,
        limits=Limits(deadline=LONGEST),
    )
    thread = threading.Thread(target=engine.run, args=("bench",), daemon=True)
    thread.start()
    sent: dict[str, float] = {}
    try:
        stack.wait_until("the first look", lambda: bool(watcher.judged))
        for number in range(changes):
            body = {"metadata": {"annotations": {"bench": str(number)}}}
            now = time.monotonic()
            _, changed = api.call("PATCH", f"{double.APPS}/deployments/{DJANGO.name}", body, double.MERGE)
            sent[changed["metadata"]["resourceVersion"]] = now
            time.sleep(PAUSE)
    finally:
        inbox.stop()
        thread.join()
        scope.close()
    return [watcher.judged[version] - at for version, at in sent.items() if version in watcher.judged]


def requests(workloads: int) -> tuple[int, float]:
    """Restart so many workloads with `run --once`; return the API requests that it took, and its seconds."""
    with TemporaryDirectory() as directory, Stack(Path(directory), StackOptions(fsync=False, drift=False)) as stack:
        names = [f"w{number:03}" for number in range(workloads)]
        api = double.Api(stack.kubeconfig)
        for number, name in enumerate(names, start=1):
            api.call("POST", f"{double.APPS}/deployments", _sleeper(name))
            if number % BATCH == 0:  # a node that has to start two hundred pods at once answers nobody for a while
                _wait(partial(_available, api, number), f"{number} workloads to be there")
        theirs = {"deployment/shop/django": None, "deployment/shop/nginx": None}
        ours = {f"deployment/shop/{name}": {"restart": "always", "soak": 0} for name in names}
        less: dict[str, Any] = {
            "databases": None,
            "poolers": None,
            "cleanup": {"namespaces": []},
            "max_parallel": PARALLEL,
        }
        stack.configure(less | {"workloads": theirs | ours})
        stack.requests.clear()
        process = start_anew("run", "--once", "--json", "--config", stack.config)
        printed, _ = process.communicate(timeout=LONGEST)
        report = json.loads(printed)
        if report["verdict"] != "healed":
            raise CannotMeasureError(f"cannot count requests: the run ended {report['verdict']}")
        return len(stack.requests), report["seconds"]


def _sleeper(name: str) -> dict[str, Any]:
    labels = {"app": name}
    containers = [{"name": "main", "image": "demo/sleep"}]
    template = {"metadata": {"labels": labels}, "spec": {"containers": containers}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "shop", "labels": {"bench": "true"}},
        "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": template},
    }


def _available(api: double.Api, number: int) -> bool:
    items = api.get(f"{double.APPS}/deployments", labelSelector="bench")["items"]
    return sum(1 for item in items if item.get("status", {}).get("availableReplicas") == 1) == number


def _wait(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + LONGEST
    while not condition():
        if time.monotonic() > deadline:
            raise CannotMeasureError(f"cannot wait longer than {LONGEST:g} s for {what}")
        time.sleep(0.5)


def idle(stack: Stack, seconds: float) -> tuple[float, float, float, int]:
    """Return what a daemon with nothing to do costs: processor seconds, resident MB and those its own, API requests.

    The node renews its Lease as often as a real one does; the demo's is in a hurry.
    """
    machine = stack.cluster.kubelet.machine
    stack.cluster.kubelet.machine = replace(machine, tempo=replace(machine.tempo, lease=LEASE_SECONDS))
    process = start_anew("run", "--config", stack.config)
    try:
        _wait(lambda: bool(_report(stack)), "the first report")
        time.sleep(3)
        stack.requests.clear()
        before = _processor_seconds(process.pid)
        time.sleep(seconds)
        spent, asked = _processor_seconds(process.pid) - before, len(stack.requests)
        return spent, _resident(process.pid), _private(process.pid), asked
    finally:
        process.terminate()
        process.communicate()


def _report(stack: Stack) -> Any:
    path = stack.directory / "state" / "state.json"
    return json.loads(path.read_text())["report"] if path.exists() else None


def _processor_seconds(pid: int) -> float:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def _resident(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _private(pid: int) -> float:
    """Return what no file backs: the code of libraries is shared with whoever has them open, and can be dropped."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_Dirty:")) * 1024 / 1e6


def measure(
    changes: int = CHANGES, workloads: tuple[int, int] = WORKLOADS, seconds: float = IDLE_SECONDS
) -> Iterator[Row]:
    """Yield the rows."""
    with TemporaryDirectory() as directory, Stack(Path(directory), StackOptions(drift=False)) as stack:
        latencies = sorted(1000 * second for second in wake_ups(stack, changes))
        yield Row(PART, "a change to its judgement, median", statistics.median(latencies), "ms", most=50.0)
        yield Row(PART, "a change to its judgement, 95th percentile", latencies[int(0.95 * len(latencies))], "ms")
        busy, memory, private, asked = idle(stack, seconds)
        yield Row(PART, f"idle for {seconds:g} s, share of a core", 100 * busy / seconds, "%", most=0.1)
        yield Row(PART, f"idle for {seconds:g} s, resident memory", memory, "MB", most=60.0)
        yield Row(PART, f"idle for {seconds:g} s, of it backed by no file", private, "MB")
        yield Row(PART, f"idle for {seconds:g} s, API requests", float(asked), "")
    (few, few_requests, _), (many, many_requests, took) = ((number, *requests(number)) for number in workloads)
    yield Row(PART, f"{few} workloads restarted, API requests", float(few_requests), "")
    yield Row(PART, f"{many} workloads restarted, API requests", float(many_requests), "")
    each = (many_requests - few_requests) / (many - few)
    yield Row(PART, "API requests for each workload more", each, "", most=1.5)
    yield Row(PART, f"{many} workloads restarted, time", took, "s")
