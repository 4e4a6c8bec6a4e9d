"""The SceneReader port: a list of each kind, asked for together, and the Secrets and ConfigMaps that are needed."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from bootheal.adapters.kube import needs, objects, raw_lists, scene_objects, service_objects, webhooks, workloads
from bootheal.adapters.kube.api import Api, Query
from bootheal.adapters.kube.errors import understood
from bootheal.adapters.kube.lists import APPS, BATCH, CORE, SLICES
from bootheal.adapters.kube.objects import Raw
from bootheal.adapters.kube.reader import KubeReader
from bootheal.adapters.kube.without_secrets import PATHS, shown
from bootheal.adapters.redaction import Redaction
from bootheal.adapters.together import together
from bootheal.errors import BoothealError, DeniedError, MissingError, PermanentError
from bootheal.model import WORKLOADS, Endpoint, Occurrence, Readiness, Ref, Right
from bootheal.model.scene import Scene, Template

# All of it together; a machine of two hundred pods answers in a fraction.
LISTS_SECONDS, NEEDS_SECONDS = 3.0, 1.5

LEASES = "/apis/coordination.k8s.io/v1"
OURS = "kube-node-lease"

# What a cluster need not have, how it is told to stand still, and by which words that is told.
_SUSPENDED: Mapping[str, tuple[str, str]] = {
    "kustomization": ("/apis/kustomize.toolkit.fluxcd.io/v1", "kustomizations"),
    "helmrelease": ("/apis/helm.toolkit.fluxcd.io/v2", "helmreleases"),
    "cluster": ("/apis/postgresql.cnpg.io/v1", "clusters"),
}

_OF_FLUX = ("kustomization", "helmrelease")

# What says itself why it is not well, where a cluster has it: of Argo CD, cert-manager and k3s.
_SAYING: Mapping[str, tuple[str, str]] = {
    "application": ("/apis/argoproj.io/v1alpha1", "applications"),
    "certificate": ("/apis/cert-manager.io/v1", "certificates"),
    "helmchart": ("/apis/helm.cattle.io/v1", "helmcharts"),
}

# What may be asked about by name.
KINDS: Mapping[str, tuple[str, str]] = {
    **PATHS,
    "secret": (CORE, "secrets"),
    "configmap": (CORE, "configmaps"),
    **_SUSPENDED,
    **_SAYING,
}

_NAMESPACED: Mapping[str, tuple[str, str, Query]] = {
    "pod": (CORE, "pods", ()),
    "service": (CORE, "services", ()),
    "claim": (CORE, "persistentvolumeclaims", ()),
    "event": (CORE, "events", (("fieldSelector", "type!=Normal"),)),
    # That a kubelet has ended a container for its probe is no warning.
    "killing": (CORE, "events", (("fieldSelector", "reason=Killing"),)),
    "slice": (SLICES, "endpointslices", ()),
    "deployment": (APPS, "deployments", ()),
    "statefulset": (APPS, "statefulsets", ()),
    "daemonset": (APPS, "daemonsets", ()),
    "job": (BATCH, "jobs", ()),
    "cronjob": (BATCH, "cronjobs", ()),
    **{kind: (group, plural, ()) for kind, (group, plural) in {**_SUSPENDED, **_SAYING}.items()},
}
_CLUSTERS_OWN: Mapping[str, tuple[str, str, Query]] = {
    "node": (CORE, "nodes", ()),
    "volume": (CORE, "persistentvolumes", ()),
    "namespace": (CORE, "namespaces", ()),
    "lease": (f"{LEASES}/namespaces/{OURS}", "leases", ()),
}


@dataclass(slots=True)
class _Found:
    """What was listed, by kind, and what could not be."""

    items: dict[str, list[Any]] = field(default_factory=dict)
    gaps: list[str] = field(default_factory=list)

    def parsed(self, kind: str, parse: Callable[[Raw], Any]) -> tuple[Any, ...]:
        """Return a kind's objects as snapshots; one that cannot be understood is a gap."""
        return tuple(raw_lists.parsed(kind, parse, self.items.get(kind, ()), self.gaps))


def rights(namespaces: Iterable[str]) -> Iterator[Right]:
    """Name what a look at these namespaces reads: what is not given is a gap, and so are keys of Secrets."""
    paths = [f"{group}/{plural}" for group, plural, _ in _CLUSTERS_OWN.values()]
    for namespace in namespaces:
        paths += [f"{group}/namespaces/{namespace}/{plural}" for group, plural, _ in _NAMESPACED.values()]
    yield from raw_lists.rights(paths)


class KubeScenes:
    """Reads scenes from one API server."""

    def __init__(self, api: Api, reader: KubeReader, redaction: Redaction) -> None:
        self._api, self._reader, self._redaction = api, reader, redaction

    def scene(self, namespaces: Sequence[str] = (), patience: float = 1.0) -> Scene:
        """Read one."""
        now = time.time()
        try:
            readiness = self._reader.readiness()
        except DeniedError as error:
            return Scene(now=now, readiness=Readiness(ready=False, why=str(error)), refused=True, present=False)
        except BoothealError as error:
            unusable = isinstance(error, PermanentError) and not isinstance(error, MissingError)  # k3s may yet write it
            return Scene(now=now, readiness=Readiness(ready=False, why=str(error)), unusable=unusable, present=False)
        questions: dict[str, Callable[[], Any]] = {
            kind: partial(self._all, kind, tuple(namespaces)) for kind in (*_NAMESPACED, *_CLUSTERS_OWN)
        }
        answers = together(self._api.scope, {**questions, "extensions": self._extensions}, LISTS_SECONDS * patience)
        found = _Found()
        for kind in questions:
            answer = answers[kind]
            if isinstance(answer, BoothealError):
                found.gaps.append(str(answer) if kind in str(answer) else f"{_plural(kind)}: {answer}")
            else:
                found.items[kind] = answer
        extensions = answers["extensions"]
        scene = _scene(found, now, readiness)
        if not isinstance(extensions, BoothealError):
            scene = replace(scene, extensions=extensions)
        refs = [each.owner for each in scene.templates] + [each.ref for each in scene.services]
        refs += [each.ref for each in scene.pods]
        names = {part for each in refs for part in (each.name, each.namespace)}
        keys, gaps = self._keys(scene.templates, frozenset(names), NEEDS_SECONDS * patience)
        return replace(scene, keys=keys, gaps=tuple(dict.fromkeys((*scene.gaps, *gaps))))

    def shown(self, about: Ref) -> Mapping[str, Any]:
        """Read one object, and keep of it what may be shown."""
        if about.kind not in PATHS:
            return {}
        raw = self._api.get(path_of(about), about=str(about))
        with understood(str(about)):
            return shown(raw)

    def find(self, about: Ref) -> None:
        """Ask for an object."""
        self._api.get(path_of(about), about=str(about))

    def _extensions(self) -> Any:
        return webhooks.read(self._api.get)

    def _all(self, kind: str, namespaces: Sequence[str]) -> list[Any]:
        """List a kind; where not all namespaces may be, those that are named. What there is no kind of is empty.

        Of pods there are snapshots already.
        """
        if kind in _CLUSTERS_OWN:
            group, plural, query = _CLUSTERS_OWN[kind]
            return raw_lists.items(self._api, f"{group}/{plural}", plural, query)
        group, plural, query = _NAMESPACED[kind]
        if kind == "pod":  # they are by far the most
            return raw_lists.everywhere(self._api, group, plural, namespaces, query, take=_pod)
        return raw_lists.everywhere(self._api, group, plural, namespaces, query)

    def _keys(
        self, templates: Iterable[Template], names: frozenset[str], seconds: float
    ) -> tuple[dict[Ref, frozenset[str] | None], list[str]]:
        """Read which keys the needed Secrets and ConfigMaps have; what may not be read is a gap.

        What is a password in them is hidden from now on; what is the name of an object, too, cannot be.
        """
        wanted = sorted({need.about for template in templates for need in template.needs})
        answers = together(self._api.scope, {each: partial(self._data_of, each) for each in wanted}, seconds)
        failed = {each: answer for each, answer in answers.items() if isinstance(answer, BoothealError)}
        gaps = [f"{len(failed)} Secrets and ConfigMaps: {next(iter(failed.values()))}"] if failed else []
        keys: dict[Ref, frozenset[str] | None] = {}
        secrets = set[str]()
        for about, data in answers.items():
            if about not in failed:
                keys[about] = None if data is None else frozenset(data)
                secrets.update(needs.passwords(data or {}) if about.kind == "secret" else ())
        self._redaction.learn_all(secrets - names)
        return keys, gaps

    def _data_of(self, about: Ref) -> Mapping[str, str] | None:
        plural = {"secret": "secrets", "configmap": "configmaps"}[about.kind]
        try:
            raw = self._api.get(f"{CORE}/namespaces/{about.namespace}/{plural}/{about.name}", about=str(about))
        except MissingError:
            return None
        with understood(str(about)):
            return objects.texts(raw.get("data")) | objects.texts(raw.get("binaryData"))


_pod = partial(raw_lists.snapshot, "pod", objects.pod)


def path_of(about: Ref) -> str:
    """Return where an object of one of `KINDS` stands."""
    group, plural = KINDS[about.kind]
    where = f"namespaces/{about.namespace}/" if about.namespace else ""
    return f"{group}/{where}{plural}/{about.name}"


def _plural(kind: str) -> str:
    return (_NAMESPACED.get(kind) or _CLUSTERS_OWN[kind])[1]


def _scene(found: _Found, now: float, readiness: Readiness) -> Scene:
    services = found.parsed("service", service_objects.service)
    names = frozenset(service.ref.name for service in services)
    pods = tuple(raw_lists.understood_of(found.items.get("pod", ()), found.gaps))
    jobs = found.parsed("job", scene_objects.job)
    templates = [
        template
        for kind in (*WORKLOADS, "cronjob")
        for template in found.parsed(kind, partial(needs.template, kind=kind, services=names))
    ]
    return Scene(
        now=now,
        readiness=readiness,
        nodes=found.parsed("node", objects.node),
        leases=dict(found.parsed("lease", lambda raw: (raw["metadata"]["name"], objects.lease(raw)))),
        pods=pods,
        workloads=tuple(
            each for kind in WORKLOADS for each in found.parsed(kind, partial(workloads.workload, kind=kind))
        ),
        templates=tuple(templates),
        owners={**scene_objects.deployments(pods), **{job.ref: job.owner for job in jobs if job.owner}},
        services=services,
        endpoints=_endpoints(found),
        claims=found.parsed("claim", scene_objects.claim),
        volumes=dict(found.parsed("volume", scene_objects.volume)),
        directories={name: path for name, path in found.parsed("volume", scene_objects.directory) if path},
        jobs=tuple(scene_objects.failed(jobs)),
        namespaces=tuple(each for each in found.parsed("namespace", scene_objects.ending) if each.reason),
        stalled=tuple(
            each
            for kinds, parse in ((_OF_FLUX, scene_objects.stalled), (_SAYING, scene_objects.unwell))
            for kind in kinds
            for each in found.parsed(kind, partial(parse, kind))
            if each.reason
        ),
        halted=tuple(
            each
            for kind in (*_SUSPENDED, "cronjob")
            for several in found.parsed(kind, partial(scene_objects.halted, kind))
            for each in several
        ),
        events=_events(found),
        gaps=tuple(found.gaps),
        unread=frozenset({*_NAMESPACED, *_CLUSTERS_OWN} - found.items.keys()),
    )


def _endpoints(found: _Found) -> dict[Ref, tuple[Endpoint, ...]]:
    by_service: dict[Ref, tuple[Endpoint, ...]] = {}
    for namespace, (name, addresses) in found.parsed(
        "slice", lambda raw: (raw["metadata"].get("namespace", ""), service_objects.endpoints(raw))
    ):
        about = Ref("service", namespace, name)
        by_service[about] = (*by_service.get(about, ()), *addresses)
    return by_service


def _events(found: _Found) -> dict[Ref, tuple[Occurrence, ...]]:
    by_object: dict[Ref, list[Occurrence]] = {}
    for about, each in (*found.parsed("event", scene_objects.event), *found.parsed("killing", scene_objects.event)):
        by_object.setdefault(about, []).append(each)
    return {about: tuple(sorted(said, key=lambda each: each.at or 0.0)) for about, said in by_object.items()}
