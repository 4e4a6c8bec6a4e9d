"""The questions that workloads are asked by their own readiness probes. Pure."""

import re

from bootheal.discovery import addresses, images
from bootheal.model.inventory import Box, Controller
from bootheal.probes import Exec, Http, Probe, Tcp

_HTTP_PATH = re.compile(r"/[!-~]*")
_LONGEST_COMMAND = 300
_MAY_HOLD_SECRET = re.compile(r"(?i)pass|token|secret|://[^/\s]*@|authorization|bearer|-p\S|-a\S")

# A key in the query of a path is one that whoever reads the file could use.
_SECRET_QUERY = re.compile(r"(?i)\?.*(?:pass|pwd|token|secret|key|auth|credential|signature)[^=&]{0,100}=")

# A server may answer otherwise to who does not send these, as Django and Nextcloud do to another Host.
_TELLING = frozenset({"host", "authorization"})

# Containers that stand beside the one that a workload is for.
_BESIDE = re.compile(
    r"(?i)(?:^|[-_.])(?:exporter|proxy|sidecar|istio|linkerd|envoy|metrics|reloader|agent|logger|fluent\w*|backup|watcher|cloudflared|oauth2)(?:$|[-_.])"
)


def beside(box: Box) -> bool:
    """Whether a container stands beside the one that its workload is for."""
    return _BESIDE.search(box.name) is not None or _BESIDE.search(images.parse(box.image).name) is not None


def is_proxy(controller: Controller) -> bool:
    """Whether what a workload is for is a reverse proxy."""
    boxes = [box for box in controller.boxes if not beside(box)] or controller.boxes
    return bool(boxes) and images.is_proxy(boxes[0])


def probe_of(controller: Controller) -> tuple[Probe | None, str]:
    """Return the question of a workload's own readinessProbe, and by what it is known, or why there is none."""
    boxes = [box for box in controller.boxes if not beside(box)] or list(controller.boxes)
    for box in boxes:
        if box.question:
            probe, why = _question(box, only=len(controller.boxes) == 1)
            return probe, why or f"the readinessProbe of container {box.name}"
    return None, "no container of it has a readinessProbe"


def asked(box: Box) -> tuple[Probe | None, str]:
    """Return a container's own readinessProbe, and by what it is known, or why there is none."""
    return _question(box, only=False) if box.question else (None, "it has no readinessProbe")


def _question(box: Box, *, only: bool) -> tuple[Probe | None, str]:
    question = box.question
    assert question is not None  # noqa: S101 - the caller has seen it
    port = _number(box, question.port)
    match question.kind:
        case "http" if question.headers & _TELLING:
            return (Tcp(port), "") if port else (None, f"container {box.name} has no port of that name")
        case "http":
            path = question.path if question.path.startswith("/") else f"/{question.path}"
            if _SECRET_QUERY.search(path):
                return (Tcp(port), "") if port else (None, f"container {box.name} has no port of that name")
            return (
                (Http(port, path), "") if port and _HTTP_PATH.fullmatch(path) else (None, "its path or port is unusual")
            )
        case "exec":
            command = question.command
            if any(_MAY_HOLD_SECRET.search(word) for word in command) or sum(map(len, command)) > _LONGEST_COMMAND:
                return None, f"the command of container {box.name}'s readinessProbe is long, or may hold a secret"
            return Exec(command, "" if only else box.name), ""
        case _:
            return (Tcp(port), "") if port else (None, f"container {box.name} has no port of that name")


def _number(box: Box, port: int | str) -> int:
    if isinstance(port, int):
        return port
    if number := addresses.port_number(port):
        return number
    return next((number for name, number in box.ports if name == port), 0)
