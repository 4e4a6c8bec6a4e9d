"""How people type the kind of a workload, put as the rest of the program has it."""

from collections.abc import Mapping
from typing import Any

from bootheal.config.document import KeyPath
from bootheal.config.source import Source

KINDS: Mapping[str, str] = {
    "deploy": "deployment",
    "deployments": "deployment",
    "deployment.apps": "deployment",
    "sts": "statefulset",
    "statefulsets": "statefulset",
    "statefulset.apps": "statefulset",
    "ds": "daemonset",
    "daemonsets": "daemonset",
    "daemonset.apps": "daemonset",
    "ks": "kustomization",
    "hr": "helmrelease",
}

_FOLLOWERS = ("workloads", "dependencies", "hooks")
_NAMES = ("workload", "reconcile")


def canonical(name: str) -> str:
    """Return deployment/shop/web for deploy/shop/web or Deployment/shop/web; what is none of these as it is."""
    kind, _, rest = name.partition("/")
    lower = kind.lower()
    known = "/" in rest and (lower in KINDS or lower in KINDS.values())
    return f"{KINDS.get(lower, lower)}/{rest}" if known else name


def respell(source: Source) -> None:
    """Put all names of workloads in a source so; one that then stands twice is a problem of the second."""
    workloads = source.data.get("workloads")
    if isinstance(workloads, dict):
        source.data["workloads"] = _respelled(source, workloads)
    for section in _FOLLOWERS:
        held = source.data.get(section)
        for content in held.values() if isinstance(held, dict) else ():
            if isinstance(content, dict):
                _within(content)


def _respelled(source: Source, workloads: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for typed, content in workloads.items():
        name = canonical(typed)
        old: KeyPath = ("workloads", typed)
        if name in found:
            line, _ = source.place(("workloads", name))
            source.complain(old, f"cannot stand twice: as {name} it does on line {line} already")
            continue
        found[name] = content
        if name != typed:
            source.rename(old, ("workloads", name))
    return found


def _within(content: dict[str, Any]) -> None:
    after = content.get("after")
    if isinstance(after, list):
        content["after"] = [canonical(each) if isinstance(each, str) else each for each in after]
    for key in _NAMES:
        if isinstance(typed := content.get(key), str):
            content[key] = canonical(typed)
