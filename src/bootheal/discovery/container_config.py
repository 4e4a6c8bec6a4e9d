"""All that a container is told: its variables, its command line, and its files as far as they can be read. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bootheal.discovery import environment
from bootheal.discovery.environment import Setting
from bootheal.model import Ref
from bootheal.model.inventory import Box, Inventory

_COMMENTS = ("#", ";", "//")
_YES = ("yes", "true", "1", "on")


@dataclass(frozen=True, slots=True)
class ContainerConfig:
    """A container with its variables, and the text of the ConfigMaps that it has as files, without comments.

    `hidden`: it has files of Secrets, too, or runs with one that its image or a volume brings along.
    """

    box: Box
    settings: Mapping[str, Setting]
    files: str = ""
    hidden: bool = False

    def says(self, *words: str) -> bool:
        """Whether one of these stands in its command line, in a variable's name or value, or in a file."""
        texts = [*self.box.words, *self.settings, *(each.value for each in self.settings.values()), self.files]
        return any(word.lower() in text.lower() for word in words for text in texts)

    def has(self, *names: str) -> bool:
        """Whether it is told one of these variables."""
        return any(name in self.settings for name in names)

    def value(self, name: str) -> str:
        """Return the value of a variable, "" where it has none, or a secret one."""
        return self.settings[name].value if name in self.settings else ""

    def switched_on(self, *names: str) -> bool:
        """Whether one of these variables says yes."""
        return any(self.value(name).lower() in _YES for name in names)


def container_config(box: Box, namespace: str, inventory: Inventory) -> ContainerConfig:
    """Return what a container of `namespace` is told."""
    files = list(_files(box, namespace, inventory))
    elsewhere = not files and any(word.endswith((".conf", ".sh", ".cfg")) for word in box.words)
    hidden = elsewhere or any(mounted.source.kind == "secret" for mounted in box.mounts)
    return ContainerConfig(box, environment.settings(box, namespace, inventory), "\n".join(files), hidden)


def _files(box: Box, namespace: str, inventory: Inventory) -> Iterator[str]:
    for mounted in box.mounts:
        source = mounted.source
        held = inventory.config_maps.get(Ref("configmap", namespace, source.name), {})
        if source.kind == "configmap":
            yield from (without_comments(held.get(key, "")) for key in ([source.key] if source.key else sorted(held)))


def without_comments(text: str) -> str:
    """Return the lines of a file that are more than a comment."""
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith(_COMMENTS))
