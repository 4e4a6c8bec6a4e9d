"""Services and the slices of their addresses: raw JSON -> snapshots, as in `objects`."""

from bootheal.adapters.kube.objects import Raw, ref
from bootheal.model import Endpoint, Service

SERVICE_NAME = "kubernetes.io/service-name"
# Whose a slice is; the one value that says that a selector was gone by.
MANAGED_BY, SELECTING = "endpointslice.kubernetes.io/managed-by", "endpointslice-controller.k8s.io"


def service(raw: Raw) -> Service:
    """Parse a v1 Service."""
    spec = raw.get("spec", {})
    cluster_ip = spec.get("clusterIP", "")
    ports = [port for port in spec.get("ports") or () if _tcp(port)]
    return Service(
        ref=ref("service", raw),
        cluster_ip="" if cluster_ip == "None" else cluster_ip,
        ports=tuple((port["port"], port.get("targetPort") or port["port"]) for port in ports),
        port_names=tuple(port.get("name") or "" for port in ports),
        selector=spec.get("selector") or {},
        external=str(spec.get("externalName") or "") if spec.get("type") == "ExternalName" else "",
        publishes_unready=bool(spec.get("publishNotReadyAddresses")),
        labels=raw["metadata"].get("labels") or {},
        node_ports=tuple(port["nodePort"] for port in spec.get("ports") or () if port.get("nodePort")),
    )


def _tcp(port: Raw) -> bool:
    return bool(port.get("protocol", "TCP") == "TCP")


def endpoints(raw: Raw) -> tuple[str, tuple[Endpoint, ...]]:
    """Parse a discovery.k8s.io/v1 EndpointSlice into the Service's name and its addresses."""
    labels = raw["metadata"].get("labels") or {}
    if raw.get("addressType") == "FQDN":  # nodes send nobody to a name
        return labels.get(SERVICE_NAME, ""), ()
    ports = {port.get("name") or "": port["port"] for port in raw.get("ports") or () if _tcp(port) and port.get("port")}
    port = next(iter(ports.values()), 0)
    found = tuple(
        Endpoint(
            address=address,
            port=port,
            pod=_pod_of(item.get("targetRef") or {}, raw["metadata"].get("namespace", "")),
            # An absent condition means ready: discovery/v1 EndpointConditions.
            ready=(item.get("conditions") or {}).get("ready") is not False,
            ports=ports,
            foreign=labels.get(MANAGED_BY) != SELECTING,
        )
        for item in raw.get("endpoints") or ()
        for address in item.get("addresses") or ()
    )
    return labels.get(SERVICE_NAME, ""), found


def _pod_of(target: Raw, namespace: str) -> str:
    """Return the pod's name, "" for another kind of thing, and for a pod elsewhere."""
    here = target.get("kind", "Pod") == "Pod" and target.get("namespace", namespace) == namespace
    return str(target.get("name", "")) if here else ""
