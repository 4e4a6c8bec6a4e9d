"""The service where the cluster is k3d's: installed by `scripts/install --k3d`, with a real Docker behind its socket.

The machine goes from k3s to k3d, to both, and back.
"""

import os
import re
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from bootheal.demo.stack import BootScript
from support.box import CANARIES, CONFIG, OVERRIDES, Box
from support.docker import LOADBALANCER, SERVER, TOKEN, Docker, own_docker

# The first test waits for the machine to be made, from packages.
pytestmark = pytest.mark.timeout(600)

RIGHTS = "/usr/local/lib/systemd/system/bootheal.service.d"
K3S = {"k3s.conf", "administrator.conf"}
ACCOUNT = "/var/lib/bootheal-account/kubeconfig"
RULE = "/etc/polkit-1/rules.d/50-bootheal.rules"
SOCKET = "L /run/docker.sock - - - - /srv/docker/docker.sock\n"
OF_K3S = {"kind": "k3s", "boot_id_file": "/srv/stack/boot_id", "unit": ""}
CLUSTER = {"kind": "k3d", "name": "shop", "boot_id_file": "/srv/stack/boot_id"}
BOOT = BootScript.quick(crash_recovery=0.5)


@pytest.fixture(scope="module")
def docker(docker_place: Path) -> Iterator[Docker]:
    with own_docker(docker_place) as docker:
        yield docker


@pytest.fixture(scope="module")
def bare_k3d(installed: Box, docker: Docker) -> Iterator[Box]:
    """A machine with Docker, whose cluster and configuration are k3d's, but whose service was installed for k3s."""
    machine = installed.machine
    configuration = machine.file(CONFIG).read_text()
    own_socket(installed, docker)
    machine.file("/etc/tmpfiles.d/docker.conf").write_text(SOCKET)
    machine.run("systemd-tmpfiles", "--create", "docker.conf")
    docker.make_cluster(installed.stack)
    installed.stack.power_cut()  # what runs in the containers has begun after them
    installed.stack.boot(BOOT)
    installed.configure({"cluster": CLUSTER})
    yield installed
    machine.file(CONFIG).write_text(configuration)
    machine.run("groupdel", "docker", codes=(0, 6))
    if rights(installed) != K3S:
        install(installed, "--k3s")


@pytest.fixture(scope="module")
def k3d(bare_k3d: Box) -> Box:
    """The same, installed for k3d."""
    install(bare_k3d, "--k3d")
    return bare_k3d


@pytest.fixture
def spoiled(k3d: Box, docker: Docker) -> Iterator[Box]:
    """The same, for a test that spoils it; at the end it has Docker's group, and the service runs and has healed."""
    yield k3d
    own_socket(k3d, docker)
    shutil.rmtree(k3d.machine.file(OVERRIDES), ignore_errors=True)
    k3d.machine.run("systemctl", "daemon-reload")
    k3d.machine.run("systemctl", "reset-failed")
    k3d.machine.run("systemctl", "restart", "bootheal")
    try:
        k3d.wait_healed()
    except AssertionError as failure:
        node = (k3d.stack.find("nodes", "demo", "") or {}).get("status", {}).get("conditions")
        failure.add_note(f"{SERVER}: {docker.state(SERVER)}\nnode: {node}\n{docker('ps', '--all')}")
        raise


def own_socket(box: Box, docker: Docker) -> None:
    """Do what Docker's package and its socket unit do: a group, whose the socket is."""
    box.machine.run("groupadd", "--force", "--system", "docker")
    os.chown(docker.socket, 0, int(box.machine.run("getent", "group", "docker").split(":")[2]))


def install(box: Box, options: str, codes: tuple[int, ...] = (0,)) -> str:
    """Install from the wheel, as somebody whose umask hides what he makes."""
    command = f"umask 077; /srv/bootheal/scripts/install {options} /srv/wheels/bootheal-*.whl"
    return box.machine.run("sh", "-c", command, codes=codes)


def rights(box: Box) -> set[str]:
    """Return what the service was given beyond what every cluster needs."""
    return {file.name for file in box.machine.file(RIGHTS).iterdir()}


def test_a_service_that_was_installed_for_k3s_says_how_to_install_it(bare_k3d: Box) -> None:
    """It stays, and its journal and `bootheal check` have the command."""
    box, cursor = bare_k3d, bare_k3d.cursor()
    box.machine.run("systemctl", "restart", "bootheal")
    box.wait_for_entry("cannot talk to Docker: no Python package", cursor)
    checked = box.machine.run("bootheal", "check", codes=(1,))
    for said in (box.journal(cursor), checked):
        assert "the service gets it by `scripts/install --k3d`" in said
    assert box.show("ActiveState") == "active"


def test_installed_for_k3d_the_service_may_use_docker_and_nothing_of_k3s(k3d: Box) -> None:
    """One right replaces the other; systemd objects to nothing, and little more can be done by it."""
    assert rights(k3d) == {"k3d.conf"}
    assert (k3d.show("SupplementaryGroups"), k3d.show("User")) == ("docker", "bootheal")
    assert "k3s.yaml" not in k3d.machine.run("systemctl", "cat", "bootheal")
    k3d.machine.run("/opt/bootheal/current/bin/python", "-c", "import docker")
    assert k3d.machine.run("systemd-analyze", "verify", "bootheal.service") == ""
    assert k3d.exposure() <= 1.5


def test_a_boot_with_stopped_containers_ends_healed(k3d: Box, docker: Docker) -> None:
    """Docker has brought nothing back: the service starts the containers, heals what is in them, and says it all."""
    k3d.machine.run("systemctl", "enable", "bootheal-healed.target")
    k3d.stack.power_cut()
    k3d.machine.cut_power()
    k3d.stack.boot_id_file.write_text(f"{uuid.uuid4()}\n")  # of the host: its containers start later
    docker("stop", "--time=0", SERVER, LOADBALANCER)
    booting = docker.when_it_runs(LOADBALANCER, lambda: k3d.stack.boot(BOOT))  # through it the API server is asked
    k3d.machine.boot()
    k3d.machine.wait_until("healed", "systemctl", "is-active", "bootheal-healed.target")
    booting.join()
    k3d.machine.run("systemctl", "disable", "bootheal-healed.target")
    assert all(k3d.stack.serving().values())
    told = k3d.journal()
    for container in (SERVER, LOADBALANCER):
        assert f"start {container} (it is stopped)" in told
    assert "database/shop: ok: postgres-0" in told
    assert re.search(r"^healed, \d+ of \d+ steps, ", told, re.MULTILINE)
    everything = k3d.machine.run("journalctl", "--boot", "--output=export")
    assert [secret for secret in (*CANARIES, TOKEN) if secret in everything] == []


def test_without_the_right_the_service_and_check_say_how_to_get_it(spoiled: Box) -> None:
    """Docker's socket is shut to the service's user; what root is told of root's own leave."""
    cursor = spoiled.cursor()
    spoiled.override("SupplementaryGroups=")
    spoiled.machine.run("systemctl", "restart", "bootheal")
    spoiled.wait_for_entry("cannot use Docker at unix:///var/run/docker.sock: permission denied", cursor)
    checked = spoiled.machine.run("sudo", "--user=bootheal", "bootheal", "check", codes=(1,))
    for said in (spoiled.journal(cursor), checked):
        assert "permission denied" in said
        assert "the service gets leave by `scripts/install --k3d`" in said
    assert "all that bootheal may have to do is allowed" in spoiled.machine.run("bootheal", "check")


def test_a_start_under_way_outlives_the_service(spoiled: Box, docker: Docker) -> None:
    """k3d is stood in for; half a start of a cluster would be worse than none."""
    k3d, told = spoiled.machine.file("/usr/local/bin/k3d"), "/var/lib/bootheal/start"
    k3d.write_text(f"#!/bin/sh\ntrap 'echo cut >>{told}' TERM\necho began >{told}\nsleep 2\necho ended >>{told}\n")
    k3d.chmod(0o755)
    spoiled.machine.run("systemctl", "stop", "bootheal")
    spoiled.stack.power_cut()
    docker("stop", "--time=0", SERVER, LOADBALANCER)
    spoiled.machine.run("systemctl", "start", "bootheal")
    spoiled.machine.wait_until("started", "test", "-s", told)
    spoiled.machine.run("systemctl", "stop", "bootheal")
    spoiled.machine.wait_until("ended", "grep", "--quiet", "ended", told)
    assert spoiled.machine.file(told).read_text() == "began\nended\n"
    spoiled.machine.run("rm", told, "/usr/local/bin/k3d")
    booting = docker.when_it_runs(SERVER, lambda: spoiled.stack.boot(BOOT))
    docker("start", SERVER, LOADBALANCER)
    booting.join()


def test_without_docker_nothing_is_installed_for_k3d_and_what_was_does_not_start(spoiled: Box) -> None:
    """The installer says it before it changes anything, systemd with 216/GROUP."""
    programs = set(spoiled.machine.file("/opt/bootheal").iterdir())
    spoiled.machine.run("groupdel", "docker")
    assert install(spoiled, "--k3d", codes=(1,)) == (
        "scripts/install: cannot let the service use Docker's socket: there is no group docker; install Docker first\n"
    )
    assert programs == set(spoiled.machine.file("/opt/bootheal").iterdir())
    assert spoiled.show("ActiveState") == "active"
    spoiled.machine.run("systemctl", "restart", "bootheal", codes=(1,))
    assert spoiled.show("ExecMainStatus") == "216"
    assert "216/GROUP" in spoiled.machine.run("systemctl", "status", "--no-pager", "bootheal", codes=(3,))


@pytest.fixture(scope="module")
def account(k3d: Box) -> Box:
    """The machine of a k3s with a registry in Docker, whose service has an account of its own in the cluster."""
    k3d.configure({"cluster": OF_K3S})
    install(k3d, "--k3s --k3d --restart-k3s --service-account")
    return k3d


def test_rights_add_up(account: Box) -> None:
    """A k3s with a registry in Docker needs those of both; systemd objects to nothing."""
    assert rights(account) == {"k3s.conf", "k3d.conf", "service-account.conf"}
    assert account.show("SupplementaryGroups") == "docker systemd-journal"
    assert account.machine.file(RULE).exists()
    units = ("bootheal-account.service", "bootheal-account.timer", "bootheal.service")
    assert account.machine.run("systemd-analyze", "verify", *units) == ""


def test_an_account_of_its_own_heals(account: Box) -> None:
    """The service asks all in its account's name; the administrator's kubeconfig is not given to it."""
    account.machine.run("systemctl", "start", "bootheal-account")  # or wait for the start that is under way
    assert account.machine.run("stat", "--format=%U %a", ACCOUNT) == "bootheal 600\n"
    account.disturb(BOOT)
    account.stack.requests.clear()
    account.wait_healed()
    assert "kubeconfig" not in account.machine.run("systemctl", "show", "--property=LoadCredential", "bootheal")
    asked = {each.user for each in account.stack.requests if not each.path.startswith(("/apis/rbac", "/api/v1/namesp"))}
    assert asked == {"system:serviceaccount:kube-system:bootheal"}


def test_going_back_takes_all_else_away(account: Box) -> None:
    """Docker, k3s' restart and the account, which were not asked for again; the service heals by k3s' own kubeconfig.

    Where the cluster is down just then, it is said what is left there, and what takes it away.
    """
    account.stack.power_cut()
    said = install(account, "--k3s")
    assert re.search(
        r"^Left in the cluster: .+ Once the cluster answers: bootheal rbac --withdraw$", said, re.MULTILINE
    )
    assert rights(account) == K3S
    assert account.show("SupplementaryGroups") == "systemd-journal"
    account.machine.run("test", "!", "-e", ACCOUNT, "-a", "!", "-e", RULE)
    left = account.machine.run("systemctl", "list-unit-files", "bootheal-account*", codes=(0, 1))
    assert left.startswith("UNIT FILE")
    account.stack.boot(BOOT)
    account.machine.run("systemctl", "restart", "bootheal")  # to it that was a boot
    account.wait_healed()
    account.machine.run("bootheal", "rbac", "--withdraw")
    assert account.stack.find("serviceaccounts", "bootheal", "kube-system") is None
