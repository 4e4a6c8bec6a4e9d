"""A cluster of a few pods, for looks at a workload."""

from collections.abc import Mapping, Sequence

from bootheal.cluster.rollout import unpulled
from bootheal.model import Admission, Answer, Budget, Endpoint, Node, Occurrence, Pod, Ref, Service, Target
from bootheal.ports import Partial

REFUSED = Answer(ok=False, spoke=False, text="port 80: connection refused")


class Few(Partial):
    """A cluster of a few pods, and perhaps a Service in front of them that says one thing to whoever asks."""

    def __init__(self, *pods: Pod, service: Service | None = None, says: Answer = REFUSED) -> None:
        self._pods, self._service, self._says = pods, service, says
        self.asked: list[tuple[str, int]] = []
        self.events: dict[str, Sequence[Occurrence]] = {}
        self.keeps_out = Admission()

    def pods(self, namespace: str, labels: Mapping[str, str] | None = None) -> Sequence[Pod]:
        return [pod for pod in self._pods if (labels or {}).items() <= pod.labels.items()]

    def unpulled(self, namespace: str) -> Sequence[Pod]:
        return [pod for pod in self._pods if unpulled(pod)]

    def services(self, _namespace: str) -> Sequence[Service]:
        return (self._service,) if self._service else ()

    def admission(self, namespace: str) -> Admission:
        return self.keeps_out

    def nodes(self) -> Sequence[Node]:
        return ()

    def occurrences(self, about: Ref) -> Sequence[Occurrence]:
        return self.events.get(about.name, ())

    def budgets(self, _namespace: str) -> Sequence[Budget]:
        return ()

    def endpoints(self, _namespace: str, _service: str) -> Sequence[Endpoint]:
        return [Endpoint(pod.ip, 8000) for pod in self._pods]

    def boot_time(self) -> None:
        return None

    def http(self, target: Target, path: str, timeout: float, *, status: int = 0) -> Answer:
        return Answer(ok=status == 0, spoke=True)

    def tcp(self, target: Target, timeout: float, *, send: str = "", expect: str = "") -> Answer:
        self.asked.append((target.host, target.port))
        return self._says
