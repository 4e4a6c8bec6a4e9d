"""Get, list, create, update, patch and delete: one request, one answer from the store."""

from __future__ import annotations

import base64
import binascii
import json

from aiohttp import web

from bootheal.demo.api.calls import Call, parsed, wants_table
from bootheal.demo.api.tables import table
from bootheal.demo.api.watch import watch
from bootheal.demo.objects.answers import ApiError, bad_request, conflict, method_not_allowed
from bootheal.demo.objects.kinds import Kind, Object
from bootheal.demo.objects.merge import merge_patch, strategic_merge
from bootheal.demo.objects.store import Preconditions, Store

_MERGES = {
    "application/strategic-merge-patch+json": strategic_merge,
    "application/merge-patch+json": merge_patch,
}


async def answer(store: Store, call: Call, request: web.Request) -> web.StreamResponse:
    """Do what the call asks for."""
    if call.verb == "watch":
        return await watch(store, call, request)
    if call.verb == "list":
        return _list(store, call, request)
    if call.verb == "get":
        return _shown(call, request, store.get(call.kind, call.namespace, call.name))
    if call.query.get("dryRun"):
        raise bad_request("dryRun is not something the demo cluster can do")
    if request.content_type == "application/vnd.kubernetes.protobuf":
        raise ApiError(415, "UnsupportedMediaType", "the demo cluster speaks JSON only, not protobuf")
    body = parsed(await request.read())
    if call.verb in {"delete", "deletecollection"}:
        return web.json_response(_delete(store, call, body or {}))
    if not isinstance(body, dict):
        raise bad_request("the object provided is unrecognized (must be of type Object): couldn't get version/kind")
    if call.verb == "create":
        return web.json_response(store.create(call.kind, body, call.namespace), status=201)
    if call.verb in {"update", "patch"}:
        return web.json_response(_write(store, call, body, request.content_type))
    raise method_not_allowed()


def _shown(call: Call, request: web.Request, item: Object) -> web.Response:
    if call.subresource == "scale":
        return web.json_response(_scale(item))
    if wants_table(request):
        return web.json_response(table(call.kind, [item], item["metadata"]["resourceVersion"]))
    return web.json_response(item)


# -- writing -----------------------------------------------------------------------------------------------------


def _write(store: Store, call: Call, body: Object, content_type: str) -> Object:
    old = store.get(call.kind, call.namespace, call.name)
    shown = _scale(old) if call.subresource == "scale" else old
    if call.verb == "patch":
        if content_type not in _MERGES:
            raise ApiError(
                415, "UnsupportedMediaType", f"the body of the request was in an unknown format: {content_type}"
            )
        body = _MERGES[content_type](shown, body)
    metadata = body.setdefault("metadata", {})
    if metadata.setdefault("name", call.name) != call.name:
        raise bad_request(
            f"the name of the object ({metadata['name']}) does not match the name on the URL ({call.name})"
        )
    if call.kind.namespaced:
        metadata.setdefault("namespace", call.namespace)
    if call.subresource == "scale":
        if metadata.get("resourceVersion", old["metadata"]["resourceVersion"]) != old["metadata"]["resourceVersion"]:
            raise conflict(call.kind, call.name)
        replicas = body.get("spec", {}).get("replicas", 0)
        return _scale(store.replace(call.kind, old | {"spec": old["spec"] | {"replicas": replicas}}))
    return store.replace(call.kind, body, status=call.subresource == "status")


def _scale(item: Object) -> Object:
    metadata = item["metadata"]
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: metadata[key] for key in kept},
        "spec": {"replicas": item["spec"].get("replicas", 1)},
        "status": {"replicas": item.get("status", {}).get("replicas", 0)},
    }


def _delete(store: Store, call: Call, options: Object) -> Object:
    asked = options.get("gracePeriodSeconds", call.query.get("gracePeriodSeconds"))
    grace = None if asked is None else int(asked)
    only = options.get("preconditions") or {}
    preconditions = Preconditions(only.get("uid") or "", only.get("resourceVersion") or "")
    if call.name:
        _orphan(store, call, options)
        gone = store.delete(call.kind, call.namespace, call.name, grace, preconditions)
        if "deletionTimestamp" in gone["metadata"]:
            return gone
        details = {"name": call.name, "kind": call.kind.plural, "uid": gone["metadata"]["uid"]}
        details |= {"group": call.kind.group} if call.kind.group else {}
        return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
    chosen = [item for item in store.all(call.kind, call.namespace) if call.selected()(item)]
    for item in chosen:
        metadata = item["metadata"]
        store.delete(call.kind, metadata.get("namespace", ""), metadata["name"], grace)
    return _list_object(store, call.kind, chosen)


def _orphan(store: Store, call: Call, options: Object) -> None:
    """`--cascade=orphan`: the dependants forget their owner, so that they outlive it."""
    if options.get("propagationPolicy", call.query.get("propagationPolicy")) != "Orphan":
        return
    uid = store.get(call.kind, call.namespace, call.name)["metadata"]["uid"]
    store.disown(uid, call.namespace)


# -- reading -----------------------------------------------------------------------------------------------------


def _list_object(store: Store, kind: Kind, items: list[Object]) -> Object:
    metadata = {"resourceVersion": str(store.version)}
    return {"kind": f"{kind.name}List", "apiVersion": kind.api_version, "metadata": metadata, "items": items}


def _list(store: Store, call: Call, request: web.Request) -> web.Response:
    version, after = _position(call.query.get("continue", "")) or (store.version, ("", ""))
    selected = call.selected()
    chosen = [
        item for item in store.all_at(call.kind, call.namespace, version) if _key(item) > after and selected(item)
    ]
    limit = int(call.query.get("limit") or 0)
    page = chosen[:limit] if limit else chosen
    metadata: Object = {"resourceVersion": str(version)}
    if len(page) < len(chosen):
        metadata |= {"continue": _token(version, _key(page[-1])), "remainingItemCount": len(chosen) - len(page)}
    if wants_table(request):
        result = table(call.kind, page, str(version))
        return web.json_response(result | {"metadata": metadata})
    return web.json_response(_list_object(store, call.kind, page) | {"metadata": metadata})


def _key(item: Object) -> tuple[str, str]:
    return item["metadata"].get("namespace", ""), item["metadata"]["name"]


def _token(version: int, after: tuple[str, str]) -> str:
    """All pages show the version of the first, as long as it is remembered."""
    return base64.urlsafe_b64encode(json.dumps([version, *after]).encode()).decode()


def _position(token: str) -> tuple[int, tuple[str, str]] | None:
    if not token:
        return None
    try:
        version, namespace, name = json.loads(base64.urlsafe_b64decode(token))
    except (ValueError, binascii.Error):
        raise bad_request("continue key is not valid") from None
    return int(version), (str(namespace), str(name))
