"""A Service, and what is behind it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bootheal.model.cluster import Pod
from bootheal.model.identity import Ref


@dataclass(frozen=True, slots=True)
class Service:
    """A Service: cluster IP ("" when headless), its TCP ports as (port, target port), pod selector, labels.

    `external` is the name that it is an alias of (type ExternalName), and then nothing else of it counts.
    `publishes_unready`: it sends to pods that are not ready, too. `node_ports` are those of each node that lead to it.
    `port_names` are those of `ports`, in their order; "" is a name, too.
    """

    ref: Ref
    cluster_ip: str
    ports: tuple[tuple[int, int | str], ...]
    selector: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    external: str = ""
    publishes_unready: bool = False
    node_ports: tuple[int, ...] = ()
    port_names: tuple[str, ...] = ()

    def selects(self, pod: Pod) -> bool:
        """Tell whether it sends to this pod by its labels."""
        return not self.external and bool(self.selector) and self.selector.items() <= pod.labels.items()

    def port_on(self, pod: Pod) -> int:
        """Return the number of the Service's first port that `pod` has, 0 where it has none."""
        return next(iter(self.ports_on(pod)), 0)

    def ports_on(self, pod: Pod) -> tuple[int, ...]:
        """Return the numbers of all ports of `pod` that it leads to."""
        return tuple(found for _, target in self.ports if (found := _on(pod, target)))

    def port_to(self, pod: Pod, number: int) -> int:
        """Return the Service's port that leads to port `number` of `pod`, 0 where none does."""
        return next((port for port, target in self.ports if _on(pod, target) == number), 0)


def _on(pod: Pod, target: int | str) -> int:
    """Look a named target port up in the pod's containers; 0 where none has it: the Service leaves such a pod out."""
    return target if isinstance(target, int) else pod.ports.get(target, 0)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address behind a Service, from its EndpointSlices.

    `ports` are those of its slice by their names, and `port` is the first of them, 0 where there is none. `foreign`:
    somebody else than Kubernetes' own controller wrote it, who goes by no selector.
    """

    address: str
    port: int
    pod: str = ""
    ready: bool = True
    ports: Mapping[str, int] = field(default_factory=dict)
    foreign: bool = False

    def port_of(self, service: Service) -> int:
        """Return where the Service's first port leads to, 0 where the slice has it not: nodes go by its name."""
        return next((self.ports[name] for name in service.port_names if name in self.ports), 0)
