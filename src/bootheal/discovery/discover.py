"""An inventory -> findings: everything is recognised first, then named, then put in order. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from bootheal.discovery import (
    clients,
    databases,
    fallbacks,
    files,
    fronts,
    hooks,
    order,
    pooled,
    poolers,
    postgres,
    servers,
    steps,
    workloads,
)
from bootheal.discovery.container_config import container_config
from bootheal.discovery.findings import (
    Edge,
    Findings,
    FoundDatabase,
    FoundPooler,
    FoundServer,
    FoundWorkload,
    named,
)
from bootheal.discovery.places import Places, leads_to
from bootheal.discovery.poolers import Bouncer
from bootheal.discovery.uses import uses
from bootheal.model import Ref
from bootheal.model.inventory import Controller, Inventory
from bootheal.model.quoted import quoted

# What a cluster brings along: the gate and the names are looked after anyway.
SYSTEM = frozenset({"kube-system", "kube-public", "kube-node-lease"})

PARTS = ("app.kubernetes.io/part-of", "app.kubernetes.io/instance")


def discover(inventory: Inventory) -> Findings:
    """Return what is in a cluster; the same inventory gives the same findings, in whatever order it comes."""
    return _Discovery(Places(_sorted(files.by_key(inventory)))).findings()


def _sorted(inventory: Inventory) -> Inventory:
    return replace(
        inventory,
        controllers=tuple(sorted(inventory.controllers, key=lambda each: each.ref)),
        services=tuple(sorted(inventory.services, key=lambda each: each.ref)),
        customs=tuple(sorted(inventory.customs, key=lambda each: each.ref)),
    )


@dataclass(frozen=True)
class _Ours:
    """What is looked at: workloads that are wanted, outside the system's namespaces; and why others are not."""

    controllers: tuple[Controller, ...]
    left_out: tuple[str, ...]


def _ours(inventory: Inventory) -> _Ours:
    kept, left = [], []
    system = [each for each in inventory.controllers if each.ref.namespace in SYSTEM]
    for each in inventory.controllers:
        if each.ref.namespace in SYSTEM or each.ref.kind == "cronjob":
            continue
        if not each.replicas:
            left.append(f"{each.ref}: it is scaled to zero")
        else:
            kept.append(each)
    if system:
        left.append(f"what {', '.join(sorted({each.ref.namespace for each in system}))} holds: the gate minds it")
    return _Ours(tuple(kept), tuple(left))


def _joined(found: Iterable[FoundServer]) -> list[FoundServer]:
    """Make one of those behind one Service, such as a primary and its replicas: none of them is an application."""
    every: dict[tuple[str, str], FoundServer] = {}
    for each in found:
        first = every.get((each.namespace, each.name), each)
        made = tuple(dict.fromkeys((*first.made, *each.made)))
        every[each.namespace, each.name] = replace(first, made=made)
    return list(every.values())


class _Discovery:
    """One look through an inventory; what is found later builds on what was found before."""

    def __init__(self, places: Places) -> None:
        self.places, self.ours = places, _ours(places.inventory)
        self.uses = {each.ref: uses(each, places) for each in self.ours.controllers}
        self.postgres = {each.controller.ref: each.box for each in postgres.servers(places)}

    def findings(self) -> Findings:
        """Find all, and then their order."""
        wanted = {each.ref for each in self.ours.controllers}
        found = [each for each in databases.databases(self.places) if not each.made or wanted & set(each.made)]
        found = [each for each in found if each.namespace not in SYSTEM]
        bouncers = [each for each in poolers.bouncers(self.places) if each.controller.ref in wanted]
        known = named(found)
        taken = {ref for each in found for ref in each.made if not self._shared(ref)}
        taken |= {each.controller.ref for each in bouncers}
        others = _joined(self._servers(taken))
        leads = steps.leads(self.places, known, bouncers)
        completed, as_servers = self._databases(known, leads, bouncers)
        made, more = self._poolers(bouncers, known, completed, leads)
        every_server = named([*others, *as_servers, *more])
        whose = steps.steps(
            self.places, self.ours.controllers, completed, made, every_server, every=known, shared=self._shared
        )
        taken |= {ref for each in every_server for ref in each.made if not self._shared(ref)}
        rest = [each for each in self.ours.controllers if each.ref not in taken]
        return self._ordered(completed, made, every_server, rest, whose)

    # -- what there is ---------------------------------------------------------------------------------------

    def _shared(self, ref: Ref) -> bool:
        """Whether a database is only one of the containers of a workload, which is more than that."""
        controller = next((each for each in self.ours.controllers if each.ref == ref), None)
        if controller is None or len(controller.boxes) == 1 or controller.ref.kind == "statefulset":
            return False
        return any(
            not (box == self.postgres.get(ref) or servers.recognise(box) or workloads.beside(box))
            for box in controller.boxes
        )

    def _servers(self, taken: Iterable[Ref]) -> Iterator[FoundServer]:
        for controller in self.ours.controllers:
            if (
                controller.ref in taken
                or controller.ref.kind == "daemonset"
                or not (found := servers.served(controller))
            ):
                continue
            if self._shared(controller.ref):
                continue  # a cache beside an application is the application's
            server, box = found
            port = servers.port_of(server, box, self.places.opened(controller))
            fitting = [each for each in self.places.in_front(controller) if leads_to(each, port, controller.boxes)]
            service = fitting[0] if fitting else None
            name = service.ref.name if service else controller.ref.name
            yield FoundServer(
                name=name,
                namespace=controller.ref.namespace,
                told=f"{controller.ref} has image {quoted(box.image, 100)}",
                service=service.ref.name if service else "",
                selector={} if service else controller.pod_labels,
                probe=server.probe(port, container_config(box, controller.ref.namespace, self.places.inventory)),
                made=(controller.ref,),
            )

    def _databases(
        self, found: Sequence[FoundDatabase], leads: Mapping[Ref, str], bouncers: Sequence[Bouncer]
    ) -> tuple[list[FoundDatabase], list[FoundServer]]:
        """Complete the databases; one that nobody's Secret lets us into is still waited for."""
        good, blind = [], []
        for each in found:
            services = [ref for ref, name in leads.items() if name == each.name]
            services.sort(key=lambda ref: ref.name != each.service)
            through = [
                bouncer
                for bouncer in bouncers
                if poolers.database_of(bouncer, found, leads, self.places)[0] == each.name
            ]
            doors = [*services, *(door.ref for bouncer in through for door in self.places.in_front(bouncer.controller))]
            own = {bouncer.controller.ref for bouncer in bouncers}
            own |= set(each.made)  # a standby's way to who leads is none of an application
            asked = [controller for controller in self.ours.controllers if controller.ref not in own]
            full = clients.completed(each, clients.clients(doors, asked, self.uses, self.places))
            if full.admin is None:  # then what its poolers log in to it with is better than nothing
                straight = [bouncer.controller for bouncer in through]
                full = clients.completed(each, clients.clients(services, straight, self.uses, self.places))
            backup = self._backup(doors)
            if full.admin and (full.service or full.selector) and not full.follows:
                good.append(replace(full, backup=backup))
            else:
                blind.append(fallbacks.of_database(full))
        return good, blind

    def _backup(self, services: Sequence[Ref]) -> str:
        """Return the CronJob that names one of these Services, and runs a program that makes dumps."""
        for each in self.places.inventory.controllers:
            text = " ".join(word for box in each.boxes for word in (box.image, *box.words)).lower()
            if each.ref.kind == "cronjob" and any(
                word in text for word in ("dump", "backup", "basebackup", "wal-g", "restic")
            ):
                named = {use.service.ref for use in uses(each, self.places) if use.service}
                if any(ref in named and ref.namespace == each.ref.namespace for ref in services):
                    return each.ref.name
        return ""

    def _poolers(
        self,
        bouncers: Sequence[Bouncer],
        every: Sequence[FoundDatabase],
        found: Sequence[FoundDatabase],
        leads: Mapping[Ref, str],
    ) -> tuple[list[FoundPooler], list[FoundServer]]:
        """Complete the poolers; one whose database or logins are not known is still waited for."""
        good, blind = [], []
        for each in bouncers:
            full = pooled.pooler(each, every, leads, self.places, (self.ours.controllers, self.uses))
            known = next((database for database in found if database.name == full.database), None)
            if why := fallbacks.why_blind(full, known):
                blind.append(fallbacks.of_pooler(full, each, why))
            else:
                good.append(full)
        return list(named(good)), blind

    # -- in order --------------------------------------------------------------------------------------------

    def _ordered(
        self,
        found: Sequence[FoundDatabase],
        made: Sequence[FoundPooler],
        others: Sequence[FoundServer],
        rest: Sequence[Controller],
        whose: steps.Steps,
    ) -> Findings:
        doors = fronts.fronts(self.places)
        graph = self._graph(others, rest, whose)
        left, cut = order.without_circles(graph, frozenset(map(str, doors)), self._proxies())
        dropped: dict[str, tuple[Edge, ...]] = {}
        for name, edge in cut:
            dropped[name] = (*dropped.get(name, ()), edge)
        listed = tuple(
            self._workload(each, left[str(each.ref)], dropped.get(str(each.ref), ()), doors.get(each.ref))
            for each in rest
        )
        dependencies = tuple(
            replace(each, edges=left[_step_of(each)], cut=dropped.get(_step_of(each), ())) for each in others
        )
        names = [str(each.ref) for each in rest]
        return Findings(
            databases=tuple(found),
            poolers=tuple(made),
            servers=dependencies,
            workloads=listed,
            hooks=named(hooks.hooks(self.places.inventory, self.ours.controllers, names)),
            registries=tuple(sorted(self.places.inventory.registries)),
            cuts=tuple(f"{name} after {edge.to} ({edge.told})" for name, edge in cut),
            left_out=(*self.ours.left_out, *self.places.inventory.gaps),
        )

    def _graph(
        self, others: Sequence[FoundServer], rest: Sequence[Controller], whose: steps.Steps
    ) -> dict[str, tuple[Edge, ...]]:
        """Return what each workload and each other server comes after, by the names of their steps."""
        graph: dict[str, tuple[Edge, ...]] = {}
        for controller in rest:
            edges = order.edges(str(controller.ref), self.uses[controller.ref], whose.of)
            graph[str(controller.ref)] = order.joined(edges, tuple(whose.by_secret(controller, edges)))
        for server in others:
            needed = [use for ref in server.made for use in self.uses.get(ref, ())]
            graph[_step_of(server)] = order.joined(
                order.edges(_step_of(server), needed, whose.of), whose.in_front(server)
            )
        return graph

    def _proxies(self) -> frozenset[str]:
        return frozenset(str(each.ref) for each in self.ours.controllers if workloads.is_proxy(each))

    def _workload(
        self, controller: Controller, edges: tuple[Edge, ...], cut: tuple[Edge, ...], front: tuple[str, str] | None
    ) -> FoundWorkload:
        probe, told = workloads.probe_of(controller)
        labels = {**controller.pod_labels, **controller.labels}
        return FoundWorkload(
            name=str(controller.ref),
            namespace=controller.ref.namespace,
            told=told,
            edges=edges,
            cut=cut,
            ref=controller.ref,
            probe=probe,
            part_of=next((labels[key] for key in PARTS if labels.get(key)), ""),
            front=front,
        )


def _step_of(server: FoundServer) -> str:
    return f"{steps.DEPENDENCY}{server.name}"
