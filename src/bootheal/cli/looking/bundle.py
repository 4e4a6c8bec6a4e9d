"""What helps others to help, as the parts of one archive: each where it is to be had, and else why it is not."""

import platform
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from bootheal import __version__
from bootheal.adapters import archive, history, state
from bootheal.adapters.archive import Part
from bootheal.adapters.docker.engine import DockerEngine
from bootheal.adapters.kube.without_secrets import LEFT_OUT
from bootheal.adapters.redaction import Redaction
from bootheal.adapters.scope import Scope
from bootheal.adapters.state_format import to_dict
from bootheal.adapters.systemctl import Commands, Unit
from bootheal.adapters.together import together
from bootheal.config.sections.cluster import Cluster
from bootheal.config.several import parts as configuration_parts
from bootheal.diagnosis import Diagnosis
from bootheal.diagnosis.words import as_json, lines
from bootheal.errors import BoothealError
from bootheal.model import Ref, to_json
from bootheal.model.scene import Scene
from bootheal.narrate import account
from bootheal.ports import World

MOST_OBJECTS, LOG_LINES, JOURNAL_LINES = 40, 200, 400
SECONDS = 5.0
UNIT = "bootheal.service"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """All that a bundle is made from. `config` and `state_directory` are None where there are none."""

    cluster: Cluster
    world: World
    scope: Scope
    scene: Scene
    diagnosis: Diagnosis
    config: Path | None = None
    state_directory: Path | None = None

    def write(self, path: Path) -> None:
        """Write it. UsageError where it cannot be written, StateError on a full disk."""
        archive.write(path, self.packed(path.name))

    def packed(self, name: str) -> bytes:
        """Return it; `name` is that of its file."""
        left_out = [LEFT_OUT, "Secrets and ConfigMaps: what is in them", *self.scene.gaps]
        parts = list(self._parts(left_out))  # first: they say what is left out
        facts = {"made": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "bootheal": __version__}
        redact = Redaction()

        def hide(text: str) -> str:
            return self.world.told(redact(text))

        return archive.pack(name, parts, left_out, facts, hide)

    def _parts(self, left_out: list[str]) -> Iterator[Part]:
        yield Part("doctor.txt", "\n".join(lines(self.diagnosis)) + "\n")
        yield Part("doctor.json", as_json(self.diagnosis))
        yield Part("versions.json", _versions())
        yield Part("host.json", self._host())
        yield from self._report(left_out)
        yield from self._configuration(left_out)
        yield from self._objects(left_out)
        yield from self._logs(left_out)
        yield from self._journals(left_out)

    def _host(self) -> Mapping[str, Any]:
        facts = self.scene.facts
        return {
            "boot_id": self.scene.boot_id,
            "boot_time": [list(span) for span in self.scene.boot_time.spans] if self.scene.boot_time else None,
            "now": self.scene.now,
            "components": [asdict(each) for each in facts.components],
            "symptoms": [asdict(each) for each in facts.symptoms],
            "clock_synchronised": facts.clock_synchronised,
            "disks": [asdict(each) for each in self.scene.disks],
            "memory": _lines_of("/proc/meminfo", 5),
            "load": _lines_of("/proc/loadavg", 1),
            "uptime": _lines_of("/proc/uptime", 1),
        }

    def _report(self, left_out: list[str]) -> Iterator[Part]:
        if self.state_directory is None:
            left_out.append("report: no configuration names a state_directory")
            return
        try:
            contents = state.read(self.state_directory)
        except BoothealError as error:
            left_out.append(f"report: {error}")
            return
        if contents is None:
            left_out.append(f"report: there is no state in {self.state_directory}")
            return
        if report := contents.remembered.last_report:
            yield Part("report.txt", "\n".join(account(report)) + "\n")
            yield Part("report.json", to_json(report))
        yield Part("state.json", to_dict(contents))
        with suppress(BoothealError):
            yield Part("history.json", to_json(history.read(self.state_directory)))

    def _configuration(self, left_out: list[str]) -> Iterator[Part]:
        if self.config is None:
            left_out.append("configuration: there is none")
            return
        try:
            files = [self.config, *configuration_parts(self.config)]
            for file in files:  # some of one name, perhaps: one in conf.d
                name = file.relative_to(self.config.parent)
                yield Part(f"configuration/{name}", file.read_text(encoding="utf-8", errors="replace"))
        except (OSError, BoothealError) as error:
            left_out.append(f"configuration: {error}")

    def _unwell(self) -> list[Ref]:
        trees = (*self.diagnosis.found, *self.diagnosis.passing)
        return list(dict.fromkeys(ref for tree in trees for each in tree.all() for ref in (each.about, *each.alike)))

    def _objects(self, left_out: list[str]) -> Iterator[Part]:
        unwell = self._unwell()
        chosen = unwell[:MOST_OBJECTS] + [Ref("node", "", node.name) for node in self.scene.nodes]
        if len(unwell) > MOST_OBJECTS:
            left_out.append(f"objects: {len(unwell) - MOST_OBJECTS} more that are not well")
        asked = {ref: partial(self.world.scenes.shown, ref) for ref in dict.fromkeys(chosen)}
        for ref, answer in together(self.scope, asked if self.scene.present else {}, SECONDS).items():
            if isinstance(answer, BoothealError):
                left_out.append(f"objects: {ref}: {answer}")
            elif answer:
                yield Part(f"objects/{str(ref).replace('/', '_')}.json", answer)
        told = {str(ref): [asdict(each) for each in said] for ref, said in self.scene.events.items() if ref in unwell}
        yield Part("events.json", told)

    def _logs(self, left_out: list[str]) -> Iterator[Part]:
        unwell = {ref for ref in self._unwell() if ref.kind == "pod"}
        asked: dict[tuple[Ref, str, bool], Callable[[], str]] = {}
        for pod in self.scene.pods:
            for container in (*pod.init, *pod.containers) if pod.ref in unwell else ():
                for previous in (False, True) if container.restarts else (False,):
                    asked[pod.ref, container.name, previous] = partial(
                        self.world.pod_access.log_tail, pod.ref, container.name, LOG_LINES, previous=previous
                    )
        kept = dict(list(asked.items())[:MOST_OBJECTS])
        if len(asked) > len(kept):
            left_out.append(f"logs: {len(asked) - len(kept)} more of what is not well")
        for (ref, named, previous), answer in together(self.scope, kept, SECONDS).items():
            name = f"logs/{ref.namespace}_{ref.name}_{named}{'.previous' if previous else ''}.log"
            if isinstance(answer, BoothealError):
                left_out.append(f"{name}: {answer}")
            else:
                yield Part(name, answer)

    def _journals(self, left_out: list[str]) -> Iterator[Part]:
        names = [UNIT, *([self.cluster.unit] if self.cluster.kind == "k3s" and self.cluster.unit else [])]
        for name in names:
            text = Unit(name, Commands()).tail(JOURNAL_LINES)
            if text is None:
                left_out.append(f"journal of {name}: it cannot be read; that takes the group systemd-journal")
            else:
                yield Part(f"journal/{name}.log", text)
        if self.cluster.kind == "k3d":
            engine = DockerEngine(self.cluster.docker or "")
            for component in self.scene.facts.components:
                try:
                    yield Part(
                        f"journal/{component.name}.log", engine.log_tail(component.name, JOURNAL_LINES, since=0.0)
                    )
                except BoothealError as error:
                    left_out.append(f"log of {component.name}: {error}")


def _versions() -> Mapping[str, Any]:
    release = [line for line in _lines_of("/etc/os-release", 20) if line.startswith("PRETTY_NAME=")]
    return {
        "bootheal": __version__,
        "python": sys.version.split()[0],
        "kernel": platform.release(),
        "machine": platform.machine(),
        "system": next((line.partition("=")[2].strip('"') for line in release), ""),
    }


def _lines_of(path: str, most: int) -> Sequence[str]:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").splitlines()[:most]
    except OSError:
        return []


def file_name() -> str:
    """Name a bundle by this machine and the time."""
    return f"bootheal-{socket.gethostname()}-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}.tar.gz"
