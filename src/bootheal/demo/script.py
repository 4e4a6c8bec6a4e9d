"""How a boot goes after a power cut, as values: what is found when, and how long each thing takes."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from bootheal.demo.node.containers import Tempo
from bootheal.demo.node.pods import Revival
from bootheal.demo.objects.kinds import Object
from bootheal.demo.values import Seconds, drawn

UNTIL_TOLD = 600.0
"""Longer than anybody waits."""


@dataclass(frozen=True, slots=True)
class BootScript:
    """Times in seconds, most of them since power-on; a pair is a range to draw from.

    The defaults tell in about 15 s what a k3s machine takes a minute for.
    """

    api: Seconds = 0.5
    """The API server answers, with the state from before the cut."""
    unready: Seconds = 0.8
    """From then on, for how long /readyz says 503 and then 500."""
    node_fresh: Seconds = 2.0
    """The kubelet is up: the node has the new boot id, and its Lease is renewed."""
    pod_found: Seconds = (0.2, 1.5)
    """After that, when each pod's containers are found dead."""
    pod_started: Seconds = (0.2, 0.6)
    """After that, when they are started."""
    crash_recovery: Seconds = 4.0
    """How long PostgreSQL replays its log, if nobody says `stack.postgres.recover()`; see UNTIL_TOLD."""
    slices_lag: Seconds = 1.0
    """By how much Services are behind their pods."""
    proxy_lag: Seconds = 0.5
    """By how much the node's rules are behind the Services: nothing in the API tells."""
    backoff_first: Seconds = 2.0
    backoff_cap: Seconds = 30.0
    """Crash-loop back-off doubles from the first to the cap."""
    backoff_silent: float = 0.0
    """For how long the kubelet does not call the first one by its name."""
    sandbox: Seconds = 0.0
    """What a new pod takes until its containers are begun."""
    stuck: str = "nginx"
    """The Deployment of which one pod stays in container state Unknown until it is deleted; empty for none."""
    leftover: bool = True
    """Whether django's ReplicaSet has a Failed pod lying around from an earlier shutdown."""

    @classmethod
    def quick(cls, **changes: object) -> BootScript:
        """The same story for tests, several times as fast; `changes` are fields."""
        script = cls(
            api=0.1,
            unready=0.2,
            node_fresh=0.4,
            pod_found=(0.05, 0.2),
            pod_started=0.1,
            crash_recovery=0.8,
            slices_lag=0.2,
            proxy_lag=0.1,
            backoff_first=0.4,
            backoff_cap=4.0,
        )
        return replace(script, **changes)  # type: ignore[arg-type]

    @classmethod
    def real(cls, **changes: object) -> BootScript:
        """With the times of a real kubelet: a first back-off of 10 s without a name, pods that cost seconds."""
        script = cls(backoff_first=10.0, backoff_cap=300.0, backoff_silent=10.0, sandbox=(2.0, 4.0))
        return replace(script, **changes)  # type: ignore[arg-type]

    def tempo(self, source: random.Random) -> Tempo:
        """The kubelet's pace in this boot."""
        first, cap = drawn(self.backoff_first, source), drawn(self.backoff_cap, source)
        sandbox = drawn(self.sandbox, source)
        return Tempo(backoff_first=first, backoff_cap=cap, backoff_silent=self.backoff_silent, sandbox=sandbox)

    def revivals(self, pods: list[Object], source: random.Random) -> dict[str, Revival]:
        """How each pod fares, by uid."""
        stuck = next((pod for pod in pods if self.stuck and pod["metadata"]["labels"].get("app") == self.stuck), None)
        return {
            pod["metadata"]["uid"]: Revival(
                drawn(self.pod_found, source), drawn(self.pod_started, source), stuck=pod is stuck
            )
            for pod in pods
        }
