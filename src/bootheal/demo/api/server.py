"""The API server: HTTP over the store, with the official client and kubectl as the measure of what is enough.

Here requests are recorded, spoiled, authenticated, authorised and routed; the verbs on objects are in `verbs`,
what streams in `streams`.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import ssl
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import TypeAlias

from aiohttp import web

from bootheal.demo.api import discovery
from bootheal.demo.api.accounts import Accounts, Asked
from bootheal.demo.api.calls import Call, call_of, parsed
from bootheal.demo.api.door import Door
from bootheal.demo.api.faults import Faults, Request
from bootheal.demo.api.reviews import review
from bootheal.demo.api.streams import Node, forward_ports, node_proxy, read_log, run_command
from bootheal.demo.api.verbs import answer
from bootheal.demo.objects.answers import ApiError, forbidden, forbidden_path, unauthorized
from bootheal.demo.objects.store import Store
from bootheal.demo.sockets import cut_off

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

USER = "system:admin"
_REVIEWS = "/apis/authorization.k8s.io/v1/"
_PROMISED, _DRIP_SECONDS = 1 << 20, 0.2
_STREAMS = {"portforward": forward_ports, "log": read_log, "exec": run_command}
_RECORD = web.RequestKey("record", Request)
_UNREADY = "[+]ping ok\n[-]etcd failed: reason withheld\n[+]informer-sync ok\nreadyz check failed\n"


class Api:
    """The application and the port that it answers on. It can be cut off as by a power cut, and opened again."""

    def __init__(self, store: Store, faults: Faults, node: Node, tls: ssl.SSLContext, token: str) -> None:
        self.token = token
        self.requests: list[Request] = []
        self._store = store
        self.accounts = Accounts(store)
        self._faults = faults
        self._node = node
        application = web.Application(
            middlewares=[self._record, self._spoil, self._refuse, self._authenticate], client_max_size=8 << 20
        )
        application.router.add_route("*", "/{path:.*}", self._route)
        self._runner = web.AppRunner(application, access_log=None, handler_cancellation=True, shutdown_timeout=0)
        self._door = Door(faults, tls)

    async def prepare(self) -> int:
        """Choose the port, which is kept from then on, and return it."""
        await self._runner.setup()
        return self._door.choose_port()

    def open(self) -> None:
        """Begin to answer."""
        server = self._runner.server
        if server is not None:
            self._door.open(server)

    async def cut(self) -> None:
        """Stop as a power cut does: no goodbye, every connection is reset, the port refuses."""
        await self._door.close()
        for connection in self._runner.server.connections if self._runner.server else ():
            cut_off(connection.transport, reset=True)

    async def close(self) -> None:
        """End for good."""
        await self.cut()
        await self._runner.cleanup()

    # -- what every request goes through, outermost first ----------------------------------------------------

    @web.middleware
    async def _record(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        body = parsed(await request.read()) if request.can_read_body else None
        agent = request.headers.get("User-Agent", "")
        record = Request(time.time(), request.method, request.path, dict(request.query), agent, body)
        self.requests.append(record)
        request[_RECORD] = record
        response = await handler(request)
        record.status = response.status
        return response

    @web.middleware
    async def _spoil(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        fault = self._faults.take(request.method, request.path, request.query_string)
        if fault is None:
            return await handler(request)
        await asyncio.sleep(fault.delay)
        if fault.after:
            await handler(request)
        if fault.cut == "silence":
            await asyncio.Event().wait()
        if fault.cut in {"truncated", "drip"}:
            await _begin_an_answer(request, for_ever=fault.cut == "drip")
        if fault.cut:
            cut_off(request.transport, reset=fault.cut == "reset")
            raise asyncio.CancelledError
        if fault.status:
            text = fault.body or json.dumps(ApiError(fault.status, "", "injected fault").status())
            content = "application/json" if text.startswith("{") else "text/plain"
            return web.Response(status=fault.status, headers=fault.headers, text=text, content_type=content)
        return await handler(request)

    @web.middleware
    async def _refuse(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except ApiError as error:
            return web.json_response(error.status(), status=error.code)

    @web.middleware
    async def _authenticate(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        certified = request.transport is not None and request.transport.get_extra_info("peercert")
        administers = certified or hmac.compare_digest(bearer.encode(), self.token.encode())
        user = USER if administers else self.accounts.user(bearer)
        if not user:
            raise unauthorized()
        request[_RECORD].user = user
        return await handler(request)

    async def _route(self, request: web.Request) -> web.StreamResponse:
        user = request[_RECORD].user
        if request.path in {"/readyz", "/livez", "/healthz"}:
            if not self.accounts.allows_path(user, "get", request.path):
                raise forbidden_path(user, "get", request.path)
            return self._health(request.path)
        if request.path.startswith(_REVIEWS) and request.method == "POST":
            said = review(request.path.removeprefix(_REVIEWS), await request.read(), user, self.accounts, self._faults)
            return web.json_response(said, status=HTTPStatus.CREATED)
        if (found := discovery.documents().get(request.path.rstrip("/"))) is not None:
            return web.json_response(found)
        call = call_of(request)
        if call is None:
            return web.Response(status=HTTPStatus.NOT_FOUND, text="404 page not found\n")
        return await self._serve(call, request)

    async def _serve(self, call: Call, request: web.Request) -> web.StreamResponse:
        user = request[_RECORD].user
        asked = Asked(call.verb, call.kind.group, call.resource, call.namespace, call.name)
        if self._faults.denied(call.verb, call.resource, call.namespace) or not self.accounts.allows(user, asked):
            raise forbidden(user, call.verb, call.kind, call.namespace, call.name)
        if call.subresource == "proxy":
            return node_proxy(self._store.get(call.kind, "", call.name), call.beyond, self._node)
        if call.subresource == "token":
            account = self._store.get(call.kind, call.namespace, call.name)
            issued = self.accounts.issue(account, parsed(await request.read()) or {})
            return web.json_response(issued, status=HTTPStatus.CREATED)
        stream = _STREAMS.get(call.subresource)
        if stream is None:
            return await answer(self._store, call, request)
        return await stream(request, self._store.get(call.kind, call.namespace, call.name), self._node)

    def _health(self, path: str) -> web.Response:
        status = HTTPStatus(self._faults.readyz if path == "/readyz" else HTTPStatus.OK)
        if status is HTTPStatus.SERVICE_UNAVAILABLE:
            raise ApiError(status, "ServiceUnavailable", "apiserver not ready")
        return web.Response(status=status, text="ok" if status is HTTPStatus.OK else _UNREADY)


async def _begin_an_answer(request: web.Request, *, for_ever: bool) -> None:
    """Promise a long answer, and send some of it, or all of it very slowly."""
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(_PROMISED)})
    await response.prepare(request)
    await response.write(b'{"kind": "List", "items": [')
    while for_ever:
        await asyncio.sleep(_DRIP_SECONDS)
        await response.write(b" ")
