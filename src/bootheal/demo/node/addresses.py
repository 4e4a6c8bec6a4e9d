"""Loopback addresses for a node, its Services and its pods, apart from those of any other stack."""

from __future__ import annotations

import contextlib
import itertools
import random
import socket

from bootheal.errors import DemoError

_TRIES = 50


class Addresses:
    """A loopback subnet 127.x.0.0/16 of our own: 127.x.0.1 is the node, then Services, then pods in turn."""

    def __init__(self) -> None:
        self._lock = socket.socket(socket.AF_UNIX)
        self._subnet = self._choose()
        self._services = itertools.count(2)
        self._pods = itertools.cycle(f"{self._subnet}.{y}.{z}" for y in range(1, 255) for z in range(1, 255))
        self._taken: set[str] = set()

    def _choose(self) -> str:
        """Take a subnet that no other stack has: an abstract socket's name is as wide as the loopback network."""
        for _ in range(_TRIES):
            subnet = f"127.{random.randint(1, 254)}"  # noqa: S311
            with contextlib.suppress(OSError):
                self._lock.bind(f"\0bootheal demo {subnet}")
                return subnet
        raise DemoError("cannot find a free loopback subnet (127.x.0.0/16)")

    @property
    def node(self) -> str:
        """The node's own address."""
        return f"{self._subnet}.0.1"

    def for_service(self) -> str:
        """The next ClusterIP."""
        return f"{self._subnet}.0.{next(self._services)}"

    def for_pod(self) -> str:
        """The next pod address that no pod has."""
        address = next(address for address in self._pods if address not in self._taken)
        self._taken.add(address)
        return address

    def give_back(self, address: str) -> None:
        """A pod is gone."""
        self._taken.discard(address)

    def free_port(self, wanted: int) -> int:
        """The port, or the next one that no program on this machine has taken on all addresses."""
        for port in range(wanted, wanted + _TRIES):
            with contextlib.suppress(OSError), socket.socket() as probe:
                probe.bind((self.node, port))
                return port
        raise DemoError(f"cannot listen on port {wanted} of a loopback address, nor on the {_TRIES} after it")

    def release(self) -> None:
        """Let another stack have the subnet."""
        self._lock.close()
