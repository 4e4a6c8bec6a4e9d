"""Raw JSON -> what is declared of a workload. Every field may be missing; the API server omits what is empty."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from bootheal.adapters.kube.objects import Raw, ref
from bootheal.model import Ref
from bootheal.model.inventory import Box, Controller, Custom, Mounted, Question, Source, Variable, Variables


def controller(kind: str, raw: Raw) -> Controller:
    """Parse a Deployment, StatefulSet, DaemonSet or CronJob, each of its own version."""
    metadata, spec = raw["metadata"], raw.get("spec") or {}
    template = spec.get("template") or {}
    if kind == "cronjob":
        template = ((spec.get("jobTemplate") or {}).get("spec") or {}).get("template") or {}
    pod = template.get("spec") or {}
    files, first = _volumes(pod), pod.get("initContainers") or ()
    fields = _fields(metadata, template)
    # An init container that is restarted always runs beside the others, like them.
    beside = [each for each in first if each.get("restartPolicy") == "Always"]
    owner = next((each for each in metadata.get("ownerReferences") or () if each.get("controller")), None)
    replicas = spec.get("replicas")
    return Controller(
        ref=ref(kind, raw),
        labels=metadata.get("labels") or {},
        annotations=metadata.get("annotations") or {},
        pod_labels=(template.get("metadata") or {}).get("labels") or {},
        boxes=tuple(_box(each, files, fields) for each in (*(pod.get("containers") or ()), *beside)),
        init=tuple(_box(each, files, fields) for each in first if each not in beside),
        replicas=1 if replicas is None else replicas,
        owner=Ref(owner["kind"].lower(), metadata.get("namespace", ""), owner["name"]) if owner else None,
    )


def custom(kind: str, raw: Raw) -> Custom:
    """Parse an object of a kind that a cluster need not have."""
    return Custom(ref(kind, raw), raw["metadata"].get("labels") or {}, raw.get("spec") or {})


def _fields(metadata: Raw, template: Raw) -> Mapping[str, str]:
    """Return what a pod of this template can be told of itself before it is there, by the words of a fieldRef."""
    labelled = template.get("metadata") or {}
    told = {
        f"metadata.{of}['{key}']": str(value)
        for of in ("labels", "annotations")
        for key, value in (labelled.get(of) or {}).items()
    }
    account = (template.get("spec") or {}).get("serviceAccountName") or "default"
    return {**told, "metadata.namespace": metadata.get("namespace", ""), "spec.serviceAccountName": account}


def _box(raw: Raw, files: Mapping[str, list[tuple[str, Source]]], fields: Mapping[str, str]) -> Box:
    return Box(
        name=raw.get("name", ""),
        image=raw.get("image", ""),
        command=tuple(map(str, raw.get("command") or ())),
        arguments=tuple(map(str, raw.get("args") or ())),
        environment=(*_imported(raw), *_variables(raw, fields)),
        ports=tuple(
            (port.get("name", ""), port["containerPort"])
            for port in raw.get("ports") or ()
            if "containerPort" in port and port.get("protocol", "TCP") == "TCP"
        ),
        mounts=tuple(_mounts(raw, files)),
        question=_question(raw.get("readinessProbe") or {}),
        pull_always=raw.get("imagePullPolicy") == "Always",
    )


def _imported(raw: Raw) -> Iterator[Variables]:
    for each in raw.get("envFrom") or ():
        for kind, word in (("secret", "secretRef"), ("configmap", "configMapRef")):
            if name := (each.get(word) or {}).get("name"):
                yield Variables(Source(kind, name), each.get("prefix", ""))  # type: ignore[arg-type]


def _variables(raw: Raw, fields: Mapping[str, str]) -> Iterator[Variable]:
    for each in raw.get("env") or ():
        origin = each.get("valueFrom") or {}
        source = None
        for kind, word in (("secret", "secretKeyRef"), ("configmap", "configMapKeyRef")):
            if held := origin.get(word):
                source = Source(kind, held.get("name", ""), held.get("key", ""))  # type: ignore[arg-type]
        of_itself = fields.get((origin.get("fieldRef") or {}).get("fieldPath", ""), "")
        yield Variable(each.get("name", ""), str(each.get("value") or of_itself), source)


def _volumes(pod: Raw) -> Mapping[str, list[tuple[str, Source]]]:
    """Return what of Secrets and ConfigMaps each volume holds, by the path of each file in it ("": all of it)."""
    found: dict[str, list[tuple[str, Source]]] = {}
    for volume in pod.get("volumes") or ():
        projected = (volume.get("projected") or {}).get("sources") or ()
        for each in (volume, *projected):
            for kind, name_key in (("secret", "secretName"), ("configMap", "name")):
                held = each.get(kind)
                if held and (name := held.get(name_key) or held.get("name")):
                    found.setdefault(volume.get("name", ""), []).extend(_items(kind.lower(), name, held))
    return found


def _items(kind: Any, name: str, held: Raw) -> Iterator[tuple[str, Source]]:
    if not held.get("items"):
        yield "", Source(kind, name)
    for item in held.get("items") or ():
        yield item.get("path", ""), Source(kind, name, item.get("key", ""))


def _mounts(raw: Raw, files: Mapping[str, list[tuple[str, Source]]]) -> Iterator[Mounted]:
    for mount in raw.get("volumeMounts") or ():
        directory, sub = mount.get("mountPath", ""), mount.get("subPath", "")
        for path, source in files.get(mount.get("name", ""), ()):
            if not sub:
                yield Mounted(f"{directory.rstrip('/')}/{path}" if path else directory, source)
            elif not path:
                yield Mounted(directory, Source(source.kind, source.name, sub))
            elif path == sub:
                yield Mounted(directory, source)


def _question(probe: Raw) -> Question | None:
    if http := probe.get("httpGet"):
        headers = frozenset(str(each.get("name", "")).lower() for each in http.get("httpHeaders") or ())
        kind: Literal["http", "https"] = "https" if http.get("scheme") == "HTTPS" else "http"
        return Question(kind, http.get("port", 0), http.get("path") or "/", headers=headers)
    if tcp := probe.get("tcpSocket"):
        return Question("tcp", tcp.get("port", 0))
    if execution := probe.get("exec"):
        return Question("exec", command=tuple(map(str, execution.get("command") or ())))
    if grpc := probe.get("grpc"):
        return Question("grpc", grpc.get("port", 0))
    return None
