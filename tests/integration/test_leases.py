"""Leases of leader election over real HTTP, with electors that do as client-go does."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from bootheal.adapters.kube.api import MERGE_PATCH, Api
from bootheal.adapters.kube.kubeconfig import LiveKubeconfig
from bootheal.adapters.scope import Scope
from bootheal.cli.wiring import open_world
from bootheal.config import load
from bootheal.demo.stack import Stack
from bootheal.errors import BoothealError, ConflictError
from bootheal.platform.leases import Leases
from bootheal.ports import World
from bootheal.step import Act, Past

LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases"
LONG_AGO = "2020-01-01T00:00:00.000000Z"


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


@dataclass
class Elector:
    """client-go's leader election: it renews what is its own, and takes what is nobody's or has stood still too long.

    `period` is its retry period, `duration` how long a record must not have changed before it takes it.
    """

    api: Api
    name: str
    identity: str
    period: float = 0.2
    duration: float = 60.0
    stamp: Callable[[], str] = now
    led: threading.Event = field(default_factory=threading.Event)
    stopped: threading.Event = field(default_factory=threading.Event)
    lost: int = 0

    def run(self) -> None:
        observed, since = "", time.monotonic()
        while not self.stopped.wait(self.period):
            with suppress(BoothealError):
                lease = self.api.get(f"{LEASES}/{self.name}", about=self.name)
                holder, version = lease["spec"].get("holderIdentity") or "", lease["metadata"]["resourceVersion"]
                if version != observed:
                    observed, since = version, time.monotonic()
                if self.led.is_set() and holder != self.identity:
                    self.lost += 1
                if holder not in ("", self.identity) and time.monotonic() - since < self.duration:
                    continue
                spec = {"holderIdentity": self.identity, "renewTime": self.stamp(), "leaseDurationSeconds": 15}
                body = {"metadata": {"resourceVersion": version}, "spec": spec}
                self.api.write("PATCH", f"{LEASES}/{self.name}", body, about=self.name, content_type=MERGE_PATCH)
                self.led.set()


@pytest.fixture
def api(healthy: Stack, scope: Scope) -> Api:
    return Api(LiveKubeconfig(healthy.kubeconfig), scope)


@pytest.fixture
def world(healthy: Stack, scope: Scope) -> World:
    return open_world(load(healthy.config).file.cluster, scope)


@pytest.fixture
def electors() -> Iterator[list[Elector]]:
    """Those that are begun end with the test."""
    begun: list[Elector] = []
    yield begun
    for each in begun:
        each.stopped.set()


def held(api: Api, name: str, holder: str, renewed: str) -> None:
    spec = {"holderIdentity": holder, "acquireTime": LONG_AGO, "renewTime": renewed, "leaseDurationSeconds": 15}
    api.write("POST", LEASES, {"metadata": {"name": name}, "spec": spec}, about=name)


def begin(electors: list[Elector], elector: Elector) -> Elector:
    electors.append(elector)
    threading.Thread(target=elector.run, daemon=True).start()
    return elector


def passes(world: World, seconds: float) -> int:
    """Look and judge as the engine does, for so long; return how many Leases were released."""
    step, since, released = Leases(), dict[str, float](), 0
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        seen = step.look(world)
        since = {condition: since.get(condition, time.time()) for condition in seen.conditions}
        judgement = step.judge(seen, Past(now=time.time(), first_seen=since))
        for action in judgement.actions if isinstance(judgement, Act) else ():
            with suppress(ConflictError):
                action.apply(world)
                released += 1
        time.sleep(0.1)
    return released


def test_a_successor_leads_seconds_after_the_power_cut_and_not_after_a_lease(
    api: Api, world: World, electors: list[Elector]
) -> None:
    """It would else have waited for its own dead predecessor."""
    held(api, "kube-scheduler", "demo_dead", LONG_AGO)
    successor = begin(electors, Elector(api, "kube-scheduler", "demo_new"))
    assert passes(world, 4.5) == 1
    assert successor.led.wait(2)


def test_a_leader_that_lives_keeps_its_lease(api: Api, world: World, electors: list[Elector]) -> None:
    """Also one whose clock is years behind, so that its record seems to be of before: it moves."""
    held(api, "kube-controller-manager", "demo_alive", LONG_AGO)
    ticks = itertools.count()
    behind = Elector(
        api, "kube-controller-manager", "demo_alive", stamp=lambda: f"2020-01-01T01:00:00.{next(ticks):06d}Z"
    )
    alive = begin(electors, behind)
    other = begin(electors, Elector(api, "kube-controller-manager", "demo_other"))
    assert passes(world, 3.5) == 0
    assert alive.led.is_set()
    assert (alive.lost, other.led.is_set()) == (0, False)


def test_whoever_renews_in_the_last_moment_keeps_it(api: Api, world: World) -> None:
    """The version that was seen is the precondition, in a hundred tries."""
    held(api, "cloud-controller-manager", "demo_dead", LONG_AGO)
    for number in range(100):
        (seen,) = [each for each in world.cluster.elections("kube-system") if each.ref.name.startswith("cloud")]
        renewed = {"spec": {"renewTime": now(), "holderIdentity": f"demo_{number}"}}
        path = f"{LEASES}/cloud-controller-manager"
        api.write("PATCH", path, renewed, about="lease", content_type=MERGE_PATCH)
        with pytest.raises(ConflictError):
            world.writer.release(seen.ref, seen.version)
    assert api.get(path, about="lease")["spec"]["holderIdentity"] == "demo_99"
