"""Who has a say before a pod is created: its namespace, webhooks, quotas; each refuses in the real server's words.

Pure, over the store. A webhook that answers is content with everything.
"""

from __future__ import annotations

from collections.abc import Iterator

from bootheal.demo.objects.answers import ApiError, service_unavailable
from bootheal.demo.objects.kinds import NAMESPACE, POD, QUOTA, SERVICE, SLICE, WEBHOOKS, Kind, Object
from bootheal.demo.objects.store import Store

_SERVICE_NAME = "kubernetes.io/service-name"
_OVER = frozenset({"Succeeded", "Failed"})
_COUNTED = ("pods", "count/pods")


def admit(store: Store, kind: Kind, new: Object) -> None:
    """Raise an ApiError where the object may not be created."""
    if kind.namespaced:
        _in_its_namespace(store, kind, new)
    if kind is POD:
        _by_webhooks(store)
        _within_quotas(store, new)


def _in_its_namespace(store: Store, kind: Kind, new: Object) -> None:
    namespace = store.find(NAMESPACE, "", new["metadata"]["namespace"])
    if namespace is None:
        return
    ends = "deletionTimestamp" in namespace["metadata"] or namespace.get("status", {}).get("phase") == "Terminating"
    if ends:
        name = namespace["metadata"]["name"]
        raise _forbidden(kind, new, f"unable to create new content in namespace {name} because it is being terminated")


def _by_webhooks(store: Store) -> None:
    for webhook in _asked(store):
        service = webhook.get("clientConfig", {}).get("service") or {}
        namespace, name = service.get("namespace", ""), service.get("name", "")
        if webhook.get("failurePolicy", "Fail") != "Fail" or not name or _answers(store, namespace, name):
            continue
        why = f'no endpoints available for service "{name}"'
        if store.find(SERVICE, namespace, name) is None:
            why = f'service "{name}" not found'
        url = f"https://{name}.{namespace}.svc:{service.get('port', 443)}{service.get('path', '/')}"
        seconds = webhook.get("timeoutSeconds", 10)
        raise service_unavailable(
            f'failed calling webhook "{webhook["name"]}": failed to call webhook: '
            f'Post "{url}?timeout={seconds}s": {why}'
        )


def _asked(store: Store) -> Iterator[Object]:
    """Yield the webhooks that have asked to be called when a pod is created."""
    for kind in WEBHOOKS:
        for configuration in store.all(kind):
            for webhook in configuration.get("webhooks") or ():
                if any(_is_about_pods(rule) for rule in webhook.get("rules") or ()):
                    yield webhook


def _is_about_pods(rule: Object) -> bool:
    groups, resources = rule.get("apiGroups") or [], rule.get("resources") or []
    operations = rule.get("operations") or []
    return bool({"", "*"} & set(groups) and {"pods", "*", "*/*"} & set(resources) and {"CREATE", "*"} & set(operations))


def _answers(store: Store, namespace: str, service: str) -> bool:
    slices = (item for item in store.all(SLICE, namespace) if _of(item, service))
    endpoints = (endpoint for item in slices for endpoint in item.get("endpoints") or ())
    return any((endpoint.get("conditions") or {}).get("ready") is not False for endpoint in endpoints)


def _of(item: Object, service: str) -> bool:
    return bool((item["metadata"].get("labels") or {}).get(_SERVICE_NAME) == service)


def _within_quotas(store: Store, new: Object) -> None:
    """Pods are counted; of what they ask for in CPU and memory the demo knows nothing."""
    namespace = new["metadata"]["namespace"]
    used = sum(pod["status"].get("phase") not in _OVER for pod in store.all(POD, namespace))
    for quota in store.all(QUOTA, namespace):
        hard = quota.get("spec", {}).get("hard") or {}
        for resource in _COUNTED:
            if resource in hard and used + 1 > int(hard[resource]):
                said = f"requested: {resource}=1, used: {resource}={used}, limited: {resource}={hard[resource]}"
                raise _forbidden(POD, new, f"exceeded quota: {quota['metadata']['name']}, {said}")


def _forbidden(kind: Kind, new: Object, why: str) -> ApiError:
    name = new["metadata"]["name"]
    details = {"name": name, "kind": kind.plural}
    return ApiError(403, "Forbidden", f'{kind.resource} "{name}" is forbidden: {why}', details)
