"""The service proxy: every Service port listens on its ClusterIP and sends on to what the EndpointSlices say.

It does not look at pods: a stale slice sends to a dead address, as on a real node.
"""

from __future__ import annotations

import asyncio
import itertools
import socket

from bootheal.demo.objects.kinds import SERVICE, SLICE, Object
from bootheal.demo.objects.store import Store
from bootheal.demo.sockets import Listener, end_by_reset

_CHUNK = 64 * 1024
_SERVICE_LABEL = "kubernetes.io/service-name"


class Proxy:
    """Listens while there is an endpoint to send to; where there is none, the port refuses, as kube-proxy has it.

    It follows `lag` seconds behind: changes that come together are one change of a node's rules.
    """

    def __init__(self, store: Store, lag: float) -> None:
        self._store, self._lag = store, lag
        self._turns = itertools.count()
        self._open: dict[tuple[str, int], Listener] = {}
        self._refusing: list[Listener] = []

    async def run(self) -> None:
        """Follow Services and slices until cancelled; then every connection is reset."""
        try:
            with self._store.history.subscribe() as subscription:
                self._sync()
                while changes := await subscription.take():
                    if any(change.kind in {SERVICE, SLICE} for change in changes):
                        await asyncio.sleep(self._lag)
                        self._sync()
        finally:
            for listener in (*self._open.values(), *self._refusing):
                await listener.cut()

    def _sync(self) -> None:
        wanted = {
            (service["spec"]["clusterIP"], port["port"])
            for service in self._store.all(SERVICE)
            for port in service["spec"].get("ports", [])
            if service["spec"].get("clusterIP") not in {None, "None"} and self._endpoints(service, port)
        }
        for key in self._open.keys() - wanted:
            listener = self._open.pop(key)
            listener.refuse()
            self._refusing.append(listener)
        self._refusing = [listener for listener in self._refusing if listener.busy]
        for key in wanted - self._open.keys():
            self._open[key] = self._listen(*key)

    def _listen(self, address: str, port: int) -> Listener:
        async def serve(connection: socket.socket) -> None:
            await self._carry(connection, address, port)

        return Listener(address, port, serve)

    async def _carry(self, connection: socket.socket, address: str, port: int) -> None:
        """Carry one connection to an endpoint; that nobody is there, or a reset, is passed on as a reset."""
        target = self._choose(address, port)
        if target is None:
            end_by_reset(connection)
            return
        with socket.socket() as onward:
            onward.setblocking(False)  # noqa: FBT003  (it takes no keyword)
            try:
                await asyncio.get_running_loop().sock_connect(onward, target)
                async with asyncio.TaskGroup() as pumps:
                    pumps.create_task(_pump(connection, onward))
                    pumps.create_task(_pump(onward, connection))
            except* OSError:
                end_by_reset(connection)
                end_by_reset(onward)

    def _choose(self, address: str, number: int) -> tuple[str, int] | None:
        """The next endpoint in turn."""
        for service in self._store.all(SERVICE):
            for port in service["spec"].get("ports", []):
                if service["spec"].get("clusterIP") == address and port["port"] == number:
                    endpoints = self._endpoints(service, port)
                    return endpoints[next(self._turns) % len(endpoints)] if endpoints else None
        return None

    def _endpoints(self, service: Object, port: Object) -> list[tuple[str, int]]:
        metadata = service["metadata"]
        return [
            (address, found["port"])
            for item in self._store.all(SLICE, metadata["namespace"])
            if item["metadata"].get("labels", {}).get(_SERVICE_LABEL) == metadata["name"]
            for found in item["ports"]
            if found.get("name", "") == port.get("name", "")
            for endpoint in item["endpoints"]
            if endpoint["conditions"]["ready"]
            for address in endpoint["addresses"]
        ]


async def _pump(source: socket.socket, target: socket.socket) -> None:
    """From one to the other, until the source has no more to say."""
    loop = asyncio.get_running_loop()
    while data := await loop.sock_recv(source, _CHUNK):
        await loop.sock_sendall(target, data)
    target.shutdown(socket.SHUT_WR)
