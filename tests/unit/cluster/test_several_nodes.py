"""A machine that reboots is not the cluster: what is on others is judged by no boot of this one."""

from dataclasses import replace

import pytest

from bootheal.adapters.host import HostAmongNodes
from bootheal.cluster.dead_pods import cause_of_death
from bootheal.cluster.freshness import pod_doubt, service_doubt
from bootheal.cluster.rollout import looping
from bootheal.cluster.starting import left_over, skipped_init
from bootheal.errors import UnreachableError
from bootheal.model import BootTime, Endpoint, Node, Ref, Service
from bootheal.ports import Partial
from support.objects import BOOT, NOW, a_node, a_pod, running, terminated

HERE = replace(BootTime.since(BOOT), nodes=frozenset({"here"}))
OLD = a_pod("old", running(started=BOOT - 3600))
WEB = Service(Ref("service", "shop", "web"), "10.43.0.9", ((80, 80),), {"app": "web"})


@pytest.mark.parametrize(("node", "of_before"), [("here", True), ("far", False), ("", True)])
def test_only_what_lived_on_the_node_that_rebooted_is_of_before(node: str, of_before: bool) -> None:
    """A process on another machine may be a year old; one on this one cannot be older than its boot."""
    pod = replace(OLD, node=node)
    assert bool(pod_doubt(pod, boot_time=HERE)) is of_before
    doubt = service_doubt(WEB, [Endpoint("10.42.0.7", 80, "old")], [pod], boot_time=HERE)
    assert bool(doubt) is of_before


def test_a_pod_of_another_node_is_not_deleted_for_this_ones_boot() -> None:
    """Neither as dead, nor as Completed by a shutdown, nor as one whose init container was left out."""
    half = a_pod("half", running(started=BOOT - 3600, ready=False), terminated("Unknown", ready=False), phase="Running")
    assert cause_of_death(replace(half, node="far"), boot_time=HERE) == ""
    assert cause_of_death(replace(half, node="here"), boot_time=HERE) == "Unknown"
    done = a_pod(
        "done", terminated("Completed", ended=BOOT - 9), phase="Succeeded", owner=Ref("statefulset", "shop", "db")
    )
    assert (left_over(replace(done, node="here"), HERE), left_over(replace(done, node="far"), HERE)) == (True, False)
    resumed = a_pod("resumed", running(), init=(terminated("Completed", ended=BOOT - 9),))
    assert skipped_init(replace(resumed, node="here"), HERE) is not None
    assert skipped_init(replace(resumed, node="far"), HERE) is None


def test_nobody_guesses_a_back_off_on_a_node_whose_boot_is_not_known() -> None:
    """It may have been reset there; what the kubelet says of it counts."""
    failed = a_pod("failed", terminated("Error", ended=NOW - 30, ready=False))
    assert looping(replace(failed, node="here"), boot_time=HERE, now=NOW)
    assert not looping(replace(failed, node="far"), boot_time=HERE, now=NOW)


class Machine(Partial):
    """This host, in boot "new"."""

    def boot_id(self) -> str:
        return "new"

    def boot_time(self) -> BootTime:
        return BootTime.since(BOOT)

    def epoch(self) -> str:
        return "new"


@pytest.mark.parametrize(
    ("nodes", "of"),
    [
        pytest.param([a_node()], None, id="one node: all of the cluster is this machine"),
        pytest.param([a_node(), a_node(name="far", boot_id="other")], {"box"}, id="two"),
        pytest.param([a_node(boot_id="old"), a_node(name="far", boot_id="other")], set(), id="not reported yet"),
    ],
)
def test_the_boot_of_this_host_is_that_of_the_nodes_that_report_it(nodes: list[Node], of: set[str] | None) -> None:
    """By the boot id, which is the machine's own: a node may have any name."""
    boot_time = HostAmongNodes(Machine(), lambda: nodes).boot_time()
    assert boot_time is not None
    assert boot_time.nodes == (None if of is None else frozenset(of))


def test_without_an_answer_the_boot_is_what_it_was() -> None:
    """The API server is away for a moment, and nothing else has changed."""

    def away() -> list[Node]:
        raise UnreachableError("cannot reach it")

    assert HostAmongNodes(Machine(), away).boot_time() == BootTime.since(BOOT)
