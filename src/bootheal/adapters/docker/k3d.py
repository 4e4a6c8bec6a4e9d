"""The Host of a k3d cluster: containers that share this machine's boot id, and that Docker may not bring back.

k3d's labels tell them apart. k3d's own command is used for one thing, where it is installed: to start a
cluster that is stopped as a whole, since it also gives the nodes their names of the machine and of each other.
"""

import json
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

import yaml

from bootheal.adapters import bounded_yaml, log_signatures
from bootheal.adapters.docker.containers import as_component, running, state
from bootheal.adapters.docker.daemon import OURS, Daemon, Silence
from bootheal.adapters.docker.engine import Box, DockerEngine
from bootheal.adapters.docker.starter import THIS_MACHINE, Starter
from bootheal.adapters.host import Machine
from bootheal.adapters.last_exit import LastExits
from bootheal.adapters.wallclock import clock_synchronised
from bootheal.causes.tables import BALANCING, LOADBALANCERS, UNITS
from bootheal.errors import MISFITS, MissingError, PermanentError, UnreachableError
from bootheal.model import BootTime, Component, ComponentState, Directory, HostFacts, Symptom

ROLE, INIT = "k3d.role", "k3d.server.init"
API_HOST, API_PORT, NETWORK, ALIASES = (
    "k3d.server.api.host",
    "k3d.server.api.port",
    "k3d.cluster.network",
    "k3d.cluster.start.hostaliases",
)
LABELS = (ROLE, INIT, API_HOST, API_PORT, NETWORK, ALIASES)

SERVER, AGENT, LOADBALANCER = "server", "agent", "loadbalancer"
NODES = (SERVER, AGENT)

# The order in which k3d starts them; those of one role by name.
START_ORDER = (SERVER, AGENT, LOADBALANCER)

# Where k3d has k3s write its kubeconfig. The address in it is one inside the container.
KUBECONFIG = "/output/kubeconfig.yaml"

# Asking costs some ten milliseconds, mostly of dockerd's CPU, which a booting machine has better uses for.
CACHE_SECONDS = 1.0
NEVER = float("-inf")

# What has not been complained of for so many seconds has passed.
RECENT_SECONDS = 60.0

# Nor what a load balancer that runs has not complained of for so long: each client that comes is a line of its log.
PRESENT_SECONDS = 5.0

LOG_LINES = 200


class K3dHost:
    """The containers of the k3d cluster `cluster`; `command` is k3d's, if there is such a program.

    What Docker said is believed for `keeps` seconds, or until we have changed something.
    """

    def __init__(
        self,
        engine: DockerEngine,
        cluster: str,
        machine: Machine,
        *,
        command: str = "k3d",
        keeps: float = CACHE_SECONDS,
        daemon: Daemon | None = None,
    ) -> None:
        self._engine, self._cluster, self._machine, self._cache_seconds = engine, cluster, machine, keeps
        self._daemon = (daemon or Daemon()) if engine.address in OURS or daemon else None
        self._starter = Starter(command, cluster, engine.address)
        self._last_exits = LastExits()
        self._lock = threading.Lock()
        self._cache: tuple[float, list[Box]] = NEVER, []
        self._facts = NEVER, HostFacts()

    # --- which boot -------------------------------------------------------------------------------

    def boot_id(self) -> str | None:
        """Return this machine's boot id, which the kubelets in the containers report as theirs."""
        return self._machine.boot_id()

    def epoch(self) -> str | None:
        """Return the boot id and when the first server was started; a stopped cluster has an epoch of its own."""
        started = _served_since(self._boxes())
        return f"{self._machine.boot_id()}@{'stopped' if started is None else f'{started:.3f}'}"

    def boot_time(self) -> BootTime | None:
        """Return this machine's boot, from when the oldest running node was started; None while none runs."""
        starts = [box.started for box in self._boxes() if _role(box) in NODES and running(box) and box.started]
        return self._machine.boot_time().after(min(starts)) if starts else None

    # --- how it is reached ------------------------------------------------------------------------

    def kubeconfig(self) -> str:
        """Return the text that `k3d kubeconfig get` prints: the server's own, with the address that Docker publishes.

        It is read anew each time, since a cluster that is made anew has another port and other
        certificates, and it is never on this machine's disk.
        """
        server = next(box for box in self._boxes() if _role(box) == SERVER)
        try:
            content = bounded_yaml.load(self._engine.read(server.name, KUBECONFIG))
            host, port = server.labels.get(API_HOST) or "0.0.0.0", server.labels.get(API_PORT) or "6443"
            for entry in content["clusters"]:
                entry["cluster"]["server"] = f"https://{host}:{port}"
        except MissingError:
            raise UnreachableError(f"cannot read a kubeconfig in container {server.name}: it has none yet") from None
        except (ValueError, KeyError, TypeError):
            raise UnreachableError(f"cannot use the kubeconfig in container {server.name}: it is not whole") from None
        return yaml.safe_dump(content)

    # --- the components ---------------------------------------------------------------------------

    def facts(self) -> HostFacts:
        """Return every container; a cluster that is stopped as a whole is one, where k3d can start it as one."""
        with self._lock:
            at, facts = self._facts
            if time.monotonic() - at >= self._cache_seconds:
                facts = self._look()
                self._facts = (time.monotonic(), facts)
            return facts

    def _look(self) -> HostFacts:
        boxes, busy = self._read(), self._starter.busy()
        if all(state(box) is ComponentState.STOPPED for box in boxes) and self._starter.can:
            return HostFacts(components=(self._whole(boxes),), clock_synchronised=clock_synchronised())
        nodes = [box for box in boxes if _role(box) in NODES]
        unaware = tuple(box.name for box in nodes if running(box) and self._unaware(box))
        aware = any(map(running, nodes)) and not unaware
        self._starter.seen(_served_since(boxes), aware=aware)
        return HostFacts(
            clock_synchronised=clock_synchronised(),
            components=tuple(self._component(box, busy=busy) for box in boxes),
            symptoms=tuple(symptom for box in boxes for symptom in self._symptoms(box)),
            names=self._names(boxes[0]),
            unaware=unaware,
            failed=tuple(self._starter.remarks(aware=aware)),
        )

    def _names(self, server: Box) -> dict[str, str]:
        """Return what k3d tells CoreDNS when it starts a cluster: this machine, aliases asked for, containers."""
        label = server.labels.get(NETWORK, "")
        if label in ("", "host"):
            return {}
        try:
            network = self._engine.network(label)
        except MissingError:  # without it no container can be started, which Docker says then
            return {}
        this = {THIS_MACHINE: network.gateway} if network.gateway else {}
        return this | aliases_of(server.labels.get(ALIASES, "")) | dict(network.members)

    def _unaware(self, box: Box) -> bool:
        with suppress(MissingError):
            return THIS_MACHINE not in self._engine.read(box.name, "/etc/hosts").split()
        return False

    def directory(self, path: str) -> Directory:  # noqa: ARG002 - it is in a container, or in a volume of Docker's
        """Return nothing: the volumes are not where they are on this machine."""
        return Directory.UNKNOWN

    def start(self, component: str) -> None:
        """Start a container, or begin to start the whole cluster."""
        try:
            if component == self._name:
                self._starter.begin()
            else:
                self._engine.start(component)
        finally:
            self._forget()  # what has failed is known now

    def restart(self, component: str) -> None:
        """Restart the load balancer. Nodes are never restarted: databases run in them."""
        if not any(box.name == component and _role(box) == LOADBALANCER for box in self._boxes()):
            raise PermanentError(f"cannot restart container {component}: it is not the load balancer of {self._name}")
        self._engine.restart(component)
        self._forget()

    # --- helpers ----------------------------------------------------------------------------------

    @property
    def _name(self) -> str:
        return f"k3d cluster {self._cluster}"

    def _boxes(self) -> list[Box]:
        """Return the cluster's own containers, in the order in which they are started."""
        with self._lock:
            if time.monotonic() - self._cache[0] >= self._cache_seconds:
                self._cache = (time.monotonic(), self._read())
            return self._cache[1]

    def _forget(self) -> None:
        with self._lock:
            self._cache, self._facts = (NEVER, []), (NEVER, HostFacts())

    def _read(self) -> list[Box]:
        found = self._listed()
        boxes = [box for box in found if _role(box) in START_ORDER]
        if not any(_role(box) == SERVER for box in boxes):
            raise MissingError(
                f"cannot find {self._name}: Docker has no server container of it",
                hint="`k3d cluster list` names the clusters; see cluster.name",
            )
        return sorted(boxes, key=_turn)

    def _listed(self) -> list[Box]:
        try:
            return self._engine.containers("app=k3d", f"k3d.cluster={self._cluster}", keep=LABELS)
        except UnreachableError as error:
            silence = self._daemon.silence() if self._daemon else Silence()
            if not silence.why:
                raise
            told = f"cannot reach Docker at {self._engine.address}: {silence.why}"
            raise UnreachableError(told, hint=silence.hint or error.hint) from None

    def _whole(self, boxes: Sequence[Box]) -> Component:
        ended = max((box.finished for box in boxes if box.finished), default=None)
        ends = [
            f"{component.name}: {component.why}" for box in boxes if (component := as_component(box, _role(box))).why
        ]
        why = ["none of its containers runs", *ends]
        return Component(self._name, "cluster", ComponentState.STOPPED, ended, why="; ".join(why))

    def _component(self, box: Box, *, busy: bool) -> Component:
        component = self._last_exits.recall(as_component(box, _role(box)))
        if component.state is not ComponentState.STOPPED:
            return component
        why = "; ".join(filter(None, (component.why, self._starter.failed)))
        return replace(component, state=ComponentState.STARTING if busy else component.state, why=why)

    def _symptoms(self, box: Box) -> Sequence[Symptom]:
        """Search its latest log, and why Docker could not start it, which stands in no log.

        Of a load balancer that runs, what it said while it started means nothing.

        What it says of connections then is no more than some seconds old: each that it cannot make is a line.
        """
        balances = _role(box) == LOADBALANCER
        serves = balances and state(box) is ComponentState.RUNNING
        end = time.time() if running(box) or box.finished is None else box.finished
        since = end - (PRESENT_SECONDS if serves else RECENT_SECONDS)
        lines = self._engine.log_tail(box.name, LOG_LINES, since=since).splitlines()
        catalogue = BALANCING if serves else LOADBALANCERS if balances else UNITS
        refused = log_signatures.find(box.name, [box.error] * (not running(box)))
        return (*refused, *log_signatures.find(box.name, lines, catalogue))


def aliases_of(label: str) -> dict[str, str]:
    """Return the names that were asked for, with their addresses; what another k3d writes otherwise is none we know."""
    try:
        said = [(name, alias["ip"]) for alias in json.loads(label or "[]") or () for name in alias["hostnames"]]
    except MISFITS:
        return {}
    return {name: ip for name, ip in said if isinstance(name, str) and isinstance(ip, str)}


def _served_since(boxes: Sequence[Box]) -> float | None:
    """Return when the first of the servers that run was started; None while none does."""
    return min((box.started for box in boxes if _role(box) == SERVER and running(box) and box.started), default=None)


def _role(box: Box) -> str:
    return box.labels.get(ROLE, "")


def _turn(box: Box) -> tuple[int, bool, str]:
    return START_ORDER.index(_role(box)), box.labels.get(INIT) != "true", box.name
