"""The registry beside the cluster."""

from dataclasses import replace
from typing import Any

import pytest

from bootheal.model import ActionRecord, Answer, Component, ComponentState
from bootheal.platform.registry import Registry, RegistryObservation, RestartContainer, StartContainer
from bootheal.ports import Partial, World
from bootheal.step import Act, GiveUp, Settled, Wait
from support.objects import NOW, past

URL = "http://127.0.0.1:5000"
REFUSED = Answer(ok=False, spoke=False, text=f"GET {URL}/v2/: connection refused")
MAY = Registry(url=URL, container="registry", start=True)
MAY_NOT = Registry(url=URL, container="registry")


def component(state: ComponentState, why: str = "") -> Component:
    return Component("registry", "container", state, why=why)


def done(kind: str, about: str = "container/registry", **fields: Any) -> ActionRecord:
    return replace(
        ActionRecord(number=0, action=kind, object=about, cause="", at=NOW, sentence="", result="done"), **fields
    )


class Door(Partial):
    """A web that answers as told, per expected status."""

    def __init__(self, *served: int) -> None:
        self.served = served

    def visit(self, url: str, timeout: float, *, status: int = 0, **_options: Any) -> Answer:
        assert url == f"{URL}/v2/"
        (found,) = self.served
        ok = found == (status or 200)
        return Answer(ok=ok, spoke=True, text="" if ok else f"GET {url} says {found}")


@pytest.mark.parametrize(("status", "up"), [(200, True), (401, True), (404, False), (503, False)])
def test_a_registry_is_up_when_it_answers_or_asks_who_we_are(status: int, up: bool) -> None:
    """What says 404 under /v2/ is something else."""
    seen = MAY.look(World(web=Door(status)))
    assert isinstance(MAY.judge(seen, past()), Settled) is up


def test_a_stopped_registry_is_started_once_a_boot_where_allowed() -> None:
    """The second time it is waited for."""
    seen = RegistryObservation(REFUSED, component(ComponentState.STOPPED, "exit code 2"))
    why = f"the registry does not answer: {REFUSED.text}; container registry is stopped (exit code 2)"
    assert MAY.judge(seen, past()) == Act(why, (StartContainer(cause="it is stopped", container="registry"),))
    assert MAY.judge(seen, past(done=(done("start-container"),))) == Wait(why)


def test_a_stopped_registry_that_may_not_be_started_is_left_with_the_next_step() -> None:
    """The default."""
    judgement = MAY_NOT.judge(RegistryObservation(REFUSED, component(ComponentState.STOPPED)), past())
    assert isinstance(judgement, GiveUp)
    assert judgement.hint == "docker start registry; registry.start: when-down lets bootheal do it"


@pytest.mark.parametrize("state", [ComponentState.RUNNING, ComponentState.RESTARTING])
def test_a_registry_that_runs_and_is_silent_for_a_minute_is_restarted_once(state: ComponentState) -> None:
    """A large one takes its time to begin."""
    seen = RegistryObservation(REFUSED, component(state))
    (condition,) = seen.conditions
    silent = {condition: NOW - 60}
    assert isinstance(MAY.judge(seen, past(first_seen={condition: NOW - 59})), Wait)
    judgement = MAY.judge(seen, past(first_seen=silent))
    assert isinstance(judgement, Act)
    assert judgement.actions == (RestartContainer(cause="silent for 60 s", container="registry"),)
    assert isinstance(MAY.judge(seen, past(first_seen=silent, done=(done("restart-container"),))), Wait)
    assert isinstance(MAY_NOT.judge(seen, past(first_seen=silent)), Wait)


@pytest.mark.parametrize("fields", [{"spoke": True}, {"unasked": True}])
def test_what_answers_otherwise_or_could_not_be_asked_is_not_restarted_as_silent(fields: dict[str, Any]) -> None:
    """What says 404 under /v2/ is something else, and a name that nobody resolves is no fault of the container."""
    seen = RegistryObservation(replace(REFUSED, **fields), component(ComponentState.RUNNING))
    assert not seen.conditions
    for_long = dict.fromkeys(("silent, running", "silent"), NOW - 600)
    judgement = MAY.judge(seen, past(first_seen=for_long))
    assert isinstance(judgement, Wait)
    assert REFUSED.text in judgement.why


def test_a_registry_without_a_container_of_ours_is_waited_for() -> None:
    """It may be a service of the host, or another machine."""
    assert isinstance(Registry(url=URL).judge(RegistryObservation(REFUSED), past()), Wait)
