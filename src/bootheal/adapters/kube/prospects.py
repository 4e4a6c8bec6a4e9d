"""The ProspectReader port: pods as they are declared, the images of nodes, and when what they are made from changed."""

import base64
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from bootheal.adapters.kube import needs, raw_lists
from bootheal.adapters.kube.api import Api
from bootheal.adapters.kube.errors import understood
from bootheal.adapters.kube.lists import CORE
from bootheal.adapters.kube.objects import Raw, ref, seconds, texts
from bootheal.adapters.kube.webhooks import ADMISSION, CONFIGURATIONS
from bootheal.adapters.together import together
from bootheal.adapters.x509 import earliest
from bootheal.errors import BoothealError, MissingError
from bootheal.model import Ref, Right
from bootheal.model.prospect import Door, Guard, Planned, PodPlan, Prospect

# It is looked at once a day: rather late than half.
LISTS_SECONDS, STAMPS_SECONDS = 12.0, 12.0

# How many images a kubelet tells of, unless it was told otherwise (nodeStatusMaxImages).
MOST_IMAGES = 50

NETWORKING, CERT_MANAGER = "/apis/networking.k8s.io/v1", "cert-manager.io/certificate-name"

COREDNS, COREFILE = Ref("configmap", "kube-system", "coredns"), "Corefile"
_COREDNS = f"{CORE}/namespaces/{COREDNS.namespace}/configmaps/{COREDNS.name}"

_SYSTEM_LABEL = "kubernetes.io/metadata.name"
_PLURALS = {"secret": "secrets", "configmap": "configmaps"}


def rights(namespaces: Iterable[str]) -> Iterator[Right]:
    """Name what a look ahead at these namespaces reads beside what a scene does, and COREDNS: else it is a gap."""
    for namespace in namespaces:
        yield from raw_lists.rights(
            f"{group}/namespaces/{namespace}/{plural}"
            for group, plural in ((CORE, "serviceaccounts"), (NETWORKING, "ingresses"))
        )


class KubeProspects:
    """Reads prospects from one API server."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def prospect(self, namespaces: Sequence[str] = ()) -> Prospect:
        """Read one."""
        planned = partial(raw_lists.snapshot, "pod", plan)
        questions: dict[str, Callable[[], Any]] = {
            "pods": partial(raw_lists.everywhere, self._api, CORE, "pods", tuple(namespaces), take=planned),
            "serviceaccounts": partial(raw_lists.everywhere, self._api, CORE, "serviceaccounts", tuple(namespaces)),
            "nodes": partial(raw_lists.items, self._api, f"{CORE}/nodes", "nodes"),
            "webhooks": self._webhooks,
            COREFILE: self._corefile,
            "ingresses": partial(raw_lists.everywhere, self._api, NETWORKING, "ingresses", tuple(namespaces)),
        }
        answers = together(self._api.scope, questions, LISTS_SECONDS)
        gaps = [f"{name}: {answer}" for name, answer in answers.items() if isinstance(answer, BoothealError)]
        found = {name: [] if isinstance(answer, BoothealError) else answer for name, answer in answers.items()}
        plans = tuple(raw_lists.understood_of(found["pods"], gaps))
        changed = dict(self._changed({each for pod in plans for box in pod.containers for each in box.taken}, gaps))
        secrets = {
            each for several in raw_lists.parsed("ingress", _shown, found["ingresses"], gaps) for each in several
        }
        nodes = dict(raw_lists.parsed("node", _images, found["nodes"], gaps))
        account = partial(ref, "serviceaccount")
        return Prospect(
            plans=plans,
            images=nodes,
            complete=frozenset(name for name, images in nodes.items() if 0 < len(images) < MOST_IMAGES),
            accounts=frozenset(raw_lists.parsed("serviceaccount", account, found["serviceaccounts"], gaps)),
            changed=changed,
            guards=tuple(
                guard for raws in raw_lists.parsed("webhook", _guards, found["webhooks"], gaps) for guard in raws
            ),
            doors=tuple(self._doors(secrets, gaps)),
            corefile=found[COREFILE] or "",
            gaps=tuple(gaps),
        )

    def _doors(self, secrets: Iterable[Ref], gaps: list[str]) -> Iterator[Door]:
        """Ask for each certificate; one that is gone, or is none, is its Ingress' trouble already."""
        answers = together(
            self._api.scope, {each: partial(self._door, each) for each in sorted(secrets)}, STAMPS_SECONDS
        )
        failed = [answer for answer in answers.values() if isinstance(answer, BoothealError)]
        if failed:
            gaps.append(f"{len(failed)} certificates of Ingresses: {failed[0]}")
        yield from (answer for answer in answers.values() if isinstance(answer, Door))

    def _door(self, about: Ref) -> Door | None:
        try:
            raw = self._api.get(f"{CORE}/namespaces/{about.namespace}/secrets/{about.name}", about=str(about))
        except MissingError:
            return None
        with understood(str(about)):
            kept = CERT_MANAGER in (raw["metadata"].get("annotations") or {})
            try:
                last = earliest(base64.b64decode((raw.get("data") or {}).get("tls.crt") or ""))
            except ValueError:
                return None
            return Door(about, last, kept)

    def _corefile(self) -> str:
        """Read what CoreDNS is told; where somebody else answers for the cluster's names, nothing."""
        try:
            raw = self._api.get(_COREDNS, about=str(COREDNS))
        except MissingError:
            return ""
        with understood(str(COREDNS)):
            return texts(raw.get("data")).get(COREFILE, "")

    def _webhooks(self) -> list[Raw]:
        paths = [f"/apis/{ADMISSION}/v1/{plural}" for plural in CONFIGURATIONS]
        return [raw for path in paths for raw in raw_lists.items(self._api, path, "webhooks")]

    def _changed(self, wanted: Iterable[Ref], gaps: list[str]) -> Iterator[tuple[Ref, float]]:
        """Ask when each was written; who does not tell, or is gone, is left out."""
        answers = together(
            self._api.scope, {each: partial(self._written, each) for each in sorted(wanted)}, STAMPS_SECONDS
        )
        failed = [answer for answer in answers.values() if isinstance(answer, BoothealError)]
        if failed:
            gaps.append(f"when {len(failed)} Secrets and ConfigMaps were changed: {failed[0]}")
        yield from ((about, at) for about, at in answers.items() if isinstance(at, float))

    def _written(self, about: Ref) -> float | None:
        path = f"{CORE}/namespaces/{about.namespace}/{_PLURALS[about.kind]}/{about.name}"
        try:
            raw = self._api.get(path, about=str(about))
        except MissingError:
            return None
        with understood(str(about)):
            return written(raw)


def _shown(raw: Raw) -> tuple[Ref, ...]:
    """Return the Secrets whose certificates an Ingress shows."""
    namespace = raw["metadata"].get("namespace", "")
    listed = (raw.get("spec") or {}).get("tls") or ()
    return tuple(Ref("secret", namespace, each["secretName"]) for each in listed if each.get("secretName"))


def written(raw: Raw) -> float | None:
    """Return when somebody last wrote the content of a Secret or ConfigMap; None where nobody took note of it."""
    stamps = [
        at
        for entry in raw["metadata"].get("managedFields") or ()
        if {"f:data", "f:stringData", "f:binaryData"} & set(entry.get("fieldsV1") or {})
        and (at := seconds(entry.get("time")))
    ]
    return max(stamps, default=None)


def plan(raw: Raw) -> PodPlan:
    """Parse what a pod declares."""
    spec, about = raw.get("spec") or {}, ref("pod", raw)
    volumes = {
        each.get("name", ""): (each["emptyDir"] or {}).get("medium") == "Memory"
        for each in spec.get("volumes") or ()
        if "emptyDir" in each
    }
    files = dict(_files(spec, about))
    phase = (raw.get("status") or {}).get("phase")
    begun = phase not in ("Succeeded", "Failed")
    mounts_token = spec.get("automountServiceAccountToken") is not False
    return PodPlan(
        ref=about,
        returns=not begun or spec.get("restartPolicy", "Always") == "Always",
        account=(spec.get("serviceAccountName") or "") if mounts_token else "",
        host_paths=tuple(
            path for each in spec.get("volumes") or () if (path := (each.get("hostPath") or {}).get("path"))
        ),
        host_ports=frozenset(
            (_address(port.get("hostIP")), port.get("protocol") or "TCP", port["hostPort"])
            for each in spec.get("containers") or ()
            for port in each.get("ports") or ()
            if port.get("hostPort")
        ),
        written=_written(spec),
        mounts=tuple(_mounts(spec)),
        containers=tuple(_planned(each, about, volumes, files) for each in spec.get("containers") or ()),
        init=tuple(_planned(each, about, volumes, files) for each in spec.get("initContainers") or ()),
    )


def _address(said: str | None) -> str:
    return "" if said in (None, "0.0.0.0", "::") else str(said)


def _written(spec: Raw) -> dict[str, tuple[str, ...]]:
    """Return the claims that a pod may write to, and where its containers have them."""
    found: dict[str, tuple[str, ...]] = {}
    for mount, held in _of_claims(spec):
        if not (mount.get("readOnly") or held.get("readOnly")):
            found[held["claimName"]] = (*found.get(held["claimName"], ()), mount.get("mountPath", ""))
    return found


def _mounts(spec: Raw) -> Iterator[tuple[str, str, str]]:
    """Yield where a pod has its claims; a directory that only the kubelet can name is left out."""
    for mount, held in _of_claims(spec):
        if not mount.get("subPathExpr"):
            yield mount.get("mountPath", ""), held["claimName"], mount.get("subPath") or ""


def _of_claims(spec: Raw) -> Iterator[tuple[Raw, Raw]]:
    """Yield each mount of a claim's volume, with what the volume says of it."""
    claims = {
        each.get("name", ""): held
        for each in spec.get("volumes") or ()
        if (held := each.get("persistentVolumeClaim") or {}).get("claimName")
    }
    for box in spec.get("containers") or ():
        for mount in box.get("volumeMounts") or ():
            if held := claims.get(mount.get("name", "")):
                yield mount, held


def _files(spec: Raw, pod: Ref) -> Iterator[tuple[str, Ref]]:
    """Yield the Secret or ConfigMap that each volume holds."""
    for each in spec.get("volumes") or ():
        for kind, field, key in (("secret", "secret", "secretName"), ("configmap", "configMap", "name")):
            if name := (each.get(field) or {}).get(key):
                yield each.get("name", ""), Ref(kind, pod.namespace, name)


def _planned(raw: Raw, pod: Ref, volumes: Mapping[str, bool], files: Mapping[str, Ref]) -> Planned:
    mounts = raw.get("volumeMounts") or ()
    # A file that is mounted by itself stays as it was when the container began.
    single = {files[each["name"]] for each in mounts if each.get("subPath") and each.get("name") in files}
    return Planned(
        name=raw.get("name", ""),
        image=raw.get("image", ""),
        pulls_always=raw.get("imagePullPolicy") == "Always",
        taken=frozenset({Ref(kind, pod.namespace, held["name"]) for kind, held in needs.taken(raw)} | single),
        liveness=_patience(raw),
        by_command="exec" in (raw.get("livenessProbe") or {}),
        scratch={
            mount.get("mountPath", ""): volumes[mount["name"]] for mount in mounts if mount.get("name") in volumes
        },
    )


def _patience(raw: Raw) -> float | None:
    """Return for how many seconds a container may take to begin before its probes end it; None: for ever."""
    liveness, startup = raw.get("livenessProbe"), raw.get("startupProbe")
    if not liveness:
        return None
    return _until(liveness) + (_until(startup) if startup else 0.0)


def _until(probe: Raw) -> float:
    """Count to its last failure: the defaults are those of core/v1 Probe."""
    tries = int(probe.get("failureThreshold") or 3) - 1
    return float(probe.get("initialDelaySeconds") or 0) + tries * float(probe.get("periodSeconds") or 10)


def _images(raw: Raw) -> tuple[str, frozenset[str]]:
    images = (raw.get("status") or {}).get("images") or ()
    return raw["metadata"]["name"], frozenset(name for each in images for name in each.get("names") or ())


def _guards(raw: Raw) -> tuple[Guard, ...]:
    """Parse the webhooks of a configuration that must be asked before a pod is made, and are served in the cluster."""
    found = []
    for each in raw.get("webhooks") or ():
        service = (each.get("clientConfig") or {}).get("service")
        if not service or each.get("failurePolicy", "Fail") != "Fail" or not any(map(_pods, each.get("rules") or ())):
            continue
        about = Ref("service", service.get("namespace", ""), service.get("name", ""))
        found.append(Guard(name=each.get("name", ""), service=about, guards_own=_governs(each, about.namespace)))
    return tuple(found)


def _pods(rule: Raw) -> bool:
    resources = {resource.partition("/")[0] for resource in rule.get("resources") or ()}
    groups, operations = set(rule.get("apiGroups") or ()), set(rule.get("operations") or ())
    return bool(resources & {"pods", "*"} and groups & {"", "*"} and operations & {"CREATE", "*"})


def _governs(webhook: Raw, namespace: str) -> bool:
    """Tell whether it is asked of pods in a namespace too, as far as the namespace's own name says."""
    if webhook.get("objectSelector"):
        return False  # which pods these are, their labels say
    selector = webhook.get("namespaceSelector") or {}
    if set(selector.get("matchLabels") or {}) - {_SYSTEM_LABEL}:
        return False
    named = (selector.get("matchLabels") or {}).get(_SYSTEM_LABEL, namespace)
    for each in selector.get("matchExpressions") or ():
        if each.get("key") != _SYSTEM_LABEL:
            return False
        inside = namespace in (each.get("values") or ())
        if inside is not (each.get("operator") == "In"):
            return False
    return bool(named == namespace)
