"""Pods that wait for an image, once its registry answers."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from bootheal.cluster.delete_pod import DeletePod
from bootheal.model import ActionRecord, Admission, Container, Node, Pod, Ref
from bootheal.pods.image_pulls import ImagePullsObservation, Images
from bootheal.ports import Partial, World
from bootheal.step import Act, Settled, Wait
from support.objects import BOOT, NOW, a_pod, past, running, waiting

IMAGES = Images(namespaces=("shop",), registries=("localhost:5000", "127.0.0.1:5000"))


def pulls(
    name: str = "web-1", image: str = "localhost:5000/web:7", reason: str = "ImagePullBackOff", **more: Any
) -> Pod:
    return a_pod(name, replace(waiting(reason), image=image), **more)


def looked(*pods: Pod, keeps_out: Admission | None = None) -> ImagePullsObservation:
    class OnlyPods(Partial):
        def pods(self, namespace: str, labels: Mapping[str, str] | None = None) -> tuple[Pod, ...]:
            return pods

        def admission(self, namespace: str) -> Admission:
            return keeps_out or Admission(namespace)

        def nodes(self) -> tuple[Node, ...]:
            return ()

    return IMAGES.look(World(cluster=OnlyPods()))


def for_long(seen: ImagePullsObservation) -> dict[str, float]:
    return dict.fromkeys(seen.conditions, NOW - 5)


def deleted(pod: Pod, newest: float, result: str = "done") -> ActionRecord:
    cause = "in back-off for localhost:5000/web:7, whose registry answers"
    return ActionRecord(
        number=0,
        action="delete-pod",
        object=str(pod.ref),
        cause=cause,
        at=NOW,
        sentence="",
        note={"newest": str(newest)},
        result=result,
    )


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
    assert looked(pod) == ImagePullsObservation(())


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


def test_nothing_is_deleted_that_no_other_pod_would_replace() -> None:
    """A pod in back-off gets its image by itself, up to five minutes later; one that is gone gets nothing."""
    keeps_out = Admission("shop", going_away=True)
    seen = looked(pulls("web-1"), keeps_out=keeps_out)
    judgement = IMAGES.judge(seen, past(first_seen=for_long(seen)))
    assert isinstance(judgement, Wait)
    assert judgement.why.startswith("not deleted yet: namespace shop is being deleted and takes no new pods")
