"""What a container is told by its environment, wherever that is written. Pure.

A value of a Secret is not known here: only the addresses in it, which `SecretFacts` has.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from bootheal.discovery import addresses
from bootheal.model import Ref
from bootheal.model.inventory import Address, Box, Inventory, Source, Variable, Variables

# $(NAME) is the kubelet's, $NAME and ${NAME} are a shell's.
_REFERENCE = re.compile(r"\$\((?P<kubelet>\w+)\)|\$\{(?P<braces>\w+)(?::?-(?P<default>[^}]*))?\}|\$(?P<shell>\w+)")
_KUBELET = re.compile(r"\$(\$)?\((\w+)\)")
_INJECTED = re.compile(r"(?P<service>[A-Z0-9_]+)_SERVICE_(?P<what>HOST|PORT)")
_DEEPEST = 8

# No address, nor a list of them, is longer.
_LONGEST = 20_000


@dataclass(frozen=True, slots=True)
class Setting:
    """One variable as the container gets it: its value, or for one of a Secret where it is and what it names.

    `whole`: it comes with all that its object holds (envFrom), so it need not be meant for this container.
    """

    name: str
    value: str = ""
    source: Source | None = None
    found: tuple[Address, ...] = ()
    whole: bool = False

    @property
    def secret(self) -> Source | None:
        """The Secret's key that holds the value, None where it is no secret."""
        return self.source if self.source and self.source.kind == "secret" else None

    @property
    def addresses(self) -> tuple[Address, ...]:
        """The addresses that the value names."""
        return self.found if self.secret else addresses.in_value(self.value)

    @property
    def told(self) -> str:
        """Say by what it is known: the variable, and the object that it comes from."""
        if self.source is None:
            return self.name
        return f"{self.name} from {self.source.kind}/{self.source.name}"


def settings(box: Box, namespace: str, inventory: Inventory) -> Mapping[str, Setting]:
    """Return what a container of `namespace` is told, by name; of those said twice the last."""
    found: dict[str, Setting] = {}
    for each in box.environment:
        for setting in _of(each, namespace, inventory):
            found[setting.name] = setting
    expansion = _Expansion(found, namespace, inventory)
    return {name: each if each.secret else replace(each, value=expansion.of(name)) for name, each in found.items()}


def _of(entry: Variable | Variables, namespace: str, inventory: Inventory) -> Iterator[Setting]:
    source = entry.source
    if isinstance(entry, Variable) and source is None:
        yield Setting(entry.name, entry.value[:_LONGEST])
        return
    assert source is not None  # noqa: S101 - a value has none, and was the case before
    prefix = entry.prefix if isinstance(entry, Variables) else ""
    ref = Ref(source.kind, namespace, source.name)
    if source.kind == "configmap":
        held: Mapping[str, str] = inventory.config_maps.get(ref, {})
    else:
        facts = inventory.secrets.get(ref)
        held = dict.fromkeys(facts.keys if facts else (), "")
    keys = [source.key] if isinstance(entry, Variable) else sorted(held)
    for key in keys:
        name = entry.name if isinstance(entry, Variable) else f"{prefix}{key}"
        found, whole = _found(ref, key, inventory), isinstance(entry, Variables)
        yield Setting(name, held.get(key, "")[:_LONGEST], replace(source, key=key), found, whole)


def _found(ref: Ref, key: str, inventory: Inventory) -> tuple[Address, ...]:
    facts = inventory.secrets.get(ref)
    return facts.addresses.get(key, ()) if facts else ()


class _Expansion:
    """Puts in what the kubelet does for $(NAME): another variable, or what it tells of each Service.

    Each name is looked up once, and what becomes too long stays as it is written: manifests may be made to explode.
    """

    def __init__(self, known: Mapping[str, Setting], namespace: str, inventory: Inventory) -> None:
        self._known, self._namespace, self._inventory = known, namespace, inventory
        self._done: dict[str, str] = {}
        self._depth = 0

    def of(self, name: str) -> str:
        """Return the value of a variable, filled in."""
        if name not in self._done:
            written = self._done[name] = self._known[name].value  # where a circle ends
            if self._depth < _DEEPEST:
                self._depth += 1
                self._done[name] = _put_in(_KUBELET, written, self._put)
                self._depth -= 1
        return self._done[name]

    def _put(self, found: re.Match[str]) -> str:
        if found[1]:
            return found[0][1:]  # $$(NAME) is meant as it stands
        name = found[2]
        if (other := self._known.get(name)) and not other.secret:
            return self.of(name)
        if name not in self._done:
            self._done[name] = injected(name, self._namespace, self._inventory) or found[0]
        return self._done[name]


def _put_in(pattern: re.Pattern[str], text: str, put: Callable[[re.Match[str]], str]) -> str:
    """Replace what fits the pattern, unless that makes the text too long."""
    if "$" not in text:
        return text
    parts, at, length = list[str](), 0, len(text)
    for found in pattern.finditer(text):
        parts += [text[at : found.start()], put(found)]
        at, length = found.end(), length + len(parts[-1])
        if length > len(text) + _LONGEST:
            return text
    return "".join((*parts, text[at:]))


def injected(name: str, namespace: str, inventory: Inventory) -> str:
    """Return the Service, or its port, that $(NAME) means where a manifest uses what the kubelet tells of Services."""
    found = _INJECTED.fullmatch(name)
    if not found:
        return ""
    for service in inventory.services:
        if service.ref.namespace == namespace and service.ref.name.upper().replace("-", "_") == found["service"]:
            return service.ref.name if found["what"] == "HOST" else str(service.ports[0][0]) if service.ports else ""
    return ""


def filled(text: str, known: Mapping[str, Setting], namespace: str, inventory: Inventory) -> str:
    """Put into a command what its variables hold, as the kubelet and a shell would; of a secret the address in it."""

    def put(found: re.Match[str]) -> str:
        name = found["kubelet"] or found["braces"] or found["shell"]
        setting = known.get(name)
        if setting is None:
            return injected(name, namespace, inventory) or found["default"] or found[0]
        return (
            str(setting.found[0]) if setting.secret and setting.found else setting.value or found["default"] or found[0]
        )

    return _put_in(_REFERENCE, text, put)
