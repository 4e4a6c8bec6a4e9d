"""Whom a workload needs, as its own manifest says it: each use with its evidence. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from bootheal.discovery import addresses, environment, images, servers, waits
from bootheal.discovery.container_config import without_comments
from bootheal.discovery.environment import Setting
from bootheal.discovery.findings import Known
from bootheal.discovery.places import Places
from bootheal.model import Ref, Service
from bootheal.model.inventory import Address, Box, Controller, Source
from bootheal.model.quoted import quoted

# What names itself, or where others come from: not what is needed.
_OUTWARD = re.compile(
    r"(?i)(?:^|[_.-])(?:ALLOWED|CORS|CSRF|ORIGINS?|TRUSTED|CALLBACK|REDIRECT|PUBLIC|EXTERNAL|FRONTEND|WEBHOOK|NO_PROXY|"
    r"SITE|ROOT|ADVERTISED?|SELF|MY|OWN|HOMEPAGE|LISTEN|LISTENERS?|BIND|SERVER_NAME|VIRTUAL_HOST|URL-PREFIX)(?:$|[_.-])|"
    r"^(?:BASE|APP)_URL$"
)
# A proxy calls so whom it leads to, though FRONTEND_URL is what users see.
_FRONTEND = re.compile(r"(?i)(?:.*[_.-])?FRONTEND[_.-](?:HOST|ADDR|ADDRESS|SERVICE|BACKEND|UPSTREAM)")
# Whom a server makes a cluster with: none of them comes first.
_PEERS = re.compile(
    r"(?i)(?:^|.*[_.-])(?:CLUSTER[_.]HOSTS|CLUSTER[_.]MASTER[_.]HOSTS|SEED[_.]?HOSTS|SEEDS?|INITIAL[_.]CLUSTER|PEERS?|"
    r"CLUSTER[_.](?:NODES|MEMBERS|ADDRESS|JOIN|SEEDS?)|JOIN|QUORUM[_.]VOTERS|(?:INITIAL[_.])?MASTER[_.]NODES)"
)
# Where measurements, traces and mail are sent.
_SENT_TO = re.compile(
    r"(?i)(?:^|.*_)(?:OTEL_EXPORTER|OTEL_COLLECTOR|OTLP|JAEGER_AGENT|JAEGER_COLLECTOR|ZIPKIN|STATSD|DD_AGENT|SENTRY_DSN|"
    r"PUSHGATEWAY|PROMTAIL|METRICS_EXPORT|WAVEFRONT|ELASTIC_APM|INSTANA_AGENT|DATADOG|SMTP|(?:E?MAIL|MAILER)_(?:HOST|HOSTNAME|SERVER|RELAY|DSN))(?:_.*|$)"
)
# A line of a file with its key: KEY = …, KEY: …, "KEY": …
_LINE = re.compile(r"\s*[-{]?\s*['\"]?(?P<key>[\w.-]{1,100})['\"]?\s*(?:=|:\s)")
_MORE = re.compile(r"[,;{]\s*['\"]?[\w.-]{1,100}['\"]?\s*[:=]")
# What a key of a Secret is called where that is a file.
_FILE = re.compile(r"(?i).*\.(?:ini|ya?ml|toml|conf|cfg|cnf|json|env|properties|xml|php|py|rb|js|ts|hcl|config|exs)")
_PLACE = re.compile(
    r"(?i).*(?:HOST|HOSTS|HOSTNAME|ADDR|ADDRESS|ADDRESSES|SERVER|SERVERS|ENDPOINT|ENDPOINTS|URL|URLS|URI|DSN|BROKERS?|"
    r"UPSTREAM|BACKEND|NODES?|SEEDS?|CONNECT|CONNECTION|CONNECTION_?STRING|CONNECTIONSTRINGS__\w+|SERVICE|CLUSTER)\d*"
)
_ELSEWHERE = re.compile(
    r"(?i).*(?:PASSWORD|PASSWD|PASS|TOKEN|SECRET|KEY|NAMESPACE|USER|USERNAME|(?<!HOST)NAME|DB|DATABASE|SCHEMA|BUCKET|QUEUE|TOPIC|"
    r"PREFIX|APP|ROLE|ENV|ENVIRONMENT|PROFILES?|IMAGE|SCOPE|MODE|TYPE|VERSION|LEVEL)"
)

_LONGEST_TOLD = 80
_NAME = "app.kubernetes.io/name"
# By which Stolon's proxy is told whose keepers it leads to: their label.
_STOLON = "STPROXY_CLUSTER_NAME"


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
        _believed(use, controller, places)
        for use in _uses(controller, places)
        if use.service is None or not _is_own(use.service, controller, places)
    ]
    return tuple(sorted(found, key=lambda use: -use.known))


def _believed(use: Use, controller: Controller, places: Places) -> Use:
    """Doubt that somebody needs what only shows or measures others, unless it is a part of the same."""
    sure = use.known in (Known.FILE, Known.NAMED)
    behind = places.behind(use.service) if use.service and sure else ()
    own = controller.pod_labels.get(_NAME)
    if not behind or (own and all(each.pod_labels.get(_NAME) == own for each in behind)):
        return use
    if all(images.observes(box) for each in behind for box in each.boxes[:1]):
        return replace(use, known=Known.GUESSED, told=f"{use.told}, without which it serves")
    return use


def _is_own(service: Service, controller: Controller, places: Places) -> bool:
    return controller in places.behind(service)


def _uses(controller: Controller, places: Places) -> Iterator[Use]:
    namespace, inventory = controller.ref.namespace, places.inventory
    for init, box in [*((True, box) for box in controller.init), *((False, box) for box in controller.boxes)]:
        known = environment.settings(box, namespace, inventory)
        words = [environment.filled(word, known, namespace, inventory) for word in box.words]
        if init or controller.ref.kind == "cronjob" or waits.loops(words):
            yield from _waits(controller, box, words, places)
        if cluster := known.get(_STOLON):
            told, labels = f"{_STOLON} is {quoted(cluster.value, _LONGEST_TOLD)}", {"stolon-cluster": cluster.value}
            yield Use(told, Known.NAMED, box, labels=labels, ref=Ref("", namespace, ""))
        common = _common(known, controller, places)
        for name, setting in sorted(known.items()):
            every = _named(name, setting, box, namespace, places)
            if setting.whole and setting.source and replace(setting.source, key="") in common:
                every = (_told_to_all(use, places) for use in every if not servers.recognise(box))
            yield from every
        if not init:
            yield from _arguments(words, box, namespace, places)
            asked = box.question.command if box.question else ()
            yield from _asked(
                [environment.filled(word, known, namespace, inventory) for word in asked], box, places, namespace
            )
        yield from _files(box, namespace, places)


def _common(known: Mapping[str, Setting], controller: Controller, places: Places) -> frozenset[Source]:
    """Return what several are given as a whole that names this workload as others need it: there all are told of all.

    A server that is told where its clients' other servers are does not need those.
    """
    namespace = controller.ref.namespace
    given = ((replace(each.source, key=""), each) for each in known.values() if each.whole and each.source)
    return frozenset(
        source
        for source, setting in given
        if (namespace, source) in places.shared
        for address in setting.addresses
        if (place := places.find(address, namespace)) and _is_own(place.service, controller, places)
    )


def _told_to_all(use: Use, places: Places) -> Use:
    """Believe that a workload needs the servers among what all are told; of the other workloads it may need any."""
    behind = places.behind(use.service) if use.service else ()
    serving = any(servers.recognise(box) or images.holds_data(box) for each in behind for box in each.boxes)
    if not behind or serving or use.known is Known.GUESSED:
        return use
    return replace(use, known=Known.GUESSED, told=f"{use.told}, as all are told")


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


def _asked(words: list[str], box: Box, places: Places, namespace: str) -> Iterator[Use]:
    """Take whom the command of a readinessProbe asks: without them it does not become Ready."""
    for waited in waits.waited_for(box, words):
        if waited.address and (place := places.find(waited.address, namespace)) and place.fits:
            told = f"the readinessProbe of container {box.name} asks it ({waited.told})"
            yield Use(told, Known.NAMED, box, place.service, place.port)


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
        if _PEERS.fullmatch(name) and servers.recognise(box):
            continue
        if _SENT_TO.fullmatch(name):
            known, told = Known.GUESSED, f"{told}, without which it serves"
        elif _OUTWARD.search(name) and not _FRONTEND.fullmatch(name):
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
                if _PEERS.fullmatch(option.lstrip("-").replace("-", "_")) and servers.recognise(box):
                    continue
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
            meant = _named_in(_inward(text))
            for address in _named_in(text):
                if (place := places.find(address, namespace)) and place.fits:
                    told = f"key {key} of configmap/{source.name} names {address}"
                    if address not in meant:
                        told = f"{told}, which may be said to others only"
                        yield Use(told, Known.GUESSED, box, place.service, place.port)
                    elif watches:
                        yield Use(f"{told}, which it may only watch", Known.GUESSED, box, place.service, place.port)
                    else:
                        yield Use(told, Known.FILE, box, place.service, place.port)


def _named_in(text: str) -> tuple[Address, ...]:
    return (*addresses.in_text(text), *addresses.pairs(text))


def _inward(text: str) -> str:
    """Return a file without the lines whose keys say that they are for others, such as base_url."""
    return "\n".join(line for line in text.splitlines() if not _is_outward(line))


def _is_outward(line: str) -> bool:
    found = _LINE.match(line)
    return bool(found and _OUTWARD.search(found["key"]) and not _MORE.search(line, found.end()))


def _secret_files(source: Source, box: Box, namespace: str, places: Places) -> Iterator[Use]:
    """Of a Secret only the addresses are known; one without port and scheme may be a word that means something else.

    Not in a file, nor under a key that is called as a place is, as bindings of services have it: `host`.
    """
    facts = places.inventory.secrets.get(Ref("secret", namespace, source.name))
    for key, found in sorted(facts.addresses.items() if facts else ()):
        if source.key and key != source.key:
            continue
        for address in found:
            sure = bool(address.port or address.scheme or _FILE.fullmatch(key) or _PLACE.fullmatch(key))
            place = places.find(address, namespace)
            if place and place.fits and (sure or not _ELSEWHERE.fullmatch(key)):
                told = f"key {key} of secret/{source.name} names {address}"
                yield Use(told, Known.FILE if sure else Known.GUESSED, box, place.service, place.port)
