"""What an API server passes on to the node: container logs; port-forwards and commands over WebSocket."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

from aiohttp import WSMsgType, web

from bootheal.demo.node.commands import Execution, NoSuchProgramError
from bootheal.demo.objects.answers import ApiError, bad_request
from bootheal.demo.objects.kinds import Object
from bootheal.demo.tasks import end

_PROTOCOL = "v4.channel.k8s.io"
_EXEC_PROTOCOLS = ("v5.channel.k8s.io", _PROTOCOL)
_OUT, _ERR, _STATUS = 1, 2, 3
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

    def pods(self) -> list[Object]:
        """The pods that the kubelet tends."""

    def execute(self, pod: Object, container: str, words: list[str]) -> AbstractAsyncContextManager[Execution] | None:
        """Run a command in a container; None where that does not run."""


def _reach(node: Node) -> None:
    if not node.up:
        why = f"error dialing backend: dial tcp {node.address}:10250: connect: connection refused"
        raise ApiError(500, "InternalError", why)


# -- the kubelet's own API ---------------------------------------------------------------------------------------


def node_proxy(_node: Object, path: str, node: Node) -> web.Response:
    """Pass a request on to the kubelet, of whose API only the list of its pods is there."""
    _reach(node)
    if path != "pods":
        raise ApiError(404, "NotFound", "404 page not found")
    return web.json_response({"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": node.pods()})


# -- logs --------------------------------------------------------------------------------------------------------


async def read_log(request: web.Request, pod: Object, node: Node) -> web.StreamResponse:
    """Answer with the container's output: `container`, `previous`, `tailLines`, `limitBytes` and `follow`."""
    query, name = request.query, pod["metadata"]["name"]
    container = _container(request, pod)
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


def _container(request: web.Request, pod: Object) -> str:
    """The container that is asked for, an init container maybe, or the first."""
    container = request.query.get("container") or pod["spec"]["containers"][0]["name"]
    known = (*pod["spec"]["containers"], *pod["spec"].get("initContainers", ()))
    if container not in {each["name"] for each in known}:
        raise bad_request(f"container {container} is not valid for pod {pod['metadata']['name']}")
    return str(container)


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


# -- commands ----------------------------------------------------------------------------------------------------


async def run_command(request: web.Request, pod: Object, node: Node) -> web.StreamResponse:
    """Run a command in a container: its output and its errors on a channel each, and how it ended on a third.

    Its input is empty: what a client sends is read and thrown away.
    """
    offered = {name.strip() for name in request.headers.get("Sec-WebSocket-Protocol", "").split(",")}
    if not offered & set(_EXEC_PROTOCOLS):
        raise bad_request(f"unable to upgrade: the demo cluster runs commands over WebSocket {_PROTOCOL} and v5 only")
    words = request.query.getall("command", [])
    if not words:
        raise bad_request("you must specify at least 1 command for the container")
    container = _container(request, pod)
    _reach(node)
    execution = node.execute(pod, container, words)
    if execution is None:
        raise ApiError(500, "InternalError", f'container not found ("{container}")')
    socket = web.WebSocketResponse(protocols=_EXEC_PROTOCOLS, max_msg_size=0)
    await socket.prepare(request)
    try:
        async with execution as running:
            ending = await _carry(socket, running)
    except NoSuchProgramError as error:
        ending = _failure("InternalError", f"error executing command in container: {error}", [])
    with contextlib.suppress(OSError):
        await socket.send_bytes(bytes([_STATUS]) + json.dumps(ending).encode())
        await socket.close()
    return socket


async def _carry(socket: web.WebSocketResponse, running: Execution) -> Object:
    """Send what the command says until it has ended, or the client has gone; return how it ended."""
    pump = asyncio.create_task(_pass_on(socket, running))
    leaving = asyncio.create_task(_hear(socket))
    try:
        await asyncio.wait({pump, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not pump.done():
            running.process.kill()
        code = await asyncio.shield(running.process.ended)
    finally:
        await end([pump, leaving])
    if code == 0:
        return {"metadata": {}, "status": "Success"}
    cause = {"reason": "ExitCode", "message": str(code)}
    return _failure("NonZeroExitCode", f"command terminated with non-zero exit code: exit status {code}", [cause])


def _failure(reason: str, message: str, causes: list[Object]) -> Object:
    status: Object = {"metadata": {}, "status": "Failure", "reason": reason, "message": message}
    return status | ({"details": {"causes": causes}} if causes else {"code": 500})


async def _pass_on(socket: web.WebSocketResponse, running: Execution) -> None:
    await asyncio.gather(_send(socket, _OUT, running.out), _send(socket, _ERR, running.err))


async def _send(socket: web.WebSocketResponse, channel: int, reader: asyncio.StreamReader) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(_CHUNK):
            await socket.send_bytes(bytes([channel]) + data)


async def _hear(socket: web.WebSocketResponse) -> None:
    """Wait until the client goes."""
    async for _ in socket:
        pass
