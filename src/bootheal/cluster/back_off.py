"""When will the kubelet start again what has failed, and would a new pod run sooner? Pure.

A container's next start is when it ended, plus its back-off: 10 s, doubled each time up to 300 s, or up to what the
kubelet's configuration says (KEP-5593); the message names it. The kubelet looks again at a time that it draws: up to
half of what was left later, for no more than a minute at once (pod_workers.go; on 1.36 after 10.5 to 15 s of 10). A
new pod has a schedule, a sandbox, volumes and init containers before its start, and its probes begin with it: the first
finds nothing that runs yet, and the next comes a whole period later (on k3s 1.21 with a period of 5 s: they ran after
1 to 2 s, and were Ready after 5). What is started again meets its probes half a period later, on average.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from bootheal.cluster.freshness import WHOLE_SECOND, before_boot
from bootheal.cluster.rollout import BACK_OFF, crashed
from bootheal.model import BootTime, Container, Pod
from bootheal.model.past import Past

# The first back-off; while it lasts the kubelet may not name it.
FIRST_SECONDS = 10.0

# What a new pod costs, where none of the workload has shown it: three to five seconds from its creation to the start
# of its containers on machines that have just booted.
DETOUR_SECONDS = 4.0

# By default what is not ready yet is asked every ten seconds: new pods lose no more to that than what is started again
# loses on average.
HALF_A_PERIOD_SECONDS = 5.0

# What took longer had to get its image first, or waited for something else.
LONGEST_DETOUR_SECONDS = 30.0

# By how much of its wait the kubelet may be late, and how long it waits at once.
JITTER, RESYNC_SECONDS = 0.5, 60.0

# It hears of an end once a second, looks once a second whose turn it is, and needs a moment to start a container: on
# k3s 1.21 it was 12 to 16 s from an end to the next start, where 10 to 15 s were drawn from. Whoever was deleted a
# second before it would have run again was slower than if nobody had done anything.
LAG_SECONDS = 3.0

# For so long it is worth to wait for a start before it is said why the last one failed.
AWAITED_SECONDS = 30.0

_SAID = re.compile(r"back-off (?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9}(?:\.\d+)?)(m?)s)? restarting")


@dataclass(frozen=True, slots=True)
class NextStart:
    """When the kubelet starts a pod again: from `earliest` until `latest`, both in seconds since the epoch."""

    earliest: float
    latest: float

    @property
    def spread(self) -> float:
        """Return how many seconds lie between the two."""
        return self.latest - self.earliest


def next_start(pod: Pod, boot_time: BootTime | None) -> NextStart | None:
    """Return when the last of the pod's failed containers is started again; None where that is not known."""
    if boot_time is None or not boot_time.concerns(pod.node):
        return None
    starts = [_next_start(container, boot_time) for container in crashed(pod)]
    known = [start for start in starts if start is not None]
    return max(known, key=lambda start: start.earliest) if known and len(known) == len(starts) else None


def _next_start(container: Container, boot_time: BootTime) -> NextStart | None:
    """A back-off does not survive a reboot, and without a common clock nobody knows when it began."""
    if container.ended is None or before_boot(container.ended, boot_time):
        return None
    seconds = back_off(container.message) if container.reason == BACK_OFF else FIRST_SECONDS
    if seconds is None:
        return None
    start = container.ended + seconds
    return NextStart(start, start + JITTER * min(seconds, RESYNC_SECONDS) + LAG_SECONDS + WHOLE_SECOND)


def back_off(message: str) -> float | None:
    """Return the seconds that the kubelet's message names, as Go writes them ("2m40s"); None where it names none."""
    if not (found := _SAID.search(message)) or not any(found.groups()[:3]):
        return None
    hours, minutes, seconds, milli = found.groups()
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + float(seconds or 0) * (0.001 if milli else 1.0)


def failing_since(container: Container) -> float:
    """Return since when it has failed again and again, at the latest: infinity where its back-off tells nothing.

    Seconds since the epoch. A back-off is as long as all of those before it together, and 10 s.
    """
    seconds = back_off(container.message) if container.reason == BACK_OFF else None
    if seconds is None or container.ended is None:
        return math.inf
    return container.ended - max(0.0, seconds - FIRST_SECONDS)


def outdated(ended: float | None, start: NextStart | None, past: Past) -> bool:
    """Tell whether what ended did so before this pass began, and is about to start again.

    Whoever has corrected something and runs bootheal at once does not want to read what was wrong before.
    """
    if ended is None or start is None or ended >= past.began:
        return False
    return past.now <= start.latest and start.earliest - past.now <= AWAITED_SECONDS


def sooner_by_itself(pod: Pod, boot_time: BootTime | None, now: float, detour: float) -> NextStart | None:
    """Return when the kubelet starts the pod again, if a new one would hardly run before; `detour` is what one costs.

    None also where it draws from so long a time that half of it is longer, and where it is late: then nobody knows.
    """
    start = next_start(pod, boot_time)
    if start is None or now > start.latest:
        return None
    sure, likely = start.earliest - now, (start.latest - WHOLE_SECOND - max(start.earliest, now)) / 2
    return start if max(sure, likely) <= detour else None


def detour(pods: Iterable[Pod]) -> float | None:
    """Return the seconds that the newest of the pods has cost more than a start in place; None where none shows it.

    What has been started again does not show it any more.
    """
    fresh = [pod for pod in pods if pod.ready and pod.containers and not any(each.restarts for each in pod.containers)]
    starts = [(pod, _until_started(pod)) for pod in fresh if all(each.started for each in pod.containers)]
    shown = [(pod, seconds) for pod, seconds in starts if 0 <= seconds <= LONGEST_DETOUR_SECONDS]
    return _cost(*max(shown, key=lambda each: each[0].created)) if shown else None


def _until_started(pod: Pod) -> float:
    return max(each.started or 0.0 for each in pod.containers) - pod.created


def _cost(pod: Pod, until_started: float) -> float:
    """Return what its start took, or half of what it took until it was Ready, where its probes came late."""
    until_ready = (pod.ready_changed or pod.created) - pod.created
    return max(until_started, min(until_ready / 2, until_started + HALF_A_PERIOD_SECONDS))
