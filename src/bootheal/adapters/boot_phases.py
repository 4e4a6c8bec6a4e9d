"""What came before bootheal could look: firmware, loader, kernel, user space, k3s' unit or k3d's containers.

systemd's own figures, as `systemctl show` tells them and `systemd-analyze` draws them. Where there is no systemd, or it
does not answer, there is nothing to tell; that is not an error.
"""

from collections.abc import Iterator, Mapping

from bootheal.adapters.systemctl import Commands, Unit
from bootheal.model import Component, ComponentState, Span, SpanKind
from bootheal.model.durations import DAY

STAMPS = ("Firmware", "Loader", "InitRD", "Userspace", "Finish")
UNIT_STAMPS = ("InactiveExit", "ActiveEnter")

# A user space that took longer had somebody wait in it; where it has not finished, it says nothing.
LONGEST_SECONDS = DAY


def phases(until: float, unit: str = "", commands: Commands | None = None) -> tuple[Span, ...]:
    """Return the machine's phases, in seconds since its kernel began; before that they are negative.

    In a container, whose kernel began with another machine, there is user space alone. That lasts `until` we began,
    where it has not finished: what comes after bootheal-healed.target waits for us.
    """
    manager = Unit("", commands or Commands()).stamps([*STAMPS, "Kernel"])
    found = list(of_the_machine(manager, until))
    if unit:
        stamps = Unit(unit, commands or Commands()).stamps(UNIT_STAMPS)
        found += _span(unit, stamps.get("InactiveExit"), stamps.get("ActiveEnter"))
    return tuple(found)


def of_the_machine(stamps: Mapping[str, float], until: float) -> Iterator[Span]:
    """Turn systemd's stamps into phases. The firmware's and the loader's count back from the kernel's start."""
    firmware, loader = stamps.get("Firmware"), stamps.get("Loader")
    user_space = stamps.get("Userspace")
    if stamps.get("Kernel") is not None:  # no container
        if firmware:
            yield from _span("firmware", -firmware, -(loader or 0.0))
        if loader:
            yield from _span("loader", -loader, 0.0)
        initrd = stamps.get("InitRD")
        yield from _span("kernel", 0.0, initrd or user_space)
        yield from _span("initrd", initrd, user_space)
    yield from _span("user space", user_space, min(stamps.get("Finish", until), until))


def of_containers(components: tuple[Component, ...], kernel_began: float) -> Iterator[Span]:
    """Say when each container that runs was started; `kernel_began` is a time of day."""
    for component in components:
        if component.since is not None and component.state is ComponentState.RUNNING:
            began = component.since - kernel_began
            if began >= 0:
                yield Span(SpanKind.MACHINE, began, began, f"container {component.name}")


def _span(name: str, began: float | None, ended: float | None) -> Iterator[Span]:
    if began is not None and ended is not None and 0 < ended - began < LONGEST_SECONDS:
        yield Span(SpanKind.MACHINE, began, ended, name)
