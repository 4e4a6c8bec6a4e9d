"""What k3d's containers say when they cannot start, and what it means. Lines of a log go no further than this."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bootheal.model import Complaint


@dataclass(frozen=True, slots=True)
class Known:
    """A text that the log of a container of one of `roles` may hold."""

    kind: str
    roles: tuple[str, ...]
    pattern: re.Pattern[str]
    text: str
    hint: str
    restart: bool = False


NODE = ("server", "agent")

KNOWN = (
    Known(
        kind="nginx-pid",
        roles=("loadbalancer",),
        pattern=re.compile(r'invalid PID number "" in "\S*nginx\.pid"'),
        text="its nginx was reloaded before it had started (invalid PID number in nginx.pid)",
        hint="restart this container alone: docker restart {part}",
        restart=True,
    ),
    Known(
        kind="upstream",
        roles=("loadbalancer",),
        pattern=re.compile(r"host not found in upstream"),
        text="it cannot resolve the name of a node: that container does not run, or is not on the cluster's network",
        hint="see that all containers of the cluster run, and are on its network: docker ps --all",
    ),
    Known(
        kind="cgroup",
        roles=NODE,
        pattern=re.compile(r"failed to find (memory|cpuset|cpu|pids) cgroup", re.IGNORECASE),
        text="a cgroup controller that k3s needs is not there",
        hint="enable it (kernel parameters cgroup_enable=memory cgroup_memory=1), or upgrade k3d where it is cgroup v2",
    ),
    Known(
        kind="inotify",
        roles=NODE,
        pattern=re.compile(r"inotify.*too many open files|fsnotify watcher: too many open files"),
        text="too few inotify instances for this many nodes",
        hint="raise them: sysctl fs.inotify.max_user_instances=1024",
    ),
    Known(
        kind="disk",
        roles=(*NODE, "loadbalancer", "registry"),
        pattern=re.compile(r"no space left on device"),
        text="the disk is full",
        hint="make room where Docker keeps its data: docker system df",
    ),
)


def complaints(part: str, role: str, log: str) -> Iterator[Complaint]:
    """Find the known texts in a log."""
    for known in KNOWN:
        if role in known.roles and known.pattern.search(log):
            hint = known.hint.format(part=part)
            yield Complaint(known.kind, part, known.text, hint, restart=known.restart)
