"""Reading webhook configurations and aggregated APIs, by plain GETs: rarely, and nobody waits for it."""

from collections.abc import Callable, Iterator
from typing import Any

from bootheal.adapters.kube.objects import SERVICE_NAME, Raw
from bootheal.cluster.webhooks import blame, describe, webhook_in
from bootheal.errors import BoothealError, MissingError, PermanentError
from bootheal.model import Extensions, Ref, Webhook, Workload

Get = Callable[..., Any]

ADMISSION = "admissionregistration.k8s.io"
REGISTRATION = "apiregistration.k8s.io"
SLICES = "discovery.k8s.io"
CONFIGURATIONS = {
    "validatingwebhookconfigurations": "ValidatingWebhookConfiguration",
    "mutatingwebhookconfigurations": "MutatingWebhookConfiguration",
}


def read(get: Get) -> Extensions:
    """Read them all. What may not be read is named; UnreachableError where nothing answers."""
    unread: list[str] = []
    services = _list(get, REGISTRATION, "apiservices", unread)
    unreachable = (
        webhook
        for plural, kind in CONFIGURATIONS.items()
        for raw in _list(get, ADMISSION, plural, unread)
        for webhook in _unreachable(get, kind, raw)
    )
    return Extensions(tuple(filter(None, map(_unavailable, services))), tuple(unreachable), tuple(unread))


def refusal(get: Get, workload: Workload, broken: Extensions) -> str:
    """Say which webhook keeps a workload's pods from being created, "" if none is known to.

    A Deployment has it in its status, other controllers in events only, which outlive their cause.
    """
    if workload.refused:
        return blame(workload.refused, broken)
    if not broken.unreachable:
        return ""
    ref, kind = workload.ref, {"statefulset": "StatefulSet", "daemonset": "DaemonSet"}.get(workload.ref.kind, "")
    selector = f"involvedObject.kind={kind},involvedObject.name={ref.name},reason=FailedCreate"
    path = f"/api/v1/namespaces/{ref.namespace}/events"
    try:
        events = get(path, [("fieldSelector", selector)], about=f"the events of {ref}").get("items") or ()
    except BoothealError:
        return ""
    named = {webhook_in(event.get("message", "")) for event in events}
    return next((describe(webhook) for webhook in broken.unreachable if webhook.name in named), "")


def _list(get: Get, group: str, plural: str, unread: list[str]) -> list[Raw]:
    try:
        items: list[Raw] = get(f"/apis/{group}/v1/{plural}", about=plural).get("items") or []
    except PermanentError as error:
        unread.append(str(error))
        return []
    return items


def _unavailable(raw: Raw) -> tuple[str, str] | None:
    conditions = raw.get("status", {}).get("conditions") or ()
    available: Raw = next((c for c in conditions if c.get("type") == "Available"), {})
    if available.get("status") != "False":
        return None
    return raw["metadata"]["name"], available.get("reason", "no reason given")


def _unreachable(get: Get, kind: str, raw: Raw) -> Iterator[Webhook]:
    for webhook in raw.get("webhooks") or ():
        service = webhook.get("clientConfig", {}).get("service")
        # Fail is the default of admissionregistration.k8s.io/v1. One with a URL instead is not in the cluster.
        if service and webhook.get("failurePolicy", "Fail") == "Fail":
            ref = Ref("service", service.get("namespace", ""), service.get("name", ""))
            if not _answers(get, ref):
                yield Webhook(webhook.get("name", ""), f"{kind} {raw['metadata']['name']}", ref)


def _answers(get: Get, service: Ref) -> bool:
    """Tell whether a Service has a ready endpoint; where that cannot be known, it has."""
    path = f"/apis/{SLICES}/v1/namespaces/{service.namespace}/endpointslices"
    try:
        found = get(path, [("labelSelector", f"{SERVICE_NAME}={service.name}")], about=f"the slices of {service}")
    except MissingError:
        return False
    except BoothealError:
        return True
    endpoints = (endpoint for item in found.get("items") or () for endpoint in item.get("endpoints") or ())
    return any((endpoint.get("conditions") or {}).get("ready") is not False for endpoint in endpoints)
