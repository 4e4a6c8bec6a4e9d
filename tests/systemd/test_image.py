"""The image of `config/kubernetes`: built on a bare Debian as its base, and healing as the pod of the base would run.

A real Docker builds and runs it; the cluster is the stack's. At night only: Docker copies the base for each layer.
"""

import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bootheal.demo.objects.kinds import NAMESPACE
from bootheal.demo.stack import BootScript, Stack, StackOptions
from cache import ROOT
from support.docker import ENVIRONMENT, PROGRAMS, Docker, own_docker
from support.machine import wheels, workshop
from support.stack import running
from support.thorough import by_night, thorough

pytestmark = pytest.mark.timeout(900)

BASE = ROOT / "config/kubernetes"
BOOT_ID = "/srv/boot_id"
LONGEST = 300.0
UNREAD = (
    "./usr/share/doc/",
    "./usr/share/man/",
    "./usr/share/locale/",
    "./usr/share/info/",
    "./var/cache/",
    "./var/lib/apt/",
)


@pytest.fixture(scope="module")
def docker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Docker]:
    """A Docker whose base is a Debian with Python, made by mmdebstrap; packages come from a directory in it."""
    if not thorough():
        pytest.skip("building an image takes minutes: scripts/test --thorough")
    made_with, house, directory = workshop(), wheels(), tmp_path_factory.mktemp("docker")
    with own_docker(directory) as docker:
        configuration = directory / "pip.conf"
        configuration.write_text("[global]\nno-index = true\nfind-links = /srv/wheels\n")
        archive = directory / "base.tar"
        with tarfile.open(archive, "w") as tar:
            tar.add(made_with.root, ".", filter=_needed)
            tar.add(house, "./srv/wheels")
            tar.add(configuration, "./etc/pip.conf")
        _docker(docker, "import", str(archive), "base:1")
        archive.unlink()
        yield docker


def _needed(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Leave out devices, and what no program reads: each layer is a copy of the rest."""
    spared = entry.name.startswith(UNREAD) or (entry.isdev() and not entry.isreg())
    return None if spared else entry


def _docker(docker: Docker, *arguments: str, codes: tuple[int, ...] = (0,)) -> str:
    """Run what takes longer than a usual command; return all that it says."""
    command = [PROGRAMS["docker"], "--host", docker.address, *arguments]
    environment = ENVIRONMENT | {"DOCKER_BUILDKIT": "1"}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=LONGEST, cwd=ROOT
    )
    assert done.returncode in codes, f"{command}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def image(docker: Docker) -> str:
    """The image, built by the command that the Containerfile names; nothing is fetched from anywhere."""
    file = f"--file={BASE}/Containerfile"
    _docker(docker, "build", "--network=none", file, "--build-arg=BASE=base:1", "--tag=bootheal", ".")
    return "bootheal"


def pod() -> dict[str, Any]:
    """Return the pod that the base runs."""
    found: dict[str, Any] = yaml.safe_load((BASE / "deployment.yaml").read_text())["spec"]["template"]["spec"]
    return found


def as_the_pod(directory: Path, stack: Stack) -> list[str]:
    """Return Docker's words for what the base asks of Kubernetes, and what a kubelet puts into a pod."""
    (container,), context = pod()["containers"], pod()["securityContext"]
    user = f"{context['runAsUser']}:{context['runAsGroup']}"
    assert container["securityContext"]["readOnlyRootFilesystem"]
    account, configuration = directory / "account", directory / "configuration"
    (account).mkdir()
    (account / "token").write_text(stack.cluster.token)
    (account / "ca.crt").write_bytes(stack.cluster.authority.pem)
    (account / "namespace").write_text("bootheal")
    port = yaml.safe_load(stack.kubeconfig.read_text())["clusters"][0]["cluster"]["server"].rpartition(":")[2]
    writable = {each["name"] for each in pod()["volumes"] if "emptyDir" in each}
    mounts = {each["mountPath"]: each["name"] for each in container["volumeMounts"]}
    return [
        "--network=host",
        "--read-only",
        f"--user={user}",
        "--security-opt=no-new-privileges",
        *(f"--cap-drop={each}" for each in container["securityContext"]["capabilities"]["drop"]),
        *(f"--tmpfs={path}:mode=0777" for path, name in mounts.items() if name in writable),
        *(f"--volume={configuration}:{path}:ro" for path, name in mounts.items() if name not in writable),
        f"--volume={account}:/var/run/secrets/kubernetes.io/serviceaccount:ro",
        f"--volume={stack.boot_id_file}:{BOOT_ID}:ro",  # the stack's machine boots by itself, and this one does not
        "--env=KUBERNETES_SERVICE_HOST=127.0.0.1",
        f"--env=KUBERNETES_SERVICE_PORT={port}",
        *(f"--env={each['name']}={each['value']}" for each in container["env"]),
    ]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[tuple[Stack, Path]]:
    """A cluster with the configuration of the base, to which the shop's parts are added."""
    tmp_path.chmod(0o755)
    with running(tmp_path / "stack", StackOptions(fsync=False)) as stack:
        stack.invoke(lambda: stack.cluster.store.create(NAMESPACE, {"metadata": {"name": "bootheal"}}))
        theirs: dict[str, Any] = yaml.safe_load((BASE / "bootheal.yaml").read_text())
        ours: dict[str, Any] = yaml.safe_load(stack.config.read_text())
        parts = {name: ours[name] for name in ("databases", "poolers", "workloads")}
        (tmp_path / "configuration").mkdir()
        more = {"cleanup": {"namespaces": ["shop"], "grace": 1}, "deadline": 180}
        said = theirs | parts | more | {"cluster": theirs["cluster"] | {"boot_id_file": BOOT_ID}}
        (tmp_path / "configuration/bootheal.yaml").write_text(yaml.safe_dump(said))
        yield stack, tmp_path


@by_night
def test_it_heals_a_power_cut_from_within_a_pod(docker: Docker, image: str, shop: tuple[Stack, Path]) -> None:
    """As nobody, with nothing to write to but what the base mounts, by its ServiceAccount's token and its Lease."""
    stack, directory = shop
    stack.power_cut()
    stack.boot(BootScript.quick(crash_recovery=0.5))
    said = _docker(docker, "run", "--rm", *as_the_pod(directory, stack), image, "run", "--once")
    assert "healed" in said
    stack.wait_until("the applications to serve", lambda: all(stack.serving().values()))
    lease = stack.find("leases", "bootheal", "bootheal")
    assert lease
    assert lease["spec"]["holderIdentity"] == ""  # given back


@by_night
def test_it_is_nobodys_and_says_what_it_is(docker: Docker, image: str) -> None:
    """Its user is not root, and its command is the daemon."""
    user, command, entry = docker(
        "inspect", image, "--format", "{{.Config.User}}\n{{json .Config.Cmd}}\n{{json .Config.Entrypoint}}"
    ).splitlines()
    assert user == f"{pod()['securityContext']['runAsUser']}:{pod()['securityContext']['runAsGroup']}"
    assert (command, entry) == ('["run"]', '["/opt/bootheal/bin/bootheal"]')
    assert "bootheal" in _docker(docker, "run", "--rm", "--network=none", "--read-only", image, "--version")


@by_night
def test_the_probes_commands_are_in_the_image(docker: Docker, image: str) -> None:
    """A base without `sh`, `date` or `stat` would be killed as one that hangs."""
    command = pod()["containers"][0]["livenessProbe"]["exec"]["command"]
    alive = "touch /run/bootheal/alive && " + command[-1]
    options = ("--rm", "--network=none", "--read-only", "--tmpfs=/run/bootheal:mode=0777", "--entrypoint=sh")
    _docker(docker, "run", *options, image, "-c", alive)
    _docker(docker, "run", *options, image, "-c", command[-1], codes=(1, 2))
