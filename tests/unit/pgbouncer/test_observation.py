"""Whom a look at a pooler believes to be waiting for the back-off to end."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from bootheal.model import Admission, Answer, Console, Endpoint, Pod, Quota, Ref, Service, Setting, Workload
from bootheal.pgbouncer.look import look
from bootheal.pgbouncer.pod import STARVED
from bootheal.pgbouncer.pooler import PoolerStep
from bootheal.ports import World
from bootheal.step import Wait
from support.objects import a_pod, past
from support.pooler import POOLER, SERVED, OnePooler


class TwoPoolers(OnePooler):
    """Blue and green behind one Service."""

    def service(self, namespace: str, name: str) -> Service:
        return Service(Ref("service", namespace, name), "", ((6432, 6432),), {"app": "pooler"})

    def pods(self, _namespace: str, selector: Any = None) -> Sequence[Pod]:
        blue, green = a_pod("pooler-1"), a_pod("green-1", ip="10.42.0.8")
        return (blue,) if selector else (blue, green)

    def endpoints(self, _namespace: str, _service: str) -> Sequence[Endpoint]:
        return (Endpoint("10.42.0.7", 6432, "pooler-1"), Endpoint("10.42.0.8", 6432, "green-1"))


def test_another_pooler_may_be_behind_the_same_service() -> None:
    """Its addresses are no dead ones: this once waited until patience ended."""
    world = TwoPoolers(Console({"server_login_retry": Setting("15", changeable=True)}))
    seen = look(World(cluster=world, secrets=world, host=world, postgres=world, pooler=world), POOLER)
    assert seen.service == ""


class WithoutAWay(OnePooler):
    """The pooler serves by what it holds open; its database's Service still sends to where nobody is."""

    def service(self, namespace: str, name: str) -> Service:
        port = 5432 if name == "postgres" else 6432
        return Service(Ref("service", namespace, name), "", ((port, port),))

    def endpoints(self, _namespace: str, service: str) -> Sequence[Endpoint]:
        return (Endpoint("10.42.0.99" if service == "postgres" else "10.42.0.7", 6432, "pooler-1"),)


def test_what_served_before_the_pooler_is_not_believed_to_serve_after_it() -> None:
    """Nobody before has waited for the database's Service: the pooler's step is who proves it."""
    world = WithoutAWay(Console({"server_login_retry": Setting("15", changeable=True)}))
    seen = look(World(cluster=world, secrets=world, host=world, postgres=world, pooler=world), POOLER)
    assert seen.service == "service/shop/postgres still sends to 10.42.0.99, where no pod of this boot is"


def found(waits: str, forced_user: str = "") -> Answer:
    shown = Console({"server_login_retry": Setting("15", changeable=True)}, frozenset({waits}))
    world = OnePooler(replace(shown, forced_user=forced_user))
    seen = look(World(cluster=world, secrets=world, host=world, postgres=world, pooler=world), POOLER)
    return seen.pods[0].login


@pytest.mark.parametrize(("waits", "forced_user"), [("app", ""), ("pooler", ""), ("owner", "owner")])
def test_a_login_that_would_only_wait_is_not_tried(waits: str, forced_user: str) -> None:
    """The application's own role, the one that everybody becomes, the one that asks the auth_query."""
    assert found(waits, forced_user) == STARVED


def test_a_stranger_who_waits_is_no_trouble_of_the_application() -> None:
    """Its role is wrong in PostgreSQL, and stays so: lending for it and giving back would never end."""
    assert found("stranger") == SERVED


@pytest.mark.parametrize(
    ("keeps_out", "why"),
    [
        (Admission("shop"), ""),
        (Admission("shop", going_away=True), "namespace shop is being deleted and takes no new pods"),
        (
            Admission("shop", quotas=(Quota(Ref("resourcequota", "shop", "mem"), ("limits.memory",)),)),
            "resourcequota/shop/mem is used up (limits.memory) and takes no new pods",
        ),
    ],
)
def test_what_would_keep_its_successor_out_is_asked_of_a_pod_that_fails(keeps_out: Admission, why: str) -> None:
    """A restart deletes it."""
    world = OnePooler(Console({"server_login_retry": Setting("15", changeable=True)}, frozenset({"app"})))
    world.keeps_out = keeps_out
    seen = look(World(cluster=world, secrets=world, host=world, postgres=world, pooler=world), POOLER)
    assert [pod.kept_out for pod in seen.pods] == [why]


class WithoutPods(OnePooler):
    """A pooler of which no pod lives."""

    def __init__(self, *pods: Pod, refused: str = "") -> None:
        super().__init__(Console({}))
        self._pods, self._refused = pods, refused

    def workload(self, ref: Ref) -> Workload:
        return replace(super().workload(ref), refused=self._refused)

    def pods(self, _namespace: str, _selector: Any = None) -> Sequence[Pod]:
        return self._pods


TURNED_AWAY = a_pod("pooler-0", phase="Failed", reason="NodeAffinity", message="Pod Predicate NodeAffinity failed")
QUOTA = 'pods "pooler-1" is forbidden: exceeded quota: mem'


@pytest.mark.parametrize(
    ("world", "why", "hint"),
    [
        (
            WithoutPods(TURNED_AWAY),
            "pod/shop/pooler-0 is NodeAffinity: Pod Predicate NodeAffinity failed",
            "kubectl get nodes --show-labels",
        ),
        (
            WithoutPods(TURNED_AWAY, refused=QUOTA),
            f"deployment/shop/pooler has no pod: its pods cannot be created: {QUOTA}",
            "describe resourcequota",
        ),
        (WithoutPods(refused="of the next release"), "cannot be created: of the next release", "describe deployment"),
        (WithoutPods(), "deployment/shop/pooler has no pod yet", "kubectl -n shop describe deployment pooler"),
    ],
)
def test_why_no_pod_of_it_lives_is_told_with_the_message(world: WithoutPods, why: str, hint: str) -> None:
    """Turned away by the kubelet, or not even made."""
    seen = look(World(cluster=world, secrets=world, host=world, postgres=world, pooler=world), POOLER)
    judgement = PoolerStep(name="pooler", pooler=POOLER).judge(seen, past())
    assert isinstance(judgement, Wait)
    assert why in judgement.why
    assert hint in judgement.hint


def test_what_is_left_behind_is_no_doubt_while_a_successor_lives() -> None:
    """Evicted pods stay until somebody deletes them: they kept the pooler from being given up."""
    world = WithoutPods(TURNED_AWAY, a_pod("pooler-1"))
    seen = look(World(cluster=world, secrets=world, host=world, postgres=world, pooler=world), POOLER)
    assert [pod.ref.name for pod in seen.pods] == ["pooler-1"]
    assert not seen.doubts
