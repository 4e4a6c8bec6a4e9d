"""One machine on which the service was installed as the README says, and a stack that is its cluster."""

import os
import re
import shutil
from collections.abc import Generator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from bootheal.demo.stack import Passwords, Stack, StackOptions
from cache import ROOT
from support.box import CANARIES, CONFIG, HEALING, KUBECONFIG, OVERRIDES, Box
from support.machine import Workshop, machine, wheels, workshop
from support.stack import running

FIRST = -10
"""Of twenty below the usual priority."""

# What is used is compiled by root's first use of it; to compile all takes as long as the rest of an installation.
PIP = "[global]\nno-index = true\nfind-links = /srv/wheels\n[install]\ncompile = no\n"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Generator[None, object, object]:
    """Let these tests go before all others, with what they start: each takes its turn, and nobody waits longer."""
    before = os.getpriority(os.PRIO_PROCESS, 0)
    with suppress(OSError):  # a test that cannot have root's priority is one that skips
        os.setpriority(os.PRIO_PROCESS, 0, FIRST)
    try:
        return (yield)
    finally:
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, 0, before)


@pytest.fixture(scope="session")
def made_with() -> Workshop:
    """What it takes to boot a machine; first of all, since where it cannot be had everything is skipped."""
    return workshop()


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The cluster that the service heals; it runs on the host, whose network the machine shares."""
    with running(tmp_path_factory.mktemp("stack"), StackOptions(passwords=Passwords(*CANARIES), fsync=False)) as stack:
        stack.directory.chmod(0o755)  # the service's user reads the boot id there
        stack.configure(
            {
                "cluster": {"kubeconfig": None, "boot_id_file": "/srv/stack/boot_id"},
                "state_directory": None,
                "cleanup": {"grace": 1},
            }
        )
        yield stack


@pytest.fixture(scope="session")
def docker_place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a Docker daemon of the host may run; the machine sees the directory of its socket."""
    place = tmp_path_factory.mktemp("docker")
    (place / "run").mkdir()
    return place


@pytest.fixture(scope="session")
def bare(
    made_with: Workshop, stack: Stack, docker_place: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Box]:
    """A machine that has k3s' kubeconfig, as k3s writes it, and nothing of bootheal."""
    house = wheels()
    shown = {ROOT: "bootheal", house: "wheels", stack.directory: "stack", docker_place / "run": "docker"}
    binds = {source: f"/srv/{name}" for source, name in shown.items()}
    with machine(made_with, tmp_path_factory.mktemp("machine"), binds) as lent:
        lent.file("/etc/pip.conf").write_text(PIP)
        kubeconfig = lent.file(KUBECONFIG)
        kubeconfig.parent.mkdir(parents=True)
        shutil.copy(stack.kubeconfig, kubeconfig)
        kubeconfig.chmod(0o600)
        lent.boot()
        yield Box(lent, stack)


@pytest.fixture(scope="session")
def installation(bare: Box) -> dict[str, str]:
    """What the commands of the README's installation said, by command, when they were typed into the machine."""
    bare.stack.power_cut()
    bare.stack.boot(HEALING)
    section = (ROOT / "README.md").read_text().partition("\n## Install it\n")[2].partition("\n## ")[0]
    commands = re.findall(r"^    (.+?)(?:\s+#.*)?$", section, re.MULTILINE)
    editor = "cp /srv/stack/bootheal.yaml"  # what a person would type into it
    return {
        command: bare.machine.run("bash", "-c", f"cd /srv/bootheal && {command}", SUDO_EDITOR=editor)
        for command in commands
    }


@pytest.fixture(scope="session")
def installed(bare: Box, installation: dict[str, str]) -> Box:
    """A machine on which the service was installed, and has healed the first boot."""
    assert installation
    return bare


@pytest.fixture
def box(installed: Box) -> Iterator[Box]:
    """The same; what a test changes in the configuration is changed back, and the service runs at its end."""
    machine = installed.machine
    before = machine.file(CONFIG).read_text()
    yield installed
    machine.file(CONFIG).write_text(before)
    shutil.rmtree(machine.file(OVERRIDES), ignore_errors=True)
    machine.run("systemctl", "daemon-reload")
    if installed.show("ActiveState") != "active":
        machine.run("systemctl", "reset-failed")
        machine.run("systemctl", "start", "bootheal")
    installed.wait_healed()
