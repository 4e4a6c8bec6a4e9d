"""Power cuts in real time on the stack, seen from both sides: what bootheal reads, and what is true at that moment."""

import random
import threading
import time
from datetime import datetime
from typing import Self

import psycopg
import pytest

from bootheal.adapters.clock import SystemClock
from bootheal.adapters.scope import Scope
from bootheal.cli.wiring import make_engine, open_world
from bootheal.config import load
from bootheal.demo.stack import BootScript, Stack
from bootheal.engine import Inbox, Recorder
from bootheal.errors import DemoError
from bootheal.model import Event, EventKind, Report, Verdict
from support.engine import FakeStore
from support.thorough import times

# A look takes some milliseconds, and /readyz is polled. On a busy machine one boot of so many must be as fast.
AT_ONCE, BOOTS = 0.4, 3


def script(seed: int) -> BootScript:
    """A boot of about five seconds with every timing drawn at random."""
    source = random.Random(seed)  # noqa: S311 - a story, not a secret
    return BootScript(
        api=source.uniform(0.1, 0.6),
        unready=source.uniform(0.1, 1.0),
        node_fresh=source.uniform(0.6, 2.0),
        pod_found=(0.1, 1.2),
        pod_started=(0.1, 0.8),
        crash_recovery=source.uniform(0.5, 2.0),
        slices_lag=source.uniform(0.2, 1.5),
        proxy_lag=source.uniform(0.2, 1.0),
        backoff_first=0.5,
        backoff_cap=4.0,
        stuck=source.choice(["nginx", ""]),
    )


class Witness:
    """Compares what a run says with what is true on the machine."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.unsound: list[str] = []
        self.opened = self.fresh = 0.0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch_the_node)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch_the_node(self) -> None:
        while not self._done.wait(0.01) and not self.fresh:
            if self._node_is_fresh():
                self.fresh = time.time()

    def _node_is_fresh(self) -> bool:
        node = self.stack.find("nodes", "demo")
        lease = self.stack.find("leases", "demo", "kube-node-lease")
        if node is None or lease is None or self.stack.faults.readyz != 200:
            return False
        ready = any(c["type"] == "Ready" and c["status"] == "True" for c in node["status"]["conditions"])
        renewed = datetime.fromisoformat(lease["spec"]["renewTime"]).timestamp()
        power_on = self.stack.boot_id_file.stat()
        of_this_boot = node["status"]["nodeInfo"]["bootID"] == self.stack.boot_id_file.read_text().strip()
        return ready and of_this_boot and renewed > power_on.st_mtime

    def tell(self, event: Event) -> None:
        """Hear one event of a run, and look at the machine."""
        if event.kind is EventKind.SETTLED and event.step == "gate":
            self.opened = self.opened or time.time()
            self._demand(self._node_is_fresh(), event)
        if event.kind is EventKind.SETTLED and event.step == "database/shop":
            self._demand(self._accepts(), event)
        if event.kind is EventKind.SETTLED and event.step.startswith("deployment/"):
            self._demand(self.stack.serving()[event.step.rpartition("/")[2]], event)
        if event.kind is EventKind.ACTING and event.text.startswith("delete pod/"):
            pod = self.stack.find("pods", event.object.rpartition("/")[2])
            containers = pod["status"].get("containerStatuses", ()) if pod else ()
            self._demand(not any(container["ready"] for container in containers), event)

    def _demand(self, truth: bool, event: Event) -> None:
        if not truth:
            self.unsound.append(f"{event.elapsed:.2f} s: {event.kind} {event.step}: {event.text}")

    def _accepts(self) -> bool:
        try:
            with self.stack.postgres.admin():
                return True
        except (psycopg.OperationalError, DemoError):
            return False


def heal(stack: Stack, witness: Witness) -> Report:
    """Make one run in this process, so that the witness hears each event as it happens."""
    configuration = load(stack.config)
    with Scope(pytest.fail) as scope:
        world = open_world(configuration.file.cluster, scope)
        engine = make_engine(
            configuration, world, Recorder(FakeStore(), SystemClock()), witness.tell, Inbox(), scope=scope
        )
        return engine.run("")


@pytest.fixture
def shop(healthy: Stack) -> Stack:
    """The module's stack; each test boots it anew."""
    healthy.configure({"cleanup": {"grace": 4}})  # longer than the kubelet takes to start a pod again
    return healthy


@pytest.mark.parametrize("seed", range(1, 1 + times(3)))
def test_what_is_read_as_healthy_is_healthy_at_that_moment(shop: Stack, seed: int) -> None:
    """No stale state is believed, no healthy pod is deleted, and the gate opens as soon as it may."""
    assert any(0 <= boot(shop, seed) <= AT_ONCE for _ in range(BOOTS))


def boot(shop: Stack, seed: int) -> float:
    """Cut the power, and heal; return for how many seconds the gate was shut once the node could be believed."""
    shop.power_cut()
    shop.boot(script(seed))
    with Witness(shop) as witness:  # no sooner: until then the node of the boot before is this boot's
        report = heal(shop, witness)
    assert witness.unsound == []
    assert report.verdict is Verdict.HEALED
    assert all(shop.serving().values())
    return witness.opened - witness.fresh + 0.02
