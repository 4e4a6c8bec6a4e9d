"""Upgrading and uninstalling: by their name the last tests of the machine, which is of no use after them."""

import re
from pathlib import Path

import pytest

from support.box import CONFIG, STATE, Box

# The first test waits for the machine to be made, from packages.
pytestmark = pytest.mark.timeout(600)

ACCOUNT = "/var/lib/bootheal-account"


def test_installing_again_upgrades_and_keeps_what_is_yours(box: Box) -> None:
    """From a wheel this time: configuration and rights stay, one program remains, and the service runs the new one."""
    process, configuration = box.show("MainPID"), box.machine.file(CONFIG).read_text()
    install = "/srv/bootheal/scripts/install /srv/wheels/bootheal-*.whl"
    said = box.machine.run("sh", "-c", install)
    assert re.fullmatch(r"bootheal \d+\.\d+\.\d+ is installed\.\n", said)
    assert configuration == box.machine.file(CONFIG).read_text()
    assert "LoadCredential=kubeconfig:/etc/rancher" in box.machine.run("systemctl", "cat", "bootheal")
    assert len(list(box.machine.file("/opt/bootheal").iterdir())) == 2  # the program, and the name it is known by
    assert box.show("MainPID") not in ("0", process)


def test_uninstalling_leaves_configuration_and_state_only(installed: Box) -> None:
    """And nothing of the program, its unit, its manual, or in the cluster of an account of its own."""
    machine = installed.machine
    for name in ("bootheal.service.d/service-account.conf", "bootheal-account.service", "bootheal-account.timer"):
        machine.run("cp", f"/srv/bootheal/systemd/{Path(name).name}", f"/usr/local/lib/systemd/system/{name}")
    machine.run("mkdir", ACCOUNT)
    machine.run("bootheal", "rbac", "--apply", "--credential", f"{ACCOUNT}/kubeconfig")
    machine.run("/srv/bootheal/scripts/install", "--uninstall")
    assert installed.stack.find("serviceaccounts", "bootheal", "kube-system") is None
    assert installed.stack.find("rolebindings", "bootheal") is None
    left = machine.run("find", "/opt", "/usr/local", "/etc", "/var/lib", "-name", "*bootheal*").split()
    assert sorted(left) == ["/etc/bootheal", CONFIG, "/var/lib/bootheal"]
    assert machine.file(STATE).exists()
    assert machine.run("systemctl", "list-unit-files", "bootheal*", codes=(0, 1)).endswith("\n0 unit files listed.\n")
    machine.run("/srv/bootheal/scripts/install", "--uninstall")  # nothing left to remove is no failure
