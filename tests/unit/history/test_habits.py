"""What is repaired boot after boot and could be ended, and what every boot needs by design."""

from collections.abc import Iterator

import pytest

from bootheal.cluster.delete_pod import DeletePod
from bootheal.dependencies.hook import RunHook
from bootheal.history.boots import habits, needed, repaired, with_pass
from bootheal.history.trail import Trail
from bootheal.model import BootRecord, History, Login, PassRecord, Ref
from bootheal.pgbouncer.actions import (
    ApplySettings,
    HangUp,
    LowerSetting,
    Reload,
    RestartPooler,
    RestoreSetting,
    WriteSettings,
)
from bootheal.pgbouncer.credential import ALWAYS, ResetPassword
from bootheal.platform.components import RestartComponent, StartComponent
from bootheal.platform.leases import ReleaseLease
from bootheal.platform.node_hosts import RestoreNodeHosts
from bootheal.platform.registry import RestartContainer, StartContainer
from bootheal.platform.scheduling import Uncordon
from bootheal.pods.cleanup import DeletePods
from bootheal.pods.terminating import ForceDeletePod
from bootheal.postgres.database import AcceptData
from bootheal.postgres.location import Database
from bootheal.step import Act, Action, Settled
from bootheal.workloads.actions import ReplacePod, ResetPod, RollOut, ScaleDown, ScaleUp
from support.boots import same
from support.engine import Bench, Deed, Scripted

BY_DESIGN = {
    *(ReleaseLease, RestoreNodeHosts, DeletePod, DeletePods, ForceDeletePod),
    *(LowerSetting, RestoreSetting, ScaleUp, RunHook, AcceptData),
}
BROKEN = {
    *(ApplySettings, WriteSettings, HangUp, Reload, RestartPooler, Uncordon),
    *(StartComponent, RestartComponent, StartContainer, RestartContainer),
}
IT_DEPENDS = {ResetPassword, RollOut, ScaleDown, ResetPod, ReplacePod}


def test_of_every_change_it_is_decided_whether_it_tells_of_something_broken() -> None:
    """Whoever adds an action says so, here and there."""
    kinds = set(_kinds(Action))  # type: ignore[type-abstract]
    assert kinds == BY_DESIGN | BROKEN | IT_DEPENDS
    assert {kind for kind in kinds - IT_DEPENDS if object.__new__(kind).by_design} == BY_DESIGN


def _kinds(parent: type[Action]) -> Iterator[type[Action]]:
    for kind in parent.__subclasses__():
        if kind.__module__.startswith("bootheal.") and not kind.__name__.startswith("_"):
            yield kind
        yield from _kinds(kind)


@pytest.mark.parametrize(
    ("reason", "by_design"),
    [("unwell-0.0", False), ("always", True), ("repaired-1.2", True), ("crash-loop", True), ("skipped-init", True)],
)
def test_a_restart_tells_of_something_broken_where_nothing_but_the_workload_is_why(
    reason: str, *, by_design: bool
) -> None:
    """Declared, due to the reboot, or due to what was repaired before it: then it is told there, if at all."""
    mark, web = f"boot/of-a/node/{reason}", Ref("deployment", "shop", "web")
    rollout = RollOut(cause="x", workload=web, version="1", mark=mark, at=0.0, newest=0.0)
    scaling = ScaleDown(cause="x", workload=web, version="1", generation=1, replicas=1, mark=mark, newest=0.0)
    pods = [kind(cause="x", pod=web, uid="u", version="1", newest=0.0, mark=mark) for kind in (ResetPod, ReplacePod)]
    assert {each.by_design for each in (rollout, scaling, *pods)} == {by_design}


@pytest.mark.parametrize(("cause", "by_design"), [("login refused with 28P01", False), (ALWAYS, True)])
def test_a_password_that_drifts_is_broken_and_one_that_is_declared_to_be_set_is_not(
    cause: str, *, by_design: bool
) -> None:
    """`reset: always` has no need of a reason."""
    admin = Login(Ref("secret", "shop", "admin"))
    database = Database("shop", "shop", "shop", admin, service="postgres")
    action = ResetPassword(cause=cause, database=database, login=admin, version="1", role="pooler")
    assert action.by_design is by_design


class Leftover(Deed):
    """What every power cut leaves behind."""

    by_design = True


@pytest.mark.parametrize(
    ("deed", "told"),
    [(Leftover, []), (Deed, ["leases: deed was needed in 5 of the last 5 boots: what breaks it each time?"])],
)
def test_a_healthy_machine_has_no_habit(deed: type[Deed], told: list[str]) -> None:
    """What a power cut leaves behind is done away with at each boot, kept and shown, and called nobody's fault."""
    history = History()
    for number in range(5):
        history = with_pass(history, BootRecord(f"{number}", f"{number}", 0.0), a_pass(deed(cause="x")))
    assert list(repaired(history.boots[-1])) == [f"leases: {deed.kind()}"]
    assert list(habits(history)) == told
    assert len(needed(history)) == len(told)  # by which the metrics, and so the alerts, go


def a_pass(action: Action) -> PassRecord:
    """What is kept of a pass in which one step did this."""
    step = Scripted(name="leases", judges=lambda _, past: Settled("ok") if past.done else Act("x", (action,)))
    return Trail().record(Bench([step]).run(), 0.0, same)
