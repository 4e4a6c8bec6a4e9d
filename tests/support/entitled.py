"""Whether the service asks for no more than `bootheal rbac` prints for its configuration: watched on every stack.

What is printed and used by nobody is collected, too, over all stacks of a session.
"""

import math
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bootheal.adapters.kube.api import OWNER
from bootheal.adapters.scope import Scope
from bootheal.cli.discovering import look_around
from bootheal.cli.rbac import needed
from bootheal.config import load
from bootheal.config.rbac import Grant, grants, manifests, told
from bootheal.demo.api.faults import Request
from bootheal.errors import BoothealError
from support.documents import documents

# What the service does; all other commands are a person's, who may do what the kubeconfig of that person allows.
SERVICE = ("run", "plan")
VERBS = {"GET": "get", "PATCH": "patch", "PUT": "update", "DELETE": "delete", "POST": "create"}

# Fewer stacks than this are a part of the tests, which says little of what nobody needs.
MANY = 60


@dataclass
class Command:
    """A command under way, with the configuration that it was started with."""

    name: str
    file: Path | None
    text: str
    began: float
    ended: float = math.inf


@dataclass
class Tally:
    """What was printed and used, over all stacks that were judged, without the names of anything."""

    stacks: int
    printed: set[str]
    used: set[str]

    def told(self) -> dict[str, Any]:
        """Return it as what one process can tell another."""
        return {"stacks": self.stacks, "printed": sorted(self.printed), "used": sorted(self.used)}

    def add(self, found: Mapping[str, Any]) -> None:
        """Take what another process has told."""
        self.stacks += found["stacks"]
        self.printed |= {*found["printed"]}
        self.used |= {*found["used"]}


COMMANDS: list[Command] = []
TALLY = Tally(0, set(), set())
_KNOWN: dict[str, frozenset[Grant]] = {}


def began(arguments: Iterable[str]) -> Command:
    """Take note that `bootheal ARGUMENTS` is started now."""
    name, *rest = [*arguments, ""]
    place = next((rest[at + 1] for at, each in enumerate(rest) if each in ("-c", "--config")), "")
    file = Path(place) if place else None
    command = Command(name, file, _read(file) if file else "", time.time())
    COMMANDS.append(command)
    return command


def _read(file: Path) -> str:
    try:
        return file.read_text() if file.is_file() else ""  # tests put pipes and directories in its place, too
    except (OSError, ValueError):
        return ""


def judge(
    requests: Iterable[Request], configurations: Iterable[tuple[Path, str]], scratch: Path, *, since: float
) -> None:
    """AssertionError where a request of the service is beyond what rbac prints for what the service was given.

    `configurations` are further ones that a service may have read, `since` when there has been something to ask.
    """
    ours = [each for each in COMMANDS if each.began >= since and each.name in SERVICE and each.text]
    others = [each for each in COMMANDS if each.began >= since and each.name not in SERVICE]
    asked = [each for each in requests if _during(each, ours) and not _during(each, others)]
    if not asked:
        return
    given = frozenset[Grant]()
    for file, text in {*configurations, *((each.file, each.text) for each in ours if each.file)}:
        given |= _given(file, text, scratch)
    wanted = {*used(asked)}
    TALLY.stacks += 1
    TALLY.printed |= {plainly(each) for each in given}
    TALLY.used |= {plainly(each) for each in given if uses(wanted, each)}
    looked = ("", "batch", "cronjobs", "list", "") in wanted  # for the reason, after a pass that did not heal
    beyond = sorted(told(each) for each in wanted if not (allowed(each, given) or (looked and explains(each, given))))
    assert not beyond, f"asked for by the service, and not printed by `bootheal rbac`: {'; '.join(beyond)}"


def _during(request: Request, commands: Iterable[Command]) -> bool:
    return any(each.began <= request.time <= each.ended for each in commands)


def _given(file: Path, text: str, scratch: Path) -> frozenset[Grant]:
    """Return what rbac prints; nothing for a configuration that cannot be used. Paths and ports make no difference."""
    if "discover:" in text or (file.parent / "conf.d").exists():
        return _printed(file if _read(file) == text else _copy(text, scratch))
    alike = re.sub(r"(/[^\s,}'\"]*/)|\d{4,}", "", text)
    if alike not in _KNOWN:
        _KNOWN[alike] = _printed(_copy(text, scratch))
    return _KNOWN[alike]


def _copy(text: str, scratch: Path) -> Path:
    file = scratch / "entitled.yaml"
    file.write_text(text)
    return file


def _printed(file: Path) -> frozenset[Grant]:
    try:
        configuration = load(file)
    except BoothealError:
        return frozenset()
    with Scope(lambda _: None) as scope:
        found = look_around(configuration, scope, lambda _: None)
    return grants(documents(manifests(needed(configuration, found), "bootheal", "kube-system")))


def used(requests: Iterable[Request]) -> Iterator[Grant]:
    """Yield what the API server would ask its rules about our requests."""
    for request in requests:
        parts = request.path.strip("/").split("/")
        agent = request.user_agent.split()[:1]
        if parts[0] not in ("api", "apis") or agent != [OWNER] or "selfsubject" in request.path:
            continue
        group, rest = ("", parts[2:]) if parts[0] == "api" else (parts[1], parts[3:])
        if not rest:
            continue  # which kinds there are, everybody may ask
        namespace = ""
        if rest[0] == "namespaces" and rest[1:]:  # who asks for a namespace itself asks within it, to the API server
            _, namespace, *rest = rest if rest[2:] else ("", rest[-1], *rest)
        plural, name, below = (*rest, "", "")[:3]
        verb = VERBS[request.method]
        if request.method == "GET" and not name:
            verb = "watch" if request.query.get("watch") else "list"
        yield namespace, group, f"{plural}/{below}" if below else plural, verb, name


def allowed(asked: Grant, given: frozenset[Grant]) -> bool:
    """Whether one of them allows it."""
    namespace, group, resource, verb, name = asked
    return any((where, group, resource, verb, of) in given for where in ("", namespace) for of in ("", name))


def explains(asked: Grant, given: frozenset[Grant]) -> bool:
    """Whether the look that tells the reason asks so, and does with less where it may not.

    It asks for lists of the whole cluster, then for those of the namespaces, which keys pods' Secrets have, and, for
    the evidence that is kept, for what is unwell, one by one.
    """
    namespace, group, resource, verb, name = asked
    if verb == "list" and not namespace:
        return any(each[1:] == (group, resource, verb, "") for each in given)
    if verb != "get" or not name:
        return False
    return resource in ("secrets", "configmaps") or (namespace, group, resource, "list", "") in given


def uses(asked: Iterable[Grant], grant: Grant) -> bool:
    """Whether anything that was asked for needed the grant."""
    return any(each[:4] == grant[:4] and grant[4] in ("", each[4]) for each in asked)


def plainly(grant: Grant) -> str:
    """Return the grant without namespace and name, and whether it is for the whole cluster."""
    namespace, group, resource, verb, _ = grant
    return told(("", group, resource, verb, "")) + ("" if namespace else " (cluster)")
