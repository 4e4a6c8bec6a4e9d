"""What an API server passes on to the node: container logs, and port-forwards over WebSocket."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from aiohttp import WSMsgType, web

from bootheal.demo.objects.answers import ApiError, bad_request
from bootheal.demo.objects.kinds import Object

_PROTOCOL = "v4.channel.k8s.io"
_CHUNK = 64 * 1024
_FOLLOW_SECONDS = 0.25


class Node(Protocol):
    """What the API server asks of a node."""

    @property
    def up(self) -> bool:
        """Whether the kubelet answers at all."""

    @property
    def address(self) -> str:
        """Where the kubelet would listen."""

    def log_file(self, pod: Object, container: str, *, previous: bool) -> Path | None:
        """The output of a container's present process, or of the one before."""


def _reach(node: Node) -> None:
    if not node.up:
        why = f"error dialing backend: dial tcp {node.address}:10250: connect: connection refused"
        raise ApiError(500, "InternalError", why)


# -- logs --------------------------------------------------------------------------------------------------------


async def read_log(request: web.Request, pod: Object, node: Node) -> web.StreamResponse:
    """Answer with the container's output: `container`, `previous`, `tailLines`, `limitBytes` and `follow`."""
    query, name = request.query, pod["metadata"]["name"]
    container = query.get("container") or pod["spec"]["containers"][0]["name"]
    if container not in {known["name"] for known in pod["spec"]["containers"]}:
        raise bad_request(f"container {container} is not valid for pod {name}")
    _reach(node)
    previous = query.get("previous") == "true"
    path = node.log_file(pod, container, previous=previous)
    if path is None and previous:
        raise bad_request(f'previous terminated container "{container}" in pod "{name}" not found')
    if path is None:
        raise bad_request(f'container "{container}" in pod "{name}" is waiting to start: ContainerCreating')
    text = path.read_bytes()
    shown = text
    if query.get("tailLines"):
        lines = text.splitlines(keepends=True)
        shown = b"".join(lines[max(0, len(lines) - int(query["tailLines"])) :])
    if query.get("limitBytes"):
        shown = shown[: int(query["limitBytes"])]
    response = web.StreamResponse(headers={"Content-Type": "text/plain"})
    await response.prepare(request)
    await response.write(shown)
    if query.get("follow") == "true":
        await _follow(response, path, len(text), lambda: node.log_file(pod, container, previous=False))
    return response


async def _follow(response: web.StreamResponse, path: Path, seen: int, current: Callable[[], Path | None]) -> None:
    """Send what is added, as long as it is the container's present output."""
    while current() == path:
        await asyncio.sleep(_FOLLOW_SECONDS)
        with path.open("rb") as file:
            file.seek(seen)
            more = file.read()
        seen += len(more)
        if more:
            await response.write(more)


# -- port-forward ------------------------------------------------------------------------------------------------


async def forward_ports(request: web.Request, pod: Object, node: Node) -> web.StreamResponse:
    """Carry TCP to the pod's ports; each has two channels, data and errors, that begin with its number."""
    offered = request.headers.get("Sec-WebSocket-Protocol", "")
    if _PROTOCOL not in [name.strip() for name in offered.split(",")]:
        raise bad_request(f"unable to upgrade: the demo cluster forwards ports over WebSocket {_PROTOCOL} only")
    ports = [int(port) for given in request.query.getall("ports", []) for port in given.split(",")]
    if not ports:
        raise bad_request('query parameter "port" is required')
    _reach(node)
    socket = web.WebSocketResponse(protocols=(_PROTOCOL,), max_msg_size=0)
    await socket.prepare(request)
    for index, port in enumerate(ports):
        for channel in (2 * index, 2 * index + 1):
            await socket.send_bytes(bytes([channel]) + port.to_bytes(2, "little"))
    writers: dict[int, asyncio.StreamWriter] = {}
    async with asyncio.TaskGroup() as pumps:
        for index, port in enumerate(ports):
            reader = await _connect(socket, pod, index, port, writers)
            if reader is not None:
                pumps.create_task(_pump(socket, index, reader))
        await _receive(socket, writers)
    return socket


async def _connect(
    socket: web.WebSocketResponse, pod: Object, index: int, port: int, writers: dict[int, asyncio.StreamWriter]
) -> asyncio.StreamReader | None:
    address = pod.get("status", {}).get("podIP") or "0.0.0.0"
    try:
        reader, writers[2 * index] = await asyncio.open_connection(address, port)
    except OSError:
        uid = pod["metadata"]["uid"]
        why = (
            f"an error occurred forwarding {port} -> {port}: error forwarding port {port} to pod {uid}, uid : "
            f"failed to connect to localhost:{port} inside the pod's namespace: connect: connection refused"
        )
        await socket.send_bytes(bytes([2 * index + 1]) + why.encode())
        await socket.close()
        return None
    return reader


async def _pump(socket: web.WebSocketResponse, index: int, reader: asyncio.StreamReader) -> None:
    """From the pod to the client, until either is done."""
    with contextlib.suppress(OSError):
        while data := await reader.read(_CHUNK):
            await socket.send_bytes(bytes([2 * index]) + data)
    await socket.close()


async def _receive(socket: web.WebSocketResponse, writers: dict[int, asyncio.StreamWriter]) -> None:
    """From the client to the pod, until the client is done; then the pod's side is closed too."""
    try:
        async for message in socket:
            writer = writers.get(message.data[0]) if message.type is WSMsgType.BINARY and message.data else None
            if writer is not None and len(message.data) > 1:
                writer.write(message.data[1:])
                with contextlib.suppress(OSError):
                    await writer.drain()
    finally:
        for writer in writers.values():
            writer.close()
