"""Before a reboot and after it: what would end badly is refused, and what did not heal is called no good boot."""

import json

import pytest

from cache import ROOT
from support.box import STATE, Box

# The first test waits for the machine to be made, from packages.
pytestmark = pytest.mark.timeout(600)

PREFLIGHT, COMPLETE = "bootheal-preflight.service", "bootheal-boot-complete.service"
ASKED = ("systemctl", "reboot", "--check-inhibitors=yes")
OFTEN = "[Service]\nExecStart=\nExecStart=/opt/bootheal/current/bin/bootheal preflight --inhibit --every 1\n"
AT_ONCE = "[Service]\nExecStart=\nExecStart=/opt/bootheal/current/bin/bootheal wait --timeout 0\n"


def drop_in(box: Box, unit: str, text: str) -> None:
    """Change a unit as `systemctl edit` does, until the machine's next boot."""
    directory = f"/run/systemd/system/{unit}.d"
    box.machine.run("mkdir", "-p", directory)
    box.machine.run("sh", "-c", 'printf %s "$TEXT" >"$WHERE/test.conf"', TEXT=text, WHERE=directory)
    box.machine.run("systemctl", "daemon-reload")


REFUSED, FREE = "planned reboots are refused: it would not come back", "it would come back"
LOCKED = "systemd-inhibit --list | grep --quiet 'bootheal.*shutdown.*it would not come back.*block'"


def test_a_planned_reboot_is_refused_while_it_would_end_badly(box: Box) -> None:
    """By an inhibitor that says why, that a person overrides, and that goes with the fault, and with its service."""
    drop_in(box, PREFLIGHT, OFTEN)
    box.machine.run("systemctl", "start", PREFLIGHT)
    assert box.show("StatusText", PREFLIGHT).startswith(FREE)
    box.machine.run("sh", "-c", LOCKED, codes=(1,))
    box.stack.postgres.misconfigure()
    wait_for_status(box, REFUSED)
    box.machine.run("sh", "-c", LOCKED)
    said = box.machine.run(*ASKED, codes=(1,))
    assert "Operation inhibited by" in said
    assert "it would not come back" in said
    box.stack.postgres.correct()
    wait_for_status(box, FREE)
    box.machine.run("sh", "-c", LOCKED, codes=(1,))
    box.stack.postgres.misconfigure()
    wait_for_status(box, REFUSED)
    box.machine.run("systemctl", "kill", "--signal=KILL", PREFLIGHT)
    box.machine.wait_until("free again", "sh", "-c", f"! {LOCKED}")
    box.machine.run("systemctl", "stop", PREFLIGHT)
    box.stack.postgres.correct()


def wait_for_status(box: Box, text: str) -> None:
    """Wait until the service says so of itself."""
    shown = f"systemctl show --value --property=StatusText {PREFLIGHT} | grep --quiet '^{text}'"
    box.machine.wait_until(text, "sh", "-c", shown)


def test_a_timers_unit_of_the_manual_reboots_only_what_would_come_back(box: Box) -> None:
    """As it stands in EXAMPLES: started where a reboot is due and would end well, left out without a word elsewhere."""
    unit, due, done = "nightly.service", "/run/reboot-required", "/run/it-reboots"
    manual = (ROOT / "systemd/bootheal.8").read_text()
    text = manual[manual.index("[Unit]\nConditionPathExists=/run/reboot-required") :].partition(".Ed")[0]
    assert "ExecStart=systemctl --no-block reboot" in text
    text = text.replace("systemctl --no-block reboot", f"touch {done}")
    box.machine.run("sh", "-c", 'printf %s "$TEXT" >"$WHERE"', TEXT=text, WHERE=f"/run/systemd/system/{unit}")
    box.machine.run("systemctl", "daemon-reload")

    def starts(*, well: bool, wanted: bool) -> None:
        box.machine.run("touch" if wanted else "rm", due)
        if not well:
            box.stack.postgres.misconfigure()
        box.machine.run("systemctl", "start", unit)
        assert box.show("ActiveState", unit) == "inactive"
        box.machine.run("test", "-e", done, codes=(0,) if well and wanted else (1,))
        if not well:
            box.stack.postgres.correct()

    starts(well=False, wanted=True)
    starts(well=True, wanted=True)
    box.machine.run("rm", done)
    starts(well=True, wanted=False)
    box.machine.run("rm", f"/run/systemd/system/{unit}")
    box.machine.run("systemctl", "daemon-reload")


def test_a_boot_is_good_once_all_serves(box: Box) -> None:
    """boot-complete.target is reached when this boot is healed, and not where nothing is known of it."""
    box.machine.run("systemctl", "enable", COMPLETE)
    box.wait_healed()
    box.machine.run("systemctl", "start", "boot-complete.target")
    assert box.show("ActiveState", COMPLETE) == "active"
    box.machine.run("systemctl", "stop", "boot-complete.target", COMPLETE, "bootheal")
    drop_in(box, COMPLETE, AT_ONCE)
    box.machine.run("rm", STATE)
    box.machine.run("systemctl", "start", "boot-complete.target", codes=(1,))
    assert box.show("Result", COMPLETE) == "exit-code"
    box.machine.run("systemctl", "disable", COMPLETE)


def test_a_service_that_nothing_starts_does_not_come_back(box: Box) -> None:
    """Preflight says so of a service that is disabled, and the next boot shows it."""
    before = box.cluster
    box.configure({"cluster": before | {"unit": "k3s.service"}})
    box.machine.run("systemctl", "disable", "bootheal")
    found = json.loads(box.machine.run("bootheal", "preflight", "--json", codes=(1,)))["found"]
    assert ("unit-not-enabled", "unit/bootheal.service", "will break") in [
        (each["id"], each["object"], each["sure"]) for each in found
    ]
    box.configure({"cluster": before})
    box.power_cycle()
    assert box.show("ActiveState") == "inactive"
    box.machine.run("systemctl", "enable", "--now", "bootheal")
