"""What stands on what: so that what follows from a trouble is told beneath it. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from bootheal.cluster import selectors
from bootheal.model import Pod, Ref, Service
from bootheal.model.scene import Scene, Template

# Who is asked for names.
NAMES = Ref("service", "kube-system", "kube-dns")

# What makes the volumes of k3s' storage class, and the pods in which it does so.
LOCAL_PATH, HELPERS = "local-path", "helper-pod-"

# Network plugins by the images of what they run on each node.
_NETWORK = re.compile(
    r"(?:^|/)(?:cilium|calico/node|calico-node|flannel|mirrored-(?:cilium-cilium|calico-node|flannel[-\w]*)|multus-cni|"
    r"weave-kube|kube-router|antrea-agent[-\w]*|kube-ovn|hardened-(?:calico|flannel|multus-cni))(?:[:@]|$)"
)

# Device plugins by their images, and the domain of the devices that a pod lacks: of nvidia.com/gpu it is NVIDIA's.
_DEVICES = re.compile(r"(?:device-plugin|gpu-plugin|device-manager)(?:[:@]|$)")
_LACKED = re.compile(r"(?:Insufficient|devices|for) ([a-z0-9.-]+)/")
_NO_VENDOR = frozenset({"com", "io", "ai", "org", "net", "gpu", "k8s", "csi", "driver", "storage"})

# What stands beside each storage driver on a node, and the name that the driver would have registered by.
_REGISTERS = re.compile(r"node-driver-registrar(?:[:@]|$)")
_ABSENT = re.compile(r"driver name (\S+) not found")


class Relations:
    """The objects of a scene, by what they are to each other."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    @cached_property
    def pods(self) -> Mapping[Ref, tuple[Pod, ...]]:
        """Return the living pods of each workload."""
        living = {
            ref: [pod for pod in pods if not pod.deleting and not pod.finished] for ref, pods in self._all.items()
        }
        return {ref: tuple(pods) for ref, pods in living.items() if pods}

    @cached_property
    def ended(self) -> Mapping[Ref, tuple[Pod, ...]]:
        """Return the pods that have ended of each workload of which none lives."""
        return {ref: tuple(pods) for ref, pods in self._all.items() if all(pod.finished for pod in pods)}

    @cached_property
    def _all(self) -> Mapping[Ref, list[Pod]]:
        found: dict[Ref, list[Pod]] = {}
        for pod in self._scene.pods:
            found.setdefault(self.workload_of(pod), []).append(pod)
        return found

    @cached_property
    def templates(self) -> Mapping[Ref, Template]:
        """Return the template of each workload."""
        return {template.owner: template for template in self._scene.templates}

    @cached_property
    def services(self) -> Mapping[Ref, Service]:
        """Return each Service by its name."""
        return {service.ref: service for service in self._scene.services}

    def workload_of(self, pod: Pod) -> Ref:
        """Return whose pod it is: the Deployment behind its ReplicaSet; itself where it is nobody's."""
        return self.root(pod.owner) if pod.owner else pod.ref

    def owner_of(self, pod: Ref) -> Ref | None:
        """Return whose pod it is, None of what is no pod."""
        found = self._by_ref.get(pod)
        return self.workload_of(found) if found else None

    def node_of(self, pod: Ref) -> Ref | None:
        """Return the node that a pod is on, None of what is no pod, or on none."""
        found = self._by_ref.get(pod)
        return Ref("node", "", found.node) if found and found.node else None

    def network_of(self, pod: Ref) -> Iterator[Ref]:
        """Yield the pods of the network plugin on the node of a pod."""
        found = self._by_ref.get(pod)
        plugins = self._plugins.get(found.node, ()) if found else ()
        yield from (each for each in plugins if each != pod)

    def plugins_for(self, lacking: str) -> Iterator[Ref]:
        """Yield the pods of the device plugins of whose devices a message says that they are lacking."""
        vendors = _vendors(_LACKED.findall(lacking))
        for pod in self._scene.pods:
            images = [image for image in _images(pod) if _DEVICES.search(image)]
            if any(vendor in image for vendor in vendors for image in images):
                yield pod.ref

    def drivers_for(self, absent: str) -> Iterator[Ref]:
        """Yield the pods of the storage driver that a message calls absent."""
        vendors = _vendors(_ABSENT.findall(absent))
        for pod in self._scene.pods:
            told = " ".join((pod.ref.namespace, pod.ref.name, *_images(pod)))
            if any(map(_REGISTERS.search, _images(pod))) and any(vendor in told for vendor in vendors):
                yield pod.ref

    @cached_property
    def _plugins(self) -> Mapping[str, list[Ref]]:
        """The pods of network plugins by their nodes: many pods ask for those of theirs."""
        plugins: dict[str, list[Ref]] = {}
        for each in self._scene.pods:
            if each.node and any(map(_NETWORK.search, _images(each))):
                plugins.setdefault(each.node, []).append(each.ref)
        return plugins

    def root(self, ref: Ref) -> Ref:
        """Return who owns it in the end."""
        return self._scene.owners.get(ref, ref)

    def behind(self, service: Service) -> tuple[Pod, ...]:
        """Return the living pods that a Service selects; none where it has no selector."""
        return tuple(pod for pod in self._selected(service) if not pod.deleting and not pod.finished)

    def _selected(self, service: Service) -> Iterator[Pod]:
        return (pod for pod in self._of_namespace.get(service.ref.namespace, ()) if selects(service, pod.labels))

    def concerned(self, service: Service) -> tuple[Pod, ...]:
        """Return the pods that a Service selects, and those of its namespace that have its addresses."""
        addresses = {endpoint.address for endpoint in self._scene.endpoints.get(service.ref, ())}
        at = (pod for address in addresses for pod in self._by_address.get(address, ()))
        found = {pod.ref: pod for pod in (*self._selected(service), *at)}
        return tuple(pod for pod in found.values() if pod.ref.namespace == service.ref.namespace)

    @cached_property
    def _of_namespace(self) -> Mapping[str, list[Pod]]:
        found: dict[str, list[Pod]] = {}
        for pod in self._scene.pods:
            found.setdefault(pod.ref.namespace, []).append(pod)
        return found

    @cached_property
    def _by_address(self) -> Mapping[str, list[Pod]]:
        found: dict[str, list[Pod]] = {}
        for pod in self._scene.pods:
            for address in {pod.ip, *pod.ips}:
                found.setdefault(address, []).append(pod)
        return found

    def of_template(self, service: Service) -> tuple[Template, ...]:
        """Return the templates whose pods a Service would select, as far as a template can tell."""
        wanted = dict(selectors.wanted(service.selector))
        return tuple(
            template
            for template in self._scene.templates
            if template.owner.namespace == service.ref.namespace
            and service.selector
            and wanted.items() <= template.labels.items()
        )

    def below(self, ref: Ref, *, named: bool) -> Iterator[Ref]:
        """Yield what an object stands on; `named`: also the Services that its environment or arguments name."""
        if ref.kind == "service" and (service := self.services.get(ref)):
            yield from (pod.ref for pod in self._selected(service))
            yield from (template.owner for template in self.of_template(service))
        elif ref.kind == "pod" and (pod := self._by_ref.get(ref)):
            yield from self._below_pod(pod, named=named)
        elif ref.kind == "apiservice":
            served = (each.service for each in self._scene.extensions.unavailable if each.name == ref.name)
            yield from filter(None, served)
        elif ref.kind == "namespace":
            yield from self._below_namespace(ref)
        elif ref.kind == "persistentvolumeclaim":
            yield from self._below_claim(ref)
        else:
            yield from (pod.ref for pod in self._all.get(ref, ()))
            if template := self.templates.get(ref):
                yield from (need.about for need in template.needs)
                yield from self._named(template) if named else ()

    def _below_pod(self, pod: Pod, *, named: bool) -> Iterator[Ref]:
        yield from (Ref("persistentvolumeclaim", pod.ref.namespace, claim) for claim in pod.claims)
        if pod.node:
            yield Ref("node", "", pod.node)
        served = self._scene.registries.items()
        yield from (Ref("container", "", registry.name) for registry, pods in served if pod.ref in pods)
        if template := self.templates.get(self.workload_of(pod)):
            yield from (need.about for need in template.needs)
            yield from self._named(template) if named else ()

    def _below_namespace(self, ref: Ref) -> Iterator[Ref]:
        """What is left in one that is being deleted cannot be listed while an API that others serve is away."""
        told = " ".join(each.message for each in self._scene.namespaces if each.ref == ref)
        for each in self._scene.extensions.unavailable:
            version, _, group = each.name.partition(".")
            if f"{group}/{version}" in told:
                yield Ref("apiservice", "", each.name)

    def _below_claim(self, ref: Ref) -> Iterator[Ref]:
        """Yield who is to make its volume: of local-path its provisioner, in a pod that it begins for that.

        Others live in a namespace that bears the name of their class, as Longhorn does.
        """
        claim = next((each for each in self._scene.claims if each.ref == ref), None)
        if claim is None or claim.phase != "Pending":
            return
        system = f"{claim.storage_class}-system"
        yield from (each.ref for each in self._scene.pods if each.ref.namespace == system)
        if claim.storage_class == LOCAL_PATH:
            yield from (each.ref for each in self._scene.pods if each.ref.name.startswith(HELPERS))
            yield from (each.ref for each in self._scene.workloads if each.ref.name == f"{LOCAL_PATH}-provisioner")

    def _named(self, template: Template) -> Iterator[Ref]:
        for name in sorted(template.mentions):
            plain, _, namespace = name.partition(".")
            ref = Ref("service", namespace or template.owner.namespace, plain)
            service = self.services.get(ref)
            if service and template.owner not in {each.owner for each in self.of_template(service)}:
                yield ref

    def names(self, service: Ref) -> tuple[Ref, ...]:
        """Return the workloads that name a Service."""
        return tuple(each.owner for each in self._scene.templates if service in set(self._named(each)))

    @cached_property
    def _by_ref(self) -> Mapping[Ref, Pod]:
        return {pod.ref: pod for pod in self._scene.pods}


def _images(pod: Pod) -> Iterator[str]:
    return (box.image for box in (*pod.init, *pod.containers))


def _vendors(names: Iterable[str]) -> set[str]:
    """Return the words of some domains that tell whose they are."""
    return {word for name in names for word in name.split(".")} - _NO_VENDOR


def selects(service: Service, labels: Mapping[str, str]) -> bool:
    """Tell whether a Service's selector fits labels."""
    return bool(service.selector) and service.selector.items() <= labels.items()
