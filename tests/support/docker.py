"""A Docker daemon of the tests' own, with stand-ins for the containers that k3d makes: same labels, same names.

It listens on a socket of its own, keeps its data in a directory of its own, and touches no
firewall. There is no image to download: the stand-ins run the host's own programs.
"""

import json
import os
import shutil
import subprocess
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from bootheal.demo.stack import Stack

IMAGE = "stand-in:1"
CLUSTER, TOKEN = "shop", "hidden-token"
SERVER, LOADBALANCER = f"k3d-{CLUSTER}-server-0", f"k3d-{CLUSTER}-serverlb"
FOREVER = "trap 'exit 0' TERM; while :; do sleep 0.1; done"

STARTS_IN = 90.0

# Where scripts/environment has unpacked Docker, if it is not installed.
UNPACKED = os.environ.get("BOOTHEAL_DOCKER", "")
PLACES = f"{UNPACKED}/usr/bin:{UNPACKED}/usr/sbin:" * bool(UNPACKED) + f"{os.environ.get('PATH', os.defpath)}:/usr/sbin"
ENVIRONMENT = os.environ | {"PATH": PLACES}
PROGRAMS = {name: shutil.which(name, path=PLACES) or "" for name in ("dockerd", "docker")}
FLAGS = (
    "--storage-driver=vfs",
    "--iptables=false",
    "--ip6tables=false",
    "--ip-forward=false",
    "--ip-masq=false",
    "--bridge=none",
    "--userland-proxy=false",
)


class Docker:
    """A running daemon; `run` and `node` make containers."""

    def __init__(self, directory: Path) -> None:
        self.socket = directory / "run/docker.sock"
        """In a directory of its own, which a machine of the tests' can be lent."""
        self.address = f"unix://{self.socket}"
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None

    def __call__(self, *arguments: str, check: bool = True) -> str:
        """Run the `docker` command; return what it prints."""
        command = [PROGRAMS["docker"], "--host", self.address, *arguments]
        done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0 or not check, f"{command}: {done.stderr}"
        return done.stdout.strip()

    def start(self) -> None:
        """Start the daemon; skip the test where this machine does not let it."""
        place = self._directory
        self.socket.parent.mkdir(exist_ok=True)
        log = place / "dockerd.log"
        own = [f"--data-root={place}/data", f"--exec-root={place}/exec", f"--pidfile={place}/pid"]
        with log.open("wb") as output:
            command = [PROGRAMS["dockerd"], f"--host={self.address}", *own, *FLAGS]
            self._process = subprocess.Popen(command, env=ENVIRONMENT, stdout=output, stderr=output)
        deadline = time.monotonic() + STARTS_IN
        while "API listen on" not in log.read_text(errors="replace"):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                last = log.read_text(errors="replace").strip().splitlines()[-1:]
                pytest.skip(f"dockerd cannot run here: {last}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop the daemon, and with it every container, as a shutdown of the machine does."""
        if self._process:
            self._process.terminate()
            self._process.wait(timeout=60)

    def remove_all(self) -> None:
        """Remove all containers and networks."""
        if names := self("ps", "--all", "--quiet", check=False).split():
            self("rm", "--force", *names, check=False)
        self("network", "prune", "--force", check=False)

    def make_image(self) -> None:
        """Import a root of links into the host's /usr, which each container sees read-only."""
        archive = self._directory / "image.tar"
        with tarfile.open(archive, "w") as tar:
            for name in ("usr", "etc", "run", "tmp", "output"):
                entry = tarfile.TarInfo(name)
                entry.type, entry.mode = tarfile.DIRTYPE, 0o755
                tar.addfile(entry)
            for name in ("bin", "lib", "lib64"):
                entry = tarfile.TarInfo(name)
                entry.type, entry.linkname = tarfile.SYMTYPE, f"usr/{name}"
                tar.addfile(entry)
        self("import", str(archive), IMAGE)

    def make(self, name: str, *options: str, script: str = FOREVER, network: str = "none") -> None:
        """Create a container that runs a shell script, without starting it."""
        usr = ["--volume", "/usr:/usr:ro", "--network", network]
        self("create", "--name", name, *usr, *options, IMAGE, "/bin/sh", "-c", script)

    def network(self, name: str, address: str) -> None:
        """Create a network whose gateway is `address`.1; skip the test where this machine has no bridges."""
        own = ("--driver=bridge", f"--subnet={address}.0/24", f"--gateway={address}.1")
        if not self("network", "create", *own, name, check=False):
            pytest.skip("Docker can make no network here")

    def node(self, name: str, role: str, *options: str, script: str = FOREVER, network: str = "none") -> None:
        """Create a container as k3d does, and start it."""
        labels = {"app": "k3d", "k3d.cluster": CLUSTER, "k3d.role": role, "k3d.cluster.token": TOKEN}
        flags = [f"--label={key}={value}" for key, value in labels.items()]
        self.make(name, *flags, "--restart=unless-stopped", *options, script=script, network=network)
        self("start", name)

    def make_cluster(self, stack: Stack) -> None:
        """Start the containers of a cluster; what would run in them is the stack, which their kubeconfig leads to."""
        content = json.loads(stack.kubeconfig.read_text())
        entry = content["clusters"][0]["cluster"]
        address = urlsplit(entry["server"])
        entry["server"] = "https://10.0.0.1:6443"
        kept = {"server.api.host": address.hostname, "server.api.port": address.port, "cluster.network": "k3d-shop"}
        labels = [f"--label=k3d.{key}={value}" for key, value in kept.items()]
        script = f"cat > /output/kubeconfig.yaml <<'END'\n{json.dumps(content)}\nEND\n{FOREVER}"
        self.node(SERVER, "server", *labels, script=script)
        self.node(LOADBALANCER, "loadbalancer")

    def when_it_runs(self, name: str, happens: Callable[[], None]) -> threading.Thread:
        """Let something happen as soon as a container runs, as what is in the container would do it."""

        def wait() -> None:
            self.wait_until(f"{name} to run", lambda: bool(self.state(name)["Running"]))
            happens()

        thread = threading.Thread(target=wait)
        thread.start()
        return thread

    def state(self, name: str) -> dict[str, Any]:
        """Return what Docker says of a container's state."""
        state: dict[str, Any] = json.loads(self("inspect", name, "--format", "{{json .State}}"))
        return state

    def wait_until(self, what: str, come_true: Callable[[], bool], timeout: float = 90.0) -> None:
        """Wait for something to come true."""
        deadline = time.monotonic() + timeout
        while not come_true():
            assert time.monotonic() < deadline, f"never: {what}"
            time.sleep(0.05)


@contextmanager
def own_docker(directory: Path) -> Iterator[Docker]:
    """Run a daemon; skip where none can be had, saying why."""
    for program, place in PROGRAMS.items():
        if not place:
            pytest.skip(f"this machine has no {program} (Debian: docker.io)")
    docker = Docker(directory)
    docker.start()
    try:
        docker.make_image()
        if (
            docker("run", "--rm", "--network=none", "--volume=/usr:/usr:ro", IMAGE, "/bin/echo", "up", check=False)
            != "up"
        ):
            pytest.skip("Docker can start no container here")
        yield docker
    finally:
        docker.remove_all()
        docker.stop()
        for left in directory.glob("exec/netns/*"):  # dockerd leaves a mount for containers on the host's network
            subprocess.run(["umount", left], check=False, capture_output=True)
