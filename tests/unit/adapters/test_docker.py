"""Docker without Docker."""

import base64
import io
import json
import sys
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingUnixStreamServer
from typing import Any

import pytest

from bootheal.adapters.docker.containers import DockerContainers, as_component
from bootheal.adapters.docker.engine import Box, DockerEngine
from bootheal.adapters.docker.k3d import aliases_of
from bootheal.errors import BoothealError, MissingError, PermanentError, UnreachableError
from bootheal.model import ComponentState


def test_without_its_python_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is needed for k3d, and for the container of a registry, only."""
    monkeypatch.setitem(sys.modules, "docker", None)
    with pytest.raises(PermanentError, match="cannot talk to Docker: no Python package `docker`") as error:
        DockerEngine().containers()
    assert "bootheal[k3d]" in error.value.hint
    assert "scripts/install --k3d" in error.value.hint


def test_who_names_no_socket_gets_the_one_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """As with the `docker` command."""
    monkeypatch.setenv("DOCKER_HOST", "unix:///run/user/1000/docker.sock")
    assert DockerEngine().address == "unix:///run/user/1000/docker.sock"
    assert DockerEngine("unix:///mine.sock").address == "unix:///mine.sock"
    monkeypatch.delenv("DOCKER_HOST")
    assert DockerEngine().address == "unix:///var/run/docker.sock"


@contextmanager
def daemon(
    directory: Path, answer: Callable[[str], bytes], refusal: tuple[int, str] = (404, "")
) -> Iterator[DockerEngine]:
    """Serve what stands for Docker's answers, by their paths; whoever wants something changed gets the `refusal`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            said = b'{"ApiVersion": "1.44"}' if self.path.endswith("/version") else answer(self.path)
            self.send_response(200)
            self.send_header("Content-Length", str(len(said)))
            self.send_header("X-Docker-Container-Path-Stat", base64.b64encode(b"{}").decode())
            self.end_headers()
            self.wfile.write(said)

        def do_POST(self) -> None:
            said = json.dumps({"message": refusal[1]}).encode()
            self.send_response(refusal[0])
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_arguments: Any) -> None:
            """Say nothing."""

    with ThreadingUnixStreamServer(str(directory / "socket"), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield DockerEngine(f"unix://{directory}/socket")
        server.shutdown()


@pytest.mark.parametrize(
    ("label", "names"),
    [
        ('[{"ip": "10.0.0.9", "hostnames": ["printer", "copier"]}]', {"printer": "10.0.0.9", "copier": "10.0.0.9"}),
        *(
            (label, {})
            for label in ("", "null", "[]", "{}", "7", "[null]", '[{"ip": "1.2.3.4"}]', "no json", "[" * 9999)
        ),
        ('[{"ip": 7, "hostnames": ["printer"]}]', {}),
    ],
)
def test_names_that_k3d_was_asked_for_are_read_from_its_label(label: str, names: dict[str, str]) -> None:
    """Of another shape they are none that we know, and no bug: Go writes an empty list as null."""
    assert aliases_of(label) == names


@pytest.mark.parametrize(
    ("status", "said", "kind", "told"),
    [
        (404, "No such container: k3d", MissingError, "cannot start container k3d: Docker knows none"),
        (404, "network k3d-shop not found", MissingError, "container k3d: Docker says network k3d-shop not found"),
        (409, "container is marked for removal", PermanentError, "Docker says container is marked for removal"),
        (500, "port is already allocated", UnreachableError, "Docker says port is already allocated"),
        (500, "", UnreachableError, "Docker says Internal Server Error"),
    ],
)
def test_why_docker_does_not_start_a_container_is_told(
    status: int, said: str, kind: type[BoothealError], told: str, tmp_path: Path
) -> None:
    """One whose network was pruned is there: "Docker knows none" was untrue."""
    with daemon(tmp_path, lambda _path: b"{}", (status, said)) as engine, pytest.raises(BoothealError) as error:
        engine.start("k3d")
    assert type(error.value) is kind
    assert told in str(error.value)


ODD: tuple[Any, ...] = (None, [], "x", 7, {"a": 1}, {"Status": {}})
TIMES: tuple[Any, ...] = (7, "never", "9" * 5_000, [])
BOX = {"Name": "/k3d", "State": {"Status": "running"}, "NetworkSettings": {}, "Config": {}}


@pytest.mark.parametrize(
    "said",
    [
        *("[]", "7", '"x"', "null", "[1]", "[" * 10_000, '{"State": null}', "<html>"),
        *(json.dumps(BOX | {part: each}) for part in BOX for each in ODD),
        *(json.dumps(BOX | {"State": {"Status": "running", "StartedAt": odd}}) for odd in TIMES),
        json.dumps(BOX | {"HostConfig": {"PortBindings": {"80": [{"HostPort": "9" * 5_000}]}}}),
    ],
)
def test_what_docker_says_is_no_bug(said: str, tmp_path: Path) -> None:
    """Whatever stands where: something is understood, or an error names what was asked for."""
    with daemon(tmp_path, lambda path: b'[{"Id": "1"}]' if "containers/json" in path else said.encode()) as engine:
        for ask in (engine.containers, lambda: engine.container("k3d"), lambda: engine.network("k3d")):
            with suppress(BoothealError):
                found = ask()
                boxes = [each for each in (found if isinstance(found, list) else [found]) if isinstance(each, Box)]
                assert all(
                    isinstance(text, str) for box in boxes for text in (box.name, box.state, box.error, box.image)
                )


def sparse(size: int) -> bytes:
    """Return an archive of some hundred bytes with a file of that size in it, all of it a hole."""
    with io.BytesIO() as file, tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
        entry = tarfile.TarInfo("kubeconfig.yaml")
        entry.pax_headers = {"GNU.sparse.major": "0", "GNU.sparse.minor": "1", "GNU.sparse.size": str(size)}
        entry.pax_headers |= {"GNU.sparse.numblocks": "1", "GNU.sparse.map": f"{size},0"}
        tar.addfile(entry)
        return file.getvalue()


@pytest.mark.parametrize(
    ("archive", "told"),
    [(b"noise" * 500, "Docker's answer is none"), (b"", "answer is none"), (sparse(1 << 40), "larger")],
)
def test_a_file_of_a_container_costs_little(archive: bytes, told: str, tmp_path: Path) -> None:
    """A hole of a terabyte takes no room in an archive."""
    with daemon(tmp_path, lambda _path: archive) as engine, pytest.raises(BoothealError, match=told):
        engine.read("k3d", "/output/kubeconfig.yaml")


def test_registries_are_told_with_their_port_whether_they_run_or_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """By their image, and only those that this host reaches."""
    boxes = [
        Box(name="db", state="running", image="postgres:16", published={5432: 5432}),
        Box(name="hidden", state="running", image="registry:2"),
        Box(name="mirror", state="exited", exit_code=2, image="docker.io/library/registry:2", published={5000: 5001}),
    ]
    monkeypatch.setattr(DockerEngine, "containers", lambda _self: boxes)
    (found,) = DockerContainers(DockerEngine()).registries()
    assert (found.name, found.role, found.port) == ("mirror", "registry", 5001)
    assert found.state is ComponentState.STOPPED


def test_a_paused_container_has_not_ended() -> None:
    """It ran until somebody paused it, at a time that Docker keeps to itself; nothing is odd about how it ended."""
    found = as_component(Box(name="server", state="paused", started=100.0, finished=50.0, exit_code=137), "server")
    assert (found.state, found.since, found.why) == (ComponentState.PAUSED, 100.0, "")
