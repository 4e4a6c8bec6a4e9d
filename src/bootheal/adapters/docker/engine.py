"""The Docker Engine API in the few requests that we need, through the `docker` package: deadlines, errors as ours.

Nothing is ever stopped, removed or created. Labels and environments of containers stay
here but for those asked for by name: k3d keeps the cluster's token among them.
"""

import io
import os
import socket
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bootheal.adapters.loading import loading
from bootheal.errors import MISFITS, BoothealError, MissingError, PermanentError, UnreachableError
from bootheal.model.quoted import quoted

SOCKET = "unix:///var/run/docker.sock"
TIMEOUT_SECONDS = 10.0

# How long a container that is restarted may take to end by itself.
STOP_SECONDS = 5

# A file that is read out of a container is small; what is larger is not what we look for.
LARGEST_FILE = 1 << 20

PACKAGE_HINT = "the service gets it by `scripts/install --k3d`, the command alone by `pip install 'bootheal[k3d]'`"
GROUP_HINT = (
    "the service gets leave by `scripts/install --k3d`; by hand, run this as root or in the group docker, "
    "which is as good as root"
)


@dataclass(frozen=True, slots=True)
class Box:
    """One container as Docker shows it. `state` is Docker's word: created, running, paused, restarting, exited, dead.

    `started` and `finished` are seconds since the epoch, None where it never did.
    `addresses` holds its IP on each of its networks, `published` the port of this host for each port of its own.
    `restart_policy` is whether Docker starts it again: "no", "always", "unless-stopped", "on-failure".
    """

    name: str
    state: str
    started: float | None = None
    finished: float | None = None
    exit_code: int = 0
    out_of_memory: bool = False
    error: str = ""
    restarts: int = 0
    labels: Mapping[str, str] = field(default_factory=dict)
    addresses: Mapping[str, str] = field(default_factory=dict)
    image: str = ""
    published: Mapping[int, int] = field(default_factory=dict)
    restart_policy: str = ""


@dataclass(frozen=True, slots=True)
class Network:
    """A network: the host's address on it, and the address of each container that is on it now."""

    gateway: str
    members: Mapping[str, str]


class DockerEngine:
    """The daemon behind a socket. A client is made for each request: the daemon may have been restarted meanwhile."""

    def __init__(self, address: str = "") -> None:
        self.address = address or os.environ.get("DOCKER_HOST") or SOCKET

    def containers(self, *labels: str, keep: Sequence[str] = ()) -> list[Box]:
        """Return the containers that carry all `labels` (like "app=k3d"), running or not, by name.

        Of their own labels those named in `keep` are kept.
        """
        with self._client("list containers") as client:
            found = client.containers(all=True, filters={"label": list(labels)})
            boxes = [_inspected(client, entry["Id"], keep) for entry in found]
            return sorted((box for box in boxes if box), key=lambda box: box.name)

    def container(self, name: str) -> Box:
        """Return one container by its name. MissingError where there is none."""
        with self._client(f"look at container {name}") as client:
            box = _inspected(client, name, ())
        if box is None:
            raise MissingError(f"cannot find container {name}", hint="`docker ps --all` lists the containers")
        return box

    def start(self, name: str) -> None:
        """Start a container; one that runs already is left alone."""
        with self._client(f"start container {name}") as client:
            client.start(name)

    def restart(self, name: str) -> None:
        """Restart a container."""
        with self._client(f"restart container {name}") as client:
            client.restart(name, timeout=STOP_SECONDS)

    def log_tail(self, name: str, lines: int, *, since: float) -> str:
        """Return the last lines of a container's log, standard error included, if they are of `since` or later."""
        with self._client(f"read the log of container {name}") as client:
            return bytes(client.logs(name, tail=lines, since=since)).decode(errors="replace")

    def read(self, name: str, path: str) -> str:
        """Return the text of a file in a container, running or not. MissingError where there is none."""
        about = f"read {path} in container {name}"
        with self._client(about) as client:
            archive = bytearray()
            for chunk in client.get_archive(name, path)[0]:
                archive += chunk
                if len(archive) > LARGEST_FILE:
                    raise PermanentError(f"cannot {about}: it is larger than {LARGEST_FILE} bytes")
            return _only_file(archive, about)

    def network(self, name: str) -> Network:
        """Return a network. MissingError where there is none."""
        with self._client(f"look at network {name}") as client:
            raw = client.inspect_network(name)
            pools = (raw.get("IPAM") or {}).get("Config") or [{}]
            members = (raw.get("Containers") or {}).values()
            addresses = {member["Name"]: member.get("IPv4Address", "").partition("/")[0] for member in members}
            return Network(str(pools[0].get("Gateway", "")), {name: ip for name, ip in addresses.items() if ip})

    @contextmanager
    def _client(self, doing: str) -> Iterator[Any]:
        """Yield a client, and turn whatever goes wrong into an error of ours that says what could not be done."""
        try:
            with loading:
                import docker
                from requests.exceptions import RequestException
        except ImportError:
            raise PermanentError("cannot talk to Docker: no Python package `docker`", hint=PACKAGE_HINT) from None
        _knock(self.address)
        try:
            with closing(docker.APIClient(self.address, version="auto", timeout=TIMEOUT_SECONDS)) as client:
                yield client
        except docker.errors.NotFound as error:
            raise _missing(doing, str(error.explanation or "")) from None
        except docker.errors.APIError as error:
            raise _refused(doing, error) from None
        except (docker.errors.DockerException, RequestException, OSError) as error:
            why = f"{type(error).__name__} while trying to {doing}"
            raise UnreachableError(f"cannot reach Docker at {self.address}: {why}") from None
        except (*MISFITS, tarfile.TarError) as error:
            raise UnreachableError(f"cannot {doing}: Docker's answer is none ({type(error).__name__})") from None


def _inspected(client: Any, identity: str, keep: Sequence[str]) -> Box | None:
    """Look at one container; None where it went since it was listed."""
    from docker.errors import NotFound

    try:
        raw = client.inspect_container(identity)
    except NotFound:
        return None
    state, networks = raw["State"], raw["NetworkSettings"].get("Networks") or {}
    host = raw.get("HostConfig") or {}
    labels = raw["Config"].get("Labels") or {}
    return Box(
        name=raw["Name"].removeprefix("/"),
        state=str(state["Status"]),
        started=_seconds(state.get("StartedAt", "")),
        finished=_seconds(state.get("FinishedAt", "")),
        exit_code=int(state.get("ExitCode", 0)),
        out_of_memory=bool(state.get("OOMKilled")),
        error=str(state.get("Error", "")),
        restarts=int(raw.get("RestartCount", 0)),
        labels={name: str(labels[name]) for name in keep if name in labels},
        addresses={name: str(network["IPAddress"]) for name, network in networks.items() if network.get("IPAddress")},
        image=str(raw["Config"].get("Image") or ""),
        published=_published(host.get("PortBindings") or {}),
        restart_policy=str((host.get("RestartPolicy") or {}).get("Name") or ""),
    )


def _published(bindings: Mapping[str, Any]) -> dict[int, int]:
    """Return the ports as they were asked for: they are there also while the container is stopped."""
    found = {}
    for inside, outside in bindings.items():
        number, _, protocol = inside.partition("/")
        ports = [entry.get("HostPort") or "" for entry in outside or ()]
        if protocol in ("", "tcp") and number.isdecimal() and (port := next(filter(str.isdecimal, ports), "")):
            found[int(number)] = int(port)
    return found


def _seconds(stamp: str) -> float | None:
    """Read a timestamp with up to nine decimals; the year 1 is Docker's word for never."""
    if not stamp or stamp.startswith("0001-"):
        return None
    whole, _, fraction = stamp.rstrip("Z").partition(".")
    return datetime.fromisoformat(f"{whole}+00:00").timestamp() + float(f"0.{fraction or 0}")


def _only_file(archive: bytearray, about: str) -> str:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        file = next((tar.extractfile(member) for member in tar if member.isfile()), None)
        if file is None:
            raise MissingError(f"cannot {about}: it is not a file", hint="is this a container of k3d?")
        text = file.read(LARGEST_FILE + 1)  # a sparse file takes no room in an archive
        if len(text) > LARGEST_FILE:
            raise PermanentError(f"cannot {about}: it is larger than {LARGEST_FILE} bytes")
        return text.decode(errors="replace")


def _missing(doing: str, explained: str) -> MissingError:
    """Say what is not there: a container that is may have lost its network, or a file."""
    if not explained or "no such container" in explained.lower():
        return MissingError(f"cannot {doing}: Docker knows none", hint="`docker ps --all` lists them")
    return MissingError(f"cannot {doing}: Docker says {quoted(explained)}")


def _refused(doing: str, error: Any) -> BoothealError:
    """Docker's own explanations name images, ports and mounts; they hold no secret, and are what a person needs."""
    text = f"cannot {doing}: Docker says {quoted(str(error.explanation or error.response.reason))}"
    return UnreachableError(text) if error.is_server_error() else PermanentError(text)


def _knock(address: str) -> None:
    """Connect to a Unix socket and leave: the `docker` package tells what went wrong only in its own words."""
    if not address.startswith("unix://"):
        return
    try:
        with socket.socket(socket.AF_UNIX) as door:
            door.settimeout(TIMEOUT_SECONDS)
            door.connect(address.removeprefix("unix://"))
    except PermissionError:
        raise PermanentError(f"cannot use Docker at {address}: permission denied", hint=GROUP_HINT) from None
    except OSError as error:
        why = "no answer in time" if isinstance(error, TimeoutError) else (error.strerror or "no socket").lower()
        raise UnreachableError(f"cannot reach Docker at {address}: {why}; is Docker running?") from None
