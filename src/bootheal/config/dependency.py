"""A gate as it is written -> the step that waits for it; and whether what was written goes together."""

from bootheal.config import probe as probes
from bootheal.config import schema
from bootheal.config.source import Path, Source
from bootheal.dependencies.dependency import Dependency
from bootheal.platform import gate

PREFIX = "gates/"


def step(name: str, section: schema.Gate) -> Dependency:
    """Make the step."""
    namespace = section.namespace or ""
    return Dependency(
        name=f"{PREFIX}{name}",
        after=tuple(section.after) or (gate.NAME,),
        patience=section.patience,
        probe=probes.build(section.probe, namespace),
        namespace=namespace,
        service=section.service or "",
        selector=section.selector,
        host=section.host or "",
    )


def check(source: Source, path: Path, section: schema.Gate) -> None:
    """Complain of what does not go together."""
    probe = section.probe
    probes.check(source, (*path, "probe"), probe)
    places = {"service": section.service, "selector": section.selector, "host": section.host, "probe.url": probe.url}
    given = [name for name, value in places.items() if value]
    if not given:
        source.complain(path, "cannot be found: give it a service, a selector or a host, or a probe with a url")
    elif len(given) > 1 and given != ["service", "selector"]:
        source.complain(path, f"cannot be found by {given[0]} and by {given[1]}")
    if (section.service or section.selector or probe.sql) and not section.namespace:
        source.complain(path, "cannot do without a namespace")
    if section.host and probe.exec:
        source.complain((*path, "probe", "exec"), "cannot run outside the cluster: there is no pod")
