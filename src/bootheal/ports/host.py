"""The machine, and what runs on it beside the cluster."""

from typing import Protocol

from bootheal.model import BootTime, Component, Directory, HostFacts


class Host(Protocol):
    """The machine (or the container engine) that the cluster runs on.

    What it says may be two seconds old. UnreachableError where a container engine does not answer; PermanentError
    where what the configuration names is not there, or is not ours to read.
    """

    def boot_id(self) -> str | None:
        """Return this boot's id as the kubelet will report it, None where it cannot be known from here."""

    def epoch(self) -> str | None:
        """Return what tells this boot of the cluster from others, None where it cannot be known from here.

        It is more than the boot id where the cluster can be stopped and started within one boot.
        """

    def boot_time(self) -> BootTime | None:
        """Return when this boot of the cluster has been, None where it cannot be known from here."""

    def facts(self) -> HostFacts:
        """Return the state of the cluster's components. What cannot be read is left out."""

    def directory(self, path: str) -> Directory:
        """Tell what an absolute path is on the machine where the volumes are; UNKNOWN where that is not this one."""

    def start(self, component: str) -> None:
        """Begin to start a component, by its name in `facts`; looking shows when it is up.

        PermanentError where it is not bootheal's to start.
        """

    def restart(self, component: str) -> None:
        """Begin to restart a component, by its name in `facts`. PermanentError where it is not bootheal's to restart.

        Of a container, up to ten seconds pass until it has ended.
        """


class Containers(Protocol):
    """This host's container engine, for what runs beside the cluster; containers go by their names.

    UnreachableError where it does not answer, MissingError where there is no such container, PermanentError where we
    may not use it.
    """

    def component(self, name: str) -> Component:
        """Look at a container."""

    def registries(self) -> tuple[Component, ...]:
        """Look at those that are registries of images, whether they run or not."""

    def start(self, name: str) -> None:
        """Start it, if it does not run."""

    def restart(self, name: str) -> None:
        """Restart it; up to ten seconds pass until it has ended."""
