"""Connections from this host, for tests in which nobody is reached by a port-forward."""

import pytest

from bootheal.adapters.reach import Reach
from bootheal.adapters.scope import Scope


def direct() -> Reach:
    """Return what connects directly; each connection is closed by who asked for it."""
    return Reach(lambda *_: pytest.fail("no port-forward was asked for"), Scope(pytest.fail), direct=True)
