"""The InventoryReader port: a list of each kind, and the few Secrets and ConfigMaps that are referred to."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from bootheal.adapters.kube import declared, needs, objects, raw_lists, service_objects
from bootheal.adapters.kube.api import Api
from bootheal.adapters.kube.errors import understood
from bootheal.adapters.kube.lists import APPS, BATCH, CORE
from bootheal.errors import DeniedError, MissingError, UnreachableError
from bootheal.model import Ref, Right, Service
from bootheal.model.inventory import Controller, Custom, Inventory, SecretFacts, Source

CONTROLLERS = (
    ("deployment", APPS, "deployments"),
    ("statefulset", APPS, "statefulsets"),
    ("daemonset", APPS, "daemonsets"),
    ("cronjob", BATCH, "cronjobs"),
)

# What a cluster need not have: the kind, its API group, its plural.
CUSTOMS = (
    ("postgresql", "acid.zalan.do", "postgresqls"),
    ("cluster", "postgresql.cnpg.io", "clusters"),
    ("pooler", "postgresql.cnpg.io", "poolers"),
    ("postgrescluster", "postgres-operator.crunchydata.com", "postgresclusters"),
    ("kustomization", "kustomize.toolkit.fluxcd.io", "kustomizations"),
    ("helmrelease", "helm.toolkit.fluxcd.io", "helmreleases"),
    ("ingress", "networking.k8s.io", "ingresses"),
    ("ingressroute", "traefik.io", "ingressroutes"),
    ("gitrepository", "source.toolkit.fluxcd.io", "gitrepositories"),
    ("ocirepository", "source.toolkit.fluxcd.io", "ocirepositories"),
    ("helmrepository", "source.toolkit.fluxcd.io", "helmrepositories"),
)

# Without these nothing can be found; all else makes better what is.
_NEEDED = ("deployments", "statefulsets", "daemonsets")


class KubeInventory:
    """Reads an inventory from the API server."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def inventory(self, namespaces: Sequence[str] = ()) -> Inventory:
        """Read it."""
        reading = _Reading(self._api, tuple(namespaces) or ("",), [], set())
        listed, unlisted = list[tuple[str, list[objects.Raw]]](), list[str]()
        for kind, group, plural in CONTROLLERS:
            known = len(reading.gaps)
            listed.append((kind, reading.items(group, plural)))
            unlisted += reading.gaps[known:] if plural in _NEEDED else ()
        controllers = tuple(
            each for kind, raws in listed for each in reading.parsed(kind, partial(declared.controller, kind), raws)
        )
        services = tuple(reading.parsed("service", service_objects.service, reading.items(CORE, "services")))
        customs = tuple(reading.customs())
        wanted = set(referred(controllers))
        return Inventory(
            controllers=controllers,
            services=services,
            customs=customs,
            kinds=frozenset(reading.kinds),
            secrets=dict(reading.secrets(sorted(ref for ref in wanted if ref.kind == "secret"), services)),
            config_maps=dict(reading.config_maps(sorted(ref for ref in wanted if ref.kind == "configmap"))),
            gaps=tuple(dict.fromkeys(reading.gaps)),
            unlisted=tuple(dict.fromkeys(unlisted)),
        )


@dataclass(frozen=True)
class _Reading:
    """One reading of these namespaces ("": all of them).

    `gaps` collects what could not be read, `kinds` what the cluster has of what it need not have.
    """

    api: Api
    namespaces: tuple[str, ...]
    gaps: list[str]
    kinds: set[str]

    def items(self, group: str, plural: str) -> list[objects.Raw]:
        """List a kind; a kind that is not there has no objects."""
        found: list[objects.Raw] = []
        for namespace in self.namespaces:
            path = f"{group}/namespaces/{namespace}/{plural}" if namespace else f"{group}/{plural}"
            with understood(plural):
                found += (self._ask(path, plural) or {}).get("items") or ()
        return found

    def parsed(self, kind: str, parse: Callable[[objects.Raw], Any], raws: Iterable[objects.Raw]) -> Iterator[Any]:
        """Yield what these say; what cannot be understood is a gap."""
        return raw_lists.parsed(kind, parse, raws, self.gaps)

    def customs(self) -> Iterator[Custom]:
        """List what operators, Flux and the front door have brought along, in the version that the cluster prefers."""
        for kind, group, plural in CUSTOMS:
            served = self._ask(f"/apis/{group}", plural)
            with understood(f"/apis/{group}"):
                version = ((served or {}).get("preferredVersion") or {}).get("groupVersion")
            if version:
                self.kinds.add(kind)
                yield from self.parsed(kind, partial(declared.custom, kind), self.items(f"/apis/{version}", plural))

    def secrets(self, refs: Iterable[Ref], services: Sequence[Service]) -> Iterator[tuple[Ref, SecretFacts]]:
        """Read Secrets, and keep of them their keys, and the addresses of Services."""
        names = frozenset(service.ref.name for service in services)
        for ref in refs:
            if raw := self._one(ref, "secrets"):
                for facts in self.parsed(str(ref), partial(secret_facts, services=names), [raw]):
                    yield ref, facts

    def config_maps(self, refs: Iterable[Ref]) -> Iterator[tuple[Ref, Mapping[str, str]]]:
        """Read ConfigMaps."""
        for ref in refs:
            if raw := self._one(ref, "configmaps"):
                try:
                    with understood(str(ref)):
                        found = objects.texts(raw.get("data"))
                except UnreachableError as error:
                    self.gaps.append(str(error))  # one that is odd does not hide the others
                else:
                    yield ref, found

    def _one(self, ref: Ref, plural: str) -> objects.Raw | None:
        return self._ask(f"{CORE}/namespaces/{ref.namespace}/{plural}/{ref.name}", str(ref))

    def _ask(self, path: str, about: str) -> objects.Raw | None:
        try:
            found: objects.Raw = self.api.get(path, about=about)
        except MissingError:
            return None
        except DeniedError as error:
            if error.status == 401:  # noqa: PLR2004 - not let in at all
                raise
            self.gaps.append(str(error))
            return None
        return found


def rights(namespaces: Iterable[str], inventory: Inventory) -> Iterator[tuple[Right, str, bool]]:
    """Yield what reading namespaces takes, of which the inventory tells what is referred to.

    Each right with the name of its object ("": any), and whether something is found without it, too.
    """
    kinds = [*((group, plural) for _, group, plural in CONTROLLERS), (CORE, "services")]
    found = [(group.split("/")[2] if group != CORE else "", plural) for group, plural in kinds]
    found += [(group, plural) for kind, group, plural in CUSTOMS if kind in inventory.kinds]
    wanted = sorted(set(referred(inventory.controllers)))
    for namespace in sorted(namespaces):
        yield from ((Right("list", plural, namespace, group), "", plural not in _NEEDED) for group, plural in found)
        for ref in wanted:
            if ref.namespace == namespace:
                yield Right("get", f"{ref.kind}s", namespace), ref.name, True


def referred(controllers: Iterable[Controller]) -> Iterator[Ref]:
    """Name the Secrets and ConfigMaps that containers refer to."""
    from bootheal.discovery.discover import SYSTEM  # a boot that is healed has no use for it

    for controller in controllers:
        if controller.ref.namespace in SYSTEM:
            continue  # nothing of it is taken
        for box in (*controller.init, *controller.boxes):
            sources: list[Source | None] = [each.source for each in box.environment]
            sources += [mounted.source for mounted in box.mounts]
            for source in sources:
                if source and source.name:
                    yield Ref(source.kind, controller.ref.namespace, source.name)


def secret_facts(raw: objects.Raw, services: frozenset[str]) -> SecretFacts:
    """Keep of a Secret its keys, and those addresses in its values that may be of one of these Services."""
    from bootheal.discovery.addresses import in_text, in_value, pairs

    data = raw.get("data") or {}
    found = {}
    for key, encoded in data.items():
        if (value := needs.decoded(encoded)) is None:
            continue
        lines = "\n" in value.strip()  # a file, in which a word alone means nothing
        named = dict.fromkeys((*in_text(value), *pairs(value)) if lines else in_value(value))
        kept = tuple(each for each in named if services & set(each.host.split(".")[:2]))
        if kept:
            found[key] = kept
    return SecretFacts(frozenset(data), found)
