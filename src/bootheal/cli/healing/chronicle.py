"""Keeps the history: listens to a pass, and writes down what is kept of it once its report is safe."""

import time
from collections.abc import Callable, Collection
from contextlib import suppress

from bootheal.adapters.boot_phases import of_containers, phases
from bootheal.adapters.history import HistoryFile
from bootheal.adapters.host import Machine
from bootheal.cli.healing.public import Public
from bootheal.config.file import File
from bootheal.errors import BoothealError
from bootheal.history.boots import phases_after
from bootheal.history.trail import Trail
from bootheal.model import BootRecord, Event, History, Report, Span
from bootheal.model.quoted import quoted
from bootheal.ports import World


class Chronicle:
    """Of the passes of one process under one configuration; `complain` is told what keeps it from writing, once.

    `logged`: see `World.logged`. Everybody may read the history, so these lines are left out, unless they are public.
    """

    def __init__(
        self, file: File, complain: Callable[[str], None], logged: Callable[[], Collection[str]] = tuple
    ) -> None:
        self._cluster, self._public = file.cluster, Public(file, logged)
        self._kept = HistoryFile(file.state_directory, complain)
        self._trail = Trail()

    def tell(self, event: Event) -> None:
        """Take note of an event."""
        self._trail.hear(self._public.event(event), time.monotonic())

    def finish(self, report: Report, world: World) -> History | None:
        """Write down the pass that has ended, under its lock. Never raises what a pass could fail by."""
        epoch, boot = quoted(report.epoch), Machine(self._cluster.boot_id_file).boot_id_if_known()
        kept = self._kept.known(epoch, boot) or self._begun(epoch, boot, world)
        said = self._trail.record(report, kept.kernel_zero, lambda text: self._public.text(world.told(text)))
        return self._kept.add(kept, said)

    def _begun(self, epoch: str, boot: str, world: World) -> BootRecord:
        """Ask the machine how it came up: once a boot, since that does not change."""
        found = self._phases(world)
        zero = min([0.0, *(phase.began for phase in found)])
        if found and all(phase.began > 0 for phase in found):  # a container's boot is younger than its kernel's
            zero = found[0].began
        wall = time.time() - time.monotonic() + zero
        return BootRecord(epoch, boot, wall, zero, phases_after(found, zero))

    def _phases(self, world: World) -> tuple[Span, ...]:
        if self._cluster.kind == "kubernetes":
            return ()
        unit = self._cluster.unit if self._cluster.kind == "k3s" else ""
        found = phases(self._trail.began, unit)
        if self._cluster.kind == "k3d":
            with suppress(BoothealError):  # Docker has gone meanwhile
                kernel_began = time.time() - time.monotonic()
                found += tuple(of_containers(world.host.facts().components, kernel_began))
        return found
