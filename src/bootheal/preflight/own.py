"""What bootheal knows of its own boots: its units, rights and state, and what the last boots needed. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from bootheal.diagnosis.machine import part
from bootheal.model import Ref
from bootheal.model.scene import Scene
from bootheal.preflight.foreseen import Foreseen, foreseen

# A kubelet ends pods for want of 10 % of room, or 5 % of inodes.
LITTLE_ROOM, FEW_INODES = 0.10, 0.05

# What systemd says of a unit that nothing starts at a boot.
ASLEEP = frozenset({"disabled", "masked", "masked-runtime", "enabled-runtime"})

# What Docker is told where a container shall not run after a boot.
NEVER = frozenset({"no", "on-failure"})


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnFacts:
    """`units` are those beside the cluster's own that a boot must start, with systemd's word.

    `refused` are rights that we have not, `habits` is what most boots needed, `recoveries` is for how many seconds
    databases were starting up, by step, `upgrades` what the next boot would run another version of. `state` says why
    the state directory cannot be written to, "" where it can.
    """

    units: tuple[tuple[str, str], ...] = ()
    refused: tuple[str, ...] = ()
    habits: tuple[str, ...] = ()
    recoveries: Mapping[str, float] = field(default_factory=dict)
    upgrades: tuple[str, ...] = ()
    state_directory: str = ""
    state: str = ""


def foresee(scene: Scene, seen: OwnFacts) -> Iterator[Foreseen]:
    """Say what would not be there, or not as it was."""
    for name, word in seen.units:
        if word in ASLEEP:
            yield foreseen("UnitNotEnabled", part(name), word)
    for component in scene.facts.components:
        if component.at_boot in ASLEEP:
            yield foreseen("UnitNotEnabled", part(component), component.at_boot)
        elif component.at_boot in NEVER:
            yield foreseen("ContainerNotRestarted", part(component), f"its restart policy is {component.at_boot}")
    for upgrade in seen.upgrades:
        yield foreseen("BootIsUpgrade", Ref("upgrade", "", upgrade.partition(":")[0]), upgrade)
    yield from _disks_and_clock(scene)
    if seen.state:
        yield foreseen("StateNotWritable", Ref("directory", "", seen.state_directory), seen.state)
    for right in seen.refused:
        yield foreseen("RightMissing", Ref("right", "", right.replace(" ", "-")), right)
    for habit in seen.habits:
        step, _, said = habit.partition(": ")
        yield foreseen("RepairedEachBoot", Ref("step", "", step), said)


def _disks_and_clock(scene: Scene) -> Iterator[Foreseen]:
    for disk in scene.disks:
        if disk.free < LITTLE_ROOM or disk.inodes < FEW_INODES:
            said = f"{disk.free:.0%} of it is free, and {disk.inodes:.0%} of its inodes"
            yield foreseen("DiskNearlyFull", Ref("disk", "", disk.path), said)
    if scene.facts.clock_synchronised is False:
        yield foreseen("ClockAlone", Ref("clock", "", ""), "it is not synchronised")
