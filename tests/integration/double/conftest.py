"""The double itself: a stack that the tests of a module share, and a client of its API."""

from collections.abc import Iterator

import pytest

from bootheal.demo.stack import Stack
from support.double import Api, running


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Return a healthy stack that is quick to start."""
    with running(tmp_path_factory.mktemp("double")) as stack:
        yield stack


@pytest.fixture
def api(stack: Stack) -> Iterator[Api]:
    """Return a client with the stack's token; whatever went wrong on purpose is over afterwards."""
    yield Api(stack.kubeconfig)
    stack.faults.clear()
