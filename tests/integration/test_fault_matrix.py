"""Each fault of an API server at each of a pass' requests, over real HTTP on the stack: only at night.

By day unit/test_fault_matrix does this on simulated boots. What a watch may say is in contract/test_malicious_api, how
clocks may be wrong in unit/test_power_cut.
"""

import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import product
from subprocess import TimeoutExpired
from typing import Any

import pytest

from bootheal.demo.api.faults import Fault, Request
from bootheal.demo.stack import BootScript, Stack, StackOptions
from support.command import LONGEST, Process, start
from support.faulty import busiest
from support.stack import running
from support.thorough import by_night
from support.usage import usage

FAULTS = {
    "refused": Fault(cut="reset"),  # and then nobody listens for a second
    "reset": Fault(cut="reset"),
    "TLS end": Fault(cut="eof"),
    "silence": Fault(cut="silence"),
    "truncated": Fault(cut="truncated"),
    "drip": Fault(cut="drip"),
    "HTML": Fault(status=200, body="<html>Log in</html>"),
    "garbage": Fault(status=200, body='{"items": [{"metadata": 7}]}'),  # a watch: a change that is none
    "nothing": Fault(status=200, body="\n"),  # a watch: it ends at once
    "429 for a while": Fault(status=429, headers={"Retry-After": "3"}),
    **{str(status): Fault(status=status) for status in (400, 401, 403, 404, 409, 410, 422, 429, 500, 503)},
}
REFUSALS = {"400", "403", "404", "422"}
"""Those after which asking again need not help."""

READS = {
    "gate": Fault(method="GET", path="/readyz$"),
    "node": Fault(method="GET", path="/nodes$"),
    "heartbeats": Fault(method="GET", path="/kube-node-lease/leases$"),
    "pods": Fault(method="GET", path="/namespaces/shop/pods$"),
    "secrets": Fault(method="GET", path="/secrets/"),
    "workloads": Fault(method="GET", path="/deployments"),
    "services": Fault(method="GET", path="/shop/services"),
    "slices": Fault(method="GET", path="/endpointslices"),
    "admission": Fault(method="GET", path="/(resourcequotas|[a-z]+webhookconfigurations)$|/namespaces/shop$"),
    "extensions": Fault(method="GET", path="/apiservices$"),
    "claims": Fault(method="GET", path="/persistentvolumeclaims/"),
    "watches": Fault(method="GET", query="watch="),
}
EVIDENCE = {
    "leases": Fault(method="GET", path="/kube-system/leases$"),
    "names": Fault(method="GET", path="/services/kube-dns$"),
    "events": Fault(method="GET", path="/events$"),
    "last words": Fault(method="GET", path="/shop/pods/.+"),
}
"""What is nice to know; nothing is ill for want of it."""

DEEDS = {
    "delete": Fault(method="DELETE", path="/pods/"),
    "roll out": Fault(method="PATCH", path="/deployments/nginx$"),
}
"""What these ask for is done before the fault, and in another boot not."""

PLACES = READS | EVIDENCE | DEEDS
SOMETIMES = {"events", "last words"}
"""What not each boot gives a reason to ask for."""

SHORT, SLOWER, LONG = 10, 40, 120
SLOW = {"silence", "drip"}
"""Those of which one question can tell only after some ten seconds; the gate asks what others have hung in, too."""
STORM = 250
"""So many requests in ten seconds come from nobody who waits between them."""
MEGABYTES = 150.0


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One stack, whose power is cut for each place."""
    with running(tmp_path_factory.mktemp("stack"), StackOptions(fsync=False)) as stack:
        always = {"deployment/shop/nginx": {"restart": "always"}}
        stack.configure({"cleanup": {"grace": 1}, "workloads": always})
        yield stack


@dataclass(frozen=True)
class Cell:
    """One fault at one place: before or after what was asked for is done, twice or for good."""

    fault: str
    place: str
    after: bool
    lasts: bool

    @property
    def rule(self) -> Fault:
        """What the API server does."""
        where = PLACES[self.place]
        what = replace(FAULTS[self.fault], path=where.path, method=where.method, query=where.query)
        return replace(what, after=self.after, times=None if self.lasts else 2)

    @property
    def harmless(self) -> bool:
        """Whether it must end well all the same: it passes, or nothing depends on what is asked for.

        On a server that goes away each time that it is asked for something, all else depends.
        """
        return not self.lasts or (self.place in EVIDENCE and self.fault != "refused")

    @property
    def deadline(self) -> float:
        """In seconds."""
        if self.harmless:
            return LONG
        return SLOWER if self.fault in SLOW or self.place == "watches" else SHORT


def cells(fault: str) -> Iterator[Cell]:
    """All places of it; after a question it is the same as before."""
    for place, lasts in product(PLACES, (False, True)):
        yield Cell(fault, place, after=False, lasts=lasts)
        if place in DEEDS:
            yield Cell(fault, place, after=True, lasts=lasts)


def boot(stack: Stack, cell: Cell) -> None:
    """Cut the power, heal with the fault in force, and hold the verdict against what is served."""
    stack.faults.clear()
    stack.power_cut()
    stack.requests.clear()
    stack.faults.used.clear()
    generation = rolled_out(stack)
    stack.configure({"deadline": cell.deadline})
    for kept in (stack.directory / "state").glob("*"):  # what did not help in two boots is held back in the third
        kept.unlink()
    stack.boot(BootScript.quick(crash_recovery=0.5))
    stack.faults.add(cell.rule)
    report, megabytes = healed(stack, cell)
    told = {outcome["step"]: (outcome["ending"], outcome["why"]) for outcome in report["outcomes"]}
    if report["verdict"] in ("healed", "healthy"):
        assert all(stack.serving().values()), told
    else:
        assert cell.fault in REFUSALS or not cell.harmless, told
        assert cell.place not in READS or cell.place == "watches" or re.search("API server|cannot", str(told)), told
    assert stack.faults.used or cell.lasts or cell.place in SOMETIMES, "nobody met it"
    ours = [request for request in stack.requests if request.user_agent.startswith("bootheal")]
    assert rolled_out(stack) - generation <= 1, "rolled out twice"
    sober(ours, cell)
    assert megabytes < MEGABYTES


def sober(ours: list[Request], cell: Cell) -> None:
    """Nothing is deleted twice, and nobody asks without end."""
    done = Counter(each.path for each in ours if each.method == "DELETE" and each.status == 200)
    if cell.rule.status == 200 and cell.place == "delete":  # who answers so has deleted nothing
        done.clear()
    assert all(number == 1 for number in done.values()), done
    met = [each.time for each in ours if cell.rule.meets(each.method, each.path, str(each.query))]
    assert busiest(met, 10.0) < STORM, "a storm of requests"


def healed(stack: Stack, cell: Cell) -> tuple[dict[str, Any], float]:
    """Return the report of one run, and the most megabytes that it had; where it is to be refused, let it be."""
    process, most, refused = start("run", "--once", "--json", "--config", stack.config), 0.0, 0
    while process.poll() is None:
        with suppress(TimeoutExpired):
            process.communicate(timeout=0.05)
        most = max(most, megabytes(process))
        if cell.fault == "refused" and len(stack.faults.used) > refused:
            refused = len(stack.faults.used)
            go_away(stack)
    out, err = process.communicate(timeout=LONGEST)
    assert process.returncode in (0, 1), f"{out}{err}"
    assert "Traceback" not in out + err, f"{out}{err}"
    report: dict[str, Any] = json.loads(out)
    return report, most


def go_away(stack: Stack) -> None:
    """Listen no more for a second, as an API server that begins anew."""
    stack._loop.wait_for(stack.cluster.api.cut())
    time.sleep(1.0)
    stack.invoke(stack.cluster.api.open)


def megabytes(process: Process) -> float:
    """Return what it has just now, 0 where it has ended."""
    try:
        return usage(process.pid).megabytes
    except (OSError, KeyError):
        return 0.0


def rolled_out(stack: Stack) -> int:
    """Return which generation nginx is of."""
    nginx = stack.find("deployments", "nginx")
    assert nginx
    return int(nginx["metadata"]["generation"])


@by_night
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("fault", FAULTS)
def test_each_request_of_a_pass(shop: Stack, fault: str) -> None:
    """A truthful verdict in time, no deed twice for one cause, no storm, little memory; what passes is forgotten."""
    failed = []
    for cell in cells(fault):
        try:
            boot(shop, cell)
        except AssertionError as error:
            failed.append(f"{cell}: {str(error)[:2000]}")
    assert not failed, "\n\n".join(failed)
