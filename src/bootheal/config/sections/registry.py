"""`registry:` -> a registry of images beside the cluster, and the pods that wait for its images."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from bootheal.config.document import KeyPath
from bootheal.config.section import Finding, Section
from bootheal.config.shapes import network, texts
from bootheal.config.types import Patience
from bootheal.platform import gate, registry
from bootheal.pods.image_pulls import Images
from bootheal.step import Step

ContainerName = Annotated[str, AfterValidator(texts.container)]
RegistryName = Annotated[str, AfterValidator(network.registry)]

# What this host calls itself.
LOOPBACK = {"localhost", "127.0.0.1"}


class Registry(Section):
    """A registry of images beside the cluster."""

    url: Annotated[str, AfterValidator(network.registry_url)] = Field(description="where this host reaches it")
    container: ContainerName | None = Field(None, description="its container in this host's Docker")
    start: Literal["when-down", "never"] = Field(
        "never", description="whether the container is started when stopped, and restarted when silent for a minute"
    )
    images: list[RegistryName] = Field(
        default_factory=list,
        description="how images name it; default: by the host and port of the url, also as localhost, 127.0.0.1 "
        "and the container",
    )
    patience: Patience = 600.0

    def problems(self, path: KeyPath) -> Iterator[Finding]:
        """What is to be started has a container."""
        if self.start == "when-down" and not self.container:
            yield (*path, "start"), "cannot be when-down without a container to start"

    def steps(self, namespaces: tuple[str, ...]) -> Iterator[Step[Any]]:
        """Make its step, and the one that minds the pods of these namespaces."""
        yield registry.Registry(
            url=self.url,
            container=self.container or "",
            start=self.start == "when-down",
            patience=self.patience,
        )
        if namespaces:
            names = self.names()
            yield Images(after=(gate.NAME, registry.NAME), namespaces=namespaces, registries=names)

    def names(self) -> tuple[str, ...]:
        """Name the registry as images do."""
        return tuple(self.images) or self._likely()

    def _likely(self) -> tuple[str, ...]:
        """Name it as they may, where nobody says how they do."""
        address = urlsplit(self.url)
        hosts = {address.hostname, self.container}
        if address.hostname in LOOPBACK:
            hosts |= LOOPBACK
        return tuple(sorted(f"{host}:{address.port}" if address.port else host for host in hosts if host))
