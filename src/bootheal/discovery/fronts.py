"""Where users come in: the URLs of Ingresses and of Traefik's routes, and the workload behind each. Pure."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from bootheal.discovery.places import Places
from bootheal.model import Ref
from bootheal.model.inventory import Custom

_HOST = re.compile(r"Host(?:SNI)?\(\s*[`'\"]([^`'\"]+)[`'\"]")
_PREFIX = re.compile(r"Path(?:Prefix)?\(\s*[`'\"](/[!-~]*?)[`'\"]")
_NAME = re.compile(r"[A-Za-z0-9.-]+")
_PATH = re.compile(r"/[!-~]*")


def fronts(places: Places) -> Mapping[Ref, tuple[str, str]]:
    """Return for each workload that users come in by a URL, and by what that is known."""
    found: dict[Ref, tuple[str, str]] = {}
    for custom in places.inventory.customs:
        routes = (
            _ingress(custom)
            if custom.ref.kind == "ingress"
            else _route(custom)
            if custom.ref.kind == "ingressroute"
            else ()
        )
        for url, name in routes:
            service = places.service(custom.ref.namespace, name)
            for controller in places.behind(service) if service else ():
                found.setdefault(controller.ref, (url, f"{custom.ref} leads to {service.ref if service else name}"))
    return found


def _ingress(custom: Custom) -> Iterator[tuple[str, str]]:
    tls = {str(host) for each in _list(custom.spec.get("tls")) for host in each.get("hosts") or ()}
    for rule in _list(custom.spec.get("rules")):
        host = rule.get("host") or ""
        for path in _list((rule.get("http") or {}).get("paths")):
            name = ((path.get("backend") or {}).get("service") or {}).get("name") or ""
            where = path.get("path") or "/"
            if _NAME.fullmatch(host) and _PATH.fullmatch(where) and "*" not in where and "(" not in where:
                yield f"{'https' if host in tls else 'http'}://{host}{where}", name


def _route(custom: Custom) -> Iterator[tuple[str, str]]:
    scheme = (
        "https"
        if custom.spec.get("tls") is not None or "websecure" in (custom.spec.get("entryPoints") or ())
        else "http"
    )
    for route in _list(custom.spec.get("routes")):
        match = str(route.get("match") or "")
        if (host := _HOST.search(match)) and _NAME.fullmatch(host[1]):
            path = _PREFIX.search(match)
            for service in _list(route.get("services")):
                yield f"{scheme}://{host[1]}{path[1] if path else '/'}", str(service.get("name") or "")


def _list(value: Any) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list | tuple) else []
