"""What may be said on pytest's command line, what begins and ends with a session, and where a test opens things."""

import gc
import os
import random
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from bootheal.adapters.scope import Scope
from support import entitled, session
from support.thorough import EXAMPLES

# On a busy machine anything may take long: neither profile minds. Each run draws other examples, see below.
SLOW = [HealthCheck.too_slow]
BOTH = settings(settings.get_profile("default"), deadline=None, suppress_health_check=SLOW, print_blob=True)
settings.register_profile("quick", BOTH, max_examples=EXAMPLES["quick"])
settings.register_profile("thorough", BOTH, max_examples=EXAMPLES["thorough"])
settings.load_profile("quick")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where the tests in tests/e2e find a real cluster; without one they are skipped."""
    group = parser.getgroup("bootheal")
    group.addoption("--kubeconfig", metavar="FILE", help="a real cluster for tests/e2e, as its administrator")
    group.addoption("--k3s-image", metavar="IMAGE", help="an image of K3s that Docker has, to start such a cluster")
    group.addoption("--image", metavar="IMAGE", help="an image of bootheal that the cluster's nodes have, with its tag")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """What is collected stays: looking for what could be freed of it takes a quarter of the time, and finds nothing."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_itemcollected(item: pytest.Item) -> None:
    """Let one process run the tests that share something dear: a machine, or a stack of their file."""
    if isinstance(item, pytest.Function) and (group := group_of(item)):
        item.add_marker(pytest.mark.xdist_group(group))


def group_of(item: pytest.Function) -> str:
    """Its directory or its file, by the widest scope of its fixtures; "" where it can run anywhere."""
    used = [each for found in item._fixtureinfo.name2fixturedefs.values() for each in found]
    scopes = {each.scope for each in used if each.baseid.startswith("tests/")}
    if item.nodeid.startswith("tests/unit/") or not scopes & {"module", "session"}:
        return ""
    return item.path.parent.name if "session" in scopes else f"{item.path.parent.name}/{item.path.stem}"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with what takes longest in one process, and end with what fits into any gap: the other tests wait less."""
    items.sort(key=lambda item: not item.nodeid.startswith("tests/systemd/"))
    grouped = [item for item in items if item.get_closest_marker("xdist_group")]
    if getattr(config.option, "loadgroup", False) and not all("@" in item.nodeid for item in grouped):
        raise pytest.UsageError("pytest-xdist cannot write groups into this pytest's ids: see pytest in pyproject.toml")


def pytest_deselected(items: list[pytest.Item]) -> None:
    """Tell it to the process that reports, if this is a worker."""
    if (told := getattr(items[0].config, "workeroutput", None)) is not None:
        told.setdefault("deselected", []).extend(item.nodeid for item in items)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Begin the session, unless this is one of its worker processes; draw the seed that it is told."""
    if (
        signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    ):  # as in the background of a script; our commands would be deaf
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if "PYTEST_XDIST_WORKER" in os.environ:
        return
    if config.option.hypothesis_seed is None:
        config.option.hypothesis_seed = str(random.randrange(2**32))  # noqa: S311  (for examples, not for secrets)
    session.begin()
    config.add_cleanup(session.end)


def pytest_report_header(config: pytest.Config) -> str:
    """With this seed the same examples are drawn again."""
    chosen = config.option.hypothesis_profile or "quick"
    return f"examples: profile {chosen}, --hypothesis-seed={config.option.hypothesis_seed}"


@pytest.fixture
def scope() -> Iterator[Scope]:
    """What the test opens in it is closed when the test is over; what has not ended by then fails it."""
    with Scope(pytest.fail) as scope:
        yield scope


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Tell the process that reports which rights were printed and used, if this is a worker."""
    if (told := getattr(session.config, "workeroutput", None)) is not None:
        told["rights"] = entitled.TALLY.told()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Add what a worker has seen."""
    if found := getattr(node, "workeroutput", {}).get("rights"):
        entitled.TALLY.add(found)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List the rights that `bootheal rbac` prints and that no test has used, where most tests have run."""
    if entitled.TALLY.stacks >= entitled.MANY:
        terminalreporter.section("rights that rbac prints, and that nothing has used")
        terminalreporter.write_line("; ".join(sorted(entitled.TALLY.printed - entitled.TALLY.used)) or "none")
