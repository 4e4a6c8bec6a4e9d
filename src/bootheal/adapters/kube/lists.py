"""Lists of objects, one for each kind and namespace: kept by a watch where somebody is interested, else read.

To keep them is the ClusterWatcher port; what reads and what writes looks things up here, and enters them.
"""

import threading
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping
from functools import partial
from typing import Any

from bootheal.adapters.kube import objects, service_objects, workloads
from bootheal.adapters.kube.api import Api
from bootheal.adapters.kube.cache import snapshots
from bootheal.adapters.kube.errors import understood
from bootheal.adapters.kube.heartbeats import Heartbeats
from bootheal.adapters.kube.pages import Extent, Resource, fetch
from bootheal.adapters.kube.reflector import Reflector
from bootheal.adapters.kube.typed import checked
from bootheal.adapters.kube.watches import Watches, rights
from bootheal.cluster.rollout import unpulled
from bootheal.errors import MissingError
from bootheal.model import Pod, Ref, Right
from bootheal.ports import Interest

CORE, APPS, BATCH, SLICES = "/api/v1", "/apis/apps/v1", "/apis/batch/v1", "/apis/discovery.k8s.io/v1"

# What is read only where something else calls for it: its list is kept from when it is first asked for.
ON_DEMAND = frozenset({"endpointslice"})

# By what a pod is found that waits for an image.
UNPULLED = "unpulled"


def keys_of_pod(pod: Pod) -> Iterator[Hashable]:
    """Yield its labels, and whether it waits for an image."""
    yield from pod.labels.items()
    if not pod.deleting and unpulled(pod):
        yield UNPULLED


def keys_of_slice(found: tuple[str, Any]) -> Iterator[Hashable]:
    """Yield the Service that it belongs to."""
    yield found[0]


RESOURCES = {
    resource.kind: resource
    for resource in (
        Resource("poddisruptionbudget", "/apis/policy/v1", "poddisruptionbudgets", workloads.budget),
        Resource("node", CORE, "nodes", objects.node),
        Resource("pod", CORE, "pods", objects.pod, keys_of_pod, complete=True),
        Resource("service", CORE, "services", service_objects.service),
        Resource("endpointslice", SLICES, "endpointslices", service_objects.endpoints, keys_of_slice, complete=True),
        Resource("lease", "/apis/coordination.k8s.io/v1", "leases", objects.lease),
        Resource("deployment", APPS, "deployments", partial(workloads.workload, kind="deployment")),
        Resource("statefulset", APPS, "statefulsets", partial(workloads.workload, kind="statefulset")),
        Resource("job", BATCH, "jobs", objects.backup),
        Resource("daemonset", APPS, "daemonsets", partial(workloads.workload, kind="daemonset")),
    )
}


class Lists:
    """The lists behind one Api."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._watches: dict[Interest, Watches] = {}
        self._put_off: dict[Interest, Callable[[], Watches]] = {}
        self._beginning = threading.Lock()
        self.heartbeats = Heartbeats()

    def items(self, kind: str, namespace: str) -> Mapping[str, Any]:
        """Return a namespace's objects of a kind, parsed, by name."""
        if reflector := self._begun(kind, namespace):
            return reflector.items(namespace)
        return snapshots(fetch(self._api, Extent(RESOURCES[kind], (namespace,)))[0][namespace])

    def having(self, kind: str, namespace: str, keys: Collection[Hashable]) -> list[Any]:
        """Return a namespace's objects of a kind that have all of these keys, one at least."""
        if reflector := self._begun(kind, namespace):
            return reflector.having(namespace, keys)
        return RESOURCES[kind].having(self.items(kind, namespace).values(), keys)

    def one(self, ref: Ref) -> Any:
        """Return one object, parsed. MissingError where there is none."""
        resource, reflector = RESOURCES[ref.kind], self._kept(ref.kind, ref.namespace)
        if reflector is None:
            raw = self._api.get(resource.path(ref.namespace, ref.name), about=str(ref))
            with understood(str(ref)):
                return checked(resource.parse(raw))
        if ref.name not in (items := reflector.items(ref.namespace)):
            raise MissingError(f"cannot find {ref}", hint="is the name in the configuration right?")
        return items[ref.name]

    def watched(self, kind: str, namespace: str) -> bool:
        """Tell whether a watch tells of a namespace's objects of a kind just now."""
        reflector = self._kept(kind, namespace)
        return reflector is not None and reflector.live

    def kept(self, ref: Ref) -> Any:
        """Return one object as a live watch has told of it, None where none has; nobody is asked."""
        reflector = self._kept(ref.kind, ref.namespace)
        return reflector and reflector.kept(ref.namespace, ref.name)

    def enter(self, kind: str, namespace: str, raw: objects.Raw) -> None:
        """Take an object as a write has left it, before the watch tells of it."""
        if reflector := self._kept(kind, namespace):
            with understood(f"what the API server made of a {kind}"):
                reflector.enter(namespace, raw)

    def renew(self, ref: Ref) -> None:
        """Ask for one object now, past the watch that keeps it."""
        if reflector := self._kept(ref.kind, ref.namespace):
            reflector.renew(ref.namespace, ref.name)

    def drop(self, ref: Ref, uid: str) -> None:
        """Forget an object that is gone."""
        if reflector := self._kept(ref.kind, ref.namespace):
            reflector.drop(ref.namespace, ref.name, uid)

    def rights(self, interests: frozenset[Interest]) -> frozenset[Right]:
        """Name what keeping these lists needs."""
        return list_rights(interests)

    def watch(self, interests: frozenset[Interest], changed: Callable[[Interest], None]) -> None:
        """Keep a list for each interest from now on. ExhaustedError where there are too few threads for them."""
        with self._beginning:  # looks may be under way that begin what was put off
            for kind, namespaces in sorted(self._new(interests).items()):
                begin = partial(
                    Watches, self._api, RESOURCES[kind], tuple(sorted(namespaces)), partial(self._tell, changed, kind)
                )
                about_all = [Interest(kind, namespace) for namespace in namespaces]
                if kind in ON_DEMAND:
                    self._put_off |= dict.fromkeys(about_all, begin)
                else:
                    self._watches |= dict.fromkeys(about_all, begin())

    def _new(self, interests: frozenset[Interest]) -> dict[str, set[str]]:
        """Return the namespaces of each kind that no list is kept of, or is to be."""
        wanted: dict[str, set[str]] = {}
        for interest in interests:
            about = Interest(interest.kind, interest.namespace)
            if about not in self._watches and about not in self._put_off:
                wanted.setdefault(interest.kind, set()).add(interest.namespace)
        return wanted

    def _begun(self, kind: str, namespace: str) -> Reflector | None:
        """Return what keeps a list, which is begun where that was put off."""
        if (about := Interest(kind, namespace)) in self._put_off:
            with self._beginning:
                if begin := self._put_off.get(about):
                    alike = [each for each, what in self._put_off.items() if what is begin]
                    self._watches |= dict.fromkeys(alike, begin())
                    self._put_off = {each: what for each, what in self._put_off.items() if what is not begin}
        return self._kept(kind, namespace)

    def _kept(self, kind: str, namespace: str) -> Reflector | None:
        watches = self._watches.get(Interest(kind, namespace))
        return watches.of(namespace) if watches else None

    def _tell(self, changed: Callable[[Interest], None], kind: str, namespace: str, name: str) -> None:
        if kind == "lease" and name and (reflector := self._kept(kind, namespace)):
            lease = reflector.kept(namespace, name)
            if lease is not None:
                self.heartbeats.seen(name, lease)
        changed(Interest(kind, namespace, name))


def list_rights(interests: frozenset[Interest]) -> frozenset[Right]:
    """Name what keeping lists of these needs; nobody is asked."""
    return frozenset(right for interest in interests for right in rights(RESOURCES[interest.kind], interest.namespace))
