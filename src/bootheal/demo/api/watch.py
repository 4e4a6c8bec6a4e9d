"""Watches: the changes of one kind after a version, as a stream of JSON lines."""

from __future__ import annotations

import asyncio
import contextlib
import json

from aiohttp import web

from bootheal.demo.api.calls import Call, wants_table
from bootheal.demo.api.tables import table
from bootheal.demo.objects.answers import ApiError
from bootheal.demo.objects.history import Change
from bootheal.demo.objects.kinds import Kind, Object
from bootheal.demo.objects.selectors import Predicate
from bootheal.demo.objects.store import Store

_BOOKMARK_SECONDS = 10.0
_BOOKMARK_BEFORE_END = 2.0
_LONGEST_SECONDS = 1800.0


async def watch(store: Store, call: Call, request: web.Request) -> web.StreamResponse:
    """Send what has happened since the version asked for, then what happens; an expired version ends it at once."""
    selected = call.selected()
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    with store.history.subscribe() as subscription:
        try:
            backlog = _backlog(store, call, selected)
        except ApiError as error:
            await response.prepare(request)
            await _send(response, [{"type": "ERROR", "object": error.status()}], request, call.kind)
            return response
        await response.prepare(request)
        await _send(response, backlog, request, call.kind)
        loop = asyncio.get_running_loop()
        ends = loop.time() + float(call.query.get("timeoutSeconds") or _LONGEST_SECONDS)
        bookmark_at = _next_bookmark(loop.time(), ends)
        while loop.time() < ends:
            events: list[Object] = []
            with contextlib.suppress(TimeoutError):
                # Not wait_for: before Python 3.12 it swallows the cancellation of a watcher that has gone.
                async with asyncio.timeout_at(min(ends, bookmark_at)):
                    events = _events(await subscription.take(), call.kind, selected)
            if events:
                await asyncio.sleep(store.history.lag)
            if loop.time() >= bookmark_at and not subscription.pending:  # it says that nothing older will come
                bookmark_at = _next_bookmark(loop.time(), ends)
                events += [_bookmark(store, call.kind)] if call.query.get("allowWatchBookmarks") else []
            await _send(response, events, request, call.kind)
    return response


def _next_bookmark(now: float, ends: float) -> float:
    """Now and then, and shortly before the end, however much the watcher is told otherwise."""
    last = ends - _BOOKMARK_BEFORE_END
    return min(now + _BOOKMARK_SECONDS, last if now < last else ends)


def _backlog(store: Store, call: Call, selected: Predicate) -> list[Object]:
    """Without a version to begin at, what there is counts as just added."""
    version = call.query.get("resourceVersion", "")
    if version in {"", "0"}:
        return [{"type": "ADDED", "object": item} for item in store.all(call.kind) if selected(item)]
    return _events(store.history.after(int(version)), call.kind, selected)


def _events(changes: list[Change], kind: Kind, selected: Predicate) -> list[Object]:
    """The changes as one watcher sees them: an object that no longer fits its selector is gone for it."""
    verbs = {(False, True): "ADDED", (True, True): "MODIFIED", (True, False): "DELETED"}
    events = []
    for change in changes:
        if change.kind is kind:
            was = change.before is not None and selected(change.before)
            fits = change.verb != "DELETED" and selected(change.object)
            if was or fits:
                events.append({"type": verbs[was, fits], "object": change.object})
    return events


def _bookmark(store: Store, kind: Kind) -> Object:
    metadata = {"resourceVersion": str(store.version), "creationTimestamp": None}
    return {"type": "BOOKMARK", "object": {"kind": kind.name, "apiVersion": kind.api_version, "metadata": metadata}}


async def _send(response: web.StreamResponse, events: list[Object], request: web.Request, kind: Kind) -> None:
    """Write them as one piece: a thousand a second are no thousand packets."""
    tables = wants_table(request)
    lines = (json.dumps(_shown(event, kind) if tables else event, separators=(",", ":")) for event in events)
    if written := "".join(f"{line}\n" for line in lines):
        await response.write(written.encode())


def _shown(event: Object, kind: Kind) -> Object:
    if event["type"] in {"ERROR", "BOOKMARK"}:
        return event
    version = event["object"]["metadata"]["resourceVersion"]
    return event | {"object": table(kind, [event["object"]], version)}
