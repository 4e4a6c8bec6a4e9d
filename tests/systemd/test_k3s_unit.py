"""k3s' unit as a real systemd and a real journal tell of it, to the service's own unprivileged user."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bootheal.adapters.wallclock import SLACK_SECONDS
from cache import ROOT
from support.box import Box

# The first test waits for the machine to be made, from packages.
pytestmark = pytest.mark.timeout(600)

# What the unit says of its start and end, not of its rights.
OF_ITS_LIFE = "Type|Exec|Restart|Watchdog|Timeout|StateDirectory"

BOOT_ID = "/proc/sys/kernel/random/boot_id"
UNIT = "/etc/systemd/system/k3s.service"
FACTS = """
import json
import re
import time
from bootheal.adapters.k3s import K3sHost
from bootheal.model import to_json
host = K3sHost()
print(json.dumps(to_json(host.facts()) | {"spans": host.boot_time().spans, "boot_id": host.boot_id()}))
"""
WATCH = """
import time
from bootheal.adapters.k3s import FACTS_SECONDS, K3sHost
host = K3sHost()
for _ in range(4):
    component, = host.facts().components
    print(component.state, component.why)
    time.sleep(FACTS_SECONDS)
"""
RESTART = """
from bootheal.adapters.k3s import K3sHost
from bootheal.errors import BoothealError
try:
    K3sHost().restart("k3s.service")
except BoothealError as error:
    print(error, error.hint)
"""


@pytest.fixture
def k3s(box: Box) -> Iterator[Box]:
    """The machine with a unit named k3s.service, which does what the test writes into it."""
    yield box
    box.machine.run("systemctl", "stop", "k3s", codes=None)
    box.machine.file(UNIT).unlink(missing_ok=True)
    box.machine.run("systemctl", "daemon-reload")


def play(box: Box, *lines: str) -> None:
    """Let k3s.service be this, and start it; a start that fails is part of the story."""
    box.machine.file(UNIT).write_text("\n".join(["[Service]", "RestartSec=1", *lines, ""]))
    box.machine.run("systemctl", "daemon-reload")
    box.machine.run("systemctl", "start", "--no-block", "k3s")


def run_as_service(box: Box, code: str) -> str:
    """Run Python as the service runs: its user, its groups, and all that it is forbidden."""
    unit = box.machine.run("systemctl", "cat", "bootheal")
    settings = re.findall(rf"^(?!{OF_ITS_LIFE})[A-Z]\w+=.*$", unit.partition("[Service]")[2], re.MULTILINE)
    properties = [f"--property={setting}" for setting in settings if not setting.startswith("WantedBy=")]
    python = "/opt/bootheal/current/bin/python"
    return box.machine.run("systemd-run", "--quiet", "--wait", "--pipe", *properties, python, "-c", code)


def facts(box: Box) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run_as_service(box, FACTS))
    return found


def state(box: Box) -> str:
    return str(facts(box)["components"][0]["state"])


def test_a_damaged_database_is_found_in_the_journal_of_a_unit_that_restarts(k3s: Box) -> None:
    """By a user without rights, within the time between two starts."""
    said = "starting kubernetes: database disk image is malformed"
    play(k3s, "Type=exec", f"ExecStart=/bin/sh -c 'echo {said}; sleep 0.2; exit 1'", "Restart=always")
    k3s.machine.wait_until("restarted", "sh", "-c", "test $(systemctl show -P NRestarts k3s) -ge 1")
    found = facts(k3s)
    (component,) = found["components"]
    assert component["state"] in ("restarting", "running")
    assert [symptom["kind"] for symptom in found["symptoms"]] == ["k3s-database-damaged"]


def test_a_unit_that_does_not_stay_up_is_told_in_the_same_words_all_the_time(k3s: Box) -> None:
    """Whether its next start is awaited, begins, or is about to fail; by what it calls fatal itself."""
    said = "echo level=fatal msg=no-such-flag"
    play(k3s, "Type=notify", f"ExecStart=/bin/sh -c 'sleep 1.5; {said}; exit 1'", "Restart=always")
    k3s.machine.wait_until("restarted", "sh", "-c", "test $(systemctl show -P NRestarts k3s) -ge 1")
    told = run_as_service(k3s, WATCH).splitlines()
    # How it ends is known from the first look on that comes between two starts, its words once the journal has them.
    assert len(told) == 4
    assert told[-1] == "restarting exit status 1: no-such-flag"
    assert all(each in ("restarting ", "restarting exit status 1", told[-1]) for each in told)
    assert told == sorted(told)  # it is only added to


def test_each_state_of_the_unit_has_its_word(k3s: Box) -> None:
    """Not there, waiting for others, starting, running, stopped, failed."""
    assert facts(k3s)["components"] == []
    k3s.machine.run("systemd-run", "--no-block", "--unit=slow", "--property=Type=oneshot", "/bin/sleep", "1000")
    play(k3s, "ExecStart=/bin/sleep 1000", "[Unit]", "After=slow.service")
    assert state(k3s) == "starting"
    k3s.machine.run("systemctl", "stop", "k3s", "slow")
    assert state(k3s) == "stopped"
    play(k3s, "Type=notify", "TimeoutStartSec=infinity", "ExecStart=/bin/sleep 1000")
    assert state(k3s) == "starting"
    k3s.machine.run("systemctl", "stop", "k3s")
    assert state(k3s) == "stopped"
    play(k3s, "ExecStart=/bin/sleep 1000")
    assert state(k3s) == "running"
    k3s.machine.run("systemctl", "stop", "k3s")
    play(k3s, "ExecStart=/bin/false")
    k3s.machine.wait_until("failed", "systemctl", "is-failed", "k3s")
    assert state(k3s) == "failed"


def test_systemds_notes_of_the_clock_agree_with_the_clock(k3s: Box) -> None:
    """Where nobody has set it since, this boot is one span, from when the machine was started."""
    play(k3s, "ExecStart=/bin/sleep 1000")
    began = int(k3s.machine.run("systemctl", "show", "--value", "--property=UserspaceTimestampMonotonic")) / 1e6
    uptime = float(k3s.machine.run("cat", "/proc/uptime").split()[0])
    ((first, last),) = facts(k3s)["spans"]
    assert abs(first - (time.time() - uptime + began)) < 5
    assert abs(last - SLACK_SECONDS - time.time()) < 5


def test_a_container_has_boots_of_its_own(k3s: Box) -> None:
    """This machine is one: its boot id is not its kernel's, and the service sees that through its hardening."""
    expected = k3s.machine.run("cat", BOOT_ID).strip()
    assert expected != Path(BOOT_ID).read_text().strip()
    assert expected == facts(k3s)["boot_id"]


def test_restarting_is_refused_with_the_way_to_allow_it(k3s: Box) -> None:
    """The service's user may not; with the polkit rule that `scripts/install --restart-k3s` puts in place it may."""
    rule = k3s.machine.file("/etc/polkit-1/rules.d/50-bootheal.rules")
    play(k3s, "ExecStart=/bin/sleep 1000")
    before = k3s.show("MainPID", "k3s.service")
    refused = run_as_service(k3s, RESTART)
    assert "cannot restart k3s.service: systemd refused: " in refused
    assert "allow it by a polkit rule" in refused
    assert before == k3s.show("MainPID", "k3s.service")
    rule.write_text((ROOT / "systemd/bootheal.rules").read_text())
    try:
        k3s.machine.run("systemctl", "restart", "polkit")
        assert run_as_service(k3s, RESTART) == ""
        k3s.machine.wait_until("restarted", "sh", "-c", f"test $(systemctl show -P MainPID k3s) != {before}")
    finally:
        rule.unlink()
        k3s.machine.run("systemctl", "restart", "polkit")
