"""Whose an address is: the Service that it names, and the workload behind that. Pure."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from bootheal.discovery import addresses
from bootheal.model import Ref, Service
from bootheal.model.inventory import Address, Box, Controller, Inventory, Source, Variables

_HOPS = 5


@dataclass(frozen=True)
class Place:
    """A Service that an address leads to, and whether it has the port that the address says."""

    service: Service
    port: int = 0
    fits: bool = True


@dataclass(frozen=True)
class Places:
    """The Services and workloads of an inventory, by what leads to them."""

    inventory: Inventory

    @cached_property
    def _services(self) -> Mapping[tuple[str, str], Service]:
        return {(each.ref.namespace, each.ref.name): each for each in self.inventory.services}

    @cached_property
    def namespaces(self) -> frozenset[str]:
        """The namespaces that have a Service."""
        return frozenset(namespace for namespace, _ in self._services)

    def find(self, address: Address, namespace: str) -> Place | None:
        """Return what an address means to a pod of `namespace`; None where it leads out of the cluster."""
        host = address.host
        for _ in range(_HOPS):
            service = self._named(host, namespace)
            if service is None:
                return None
            alias = service.external
            if not alias:
                return self._at(service, address)
            host, namespace = alias.rstrip("."), service.ref.namespace
        return None

    def _named(self, host: str, namespace: str) -> Service | None:
        labels = host.split(".")
        if "svc" in labels[1:]:
            end = labels.index("svc", 1)
            # name.namespace.svc, or pod.name.namespace.svc, and whatever the cluster's domain is
            return self._services.get((labels[end - 1], labels[end - 2])) if end >= 2 else None  # noqa: PLR2004
        if len(labels) == 1:
            return self._services.get((namespace, host))
        if len(labels) == 2:  # noqa: PLR2004 - name.namespace, or pod.name where the Service has no address of its own
            name, other = labels
            return self._services.get((other, name)) or self._of_pod(name, namespace, other)
        if len(labels) == 3:  # noqa: PLR2004 - pod.name.namespace
            return self._of_pod(labels[0], labels[2], labels[1])
        return None

    def _of_pod(self, pod: str, namespace: str, name: str) -> Service | None:
        service = self._services.get((namespace, name))
        if service is None or service.cluster_ip:
            return None
        stem, _, ordinal = pod.rpartition("-")
        behind = self.behind(service)
        return service if ordinal.isdecimal() and any(each.ref.name == stem for each in behind) else None

    def _at(self, service: Service, address: Address) -> Place:
        port = address.port or addresses.USUAL.get(address.scheme, 0)
        known = {number for number, _ in service.ports}
        # A Service without an address of its own leads to any port of its pods.
        fits = not address.port or not known or address.port in known or not service.cluster_ip
        return Place(service, port, fits)

    def behind(self, service: Service) -> tuple[Controller, ...]:
        """Return the workloads whose pods a Service selects."""
        return self._behind.get(service.ref, ())

    @cached_property
    def _behind(self) -> Mapping[Ref, tuple[Controller, ...]]:
        return {
            service.ref: tuple(
                each
                for each in self.inventory.controllers
                if each.ref.kind != "cronjob"
                and each.ref.namespace == service.ref.namespace
                and _leads_to(service, each)
            )
            for service in self.inventory.services
        }

    def in_front(self, controller: Controller) -> tuple[Service, ...]:
        """Return the Services that select a workload's pods: those with an address of their own first, then by name.

        Those that select only one of the pods come last.
        """
        found = [service for service in self.inventory.services if controller in self._behind[service.ref]]
        one = {_POD_NAME, _POD_INDEX}
        return tuple(
            sorted(
                found,
                key=lambda service: (bool(one & service.selector.keys()), not service.cluster_ip, service.ref.name),
            )
        )

    def opened(self, controller: Controller) -> frozenset[int]:
        """Return the ports of a workload's pods that the Services in front of it lead to."""
        every = self.in_front(controller)
        return frozenset(target(each, number, controller.boxes) for each in every for number, _ in each.ports)

    @cached_property
    def shared(self) -> frozenset[tuple[str, Source]]:
        """The objects, each with its namespace, that several workloads are given as a whole."""
        times = Counter(each for controller in self.inventory.controllers for each in _given(controller))
        return frozenset(each for each, number in times.items() if number > 1)

    def service(self, namespace: str, name: str) -> Service | None:
        """Return a Service by its name."""
        return self._services.get((namespace, name))


def _given(controller: Controller) -> frozenset[tuple[str, Source]]:
    entries = (entry for box in controller.boxes for entry in box.environment)
    return frozenset((controller.ref.namespace, each.source) for each in entries if isinstance(each, Variables))


# By which labels operators and Patroni mark the pod that leads, once it runs: no template has them.
_ROLE = re.compile(r"(?:.*[-./])?(?:role|instanceRole)")
_LEADERS = frozenset({"primary", "master", "leader", "read-write", "readwrite", "writer"})


# And each pod of a StatefulSet by its own name or number.
_POD_NAME, _POD_INDEX = "statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index"


def _is_of_one_pod(controller: Controller, key: str, value: str) -> bool:
    """Whether a label is one that Kubernetes gives to one of a StatefulSet's pods."""
    stem, _, number = value.rpartition("-")
    named = key == _POD_NAME and stem == controller.ref.name and number.isdecimal()
    return controller.ref.kind == "statefulset" and (named or (key == _POD_INDEX and value.isdecimal()))


def _leads_to(service: Service, controller: Controller) -> bool:
    """Whether a Service leads to a workload's pods: to all of them, or to whichever leads.

    One without a selector, whose addresses Patroni or an operator writes, is called as its StatefulSet.
    """
    labels = controller.pod_labels
    if not service.selector:
        alike = controller.ref.kind == "statefulset" and controller.ref.name == service.ref.name
        return alike and not service.external
    chosen = service.selector.items()
    steady = {key for key, value in chosen if labels.get(key) == value or _is_of_one_pod(controller, key, value)}
    rest = service.selector.keys() - steady
    return bool(steady) and all(
        key not in labels and _ROLE.fullmatch(key) and service.selector[key] in _LEADERS for key in rest
    )


def target(service: Service, port: int, boxes: Iterable[Box]) -> int:
    """Return which port of its pods a Service's port leads to, 0 where it has no such port."""
    named = {name: number for box in boxes for name, number in box.ports if name}
    for number, aim in service.ports:
        if number == port:
            return aim if isinstance(aim, int) else named.get(aim, number)
    return 0


def leads_to(service: Service, port: int, boxes: Iterable[Box]) -> int:
    """Return the Service's port that leads to port `port` of its pods, 0 where none does."""
    boxes = tuple(boxes)
    return next((number for number, _ in service.ports if target(service, number, boxes) == port), 0)
