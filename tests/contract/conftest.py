"""A stack that the tests of a module share, and the adapters on both ways to its pods."""

from collections.abc import Iterator

import pytest

from bootheal.adapters.scope import Scope
from bootheal.demo.stack import Stack
from support.reach import Parts
from support.stack import running


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Healthy; the tests of a module leave it as they found it."""
    with running(tmp_path_factory.mktemp("stack")) as stack:
        yield stack


@pytest.fixture(params=["direct", "forward"])
def parts(request: pytest.FixtureRequest, stack: Stack, scope: Scope) -> Parts:
    """Connections from here, or port-forwards."""
    return Parts(stack, scope, direct=request.param == "direct")
