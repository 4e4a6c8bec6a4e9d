"""Services that lead nowhere: by their selectors, ports and addresses. Pure."""

from collections.abc import Iterator

from bootheal.cluster import selectors
from bootheal.cluster.freshness import service_doubt
from bootheal.cluster.selectors import ALIKE, SLIP, put_on
from bootheal.diagnosis.item import Item
from bootheal.diagnosis.relations import NAMES, Relations
from bootheal.diagnosis.seen import compared, lasting
from bootheal.model import Pod, Ref, Service
from bootheal.model.scene import Scene, Template

# EndpointSlices follow their pods within seconds.
ADDRESSES_SECONDS = 60.0

# A primary is elected within a minute or two of the start of the members.
ELECTION_SECONDS = 180.0
PRIMARY = frozenset({"master", "primary", "leader", "writer", "rw"})


def service_items(scene: Scene, relations: Relations) -> Iterator[Item]:
    """Yield what is wrong with each Service; what has no selector is somebody else's to fill."""
    if scene.unread & {"slice", "pod"}:
        return
    for service in scene.services:
        if service.external:
            continue
        if not service.selector:
            yield from _filled_by_others(service, scene, relations)
        elif pods := relations.behind(service):
            yield from _leading(service, pods, scene, relations)
        else:
            yield from _empty(service, scene, relations)


def _leading(service: Service, pods: tuple[Pod, ...], scene: Scene, relations: Relations) -> Iterator[Item]:
    for port, target in service.ports:
        if isinstance(target, str) and not any(target in pod.ports for pod in pods):
            named = ", ".join(sorted({name for pod in pods for name in pod.ports})) or "none"
            said = f"port {port} wants {target}, and {pods[0].ref} names {named}"
            yield compared("PortMissing", service.ref, said, lasting(scene, max(pod.created for pod in pods)))
            return
    addresses = scene.endpoints.get(service.ref, ())
    changed = lasting(scene, *(pod.ready_changed or pod.created for pod in pods))
    ready = sum(pod.ready for pod in pods)
    if not any(each.ready for each in addresses):
        if not service.publishes_unready or ready:
            said = (
                f"none of its {len(pods)} pods is ready" if not ready else f"none of its {ready} ready pods is entered"
            )
            yield compared("NothingReady", service.ref, said, changed)
        return
    doubt = service_doubt(service, addresses, relations.concerned(service), boot_time=scene.boot_time)
    if doubt:
        said = doubt.removeprefix(f"{service.ref} ")
        yield compared("OldAddresses", service.ref, said, changed, usual=ADDRESSES_SECONDS)


def _filled_by_others(service: Service, scene: Scene, relations: Relations) -> Iterator[Item]:
    """Yield it where nobody has entered an address, although workloads name it: Patroni enters the primary's."""
    users = relations.names(service.ref)
    if users and not any(each.ready for each in scene.endpoints.get(service.ref, ())):
        said = "it has no selector, and nobody has entered an address"
        yield compared("NothingReady", service.ref, said, lasting(scene))


def _empty(service: Service, scene: Scene, relations: Relations) -> Iterator[Item]:
    desired = {workload.ref: workload.desired for workload in scene.workloads}
    if templates := relations.of_template(service):
        wanted = [each.owner for each in templates if desired.get(each.owner)]
        if wanted:
            yield compared("NothingReady", service.ref, f"{wanted[0]} has no pod", lasting(scene))
        else:
            yield from _at_zero(service, templates[0].owner, scene)
        return
    roles = {key: value for key, value in service.selector.items() if _is_role(key, value)}
    rest = {key: value for key, value in service.selector.items() if key not in roles and not put_on(key)}
    if roles and rest:
        members = [each for each in _templates(service, scene) if rest.items() <= each.labels.items()]
        # Operators make pods without any workload, too.
        living = any(
            rest.items() <= pod.labels.items() and pod.ref.namespace == service.ref.namespace
            for pod in scene.pods
            if not pod.deleting and not pod.finished
        )
        relied_on = living or any(desired.get(each.owner) for each in members)
        if relied_on and PRIMARY & set(roles.values()):
            said = ", ".join(f"{key}={value}" for key, value in roles.items())
            yield compared("NoPrimary", service.ref, said, lasting(scene), usual=ELECTION_SECONDS)
        if members or living:
            return
    yield from _mistaken(service, scene, relations)


def _at_zero(service: Service, owner: Ref, scene: Scene) -> Iterator[Item]:
    """Yield the cluster's DNS where somebody has scaled it to zero; who else names a Service may do without it."""
    given_back = any(each.ref == owner and each.scaled_from is not None for each in scene.workloads)
    if service.ref == NAMES and not given_back:
        said = f"nobody else is behind {service.ref}, and whoever looks for a name finds none"
        yield compared("NeededAtZero", owner, said, lasting(scene), usual=0.0)


def _mistaken(service: Service, scene: Scene, relations: Relations) -> Iterator[Item]:
    """Yield a selector that comes near to a template, naming the label that differs, or that somebody relies on.

    What another Service leads to already is meant by this one only where it was misspelt, or somebody relies on it.
    """
    users, chosen = relations.names(service.ref), selectors.spelled(service.selector)
    led = {each.owner for other in scene.services if other != service for each in relations.of_template(other)}
    near = max(_templates(service, scene), key=lambda each: _nearness(service, each, ALIKE), default=None)
    strict = near is not None and near.owner in led and not users
    if near is not None and _meant(service, near, SLIP if strict else ALIKE, named=not strict):
        differing = " and ".join(selectors.differences(service.selector, near.labels))
        said = f"it asks for {chosen}; the pods of {near.owner} {differing}"
        yield compared("SelectsNothing", service.ref, said)
    elif users:
        yield compared("SelectsNothing", service.ref, f"it asks for {chosen}, which no pod has; {users[0]} names it")


def _meant(service: Service, near: Template, alike: float, *, named: bool) -> bool:
    """Tell whether it is for these pods: by what it asks for, or, where nobody leads there (`named`), by its name."""
    of_its_name = named and near.owner.name == service.ref.name
    return of_its_name or selectors.meant(service.selector, near.labels, alike)


def _nearness(service: Service, template: Template, alike: float) -> float:
    """Return how near a template comes to a selector; 0 where it has nothing to do with it."""
    own_name = 0.5 if template.owner.name == service.ref.name else 0.0
    return selectors.nearness(service.selector, template.labels, alike) + own_name


def _templates(service: Service, scene: Scene) -> list[Template]:
    return [each for each in scene.templates if each.owner.namespace == service.ref.namespace]


def _is_role(key: str, value: str) -> bool:
    """Tell whether a label says what a member of a cluster is just now: its operator puts it on its pods."""
    return "role" in key.lower() or value in PRIMARY
