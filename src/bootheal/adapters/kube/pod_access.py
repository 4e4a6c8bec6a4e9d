"""What is inside pods, without any password that this process has read."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from bootheal.adapters.kube.api import Api
from bootheal.adapters.kube.errors import understood
from bootheal.adapters.kube.evidence import pod_evidence, tail
from bootheal.adapters.kube.lists import CORE
from bootheal.adapters.redaction import Redaction
from bootheal.model import Answer, Ref

# Where a kubelet has a pod from: "api", or "file" and the like.
SOURCE = "kubernetes.io/config.source"

LOG_SECONDS = 2.0


class KubePodAccess:
    """The PodAccess port. `redact` knows the passwords."""

    def __init__(self, api: Api, redact: Redaction) -> None:
        self._api, self._redact = api, redact
        self._tails: dict[tuple[Ref, str, int, bool], tuple[float, str]] = {}

    def log_tail(self, pod: Ref, container: str, lines: int, *, previous: bool) -> str:
        """Return the last lines of a log, without any password that this process has read."""
        asked = (pod, container, lines, previous)
        at, text = self._tails.get(asked, (float("-inf"), ""))
        if time.monotonic() - at < LOG_SECONDS:
            return text
        text, now = self._redact(tail(self._api, pod, container, lines, previous=previous)), time.monotonic()
        fresh = {key: known for key, known in self._tails.items() if now - known[0] < LOG_SECONDS}
        self._tails = fresh | {asked: (now, text)}
        return text

    def exec(self, pod: Ref, container: str, command: Sequence[str], timeout: float) -> Answer:
        """Run a command; what it says is told without any password that this process has read."""
        query = [("command", word) for word in command] + [("stdout", "true"), ("stderr", "true")]
        query += [("container", container)] if container else []
        answer = self._api.run(pod.namespace, pod.name, query, timeout)
        return replace(answer, text=self._redact(answer.text), value=self._redact(answer.value))

    def pod_evidence(self, pod: Ref, containers: Sequence[str], lines: int) -> Mapping[str, str]:
        """Return what the pod leaves behind, without any password."""
        return pod_evidence(self._api, pod, containers, lines, self._redact)

    def pods_of_kubelet(self, node: str) -> frozenset[str]:
        """Ask the kubelet itself, through the API server's node proxy. Static pods are from files."""
        raw = self._api.get(f"{CORE}/nodes/{node}/proxy/pods", about=f"the pods of the kubelet of {node}")
        with understood(f"the pods of the kubelet of {node}"):
            found = (item["metadata"] for item in raw["items"] or ())
            mine = (pod for pod in found if (pod.get("annotations") or {}).get(SOURCE, "api") == "api")
            return frozenset(str(pod["uid"]) for pod in mine)
