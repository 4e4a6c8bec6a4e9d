"""A world in which anything may be done, and all that is done is kept: what would an action really write?"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from bootheal.model import Answer, ConfigMap, Credentials, Document, Login, PodToDelete, Ref, Secret, Target
from bootheal.model.quoted import visible
from bootheal.pgbouncer.credential import ResetPassword
from bootheal.ports import Partial, World
from bootheal.postgres.database import AcceptData
from bootheal.step import Action


def as_told(deed: Action) -> None:
    """Assert that its sentence, which is what `plan` prints, is fit for a line, and names each object it writes to."""
    said = deed.sentence
    assert said
    assert said == visible(said)
    assert "canary" not in said
    if isinstance(deed, ResetPassword):  # it finds the primary first; tests/integration/test_layouts.py has it whole
        assert str(deed.about) in said
        return
    writes = Recorded().by(deed)
    if isinstance(deed, AcceptData):  # our own memory is all that it changes
        assert not writes
        return
    assert writes, f"it does nothing: {said}"
    if deed.objects == 1:
        assert all(_named(ref, said) for write in writes for ref in write.about), (writes, said)
    else:
        assert len(writes) == deed.objects
        assert str(deed.objects) in said
        assert all(str(deed.about) in said and ref.namespace == deed.about.name for w in writes for ref in w.about)


def _named(ref: Ref, said: str) -> bool:
    return str(ref) in said or ref.name.partition("?")[0].lower() in said.lower()


@dataclass(frozen=True)
class Write:
    """One change: what it is called by the port, and the object or objects that it is about."""

    what: str
    about: tuple[Ref, ...]


@dataclass
class Recorded(Partial):
    """All ports that change anything, in one. The little that actions read first is what they have seen."""

    writes: list[Write] = field(default_factory=list)
    expected: Action | None = None

    def by(self, action: Action) -> list[Write]:
        """Return what an action writes."""
        self.writes, self.expected = [], action
        world = World(
            writer=self,
            host=_Host(self),
            containers=_Containers(self),
            pooler=self,
            pod_access=self,
            secrets=self,
            cluster=self,
            web=self,
        )
        for part in action.parts():
            part.apply(world)
        return self.writes

    def _keep(self, what: str, *about: Ref) -> None:
        self.writes.append(Write(what, about))

    def delete_pod(self, pod: Ref, uid: str, version: str = "", *, force: bool = False) -> None:
        assert uid, "a delete without UID may hit a successor"
        self._keep("force delete" if force else "delete", pod)

    def delete_pods(self, pods: Sequence[PodToDelete]) -> None:
        assert all(pod.uid for pod in pods)
        for pod in pods:
            self._keep("delete", pod.ref)

    def note_loan(self, pod: Ref, uid: str, key: str, value: str | None) -> None:
        self._keep("note", pod)

    def roll_out(self, workload: Ref, version: str, cause: str, at: float) -> None:
        assert version
        self._keep("roll out", workload)

    def scale(self, workload: Ref, version: str, replicas: int, *, was: int | None, cause: str = "") -> None:
        assert version
        self._keep(f"scale to {replicas}", workload)

    def uncordon(self, node: str, version: str) -> None:
        assert version
        self._keep("uncordon", Ref("node", "", node))

    def request_reconciliation(self, what: Ref, at: float) -> None:
        self._keep("reconcile", what)

    def release(self, lease: Ref, version: str) -> None:
        assert version
        self._keep("release", lease)

    def write_document(self, document: Document, text: str) -> None:
        self._keep("write", document.ref)

    def exec(self, pod: Ref, container: str, command: Sequence[str], timeout: float) -> Answer:
        self._keep("exec", pod)
        return Answer(ok=True, spoke=True)

    def set(self, target: Target, who: Credentials, key: str, value: str) -> None:
        self._keep(f"set {key} = {value}", *([target.pod] if target.pod else []))

    def reload(self, target: Target, who: Credentials) -> None:
        self._keep("reload", *([target.pod] if target.pod else []))

    def credentials(self, login: Login, *, fresh: bool = False) -> Credentials:
        return Credentials("someone", Secret("canary"))

    def config_map(self, ref: Ref) -> ConfigMap:
        return ConfigMap(ref, {}, getattr(self.expected, "version", ""))

    def visit(self, url: str, timeout: float, **_how: Any) -> Answer:
        self._keep("call", Ref("url", "", url))
        return Answer(ok=True, spoke=True)


@dataclass
class _Host(Partial):
    kept: Recorded

    def start(self, component: str) -> None:
        self.kept.writes.append(Write("start", (Ref("host", "", component),)))

    def restart(self, component: str) -> None:
        self.kept.writes.append(Write("restart", (Ref("host", "", component),)))


@dataclass
class _Containers(Partial):
    kept: Recorded

    def start(self, name: str) -> None:
        self.kept.writes.append(Write("start", (Ref("container", "", name),)))

    def restart(self, name: str) -> None:
        self.kept.writes.append(Write("restart", (Ref("container", "", name),)))
