"""Services and what they lead to: EndpointSlices as Kubernetes 1.21 to 1.36 and others write them."""

from collections.abc import Iterable, Iterator
from typing import Any

from support.healthy import SLICES, Box, Json
from support.raw_objects import RESTART, WEB, merged, unready, web, web_pod
from support.situations import Situation


def endpoint(ip: str, pod: str, **shown: Any) -> Json:
    reference = {"kind": "Pod", "name": pod, "namespace": "shop", "uid": f"u-Pod-shop-{pod}"}
    return {"addresses": [ip], "conditions": shown, "targetRef": reference}


def leading(it: Box, *endpoints: Json, pods: tuple[Json, ...] = (), ready: bool = True) -> Iterator[Json]:
    """Yield the workload; its Service leads to these endpoints instead of the usual one."""
    yield from sliced(web(it, *pods, ready=ready), endpoints=list(endpoints))


def sliced(objects: Iterable[Json], **fields: Any) -> Iterator[Json]:
    """Yield them, the slices among them with other fields."""
    for each in objects:
        yield each | fields if each["kind"] == "EndpointSlice" else each


def mirrored(it: Box) -> Json:
    """Return a slice that another controller has left, with an address of the boot before."""
    labels = {
        "kubernetes.io/service-name": "web",
        "endpointslice.kubernetes.io/managed-by": "endpointslicemirroring-controller.k8s.io",
    }
    old = [endpoint("10.42.0.3", "web-1", ready=True)]
    ports = [{"name": "main", "port": 80}]
    fields: Json = {"addressType": "IPv4", "endpoints": old, "ports": ports}
    return it.object("EndpointSlice", "web-m", "shop", SLICES, metadata={"labels": labels}, **fields)


SERVICES = {
    # discovery/v1: "A nil value should be interpreted as 'true'"
    "an endpoint whose readiness is not told": Situation(
        objects=lambda it: leading(it, endpoint("10.42.0.32", "web-1", ready=None, serving=None, terminating=None)),
        declared=WEB,
        ends="settled",
    ),
    "an endpoint without any conditions": Situation(
        objects=lambda it: leading(it, endpoint("10.42.0.32", "web-1")), declared=WEB, ends="settled"
    ),
    "an endpoint that is terminating beside the one that serves": Situation(
        objects=lambda it: leading(
            it,
            endpoint("10.42.0.9", "web-0", ready=False, serving=True, terminating=True),
            endpoint("10.42.0.32", "web-1", ready=True, serving=True, terminating=False),
        ),
        declared=WEB,
        ends="settled",
    ),
    "only an endpoint that is terminating": Situation(
        objects=lambda it: leading(it, endpoint("10.42.0.9", "web-0", ready=False, serving=True, terminating=True)),
        declared=WEB,
        ends="unfinished",
        says=["service/shop/web"],
    ),
    "a Service that publishes what is not ready": Situation(
        objects=lambda it: leading(
            it, endpoint("10.42.0.32", "web-1", ready=True), pods=(unready(it, web_pod(it)),), ready=False
        ),
        declared=WEB,
        ends="unfinished",
        says=["0 of 1"],
        deeds=RESTART,
        roots=["pod/shop/web-1"],
    ),
    "a slice without ports": Situation(objects=lambda it: sliced(web(it), ports=None), declared=WEB, ends="settled"),
    "a slice for all ports": Situation(
        objects=lambda it: sliced(web(it), ports=[{"name": "", "port": None}]), declared=WEB, ends="settled"
    ),
    "an endpoint that is nobody's": Situation(
        objects=lambda it: sliced(web(it), endpoints=[{"addresses": ["10.42.0.32"], "targetRef": None}]),
        declared=WEB,
        ends="settled",
    ),
    "a slice without endpoints": Situation(
        objects=lambda it: sliced(web(it), endpoints=None),
        declared=WEB,
        ends="unfinished",
        says=["service/shop/web"],
    ),
    "a slice of another controller's, of the boot before": Situation(
        objects=lambda it: (*web(it), mirrored(it)), declared=WEB, ends="unfinished", says=["10.42.0.3"]
    ),
    "a Service of both families": Situation(
        objects=lambda it: (
            *leading(
                it,
                endpoint("10.42.0.32", "web-1", ready=True),
                pods=(merged(web_pod(it), {"status": {"podIPs": [{"ip": "10.42.0.32"}, {"ip": "fd00:42::20"}]}}),),
            ),
            it.object(
                "EndpointSlice",
                "web-x6",
                "shop",
                SLICES,
                addressType="IPv6",
                metadata={"labels": {"kubernetes.io/service-name": "web"}},
                ports=[{"name": "main", "port": 80}],
                endpoints=[endpoint("fd00:42::20", "web-1", ready=True)],
            ),
        ),
        declared=WEB,
        ends="settled",
    ),
}
