"""What is wrong with a standby's data is no loss while the member that leads serves: it has all of it. Pure."""

from collections.abc import Iterable
from dataclasses import replace

from bootheal.causes import Finding, Gravity
from bootheal.model import Pod

# What is wrong with one copy only; of two histories, databases or servers nobody knows which is right.
_OF_ONE_COPY = frozenset(
    {
        "patroni-data-damaged",
        "patroni-data-missing",
        "postgres-backup-label",
        "postgres-checkpoint-missing",
        "postgres-control-file-damaged",
        "postgres-data-without-version",
        "postgres-not-a-data-directory",
        "postgres-pages-damaged",
        "postgres-recovery-incomplete",
        "postgres-volume-empty",
        "postgres-wal-damaged",
    }
)

# What Patroni writes of itself: "master, running", "replica, start failed".
_LEADS = frozenset({"master", "primary", "leader"})


def of_a_standby(found: Finding, pod: Pod, members: Iterable[Pod]) -> Finding:
    """Return what a log tells; of a standby whose leader serves, that no data is at risk, and the way back."""
    if found.cause.id not in _OF_ONE_COPY or _role(pod) in ("", *_LEADS):
        return found
    leader = next((each for each in members if each.ref != pod.ref and _serves(each)), None)
    if leader is None:
        return found
    means = f"{found.cause.means}; it is a standby, and {leader.ref.name} leads and serves"
    ctl = f"kubectl -n {pod.ref.namespace} exec -it {leader.ref.name} -- patronictl"
    next_step = (
        f"see that its volume is mounted, and that {leader.ref.name} has all of the data; then {ctl} list names the "
        f"cluster, and {ctl} reinit CLUSTER {pod.ref.name} copies it anew"
    )
    return replace(found, cause=replace(found.cause, gravity=Gravity.PERSON, means=means, next_step=next_step))


def _role(pod: Pod) -> str:
    return pod.patroni.partition(",")[0]


def _serves(pod: Pod) -> bool:
    return _role(pod) in _LEADS and pod.patroni.endswith(", running") and pod.ready and not pod.deleting
