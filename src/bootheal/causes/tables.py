"""The tables as catalogues: whoever asks takes the one of what it looks at. Pure."""

from bootheal.causes import controllers, dns, k3d, k3s, kubelet, volumes
from bootheal.causes.applications import APPLICATIONS
from bootheal.causes.catalogue import Catalogue
from bootheal.causes.controllers import CONTROLLERS
from bootheal.causes.daemons import METADATA
from bootheal.causes.dns import DNS
from bootheal.causes.images import IMAGES
from bootheal.causes.k3s import K3S
from bootheal.causes.kubelet import KUBELET
from bootheal.causes.network import NETWORK
from bootheal.causes.node import NODE
from bootheal.causes.other_poolers import OTHER_POOLERS
from bootheal.causes.probes import PROBES
from bootheal.causes.turned_away import TURNED_AWAY
from bootheal.causes.volumes import VOLUMES

# What pods show, and the controllers that make them.
PODS = Catalogue(
    (
        *IMAGES,
        *KUBELET,
        *PROBES,
        *TURNED_AWAY,
        *VOLUMES,
        *NETWORK,
        *DNS,
        *NODE,
        *CONTROLLERS,
        *OTHER_POOLERS,
        *APPLICATIONS,
    ),
    (*kubelet.HARMLESS, *volumes.HARMLESS, *dns.HARMLESS, *controllers.HARMLESS),
)

# What k3s says in its journal, or in the log of a container of k3d that is a node.
UNITS = Catalogue((*k3d.NODE, *K3S, *NETWORK, *IMAGES, *NODE), k3s.HARMLESS)

# What containerd says in the journal of a unit of its own: there a bbolt file is its own, and not etcd's.
CONTAINERD = Catalogue((METADATA, *UNITS.causes), UNITS.harmless)

# What the load balancer of k3d says.
LOADBALANCERS = Catalogue(k3d.LOADBALANCER)

# What it says while it runs.
BALANCING = Catalogue(k3d.BALANCING)
