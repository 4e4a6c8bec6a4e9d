"""The machine, and what runs on it beside the cluster."""

from typing import Protocol

from bootheal.model import BootTime, Component, Directory, HostFacts


class Host(Protocol):
    """The machine (or the container engine) that the cluster runs on."""

    def boot_id(self) -> str | None:
        """Return this boot's id as the kubelet will report it, None where it cannot be known from here."""

    def epoch(self) -> str | None:
        """Return what tells this boot of the cluster from others, None where it cannot be known from here.

        It is more than the boot id where the cluster can be stopped and started within one boot.
        """

    def boot_time(self) -> BootTime | None:
        """Return when this boot of the cluster has been, None where it cannot be known from here."""

    def facts(self) -> HostFacts:
        """Return the state of the cluster's components; it may be some seconds old. What cannot be read is left out."""

    def directory(self, path: str) -> Directory:
        """Tell what a path is on the machine where the volumes are."""

    def start(self, component: str) -> None:
        """Begin to start a component; looking shows when it is up."""

    def restart(self, component: str) -> None:
        """Begin to restart a component."""


class Containers(Protocol):
    """This host's container engine, for what runs beside the cluster."""

    def component(self, name: str) -> Component:
        """Look at a container; MissingError where there is none."""

    def start(self, name: str) -> None:
        """Start it, if it does not run."""

    def restart(self, name: str) -> None:
        """Restart it."""
