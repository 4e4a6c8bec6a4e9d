"""What a pod leaves behind, read before it is deleted: bounded, redacted, and never an error."""

import http
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from bootheal.adapters.kube.api import Api
from bootheal.adapters.kube.objects import Raw
from bootheal.errors import MISFITS, BoothealError, UnreachableError
from bootheal.model import Ref
from bootheal.model.quoted import quoted

# Ten pods' evidence stays in the state file, which is written anew with each action.
LONGEST_LINE = 300
LONGEST_TEXT = 4000
LONGEST_TAIL = 1 << 17
EVENTS = 10

CORE = "/api/v1"


def pod_evidence(
    api: Api, pod: Ref, containers: Sequence[str], lines: int, redact: Callable[[str], str]
) -> Mapping[str, str]:
    """Return status, events, and each container's last lines, under "status", "events", "log NAME"."""
    path = f"{CORE}/namespaces/{pod.namespace}/pods/{pod.name}"
    involved = [("fieldSelector", f"involvedObject.kind=Pod,involvedObject.name={pod.name}"), ("limit", "100")]
    texts = {
        "status": lambda: "\n".join(_status(api.get(path, about=str(pod)))),
        "events": lambda: "\n".join(
            _events(api.get(f"{CORE}/namespaces/{pod.namespace}/events", involved, about=f"the events of {pod}"))
        ),
    }
    texts |= {f"log {name}": _log(api, pod, name, lines) for name in containers}
    found = {name: _bounded(redact(text)) for name, text in _had(texts)}
    return {name: text for name, text in found.items() if text}


def _had(texts: Mapping[str, Callable[[], str]]) -> Iterator[tuple[str, str]]:
    """What cannot be had is said in its place: it must not keep a dead pod from being deleted, nor for long."""
    for name, text in texts.items():
        try:
            yield name, text()
        except UnreachableError as error:  # the rest would have to be waited for, too
            yield name, str(error)
            return
        except BoothealError as error:
            yield name, str(error)
        except MISFITS:
            yield name, "it cannot be understood"


def _bounded(text: str) -> str:
    """Cut it, line by line; what would act on a reader's terminal is shown as an escape."""
    return "\n".join(quoted(line, LONGEST_LINE) for line in text.splitlines())[-LONGEST_TEXT:]


def _status(raw: Raw) -> Iterator[str]:
    status = raw.get("status") or {}
    told = [status.get("phase", ""), status.get("reason", ""), status.get("message", "")]
    yield ", ".join(filter(None, told))
    for kind in ("initContainerStatuses", "containerStatuses"):
        for container in status.get(kind) or ():
            state, detail = next(iter((container.get("state") or {"unknown": {}}).items()))
            words = [detail.get("reason", ""), detail.get("message", "")]
            code = detail.get("exitCode")
            told = [state, *words, f"exit code {code}" if code is not None else "", detail.get("finishedAt") or ""]
            yield f"{container['name']}: {', '.join(filter(None, told))}; {container.get('restartCount', 0)} restarts"


def _events(raw: Raw) -> Iterator[str]:
    items = sorted(raw.get("items") or (), key=_when)
    for event in items[-EVENTS:]:
        times = f" x{event['count']}" if (event.get("count") or 1) > 1 else ""
        yield f"{_when(event)} {event.get('type', '')} {event.get('reason', '')}{times}: {event.get('message', '')}"


def _when(event: Raw) -> str:
    return str(event.get("lastTimestamp") or event.get("eventTime") or event["metadata"].get("creationTimestamp") or "")


def _log(api: Api, pod: Ref, container: str, lines: int) -> Callable[[], str]:
    """A container that has ended has its own log; one that waits to be started again has the previous one's."""

    def read() -> str:
        return tail(api, pod, container, lines, previous=False) or tail(api, pod, container, lines, previous=True)

    return read


# What a kubelet writes in the place of a log that is gone, and calls it a success (its kuberuntime's GetContainerLogs).
_NO_LOG = re.compile(
    r"unable to retrieve container logs for \S+|failed to try resolving symlinks in path .*: no such .*"
)


def tail(api: Api, pod: Ref, container: str, lines: int, *, previous: bool) -> str:
    """Return the last lines of a log, "" where there is none; of very long ones the end."""
    query = [("container", container), ("tailLines", str(lines)), ("previous", str(previous).lower())]
    path = f"{CORE}/namespaces/{pod.namespace}/pods/{pod.name}/log"
    status, text = api.text(path, query, about=f"the log of {pod}")
    if status != http.HTTPStatus.OK or _NO_LOG.fullmatch(text.strip()):
        return ""
    return text[-LONGEST_TAIL:]
