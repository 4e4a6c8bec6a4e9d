"""Reading webhook configurations and aggregated APIs, by plain GETs: rarely, and nobody waits for it."""

from collections.abc import Callable
from typing import Any

from bootheal.adapters.kube.errors import understood
from bootheal.adapters.kube.objects import Raw
from bootheal.adapters.kube.service_objects import SERVICE_NAME
from bootheal.adapters.kube.typed import checked
from bootheal.cluster.webhooks import blame, webhook_in
from bootheal.errors import BoothealError, MissingError, PermanentError
from bootheal.model import Aggregated, Extensions, Ref, Requirement, Webhook

Get = Callable[..., Any]

ADMISSION = "admissionregistration.k8s.io"
REGISTRATION = "apiregistration.k8s.io"
SLICES = "discovery.k8s.io"
CONFIGURATIONS = {
    "validatingwebhookconfigurations": "ValidatingWebhookConfiguration",
    "mutatingwebhookconfigurations": "MutatingWebhookConfiguration",
}


def read(get: Get) -> Extensions:
    """Read them all. What may not be read is named; UnreachableError where nothing answers, or what is none of it."""
    with understood("what others have hung into the API server"):
        return checked(_read(get))


def _read(get: Get) -> Extensions:
    unread: list[str] = []
    unavailable = tuple(filter(None, map(_unavailable, _list(get, REGISTRATION, "apiservices", unread))))
    guards = [
        (f"{kind} {raw['metadata']['name']}", webhook)
        for plural, kind in CONFIGURATIONS.items()
        for raw in _list(get, ADMISSION, plural, unread)
        for webhook in raw.get("webhooks") or ()
        if _must_answer(webhook)
    ]
    unreachable = tuple(filter(None, (_unreachable(get, *guard) for guard in guards)))
    return Extensions(unavailable, unreachable, tuple(unread), guarded=bool(guards or unread))


def refusal(message: str, broken: Extensions, *, history: bool = False) -> str:
    """Say why pods cannot be created: what a controller says of it, or what is known of the webhook that it names.

    `history`: an Event says so, which outlives its cause; then a webhook is blamed only while nobody answers there.
    A condition outlives it, too: a controller asks again after up to 17 min, though the webhook may be gone by then.
    """
    named = webhook_in(message)
    if not named:
        return message
    if named in {webhook.name for webhook in broken.unreachable}:
        return blame(named, broken)
    if history:
        return ""
    gone = "" if broken.guarded else ", and is not there any more: it tries again within 17 min"
    return f"webhook {named} did not answer when their controller asked it last{gone}"


def _list(get: Get, group: str, plural: str, unread: list[str]) -> list[Raw]:
    try:
        items: list[Raw] = get(f"/apis/{group}/v1/{plural}", about=plural).get("items") or []
    except PermanentError as error:
        unread.append(str(error))
        return []
    return items


def _unavailable(raw: Raw) -> Aggregated | None:
    conditions = raw.get("status", {}).get("conditions") or ()
    available: Raw = next((c for c in conditions if c.get("type") == "Available"), {})
    if available.get("status") != "False":
        return None
    service = raw.get("spec", {}).get("service")
    about = Ref("service", service.get("namespace", ""), service.get("name", "")) if service else None
    return Aggregated(raw["metadata"]["name"], available.get("reason", "no reason given"), about)


def _must_answer(webhook: Raw) -> bool:
    """Tell whether a server in the cluster has to answer: Fail is the default of admissionregistration.k8s.io/v1."""
    return bool(webhook.get("clientConfig", {}).get("service")) and webhook.get("failurePolicy", "Fail") == "Fail"


def _unreachable(get: Get, configuration: str, raw: Raw) -> Webhook | None:
    service = raw["clientConfig"]["service"]
    ref = Ref("service", service.get("namespace", ""), service.get("name", ""))
    if _answers(get, ref):
        return None
    return Webhook(
        raw.get("name", ""),
        configuration,
        ref,
        pods=any(map(_creates_pods, raw.get("rules") or ())),
        namespaces=_requirements(raw.get("namespaceSelector") or {}),
        objects=_requirements(raw.get("objectSelector") or {}),
        gone=_gone(get, ref),
    )


def _creates_pods(rule: Raw) -> bool:
    """Tell whether a rule is about making pods; "*" stands for all."""
    wanted = (("operations", "CREATE"), ("apiGroups", ""), ("apiVersions", "v1"))
    resources = rule.get("resources") or ()
    named = any(resource in ("*", "*/*", "pods", "pods/*") for resource in resources)
    return named and all({"*", word} & set(rule.get(field) or ()) for field, word in wanted)


def _requirements(selector: Raw) -> tuple[Requirement, ...]:
    labels = (Requirement(key, "In", (value,)) for key, value in (selector.get("matchLabels") or {}).items())
    expressions = (
        Requirement(each.get("key", ""), each.get("operator", ""), tuple(each.get("values") or ()))
        for each in selector.get("matchExpressions") or ()
    )
    return (*labels, *expressions)


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


def _gone(get: Get, service: Ref) -> bool:
    """Tell whether there is no such Service, as where only the configuration was left; what cannot be read is there."""
    try:
        get(f"/api/v1/namespaces/{service.namespace}/services/{service.name}", about=str(service))
    except MissingError:
        return True
    except BoothealError:
        return False
    return False
