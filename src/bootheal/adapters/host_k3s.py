"""The Host port for k3s on this machine."""

from pathlib import Path

from bootheal.adapters.host import BOOT_ID, Machine
from bootheal.errors import PermanentError
from bootheal.model import BootTime, HostFacts


class K3sHost:
    """This machine, with k3s as a unit of its systemd."""

    def __init__(self, boot_id_file: Path = BOOT_ID) -> None:
        self._machine = Machine(boot_id_file)

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
        """Return nothing yet."""
        return HostFacts()

    def start(self, part: str) -> None:
        """Refuse: k3s is its unit's business."""
        raise PermanentError(f"cannot start {part}: bootheal does not start k3s", hint=f"systemctl start {part}")

    def restart(self, part: str) -> None:
        """Refuse, for now."""
        raise PermanentError(f"cannot restart {part}", hint=f"systemctl restart {part}")
