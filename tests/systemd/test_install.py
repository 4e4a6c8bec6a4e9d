"""`scripts/install` where it cannot go on: it says what to do in one sentence, and what ran before runs on."""

import platform
import re
from collections.abc import Iterator

import pytest

from support.box import CONFIG, Box

# The first test waits for the machine to be made, from packages.
pytestmark = pytest.mark.timeout(600)

INSTALL, WHEEL = "/srv/bootheal/scripts/install", "/srv/wheels/bootheal-*.whl"
PLACES = ("/opt/bootheal", "/usr/local", "/etc/polkit-1/rules.d")
PYTHON = "python{}.{}".format(*platform.python_version_tuple())
NO_PYTHON = (
    f"mkdir -p /srv/no; ln -sf /bin/false /srv/no/python3; ln -sf /bin/false /srv/no/{PYTHON}; PATH=/srv/no:$PATH"
)
PIP_AT_WORK = "grep --quiet --no-messages [b]in/pip /proc/*/cmdline"


def without(place: str) -> str:
    """Return a command that installs where this directory is empty."""
    return f"unshare --mount sh -c 'mount -t tmpfs none {place}; {INSTALL}'"


MISUSE = {
    f"{INSTALL} --k4s": "cannot understand --k4s: see --help",
    f"{INSTALL} a.whl b.whl": "cannot install two wheels, a.whl and b.whl: see --help",
    f"{INSTALL} --uninstall --k3s": "cannot uninstall and do something else: see --help",
}
MISSING = {
    f"{INSTALL} /srv/bootheal-9.whl": "cannot find the wheel /srv/bootheal-9.whl",
    f"{INSTALL} /etc/hostname": "cannot install /etc/hostname: it is no wheel of bootheal",
    f"{INSTALL} --k3d": "cannot let the service use Docker's socket: there is no group docker; install Docker first",
    f"setpriv --reuid=nobody {INSTALL}": "cannot write to /opt and /usr/local: run this as root",
    f"{NO_PYTHON} {INSTALL}": "cannot find Python 3.11 or newer: "
    "install the package python3 (Debian 12, Ubuntu 24.04 or later)",
    without("/run"): "cannot install a service: systemd does not run here",
    without(f"/usr/lib/{PYTHON}/ensurepip"): "cannot make a virtual environment: install the package python3-venv",
}


@pytest.fixture
def unharmed(installed: Box) -> Iterator[Box]:
    """The machine; at the end its files and its service are as they were."""
    before = files(installed), installed.show("MainPID")
    yield installed
    assert before == (files(installed), installed.show("MainPID"))
    assert installed.machine.run("bootheal", "--version").startswith("bootheal ")


def files(box: Box) -> list[str]:
    """Return what there is of ours, with its size and age."""
    return sorted(box.machine.run("find", *PLACES, "!", "-type", "d", "-printf", r"%p %s %T@\n").splitlines())


def test_what_is_wrong_or_missing_is_told_before_anything_is_done(unharmed: Box) -> None:
    """By one line, and an exit code: 2 for the command line, 1 for the machine."""
    for code, told in ((2, MISUSE), (1, MISSING)):
        for command, line in told.items():
            assert unharmed.machine.run("sh", "-c", command, codes=(code,)) == f"scripts/install: {line}\n"


def test_a_configuration_that_the_new_program_refuses_is_no_end_of_the_old_one(unharmed: Box) -> None:
    """It is told with line and column, and the service runs on by what it has read."""
    configuration = unharmed.machine.file(CONFIG)
    before = configuration.read_text()
    configuration.write_text(f"{before}\nmax_parallel: many\n")
    said = unharmed.machine.run("sh", "-c", f"{INSTALL} {WHEEL}", codes=(1,))
    configuration.write_text(before)
    assert re.match(r"/etc/bootheal/bootheal.yaml:\d+:1: max_parallel: cannot be 'many'", said)
    assert said.endswith("cannot install what refuses your configuration: mend what is told above first\n")


def test_ctrl_c_half_way_leaves_what_was_there(unharmed: Box) -> None:
    """In the middle of pip; it goes to the installer and to all that it has started."""
    machine = unharmed.machine
    machine.run("systemd-run", "--unit=installing", "sh", "-c", f"exec {INSTALL} {WHEEL}")
    machine.wait_until("pip at work", "sh", "-c", PIP_AT_WORK)
    machine.run("systemctl", "kill", "--signal=INT", "installing")
    machine.wait_until("ended", "systemctl", "is-failed", "installing")
    assert unharmed.show("ExecMainStatus", "installing.service") == "130"
    told = machine.run("journalctl", "--unit=installing", "--output=cat", "_TRANSPORT=stdout")
    assert told.splitlines()[-1] == "scripts/install: interrupted: nothing has been changed"
    machine.run("systemctl", "reset-failed", "installing")
