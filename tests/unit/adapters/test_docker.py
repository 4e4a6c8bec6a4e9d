"""Docker without Docker."""

import sys

import pytest

from bootheal.adapters.docker.containers import DockerContainers
from bootheal.adapters.docker.engine import Box, DockerEngine
from bootheal.errors import PermanentError
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
