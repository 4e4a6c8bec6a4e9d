"""The Host port for k3s on this machine: its unit, its journal, this machine's clock."""

import threading
import time
from dataclasses import replace
from pathlib import Path

from bootheal.adapters import log_signatures, unit_words
from bootheal.adapters.host import BOOT_ID, Machine
from bootheal.adapters.last_exit import LastExits
from bootheal.adapters.systemctl import Commands, Unit, as_component
from bootheal.adapters.wallclock import SYNCHRONISED, WallClock, clock_synchronised
from bootheal.errors import PermanentError
from bootheal.model import BootTime, ComponentState, Directory, HostFacts

UNIT = "k3s.service"
ROLE = "k3s"

# Asking costs a few milliseconds of CPU, which a booting machine has better uses for.
FACTS_SECONDS = 2.0

# What has not been complained of for that long has passed.
RECENT_SECONDS = 60.0

BLIND = "its journal is not ours to read: that takes the group systemd-journal"


class K3sHost:
    """This machine, with k3s as a unit of its systemd."""

    def __init__(
        self,
        boot_id_file: Path = BOOT_ID,
        unit: str = UNIT,
        commands: Commands | None = None,
        synchronised: Path = SYNCHRONISED,
    ) -> None:
        self._unit = Unit(unit, commands or Commands()) if unit else None
        earlier = self._unit.clock_samples() if self._unit else ()
        self._machine = Machine(boot_id_file, WallClock(earlier=earlier))
        self._synchronised = synchronised
        self._last_exits = LastExits()
        self._lock = threading.Lock()
        self._facts = (float("-inf"), HostFacts())

    def boot_id(self) -> str | None:
        """Return the boot id, which the kubelet reports as it is."""
        return self._machine.boot_id()

    def epoch(self) -> str | None:
        """Return the boot id: k3s restarted within a boot leaves the containers running."""
        return self._machine.boot_id()

    def boot_time(self) -> BootTime | None:
        """Return when this boot has been."""
        return self._machine.boot_time()

    def facts(self) -> HostFacts:
        """Return the unit's state, what it complains of, and whether the clock is right."""
        with self._lock:
            at, facts = self._facts
            if time.monotonic() - at >= FACTS_SECONDS:
                facts = self._read()
                self._facts = (time.monotonic(), facts)
            return facts

    def directory(self, path: str) -> Directory:
        """Look: the volumes of local-path are on this machine."""
        return self._machine.directory(path)

    def start(self, component: str) -> None:
        """Refuse: whether k3s runs is for its unit and its owner to say."""
        raise PermanentError(
            f"cannot start {component}: bootheal does not start k3s", hint=f"systemctl start {component}"
        )

    def restart(self, component: str) -> None:
        """Queue a restart of k3s. Containers go on running meanwhile."""
        if self._unit is None or component != self._unit.name:
            raise PermanentError(f"cannot restart {component}: there is no such component here")
        self._unit.restart()

    def _read(self) -> HostFacts:
        clock = clock_synchronised(self._synchronised)
        shown = self._unit.properties() if self._unit else {}
        if self._unit is None or not shown:
            return HostFacts(clock_synchronised=clock)
        name, invocation = self._unit.name, shown.get("InvocationID", "")
        lines = self._unit.lines(invocation, RECENT_SECONDS) if invocation else []
        component = as_component(name, ROLE, shown)
        if component.state is ComponentState.STOPPED and not component.why:
            component = replace(component, why=unit_words.unmet(self._unit.required(shown)))
        # Who was killed had not meant its last line to be that.
        last = log_signatures.last_words if shown.get("Result") == "exit-code" else log_signatures.fatal_words
        known = log_signatures.catalogue_of(name)
        if component.why and (said := last(lines or (), known)):
            component = replace(component, why=f"{component.why}: {said}")
        component = self._last_exits.recall(component)
        if lines is None and component.state is not ComponentState.RUNNING:
            component = replace(component, why="; ".join(filter(None, (component.why, BLIND))))
        return HostFacts((component,), log_signatures.find(name, lines or (), known), clock)
