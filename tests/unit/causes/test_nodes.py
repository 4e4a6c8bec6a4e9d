"""Why a node is not Ready, as its kubelet and the node controller word it."""

import pytest

from bootheal.causes import Gravity
from bootheal.causes.machine import of_node
from support.objects import a_node

PLEG = "PLEG is not healthy: pleg was last seen active 16h17m50.791825508s ago; threshold is 3m0s"


STARTS = (
    "[container runtime status check may not have completed yet, PLEG is not healthy: pleg has yet to be successful]"
)
NO_NETWORK = (
    "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin "
    "returns error: cni plugin not initialized"
)


@pytest.mark.parametrize(
    ("why", "cause"),
    [
        # jupyter-et#13, gesiscss/orc#21, kubernetes#72533, #77728
        (f"KubeletNotReady: {PLEG}", "node-runtime-down"),
        (f"KubeletNotReady: [container runtime is down, {PLEG}]", "node-runtime-down"),
        # kubernetes#61117, #92843: said for seconds of each start
        (f"KubeletNotReady: {STARTS}", "node-starts"),
        ("KubeletNotReady: CSINode is not yet initialized", "node-starts"),
        # kops#13668
        (f"KubeletNotReady: {NO_NETWORK}", "node-network-not-ready"),
        ("KubeletNotReady: node is shutting down", "node-shuts-down"),
        ("NodeStatusUnknown: Kubelet stopped posting node status.", "node-silent"),
        ("KubeletNotReady: something new", "-"),
        ("no condition", "-"),
    ],
)
def test_a_node_says_itself_why_it_is_not_ready(why: str, cause: str) -> None:
    """All of it may pass; each has its own next step."""
    found = of_node(a_node(ready=False, why=why))
    assert (found.cause.id if found else "-") == cause
    if found:
        assert found.cause.gravity is Gravity.PASSES
        assert found.next_step
