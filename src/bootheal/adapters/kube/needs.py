"""Raw JSON -> what a workload's pods will be, and cannot begin without. Every field may be missing."""

import base64
import re
from collections.abc import Iterator, Mapping
from urllib.parse import unquote, urlsplit

from bootheal.adapters.kube.objects import Raw, ref
from bootheal.adapters.redaction import listed
from bootheal.model import Ref
from bootheal.model.scene import Need, Template

# What may be the name of a Service, also with its namespace; and as Kubernetes puts it into environments.
_NAME = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*")
_VARIABLE = re.compile(r"\b([A-Z0-9_]+)_SERVICE_(?:HOST|PORT)\b")

# Keys whose values are secret.
_SECRET_KEY = re.compile(r"(?i)pass|pwd|secret|token|key|userlist|cred|ur[il]$|dsn")
SHORTEST, LONGEST = 6, 512


def template(raw: Raw, kind: str, services: frozenset[str]) -> Template:
    """Parse a workload's or CronJob's template; `services` are the names that it may mention."""
    spec = raw.get("spec") or {}
    if kind == "cronjob":
        spec = (spec.get("jobTemplate") or {}).get("spec") or {}
    found = spec.get("template") or {}
    pod = found.get("spec") or {}
    about = ref(kind, raw)
    containers = [*(pod.get("initContainers") or ()), *(pod.get("containers") or ())]
    return Template(
        about,
        dict((found.get("metadata") or {}).get("labels") or {}),
        {
            port["name"]: port["containerPort"]
            for each in containers
            for port in each.get("ports") or ()
            if port.get("name")
        },
        tuple(dict.fromkeys((*_of_containers(containers, about), *_of_volumes(pod, about)))),
        frozenset(_mentioned(containers, services)),
    )


def _of_containers(containers: list[Raw], about: Ref) -> Iterator[Need]:
    for each in containers:
        for kind, held in taken(each):
            if not held.get("optional"):
                yield Need(Ref(kind, about.namespace, held["name"]), held.get("key", ""), each.get("name", ""))


def taken(container: Raw) -> Iterator[tuple[str, Raw]]:
    """Yield what a container's environment is taken from: "secret" or "configmap", and the selector that names it."""
    for variable in container.get("env") or ():
        source = variable.get("valueFrom") or {}
        yield from _named(source, ("secret", "secretKeyRef"), ("configmap", "configMapKeyRef"))
    for imported in container.get("envFrom") or ():
        yield from _named(imported, ("secret", "secretRef"), ("configmap", "configMapRef"))


def _named(source: Raw, *fields: tuple[str, str]) -> Iterator[tuple[str, Raw]]:
    yield from ((kind, held) for kind, field in fields if (held := source.get(field) or {}).get("name"))


def _of_volumes(pod: Raw, about: Ref) -> Iterator[Need]:
    for volume in pod.get("volumes") or ():
        projected = (volume.get("projected") or {}).get("sources") or ()
        for each in (volume, *projected):
            for kind, field in (("secret", "secret"), ("configmap", "configMap")):
                held = each.get(field) or {}
                name = held.get("secretName") or held.get("name")
                if name and not held.get("optional"):
                    keys = [item.get("key", "") for item in held.get("items") or ()]
                    yield from (Need(Ref(kind, about.namespace, name), key) for key in keys or [""])


def _mentioned(containers: list[Raw], services: frozenset[str]) -> Iterator[str]:
    """Yield the Services that environment and arguments name; of their other words nothing is kept."""
    for each in containers:
        texts = [str(variable.get("value") or "") for variable in each.get("env") or ()]
        texts += map(str, (*(each.get("command") or ()), *(each.get("args") or ())))
        for text in texts:
            for host in _NAME.findall(text):
                name, _, rest = host.partition(".")
                if name in services and (not rest or rest.count(".") == 0 or ".svc" in host):
                    yield f"{name}.{rest.partition('.')[0]}" if rest else name
            yield from (name for found in _VARIABLE.findall(text) if (name := _service(found)) in services)


def _service(variable: str) -> str:
    return variable.lower().replace("_", "-")


def passwords(data: Mapping[str, str]) -> Iterator[str]:
    """Yield what is secret in a Secret's data: of a URL its password, of a userlist the passwords, of a key its lines.

    A user's name, a host or a port is none, whatever its key is called: it would be hidden wherever it is told.
    """
    for key, encoded in data.items():
        value = (decoded(encoded) or "").strip() if _SECRET_KEY.search(key) else ""
        if "PRIVATE KEY" in value:
            yield from (line for line in value.splitlines() if len(line) >= SHORTEST and not line.startswith("-----"))
        elif passwords_listed := listed(value):
            yield from passwords_listed
        elif "://" in value:
            yield from filter(None, [_in_url(value)])
        elif SHORTEST <= len(value) <= LONGEST and not any(map(str.isspace, value)):
            yield value


def _in_url(value: str) -> str:
    try:
        return unquote(urlsplit(value).password or "")
    except ValueError:
        return ""


def decoded(encoded: str) -> str | None:
    """Return a value of a Secret as text, None where it is none."""
    try:
        return base64.b64decode(encoded, validate=True).decode()
    except ValueError:
        return None
