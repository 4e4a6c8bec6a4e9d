"""Raw JSON -> what a workload's pods will be, and cannot begin without. Every field may be missing."""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from urllib.parse import unquote, urlsplit

from bootheal.adapters.kube.objects import Raw, ref
from bootheal.model import Ref
from bootheal.model.scene import Need, Template

# What may be the name of a Service, also with its namespace; and as Kubernetes puts it into environments.
_NAME = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*")
_VARIABLE = re.compile(r"\b([A-Z0-9_]+)_SERVICE_(?:HOST|PORT)\b")

# Keys whose values are secret; and a line of PgBouncer's auth_file.
_SECRET_KEY = re.compile(r"(?i)pass|pwd|secret|token|key|userlist|cred|ur[il]$|dsn")
_LISTED = re.compile(r'^\s*"(?:[^"]|"")*"\s+"((?:[^"]|"")+)"', re.MULTILINE)
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
        name = each.get("name", "")
        for variable in each.get("env") or ():
            source = variable.get("valueFrom") or {}
            for kind, field in (("secret", "secretKeyRef"), ("configmap", "configMapKeyRef")):
                held = source.get(field) or {}
                if held.get("name") and not held.get("optional"):
                    yield Need(Ref(kind, about.namespace, held["name"]), held.get("key", ""), name)
        for imported in each.get("envFrom") or ():
            for kind, field in (("secret", "secretRef"), ("configmap", "configMapRef")):
                held = imported.get(field) or {}
                if held.get("name") and not held.get("optional"):
                    yield Need(Ref(kind, about.namespace, held["name"]), "", name)


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
        value = _decoded(encoded).strip() if _SECRET_KEY.search(key) else ""
        if "PRIVATE KEY" in value:
            yield from (line for line in value.splitlines() if len(line) >= SHORTEST and not line.startswith("-----"))
        elif listed := _LISTED.findall(value):
            yield from (password.replace('""', '"') for password in listed)
        elif "://" in value:
            yield from filter(None, [_in_url(value)])
        elif SHORTEST <= len(value) <= LONGEST and not any(map(str.isspace, value)):
            yield value


def _in_url(value: str) -> str:
    try:
        return unquote(urlsplit(value).password or "")
    except ValueError:
        return ""


def _decoded(encoded: str) -> str:
    """Return a value of a Secret as text; "" of what is none."""
    try:
        return base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""
