"""The registry beside the cluster, and the pods that wait for its images."""

from dataclasses import replace
from typing import Any

import pytest

from bootheal.cluster.delete_pod import DeletePod
from bootheal.model import Answer, Container, Done, Part, PartState, Pod, Ref
from bootheal.platform.registry import Registry, RestartContainer, Seen, StartContainer
from bootheal.pods.image_pulls import Images
from bootheal.pods.image_pulls import Seen as Waiting
from bootheal.ports import World
from bootheal.step import Act, GiveUp, Settled, Wait
from support.objects import BOOT, NOW, a_pod, past, running, waiting

URL = "http://127.0.0.1:5000"
REFUSED = Answer(ok=False, spoke=False, text=f"GET {URL}/v2/: connection refused")
MAY = Registry(url=URL, container="registry", start=True)
MAY_NOT = Registry(url=URL, container="registry")
IMAGES = Images(namespaces=("shop",), registries=("localhost:5000", "127.0.0.1:5000"))


def part(state: PartState, why: str = "") -> Part:
    return Part("registry", "container", state, why=why)


def done(kind: str, about: str = "container/registry", **fields: Any) -> Done:
    return replace(Done(number=0, action=kind, object=about, cause="", at=NOW, sentence="", result="done"), **fields)


class Door:
    """A web that answers as told, per expected status."""

    def __init__(self, *served: int) -> None:
        self.served = served

    def visit(self, url: str, timeout: float, *, insecure: bool, status: int = 0) -> Answer:
        assert url == f"{URL}/v2/"
        (found,) = self.served
        ok = found == (status or 200)
        return Answer(ok=ok, spoke=True, text="" if ok else f"GET {url} says {found}")


@pytest.mark.parametrize(("status", "up"), [(200, True), (401, True), (404, False), (503, False)])
def test_a_registry_is_up_when_it_answers_or_asks_who_we_are(status: int, up: bool) -> None:
    """What says 404 under /v2/ is something else."""
    seen = MAY.look(World(None, None, None, None, Door(status)))  # type: ignore[arg-type]
    assert isinstance(MAY.judge(seen, past()), Settled) is up


def test_a_stopped_registry_is_started_once_a_boot_where_allowed() -> None:
    """The second time it is waited for."""
    seen = Seen(REFUSED, part(PartState.STOPPED, "exit code 2"))
    why = f"the registry does not answer: {REFUSED.text}; container registry is stopped (exit code 2)"
    assert MAY.judge(seen, past()) == Act(why, (StartContainer(cause="it is stopped", container="registry"),))
    assert MAY.judge(seen, past(done=(done("start-container"),))) == Wait(why)


def test_a_stopped_registry_that_may_not_be_started_is_left_with_the_next_step() -> None:
    """The default."""
    judgement = MAY_NOT.judge(Seen(REFUSED, part(PartState.STOPPED)), past())
    assert isinstance(judgement, GiveUp)
    assert judgement.hint == "docker start registry; registry.start: when-down lets bootheal do it"


@pytest.mark.parametrize("state", [PartState.RUNNING, PartState.RESTARTING])
def test_a_registry_that_runs_and_is_silent_for_a_minute_is_restarted_once(state: PartState) -> None:
    """A large one takes its time to begin."""
    seen = Seen(REFUSED, part(state))
    (condition,) = seen.conditions
    silent = {condition: NOW - 60}
    assert isinstance(MAY.judge(seen, past(first_seen={condition: NOW - 59})), Wait)
    judgement = MAY.judge(seen, past(first_seen=silent))
    assert isinstance(judgement, Act)
    assert judgement.actions == (RestartContainer(cause="silent for 60 s", container="registry"),)
    assert isinstance(MAY.judge(seen, past(first_seen=silent, done=(done("restart-container"),))), Wait)
    assert isinstance(MAY_NOT.judge(seen, past(first_seen=silent)), Wait)


def test_a_registry_without_a_container_of_ours_is_waited_for() -> None:
    """It may be a service of the host, or another machine."""
    assert isinstance(Registry(url=URL).judge(Seen(REFUSED), past()), Wait)


def pulls(
    name: str = "web-1", image: str = "localhost:5000/web:7", reason: str = "ImagePullBackOff", **more: Any
) -> Pod:
    return a_pod(name, replace(waiting(reason), image=image), **more)


def looked(*pods: Pod) -> Waiting:
    class OnlyPods:
        def pods(self, namespace: str) -> tuple[Pod, ...]:
            return pods

    return IMAGES.look(World(OnlyPods(), None, None, None, None))  # type: ignore[arg-type]


def for_long(seen: Waiting) -> dict[str, float]:
    return dict.fromkeys(seen.conditions, NOW - 5)


def deleted(pod: Pod, newest: float, result: str = "done") -> Done:
    cause = "in back-off for localhost:5000/web:7, whose registry answers"
    return done("delete-pod", str(pod.ref), cause=cause, note={"newest": str(newest)}, result=result)


def test_pods_in_back_off_for_an_image_of_the_registry_are_deleted_once_it_answers() -> None:
    """Each by one ordinary delete of that very pod; the kubelet has had five seconds."""
    seen = looked(pulls("web-1"), pulls("web-2", created=BOOT - 5))
    assert isinstance(IMAGES.judge(seen, past()), Wait)
    judgement = IMAGES.judge(seen, past(first_seen=for_long(seen)))
    assert isinstance(judgement, Act)
    assert [action.sentence for action in judgement.actions] == [
        f"delete pod/shop/web-{number} (in back-off for localhost:5000/web:7, whose registry answers)"
        for number in (1, 2)
    ]
    assert all(isinstance(action, DeletePod) and action.newest == BOOT - 5 for action in judgement.actions)


@pytest.mark.parametrize(
    "pod",
    [
        a_pod("web-1", running()),
        pulls(image="docker.io/library/nginx:1"),
        pulls(image="localhost:5001/web:7"),
        pulls(reason="InvalidImageName"),
        pulls(reason="ErrImageNeverPull"),
        pulls(owner=None),
        pulls(owner=Ref("job", "shop", "migrate")),
        pulls(mirror=True),
        pulls(deleting=True),
    ],
)
def test_whoever_waits_for_something_else_is_left_alone(pod: Pod) -> None:
    """Another registry, a wrong name; bare pods and those of Jobs, which nothing would make anew."""
    assert looked(pod) == Waiting(())


def test_an_init_container_may_wait_for_an_image_too() -> None:
    """Its pod is deleted like any."""
    init: Container = replace(waiting("ErrImagePull"), image="127.0.0.1:5000/init:1")
    (pull,) = looked(a_pod("web-1", waiting("PodInitializing"), init=(init,))).pulls
    assert pull.image == "127.0.0.1:5000/init:1"


def test_the_successors_are_not_deleted_again_but_told_of() -> None:
    """An image that is not there would wait for ever; a crash half-way leaves the other half to be done."""
    seen = looked(pulls("web-3", created=BOOT + 30), pulls("web-2", created=BOOT - 5))
    first = deleted(pulls("web-1"), newest=BOOT - 5)
    judgement = IMAGES.judge(seen, past(first_seen=for_long(seen), done=(first,)))
    assert isinstance(judgement, Act)
    assert [str(action.about) for action in judgement.actions] == ["pod/shop/web-2"]
    alone = looked(pulls("web-3", created=BOOT + 30))
    assert IMAGES.judge(alone, past(first_seen=for_long(alone), done=(first,))) == Settled(
        "nothing that we could help waits for an image",
        ("pod/shop/web-3 cannot pull localhost:5000/web:7 from a registry that answers",),
    )


def test_a_deletion_that_failed_has_not_happened() -> None:
    """The pod changed meanwhile, say."""
    seen = looked(pulls("web-1"))
    before = deleted(pulls("web-1"), newest=0.0, result="failed: it changed")
    assert isinstance(IMAGES.judge(seen, past(first_seen=for_long(seen), done=(before,))), Act)
