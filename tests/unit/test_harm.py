"""Whoever has read `plan` is not surprised by `run`: all that is changed is an action's, and its sentence names it."""

import ast
import inspect
import pkgutil
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import bootheal
from bootheal.dependencies.hook import Call, Deed, Reconcile, RunHook
from bootheal.model import Ref
from bootheal.ports import ClusterWriter, Containers, Host, Pooler, Postgres
from bootheal.ports.cluster import KubernetesEvents
from bootheal.probes import Url
from bootheal.step import Action
from support.objects import NOW
from support.recorded import as_told

# What is a change of each port of `World`; asking and streams are none.
CHANGES = {
    "writer": {name for name in vars(ClusterWriter) if not name.startswith("_")},
    "host": {"start", "restart"},
    "containers": {"start", "restart"},
    "pooler": {"set", "reload"},
    "postgres": {"set_password"},
    "kubernetes_events": {"tell"},
}
READS = {
    Host: {"boot_id", "epoch", "boot_time", "facts", "directory"},
    Containers: {"component", "registries"},
    Pooler: {"read"},
    Postgres: {"ask", "greet", "role"},
    KubernetesEvents: set[str](),
}
ROOMS = ("platform", "pods", "workloads", "dependencies", "pgbouncer", "postgres", "cluster", "discovery", "preflight")
ROOMS_TOO = ("diagnosis", "causes", "engine", "election", "history", "config", "cli")

# An Event of Kubernetes says what was done, where `events: true` asks for it.
TELLS = {("cli", "kubernetes_events", "tell")}


@pytest.mark.parametrize(
    "deed", [Reconcile(Ref("kustomization", "flux-system", "shop")), Call(Url("http://127.0.0.1/x?token=canary"))]
)
def test_a_hook_does_what_its_sentence_names(deed: Deed) -> None:
    """And the sentence holds no secret. All other deeds are held against theirs in `test_step_laws`."""
    as_told(RunHook(cause="once per boot", hook="shop", deed=deed, at=NOW))


def test_nothing_is_changed_but_by_an_action() -> None:
    """Neither by a look nor by a judgement, nor by whoever wires them: `plan` looks and judges as `run` does."""
    actions = action_names()
    found = {
        f"{path.name}:{call.lineno}": within in actions or (room, *_called(call)) in TELLS
        for room in (*ROOMS, *ROOMS_TOO)
        for path in (Path(bootheal.__path__[0]) / room).rglob("*.py")
        for call, within in changes(ast.parse(path.read_text()))
    }
    assert len(found) > len(CHANGES["writer"])
    assert [place for place, known in found.items() if not known] == []


def _attribute(port: type) -> str:
    """Return what `World` calls a port: KubernetesEvents is kubernetes_events."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", port.__name__).lower()


def test_every_change_of_a_port_is_known_to_this_test() -> None:
    """A method that is added to a port is one or the other."""
    for port, reads in READS.items():
        names = {name for name in vars(port) if not name.startswith("_")}
        assert names == reads | CHANGES[_attribute(port)], port


def action_names() -> set[str]:
    """Name every class of actions."""
    for room in ROOMS:
        for module in pkgutil.walk_packages([str(Path(bootheal.__path__[0]) / room)], f"bootheal.{room}."):
            import_module(module.name)
    return {each.__name__ for each in _below(Action)}


def _below(kind: type[Any]) -> Iterator[type]:
    for each in kind.__subclasses__():
        if inspect.getmodule(each).__name__.startswith("bootheal."):  # type: ignore[union-attr]
            yield each
        yield from _below(each)


def changes(tree: ast.AST, within: str = "") -> Iterator[tuple[ast.Call, str]]:
    """Yield each call that changes something, with the class that it stands in."""
    for node in ast.iter_child_nodes(tree):
        inside = node.name if isinstance(node, ast.ClassDef) else within
        if isinstance(node, ast.Call) and _called(node)[1] in CHANGES.get(_called(node)[0], ()):
            yield node, inside
        yield from changes(node, inside)


def _called(call: ast.Call) -> tuple[str, str]:
    """Return port and method of `world.port.method(…)`."""
    match call.func:
        case ast.Attribute(value=ast.Attribute(value=ast.Name(id="stack"))):
            return "", ""  # the demo's own, whose faults it makes
        case ast.Attribute(attr=method, value=ast.Attribute(attr=port) | ast.Name(id=port)):
            return port.lstrip("_"), method
        case _:
            return "", ""
