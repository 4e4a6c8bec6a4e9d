"""Whom a workload needs, as its own manifest says it: each use with its evidence. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from bootheal.discovery import addresses, environment, images, waits
from bootheal.discovery.environment import Setting
from bootheal.discovery.findings import Known
from bootheal.discovery.places import Places
from bootheal.discovery.told import without_comments
from bootheal.model import Ref, Service
from bootheal.model.inventory import Box, Controller, Source
from bootheal.model.quoted import quoted

# What names itself, or where others come from: not what is needed.
_OUTWARD = re.compile(
    r"(?i)(?:^|[_.-])(?:ALLOWED|CORS|CSRF|ORIGINS?|TRUSTED|CALLBACK|REDIRECT|PUBLIC|EXTERNAL|FRONTEND|WEBHOOK|NO_PROXY|"
    r"SITE|ROOT|ADVERTISED?|SELF|MY|OWN|HOMEPAGE|LISTEN|LISTENERS?|BIND|SERVER_NAME|VIRTUAL_HOST)(?:$|[_.-])|^(?:BASE|APP)_URL$"
)
_PLACE = re.compile(
    r"(?i).*(?:HOST|HOSTS|HOSTNAME|ADDR|ADDRESS|ADDRESSES|SERVER|SERVERS|ENDPOINT|ENDPOINTS|URL|URLS|URI|DSN|BROKERS?|"
    r"UPSTREAM|BACKEND|NODES?|SEEDS?|CONNECT|CONNECTION|CONNECTION_?STRING|CONNECTIONSTRINGS__\w+|SERVICE|CLUSTER)\d*"
)
_ELSEWHERE = re.compile(
    r"(?i).*(?:PASSWORD|PASSWD|PASS|TOKEN|SECRET|KEY|NAMESPACE|USER|USERNAME|(?<!HOST)NAME|DB|DATABASE|SCHEMA|BUCKET|QUEUE|TOPIC|"
    r"PREFIX|APP|ROLE|ENV|ENVIRONMENT|PROFILES?|IMAGE|SCOPE|MODE|TYPE|VERSION|LEVEL)"
)

_LONGEST_TOLD = 80


@dataclass(frozen=True, slots=True)
class Use:
    """What a container needs: a Service at a port of it, or an object by its reference, and by what that is known."""

    told: str
    known: Known
    box: Box
    service: Service | None = None
    port: int = 0
    ref: Ref | None = None
    labels: Mapping[str, str] | None = None
    setting: Setting | None = None


def uses(controller: Controller, places: Places) -> tuple[Use, ...]:
    """Return all that a workload's containers name, strongest first, then in the order of the manifest."""
    found = [
        use for use in _uses(controller, places) if use.service is None or not _is_own(use.service, controller, places)
    ]
    return tuple(sorted(found, key=lambda use: -use.known))


def _is_own(service: Service, controller: Controller, places: Places) -> bool:
    return controller in places.behind(service)


def _uses(controller: Controller, places: Places) -> Iterator[Use]:
    namespace, inventory = controller.ref.namespace, places.inventory
    for init, box in [*((True, box) for box in controller.init), *((False, box) for box in controller.boxes)]:
        known = environment.settings(box, namespace, inventory)
        words = [environment.filled(word, known, namespace, inventory) for word in box.words]
        if init or controller.ref.kind == "cronjob" or waits.loops(words):
            yield from _waits(controller, box, words, places)
        for name, setting in sorted(known.items()):
            yield from _named(name, setting, box, namespace, places)
        if not init:
            yield from _arguments(words, box, namespace, places)
        yield from _files(box, namespace, places)


def _waits(controller: Controller, box: Box, words: list[str], places: Places) -> Iterator[Use]:
    namespace = controller.ref.namespace
    for waited in waits.waited_for(box, words):
        told = f"container {box.name} waits for it ({waited.told})"
        if waited.address:
            if place := places.find(waited.address, namespace):
                known = Known.WAITS if place.fits else Known.GUESSED
                port = "" if place.fits else f", at a port that {place.service.ref} has not: {place.port}"
                yield Use(f"{told}{port}", known, box, place.service, place.port)
        elif waited.kind == "service":
            if service := places.service(waited.namespace or namespace, waited.name):
                yield Use(told, Known.WAITS, box, service)
        elif waited.labels:
            yield Use(
                told, Known.WAITS, box, labels=dict(waited.labels), ref=Ref("", waited.namespace or namespace, "")
            )
        elif waited.kind != "pod":
            yield Use(told, Known.WAITS, box, ref=Ref(waited.kind, waited.namespace or namespace, waited.name))


def _named(name: str, setting: Setting, box: Box, namespace: str, places: Places) -> Iterator[Use]:
    if _ELSEWHERE.fullmatch(name) and not any(each.scheme for each in setting.addresses):
        return
    for address in setting.addresses:
        if (place := places.find(address, namespace)) is None:
            continue
        port, known = place.port, Known.NAMED
        if not port:
            port = _port_beside(name, setting, box, namespace, places)
        told = f"{setting.told} is {quoted(str(address), _LONGEST_TOLD)}"
        if _OUTWARD.search(name):
            known, told = Known.GUESSED, f"{told}, which may be said to others only"
        elif not place.fits:
            known, told = Known.GUESSED, f"{told}, a port that {place.service.ref} has not"
        elif not address.port and not address.scheme and not _PLACE.fullmatch(name):
            known, told = Known.GUESSED, f"{told}, which may mean something else"
        yield Use(told, known, box, place.service, port, setting=setting)


def _port_beside(name: str, setting: Setting, box: Box, namespace: str, places: Places) -> int:
    """Return what DATABASE_PORT says beside DATABASE_HOST, 0 where there is none."""
    if setting.secret:
        return 0
    known = environment.settings(box, namespace, places.inventory)
    stem = re.sub(r"(?i)(?:HOST(?:NAME)?|ADDR(?:ESS)?|SERVER)$", "", name)
    said = known.get(f"{stem}PORT")
    return addresses.port_number(said.value) if said else 0


def _arguments(words: Iterable[str], box: Box, namespace: str, places: Places) -> Iterator[Use]:
    """Take an option's value like a variable: --redis-host=redis, --db postgres:5432, or a URL anywhere."""
    before = ""
    for word in words:
        option, sign, value = word.partition("=")
        if not (sign and option.startswith("-")):
            option, value = before, word
        before = word if word.startswith("-") else ""
        found = (*addresses.in_text(value), *addresses.pairs(value))
        if not found and option and _PLACE.fullmatch(option.lstrip("-").replace("-", "_")):
            found = addresses.in_value(value)
        for address in found:
            if place := places.find(address, namespace):
                outward = _OUTWARD.search(option.replace("-", "_")) is not None
                known = Known.GUESSED if outward or not place.fits else Known.NAMED
                yield Use(f"its arguments name {address}", known, box, place.service, place.port)


def _files(box: Box, namespace: str, places: Places) -> Iterator[Use]:
    """Take addresses from mounted ConfigMaps and Secrets: a configuration file, such as nginx' own."""
    watches = images.watches(box)
    for mounted in box.mounts:
        source = mounted.source
        if source.kind == "secret":
            yield from _secret_files(source, box, namespace, places)
            continue
        held = places.inventory.config_maps.get(Ref("configmap", namespace, source.name), {})
        for key in [source.key] if source.key else sorted(held):
            text = without_comments(held.get(key, ""))
            for address in (*addresses.in_text(text), *addresses.pairs(text)):
                if (place := places.find(address, namespace)) and place.fits:
                    told = f"key {key} of configmap/{source.name} names {address}"
                    if watches:
                        yield Use(f"{told}, which it may only watch", Known.GUESSED, box, place.service, place.port)
                    else:
                        yield Use(told, Known.FILE, box, place.service, place.port)


def _secret_files(source: Source, box: Box, namespace: str, places: Places) -> Iterator[Use]:
    """Of a Secret only the addresses are known; one without port and scheme may be a word that means something else."""
    facts = places.inventory.secrets.get(Ref("secret", namespace, source.name))
    for key, found in sorted(facts.addresses.items() if facts else ()):
        if source.key and key != source.key:
            continue
        for address in found:
            sure = bool(address.port or address.scheme)
            place = places.find(address, namespace)
            if place and place.fits and (sure or not _ELSEWHERE.fullmatch(key)):
                told = f"key {key} of secret/{source.name} names {address}"
                yield Use(told, Known.FILE if sure else Known.GUESSED, box, place.service, place.port)
