"""The machine under test, from both sides: what bootheal's owner does on it, and what happens to its cluster."""

import json
import re
import shlex
import time
from dataclasses import dataclass
from typing import Any

import yaml

from bootheal.demo.stack import UNTIL_TOLD, BootScript, Stack
from support.machine import LONGEST_WAIT, Machine

CONFIG, KUBECONFIG = "/etc/bootheal/bootheal.yaml", "/etc/rancher/k3s/k3s.yaml"
STATE, OVERRIDES = "/var/lib/bootheal/state.json", "/etc/systemd/system/bootheal.service.d"
CANARIES = ("canary-root-5f1d", "canary-pooler-77c0", "canary-app-93be")
HEALING = BootScript.quick()
RECOVERING = BootScript.quick(crash_recovery=UNTIL_TOLD)
UNIT = ("journalctl", "--unit=bootheal", "--boot", "--no-pager")


@dataclass(frozen=True)
class Box:
    """A machine and the stack that is its cluster."""

    machine: Machine
    stack: Stack

    # --- what happens to it -----------------------------------------------------------------------

    def power_cycle(self, script: BootScript = HEALING) -> None:
        """Cut the power of both, and boot both."""
        self.stack.power_cut()
        self.machine.cut_power()
        self.stack.boot(script)
        self.machine.boot()

    def reboot(self, script: BootScript = HEALING) -> None:
        """Shut the machine down in order, and boot it again; its cluster is killed, as k3s' containers are."""
        self.stack.power_cut()
        self.machine.power_off()
        self.stack.boot(script)
        self.machine.boot()

    def disturb(self, script: BootScript = HEALING) -> None:
        """Cut the power of the cluster only, and start the service anew: to it that is a boot, but a cheaper one."""
        self.machine.run("systemctl", "stop", "bootheal")
        self.stack.power_cut()
        self.stack.boot(script)
        self.machine.run("systemctl", "reset-failed")
        self.machine.run("systemctl", "start", "bootheal")

    # --- what its owner does ----------------------------------------------------------------------

    def configure(self, changes: dict[str, Any]) -> None:
        """Change keys of the configuration."""
        file = self.machine.file(CONFIG)
        file.write_text(yaml.safe_dump(yaml.safe_load(file.read_text()) | changes))

    @property
    def cluster(self) -> dict[str, Any]:
        """The section of the configuration that says where the cluster is."""
        section: dict[str, Any] = yaml.safe_load(self.machine.file(CONFIG).read_text())["cluster"]
        return section

    def override(self, *lines: str) -> None:
        """Do what `systemctl edit bootheal` does."""
        directory = self.machine.file(OVERRIDES)
        directory.mkdir(exist_ok=True)
        (directory / "override.conf").write_text("\n".join(["[Service]", *lines, ""]))
        self.machine.run("systemctl", "daemon-reload")

    def wait_healed(self) -> None:
        """Wait until this boot is healed, whatever the last report says; the database may serve by now."""
        self.stack.postgres.recover()
        self.machine.wait_until("healed", "bootheal", "wait", "--timeout", "40")

    # --- what it sees -----------------------------------------------------------------------------

    def show(self, name: str, unit: str = "bootheal.service") -> str:
        """Return a property of the service, or of another unit."""
        return self.machine.run("systemctl", "show", "--value", f"--property={name}", unit).strip()

    def exposure(self) -> float:
        """Return how much the service could do to its machine, by systemd's judgement: from 0, nothing, to 10."""
        judged = self.machine.run("systemd-analyze", "security", "--no-pager", "bootheal.service")
        level = re.search(r"exposure level for bootheal\.service: ([\d.]+)", judged)
        assert level, judged
        return float(level[1])

    def moment(self, what: str, unit: str = "bootheal.service") -> float:
        """Return when a unit last did something, such as ActiveEnter, in seconds since the machine's start."""
        return int(self.show(f"{what}TimestampMonotonic", unit)) / 1e6

    def journal(self, *arguments: str) -> str:
        """Return the sentences of the service's journal of this boot."""
        return self.machine.run(*UNIT, "--output=cat", *arguments)

    def entries(self, *arguments: str) -> list[dict[str, Any]]:
        """Return them with their fields."""
        shown = self.machine.run(*UNIT, "--output=json", *arguments)
        return [json.loads(line) for line in shown.split("\n") if line]

    def wait_for_entry(self, text: str, *arguments: str) -> None:
        """Wait until the journal says something."""
        follow = shlex.join([*UNIT, "--output=cat", "--follow", "--lines=all", *arguments])
        # Who tells is ended: by itself it would notice only with the next entry that nobody listens any more.
        listen = f"exec 3< <(exec {follow}); grep --quiet -- {shlex.quote(text)} <&3; heard=$?; kill $!; exit $heard"
        try:
            self.machine.run("timeout", f"{LONGEST_WAIT}", "bash", "-c", listen)
        except AssertionError:
            words = self.machine.last_words()
            raise AssertionError(f"not told {text!r} within {LONGEST_WAIT} s:\n{words}") from None

    def cursor(self) -> str:
        """Return an argument for `journal`: only what is told from now on.

        A time, since journalctl 252 loses the first entry that matches after one of its own cursors.
        """
        return f"--since=@{time.time():.6f}"

    @property
    def state(self) -> dict[str, Any]:
        """What the service remembers."""
        state: dict[str, Any] = json.loads(self.machine.file(STATE).read_text())
        return state
