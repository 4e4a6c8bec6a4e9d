"""Docker without Docker."""

import sys

import pytest

from bootheal.adapters.docker.engine import DockerEngine
from bootheal.errors import PermanentError


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
