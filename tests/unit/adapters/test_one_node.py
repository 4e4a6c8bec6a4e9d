"""A cluster that is known by its kubeconfig alone, and turns out to be on this machine, or not."""

import os
import socket
from collections.abc import Sequence

import pytest

from bootheal.adapters.host import OneNode, RemoteHost, is_this_machine
from bootheal.errors import UnreachableError
from bootheal.model import BootTime, Node
from bootheal.ports import Partial
from support.objects import BOOT, a_node

NAME = os.uname().nodename
OURS = a_node(name=NAME.lower(), ip="127.0.0.1", boot_id="old")


class Machine(Partial):
    """This host, in boot "new"."""

    def boot_id(self) -> str:
        return "new"

    def boot_time(self) -> BootTime:
        return BootTime.since(BOOT)


def host(*nodes: Node, inside: bool = False) -> RemoteHost:
    return RemoteHost(OneNode(Machine(), lambda: nodes, inside=inside).machine)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("nodes", "inside", "here"),
    [
        pytest.param([OURS], False, True, id="kubeadm, on this host"),
        pytest.param([a_node(ip="10.0.0.9")], True, True, id="we are a pod of it, wherever it is"),
        pytest.param([a_node(name="far", ip="127.0.0.1")], False, False, id="our address, another name"),
        pytest.param([a_node(name=NAME, ip="192.0.2.7")], False, False, id="our name, another address"),
        pytest.param([a_node(name="kind", ip="192.0.2.7", boot_id="new")], False, False, id="a container of this host"),
        pytest.param([OURS, a_node(name="far")], False, False, id="others, too: which one rebooted?"),
        pytest.param([OURS, a_node(name="far")], True, False, id="others, too, from a pod"),
        pytest.param([], True, False, id="no node has registered"),
    ],
)
def test_the_boot_is_ours_where_the_only_node_is(nodes: Sequence[Node], inside: bool, here: bool) -> None:
    """Then a node that still shows another boot is of before this one; else nobody can say."""
    found = host(*nodes, inside=inside)
    assert found.boot_id() == ("new" if here else None)
    assert found.boot_time() == (BootTime.since(BOOT) if here else None)


def test_without_an_answer_it_is_where_it_was() -> None:
    """The API server is away for a moment; before it has ever answered nothing is known."""
    answers: list[Sequence[Node] | Exception] = [UnreachableError("cannot reach it"), [OURS], UnreachableError("again")]

    def nodes() -> Sequence[Node]:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    one = OneNode(Machine(), nodes, inside=False, believed=0.0)  # type: ignore[arg-type]
    assert [one.machine() is not None for _ in range(3)] == [False, True, True]


@pytest.mark.parametrize("address", ["", "not an address", "192.0.2.7", "2001:db8::7", "fe80::1%nowhere"])
def test_an_address_that_is_not_ours_is_nobodys_proof(address: str) -> None:
    """Also where there is no way to it, or where it is none; nothing is sent to find out."""
    assert not is_this_machine(a_node(name=NAME, ip=address))


def test_a_node_is_known_by_the_name_without_its_domain() -> None:
    """As kubeadm names it, in small letters; by one of this machine's own addresses, of either family."""
    assert is_this_machine(a_node(name=NAME.partition(".")[0].lower(), ip="127.0.0.1"))
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            pytest.skip("this machine has no IPv6")
    assert is_this_machine(a_node(name=NAME, ip="::1"))


def test_the_epoch_is_what_its_node_reports() -> None:
    """Nobody waits for an API server to begin with."""
    assert host(OURS).epoch() is None
