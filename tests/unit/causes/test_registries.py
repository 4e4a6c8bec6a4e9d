"""Whose container on this machine an image that cannot be had comes from."""

import pytest

from bootheal.causes import registries
from bootheal.causes.pods import trouble
from bootheal.model import Component, ComponentState, Occurrence, Pod
from support.objects import NOW, a_node, a_pod, running, waiting

REGISTRY = Component("k3d-registry.localhost", "registry", ComponentState.STOPPED, why="exit code 2", port=12345)
OTHER = Component("mirror", "registry", ComponentState.STOPPED, port=5001)

PULL = (
    'failed to pull and unpack image "{0}/web:1": failed to resolve reference "{0}/web:1": failed to do request: Head '
)
REFUSED = PULL + '"{1}/v2/web/manifests/1": dial tcp {2}: connect: connection refused'
UNKNOWN = PULL + '"http://{1}/v2/web/manifests/1": dial tcp: lookup {2} on 127.0.0.11:53: no such host'


def lacks(image: str, message: str) -> Pod:
    return a_pod("web-1", waiting("ErrImagePull", image=image, message=message), ready=False)


@pytest.mark.parametrize(
    ("image", "message", "name"),
    [
        # k3d#478, k3d#1040: by the container's name, whichever port
        (
            "k3d-registry.localhost:5000/web:1",
            REFUSED.format("k3d-registry.localhost:5000", "http://k3d-registry.localhost:5000", "172.18.0.5:5000"),
            "k3d-registry.localhost",
        ),
        # by the port of this machine
        (
            "localhost:5001/web:1",
            REFUSED.format("localhost:5001", "http://localhost:5001", "127.0.0.1:5001"),
            "mirror",
        ),
        ("localhost:5001/web:1", REFUSED.format("localhost:5001", "https://localhost:5001", "[::1]:5001"), "mirror"),
        ("box:5001/web:1", REFUSED.format("box:5001", "https://box:5001", "192.168.1.9:5001"), "mirror"),
        # registries.yaml, or kind's hosts.toml, leads elsewhere than the name says
        (
            "registry.shop.lan/web:1",
            REFUSED.format("registry.shop.lan", "http://127.0.0.1:5001", "127.0.0.1:5001"),
            "mirror",
        ),
        ("registry.shop.lan/web:1", UNKNOWN.format("registry.shop.lan", "mirror:5000", "mirror"), "mirror"),
        ("web:1", REFUSED.format("docker.io/library", "http://mirror:5000", "172.18.0.5:5000"), "mirror"),
        # somebody else's
        ("localhost:5000/web:1", REFUSED.format("localhost:5000", "http://localhost:5000", "127.0.0.1:5000"), "-"),
        (
            "registry.lan:5001/web:1",
            REFUSED.format("registry.lan:5001", "https://registry.lan:5001", "10.9.9.9:5001"),
            "-",
        ),
        ("ghcr.io/shop/web:1", UNKNOWN.format("ghcr.io/shop", "ghcr.io", "ghcr.io"), "-"),
        # a project of Docker Hub, not a host
        ("mirror/web:1", REFUSED.format("docker.io/mirror", "https://registry-1.docker.io", "52.1.1.1:443"), "-"),
    ],
)
def test_a_container_serves_an_image_by_its_name_or_by_what_was_dialled(image: str, message: str, name: str) -> None:
    """Whether the message stands in the pod's status, or in an Event beside a shorter one."""
    names = registries.here([a_node()])
    found = registries.serving(lacks(image, message), (), (REGISTRY, OTHER), names)
    assert (found.name if found else "-") == name
    event = Occurrence("Failed", f'Failed to pull image "{image}": {message}', NOW)
    found = registries.serving(lacks(image, "Back-off pulling image"), (event,), (REGISTRY, OTHER), names)
    assert (found.name if found else "-") == name


def test_of_several_nodes_none_is_taken_for_this_machine() -> None:
    """What one of them publishes is not what another does."""
    assert registries.here([a_node()]) >= {"box"}
    assert not registries.here([a_node(), a_node(name="other")])


def test_who_waits_for_an_image() -> None:
    """One that goes needs none any more."""
    assert registries.waits(lacks("web:1", ""))
    assert registries.waits(a_pod("web-1", init=(waiting("ImagePullBackOff"),)))
    assert not registries.waits(a_pod("web-1", running()))
    assert not registries.waits(a_pod("web-1", waiting("ErrImagePull"), deleting=True))


@pytest.mark.parametrize(
    ("state", "message", "told"),
    [
        (ComponentState.STOPPED, "dial tcp 127.0.0.1:5001: connect: connection refused", True),
        (ComponentState.RUNNING, "dial tcp 127.0.0.1:5001: connect: connection refused", False),
        # it does serve, and does not have it
        (ComponentState.STOPPED, "localhost:5001/web:1: not found", False),
    ],
)
def test_a_registry_that_does_not_run_is_named_with_its_command(
    state: ComponentState, message: str, *, told: bool
) -> None:
    """It stays what may pass: Docker may yet start it."""
    found = trouble(lacks("localhost:5001/web:1", message))
    assert found
    named = registries.named(found, Component("mirror", "registry", state, why="exit code 2", port=5001))
    assert (named.id, named.gravity) == (found.id, found.gravity)
    assert named.finding
    assert ("docker start mirror" in named.finding.next_step) is told
    assert ("its container mirror on this machine is stopped (exit code 2)" in named.finding.means) is told
    assert registries.named(found, None) == found
