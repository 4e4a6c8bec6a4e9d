"""Who comes after whom: edges by their strength, and circles cut where they are weakest. Pure."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from bootheal.discovery.findings import Edge, Known
from bootheal.discovery.uses import Use
from bootheal.model import Ref
from bootheal.model.inventory import Controller

Graph = Mapping[str, tuple[Edge, ...]]


def edges(own: str, uses: Iterable[Use], step_of: Callable[[Use], Iterable[str]]) -> tuple[Edge, ...]:
    """Return what step `own` comes after, each once and by its strongest evidence; what is sure comes first."""
    found: dict[str, Edge] = {}
    for use in uses:
        for step in step_of(use):
            if step != own and (step not in found or found[step].known < use.known):
                found[step] = Edge(step, use.told, use.known)
    return _sorted(found.values())


def joined(found: Sequence[Edge], more: Sequence[Edge]) -> tuple[Edge, ...]:
    """Return both, each step once, by its strongest evidence."""
    strongest: dict[str, Edge] = {}
    for edge in (*found, *more):
        if edge.to not in strongest or strongest[edge.to].known < edge.known:
            strongest[edge.to] = edge
    return _sorted(strongest.values())


def _sorted(found: Iterable[Edge]) -> tuple[Edge, ...]:
    return tuple(sorted(found, key=lambda edge: (edge.known is Known.GUESSED, edge.to)))


def behind(labels: Mapping[str, str], namespace: str, controllers: Sequence[Controller]) -> tuple[Ref, ...]:
    """Return the workloads whose pods carry these labels."""
    return tuple(
        each.ref
        for each in controllers
        if each.ref.namespace == namespace and labels.items() <= each.pod_labels.items() and each.ref.kind != "cronjob"
    )


def without_circles(
    graph: Graph, fronts: frozenset[str] = frozenset(), proxies: frozenset[str] = frozenset()
) -> tuple[Graph, tuple[tuple[str, Edge], ...]]:
    """Cut every circle at its weakest edge; of equally weak ones at one that leads to a step of `fronts`.

    What users come in by is more likely to need others than to be needed. A reverse proxy (`proxies`) needs whom it
    leads to, however they name it: as their own address for others, unless they wait for it. Of the rest whoever is
    needed by most comes first.
    """
    needed = Counter(edge.to for name in graph for edge in _sure(graph, name))
    left = {name: list(found) for name, found in sorted(graph.items())}
    cut: list[tuple[str, Edge]] = []
    while circle := _circle(left):
        name, edge = min(
            circle, key=lambda each: (_weight(each[1], fronts, proxies), -needed[each[0]], each[1].to, each[0])
        )
        left[name].remove(edge)
        cut.append((name, edge))
    return {name: tuple(found) for name, found in left.items()}, tuple(cut)


def _weight(edge: Edge, fronts: frozenset[str], proxies: frozenset[str]) -> tuple[bool, bool, Known, bool]:
    """Sort what is cut first before what is cut last."""
    return edge.known is Known.WAITS, edge.to not in proxies, edge.known, edge.to not in fronts


def _circle(graph: Mapping[str, Sequence[Edge]]) -> list[tuple[str, Edge]]:
    """Return the edges of one circle, each with the step that has it; empty where there is none."""
    done: set[str] = set()
    for start in graph:
        path: list[tuple[str, Edge]] = []
        on_path = {start}
        stack = [(start, iter(_sure(graph, start)))]
        while stack:
            name, rest = stack[-1]
            edge = next(rest, None)
            if edge is None:
                stack.pop()
                done.add(name)
                on_path.discard(name)
                if path:
                    path.pop()
            elif edge.to in on_path:
                names = [each for each, _ in path] + [name]
                return [*path, (name, edge)][names.index(edge.to) :]
            elif edge.to not in done:
                path.append((name, edge))
                on_path.add(edge.to)
                stack.append((edge.to, iter(_sure(graph, edge.to))))
    return []


def _sure(graph: Mapping[str, Sequence[Edge]], name: str) -> list[Edge]:
    return [edge for edge in graph.get(name, ()) if edge.known is not Known.GUESSED]
