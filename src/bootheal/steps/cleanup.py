"""Clean-up: pods that the reboot killed and that nothing else will remove.

Most pods that show Unknown are restarted by the kubelet within seconds; only what
stays dead is deleted. Nothing waits for this step.
"""

from dataclasses import dataclass

from bootheal.actions import DeletePod, delete_pod
from bootheal.health import lost
from bootheal.model import Pod, Right
from bootheal.ports import Interest, World
from bootheal.step import Act, GiveUp, Judgement, Past, Settled, Step, Wait

NAME = "cleanup"

# Pod-level reasons that a reboot leaves behind. Evicted and OutOf… are not among them: they have a
# cause of their own that deleting would only hide or repeat.
REBOOT_REASONS = frozenset(
    {"Terminated", "Shutdown", "NodeShutdown", "NodeAffinity", "NodeLost", "UnexpectedAdmissionError"}
)

# Controllers that make a new pod for one that is deleted. A Job would count it as a failure.
REPLACED_BY = frozenset({"replicaset", "statefulset", "daemonset"})


@dataclass(frozen=True, slots=True)
class Dead:
    """A pod that the reboot killed, why we think so, and (where it must be left) why it is left."""

    pod: Pod
    why: str
    left: str = ""

    @property
    def condition(self) -> str:
        """This very pod is dead."""
        return f"dead {self.pod.uid}"


@dataclass(frozen=True, slots=True)
class Seen:
    """The dead pods of the declared namespaces."""

    dead: tuple[Dead, ...]

    @property
    def conditions(self) -> frozenset[str]:
        """How long each has been dead matters."""
        return frozenset(dead.condition for dead in self.dead if not dead.left)


@dataclass(frozen=True, kw_only=True)
class Cleanup(Step[Seen]):
    """Deletes dead pods of `namespaces` that have been dead for `grace` seconds, at most `cap` in one go."""

    namespaces: tuple[str, ...]
    grace: float = 60.0
    cap: int = 25
    name: str = NAME

    def interests(self) -> frozenset[Interest]:
        """Pods."""
        return frozenset(Interest("pod", namespace) for namespace in self.namespaces)

    def rights(self) -> frozenset[Right]:
        """To delete them."""
        return frozenset(Right("delete", "pods", namespace) for namespace in self.namespaces)

    def look(self, world: World) -> Seen:
        """Read the pods."""
        pods = [pod for namespace in self.namespaces for pod in world.cluster.pods(namespace)]
        dead = (Dead(pod, why, _left(pod)) for pod in pods if (why := _dead(pod)) and not pod.deleting)
        return Seen(tuple(sorted(dead, key=lambda dead: dead.pod.ref)))

    def judge(self, seen: Seen, past: Past) -> Judgement:
        """Delete what stays dead, unless it is suspiciously much."""
        ours = [dead for dead in seen.dead if not dead.left]
        remarks = tuple(f"left {dead.pod.ref} ({dead.why}): {dead.left}" for dead in seen.dead if dead.left)
        if not ours:
            deleted = past.times(DeletePod)
            return Settled(f"no dead pod, {deleted} deleted in this boot" if deleted else "no dead pod", remarks)
        if len(ours) > self.cap:
            return GiveUp(
                f"{len(ours)} pods look dead, more than cleanup.cap = {self.cap}: nothing was deleted",
                "look at them with `kubectl get pods -A`; raise cleanup.cap if they really are leftovers",
            )
        ripe = [dead for dead in ours if past.held(dead.condition) >= self.grace]
        if ripe:
            actions = tuple(delete_pod(dead.pod, dead.why) for dead in ripe)
            return Act(f"{len(ripe)} pods stayed dead for {self.grace:g} s", actions)
        left = self.grace - max(past.held(dead.condition) for dead in ours)
        return Wait("dead pods may still be restarted by the kubelet", again=left)


def _dead(pod: Pod) -> str:
    """Say as what the pod died, "" if it did not, or not by a reboot."""
    if pod.phase == "Failed" and pod.reason in REBOOT_REASONS:
        return pod.reason
    return lost(pod)


def _left(pod: Pod) -> str:
    if pod.mirror:
        return "a static pod, the kubelet's own"
    if pod.owner is None:
        return "a bare pod, nothing would make it again"
    if pod.owner.kind not in REPLACED_BY:
        return f"owned by {pod.owner.kind}/{pod.owner.name}, which would count the deletion as a failure"
    return ""
