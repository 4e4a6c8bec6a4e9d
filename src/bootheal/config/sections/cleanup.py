"""`cleanup:` -> pods that the reboot killed, and what is to become of them."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from bootheal.cluster.dead_pods import BY_DEFAULT, known
from bootheal.config.section import Section
from bootheal.config.types import Count, Duration, Label, whole
from bootheal.platform import gate
from bootheal.pods import cleanup


def _known_reason(reason: str) -> str:
    if not known(reason):
        raise ValueError("no pod is known to die of this; kubectl get pods prints the reason under STATUS")
    return reason


Reason = Annotated[str, AfterValidator(_known_reason)]


class Cleanup(Section):
    """Pods that the reboot killed: they are cleaned up, also where this is left out.

    Without that, what a reboot leaves Unknown would come back only by a roll-out, after minutes.
    """

    namespaces: list[Label] | None = Field(
        None,
        description="where it looks for them; [] for nowhere; default: wherever the databases, poolers and workloads "
        "of this file are, or are looked for",
    )
    grace: Duration = Field(60.0, description="how long a pod must have been dead: the kubelet restarts most by itself")
    cap: Count = Field(25, description="more dead pods than this in one boot are reported, and none is deleted")
    reasons: list[Reason] = Field(
        sorted(BY_DEFAULT), min_length=1, description="what pods must have died of, as `kubectl get pods` prints it"
    )
    log_lines: Annotated[int, Field(ge=0, le=100), BeforeValidator(whole)] = Field(
        20, description="how many of a dead pod's last log lines are kept, for `bootheal status`"
    )
    evidence: Literal["private", "public"] = Field(
        "private",
        description="who may read those lines, and what sentences quote of logs: root and the service's group, or "
        "everybody (state.json is for all)",
    )
    force_after: Duration | None = Field(
        None,
        description="how long a pod must have been overdue to be force-deleted, if its kubelet does not know it; "
        "default: never",
    )

    def steps(self, about: tuple[str, ...]) -> Iterator[cleanup.Cleanup]:
        """Make the step, none where there is no namespace for it; `about` are those that the file is about."""
        namespaces = about if self.namespaces is None else tuple(self.namespaces)
        if not namespaces:
            return
        yield cleanup.Cleanup(
            after=(gate.NAME,),
            namespaces=namespaces,
            grace=self.grace,
            cap=self.cap,
            reasons=frozenset(self.reasons),
            force_after=self.force_after,
            log_lines=self.log_lines,
        )
