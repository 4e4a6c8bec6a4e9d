"""What may be said on pytest's command line, and what every test may open connections in."""

from collections.abc import Iterator

import pytest

from bootheal.adapters.scope import Scope


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where the tests in tests/e2e find a real cluster; without one they are skipped."""
    group = parser.getgroup("bootheal")
    group.addoption("--kubeconfig", metavar="FILE", help="a real cluster for tests/e2e, as its administrator")
    group.addoption("--k3s-image", metavar="IMAGE", help="an image of K3s that Docker has, to start such a cluster")


@pytest.fixture
def scope() -> Iterator[Scope]:
    """What the test opens in it is closed when the test is over; what has not ended by then fails it."""
    with Scope(pytest.fail) as scope:
        yield scope
