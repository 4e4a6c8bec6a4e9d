"""The k3s on the disk: its version, and what it tells its kubelet."""

import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bootheal.adapters import bounded_yaml
from bootheal.adapters.machine.certificates import K3S
from bootheal.adapters.machine.texts import rows, text
from bootheal.adapters.systemctl import answer
from bootheal.model.machine import Kubelet, is_elsewhere

CONFIGURATION, MORE, UNIT_FILES = "etc/rancher/k3s/config.yaml", "etc/rancher/k3s/config.yaml.d", "etc/systemd/system"
ENVIRONMENT = "k3s.service.env"
DROP_INS = K3S / "agent/etc/kubelet.conf.d"
HOSTNAME, REGISTRIES = "etc/hostname", "etc/rancher/k3s/registries.yaml"

# The name of a mirror for each registry that has none of its own.
ALL_REGISTRIES = "*"

_VERSION = re.compile(r"^k3s version (v\d+\.\d+\.\d+\S*)", re.MULTILINE)
# As k3s takes them: --kubelet-arg=shutdown-grace-period=30s
_ARGUMENT = re.compile(r"--kubelet-arg[= ]+[\"']?([\w-]+)=([^\"'\s]+)")
_SNAPSHOTS = re.compile(r"--etcd-snapshot-dir[= ]+[\"']?([^\"'\s]+)")
_RESOLVER = re.compile(r"--resolv-conf[= ]+[\"']?([^\"'\s]+)|^K3S_RESOLV_CONF=[\"']?([^\"'\s]+)", re.MULTILINE)
RESOLVERS = ("/etc/resolv.conf", "/run/systemd/resolve/resolv.conf")
_NODE_NAME = re.compile(r"--node-name[= ]+[\"']?([^\"'\s]+)|^K3S_NODE_NAME=[\"']?([^\"'\s]+)", re.MULTILINE)


def version(program: str = "k3s") -> str:
    """Return the version of the program that the next start runs, "" where it is not there or does not say."""
    path = shutil.which(program)
    found = _VERSION.search(answer([path, "--version"])) if path else None
    return found[1] if found else ""


@dataclass(frozen=True, slots=True)
class Told:
    """What k3s is told: by its configuration files, in their order, and by what it is started with."""

    root: Path
    configurations: tuple[dict[str, Any], ...]
    started: str


def told(root: Path, unit: str, gaps: list[str]) -> Told:
    """Read it; what cannot be understood is added to `gaps`."""
    return Told(root, tuple(_configurations(root, gaps)), _unit(root, unit))


def kubelet(k3s: Told, gaps: list[str]) -> Kubelet:
    """Return what k3s tells its kubelet: by its configuration, its unit, and the drop-ins of newer versions."""
    root, settings = k3s.root, dict[str, str]()
    for said in k3s.configurations:
        for each in _listed(said.get("kubelet-arg")):
            name, sign, value = each.partition("=")
            if sign:
                settings[_plain(name)] = value
    for name, value in _ARGUMENT.findall(k3s.started):
        settings[_plain(name)] = value
    for path in [Path(settings["config"])] if "config" in settings else []:
        settings |= _flat(_yaml(root / str(path).lstrip("/"), gaps))
    directory = root / DROP_INS
    try:
        files = sorted(each for each in directory.iterdir() if each.suffix == ".conf")
    except OSError:
        files = []
    for file in files:
        settings |= _flat(_yaml(file, gaps))
    return Kubelet(settings, f"/{DROP_INS}" if _is_there(directory) else "")


def node_name(k3s: Told) -> str:
    """Return how k3s would call this machine's node at the next boot: as it is told, or as the machine is called."""
    for said in k3s.configurations:
        if "with-node-id" in said:
            return ""
        if isinstance(name := said.get("node-name"), str):
            return name
    if "--with-node-id" in k3s.started:
        return ""
    if found := _NODE_NAME.search(k3s.started):
        return found[1] or found[2]
    name = text(k3s.root / HOSTNAME).strip().lower()
    return "" if name.partition(".")[0] == "localhost" else name  # then the network names it


def resolver(k3s: Told, settings: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """Return the file that k3s would hand on to pods, and the name servers in it; ("", ()) where it makes one up.

    What it is told it takes as it is, else the first that is there and names nobody whom only this machine or its wire
    can ask, as it starts (its pkg/agent/config, locateOrGenerateResolvConf).
    """
    told = [said["resolv-conf"] for said in k3s.configurations if isinstance(said.get("resolv-conf"), str)]
    told += [one or other for one, other in _RESOLVER.findall(k3s.started)]
    told += [settings["resolvconf"]] if settings.get("resolvconf") else []
    for path in told[-1:] or RESOLVERS:
        file = k3s.root / path.lstrip("/")
        servers = tuple(words[1] for words in rows(file) if words[0] == "nameserver" and len(words) > 1)
        if told or (file.is_file() and all(map(is_elsewhere, servers))):
            return path, servers
    return "", ()


def snapshots(k3s: Told) -> str:
    """Return the directory where k3s puts snapshots of etcd, "" where they are kept elsewhere (S3)."""
    place = f"/{K3S}/server/db/snapshots"
    for said in k3s.configurations:
        if said.get("etcd-s3"):
            return ""
        if isinstance(directory := said.get("etcd-snapshot-dir"), str):
            place = directory
    if "--etcd-s3" in k3s.started:
        return ""
    found = _SNAPSHOTS.search(k3s.started)
    return found[1] if found else place


def asked_themselves(registries: Iterable[str], root: Path) -> list[str]:
    """Return those that containerd asks: whether the others answer, for which it is sent to a mirror, tells nothing."""
    said = _yaml(root / REGISTRIES, []).get("mirrors")
    mirrored = set(map(str, said)) if isinstance(said, dict) else set()
    return [] if ALL_REGISTRIES in mirrored else [each for each in registries if each not in mirrored]


def _configurations(root: Path, gaps: list[str]) -> Iterator[dict[str, Any]]:
    more = root / MORE
    files = [root / CONFIGURATION, *(sorted(more.glob("*.yaml")) if _is_there(more) else ())]
    yield from (_yaml(file, gaps) for file in files)


def _unit(root: Path, unit: str) -> str:
    """Return what k3s is started with, in one line for each: of its unit, its drop-ins, and its environment."""
    directory = root / UNIT_FILES
    more = directory / f"{unit}.d"
    files = [directory / unit, *(sorted(more.glob("*.conf")) if _is_there(more) else ()), directory / f"{unit}.env"]
    said = "\n".join(map(text, files))
    return re.sub(r"'\s*\\\n\s*|\\\n\s*", " ", said).replace("' '", " ").replace("'", " ")


def _yaml(path: Path, gaps: list[str]) -> dict[str, Any]:
    said = text(path)
    try:
        found = bounded_yaml.load(said) if said else {}
    except ValueError as error:
        gaps.append(f"{path}: {error}")
        return {}
    return found if isinstance(found, dict) else {}


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else [each for each in value or () if isinstance(each, str)]


def _flat(said: dict[str, Any], before: str = "") -> dict[str, str]:
    """Return nested keys as one word, as flags of the kubelet are written without hyphens."""
    flat: dict[str, str] = {}
    for key, value in said.items():
        name = before + _plain(str(key))
        if isinstance(value, dict):
            flat |= _flat(value, name)
        elif isinstance(value, str | int | float | bool):
            flat[name] = str(value).lower()
    return flat


def _plain(name: str) -> str:
    return name.lower().replace("-", "")


def _is_there(directory: Path) -> bool:
    try:
        return directory.is_dir()
    except OSError:
        return False
