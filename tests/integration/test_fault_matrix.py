"""Each fault of an API server at each of a pass' requests, over real HTTP on the stack: only at night.

By day unit/test_fault_matrix does this on simulated boots.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest

from bootheal.demo.api.faults import Fault
from bootheal.demo.stack import BootScript, Stack, StackOptions
from support.command import heal
from support.faulty import busiest
from support.stack import running
from support.thorough import by_night

HTML = "<html>Log in</html>"
FAULTS = {
    "reset": Fault(cut="reset"),
    "TLS end": Fault(cut="eof"),
    "silence": Fault(cut="silence"),
    "truncated": Fault(cut="truncated"),
    "drip": Fault(cut="drip"),
    "HTML": Fault(status=200, body=HTML),
    "garbage": Fault(status=200, body='{"items": [{"metadata": 7}]}'),
    **{str(status): Fault(status=status) for status in (400, 401, 403, 404, 409, 410, 422, 429, 500, 503)},
}
REFUSALS = {"400", "403", "404", "422"}
"""Those after which asking again need not help."""

# Which request of which step; what a deed of it asks for is done before the fault, and in another run not.
READS = {
    "gate": Fault(method="GET", path="/readyz$"),
    "node": Fault(method="GET", path="/nodes"),
    "pods": Fault(method="GET", path="/namespaces/shop/pods$"),
    "secrets": Fault(method="GET", path="/secrets/"),
    "workloads": Fault(method="GET", path="/deployments"),
    "services": Fault(method="GET", path="/services"),
    "slices": Fault(method="GET", path="/endpointslices"),
    "watches": Fault(method="GET", query="watch="),
}
DEEDS = {
    "delete": Fault(method="DELETE", path="/pods/"),
    "patch": Fault(method="PATCH", path="/deployments/"),
}
SHORT, LONG = 10, 120


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One stack, whose power is cut for each place."""
    with running(tmp_path_factory.mktemp("stack"), StackOptions(fsync=False)) as stack:
        stack.configure({"cleanup": {"grace": 1}})
        yield stack


def boot(stack: Stack, fault: Fault, deadline: float) -> dict[str, object]:
    """Cut the power, heal with the fault in force, and hold the verdict against what is served."""
    stack.faults.clear()
    stack.power_cut()
    stack.requests.clear()
    stack.faults.used.clear()
    stack.boot(BootScript.quick(crash_recovery=0.5))
    stack.faults.add(fault)
    stack.configure({"deadline": deadline})
    report = heal(stack.config, expect=(0, 1))
    healed = report["verdict"] in ("healed", "healthy")
    if healed:
        assert all(stack.serving().values()), report
    else:
        assert stack.faults.used, report
        assert re.search("API server|cannot", json.dumps(report)), report
    ours = [request for request in stack.requests if request.user_agent.startswith("bootheal")]
    assert ours
    done = Counter(r.path for r in ours if r.method == "DELETE" and r.status == 200)
    assert all(number == 1 for number in done.values()), done
    met = [request.time for request in ours if fault.meets(request.method, request.path, str(request.query))]
    assert busiest(met, 10.0) < 200, "a storm of requests"
    return {"healed": healed}


@by_night
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", FAULTS)
def test_each_request_of_a_pass(shop: Stack, name: str) -> None:
    """A truthful verdict in time, no deed twice for one cause, no storm; what passes is forgotten."""
    for where, place in (READS | DEEDS).items():
        for after in (False, True) if where in DEEDS else (False,):
            what = replace(FAULTS[name], path=place.path, method=place.method, query=place.query, after=after)
            passing = boot(shop, replace(what, times=2), LONG)
            assert passing["healed"] or name in REFUSALS, (name, where, after)
            boot(shop, what, SHORT)
    shop.faults.clear()
    shop.configure({"deadline": LONG})
    heal(shop.config)
