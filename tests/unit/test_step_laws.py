"""A law for all steps: in a world that stays as it is, each ends, and after few deeds."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bootheal.backoff import MOST_FAILURES
from bootheal.causes.pods import trouble
from bootheal.cluster.rollout import rollout
from bootheal.dependencies.dependency import Dependency, DependencyObservation
from bootheal.dependencies.hook import Call, HookObservation, HookStep
from bootheal.errors import BoothealError, ConflictError, UnreachableError
from bootheal.model import (
    Answer,
    Component,
    ComponentState,
    ConfigMap,
    Console,
    Directory,
    Election,
    Ending,
    HostFacts,
    Login,
    Pod,
    Readiness,
    Ref,
    Role,
    Setting,
    Symptom,
    Target,
    Verdict,
    Workload,
)
from bootheal.pgbouncer.credential import Credential, CredentialObservation
from bootheal.pgbouncer.observation import Pooler, PoolerObservation
from bootheal.pgbouncer.pod import PoolerPod
from bootheal.pgbouncer.pooler import PoolerStep
from bootheal.platform.components import Allowed
from bootheal.platform.dns import Dns, DnsObservation
from bootheal.platform.gate import Gate, GateObservation
from bootheal.platform.leases import Leases, LeasesObservation
from bootheal.platform.node_hosts import NodeHosts, NodeHostsObservation
from bootheal.platform.registry import Registry, RegistryObservation
from bootheal.platform.scheduling import TAINT, Scheduling, SchedulingObservation
from bootheal.pods.cleanup import Cleanup, CleanupObservation, Dead
from bootheal.pods.image_pulls import ImagePullsObservation, Images, Pull
from bootheal.pods.terminating import Terminating
from bootheal.postgres.data_checks import Check, Checked
from bootheal.postgres.database import DatabaseStep
from bootheal.postgres.disk import Disk, DiskObservation
from bootheal.postgres.location import Database
from bootheal.postgres.observation import DatabaseObservation
from bootheal.postgres.primary import Server, Servers
from bootheal.postgres.server_log import finding
from bootheal.postgres.silent_server import SilentServer
from bootheal.probes import Tcp, Url
from bootheal.step import Observation, Step
from bootheal.workloads.observation import WorkloadObservation
from bootheal.workloads.restore import Restore, RestoreObservation
from bootheal.workloads.strategy import Choice
from bootheal.workloads.workload import WorkloadStep
from support.objects import BOOT, NOW, THIS_BOOT, a_deployment, a_lease, a_node, a_pod, running, terminated, waiting
from support.recorded import as_told
from support.still import Stillness, Turns, real
from support.thorough import thorough

# What is unfinished after three hours waits for what is not late, as for PostgreSQL's recovery.
ENDS = (Ending.SETTLED, Ending.GAVE_UP, Ending.UNFINISHED)

OK = Answer(ok=True, spoke=True)
ANSWERS = [
    OK,
    Answer(ok=False, spoke=True, sqlstate="28P01", text="password authentication failed"),
    Answer(ok=False, spoke=True, sqlstate="57P03", text="the database system is starting up"),
    Answer(ok=False, spoke=False, text="no answer in time"),
]
LAST_WORDS = [
    "",
    "PANIC:  could not locate a valid checkpoint record",
    'FATAL:  lock file "postmaster.pid" is empty',
    'FATAL:  lock file "postmaster.pid" already exists',
]
WRONG = [None, UnreachableError("the API server says 500"), ConflictError("it changed")]

ADMIN = Login(Ref("secret", "shop", "admin"))
DATABASE = Database("shop", "shop", "shop", ADMIN, service="postgres")
POOLER_POD = Ref("pod", "shop", "pooler-1")
CONTAINERS = [
    running(),
    running(ready=False),
    waiting("CrashLoopBackOff", restarts=7),
    waiting("ImagePullBackOff", image="registry:5000/web"),
    waiting("CreateContainerConfigError", message="secret not found"),
    waiting("ContainerCreating"),
    terminated("Error", ended=BOOT + 20, restarts=3),
    terminated("Unknown"),
]

pods = st.builds(
    lambda number, container, **fields: a_pod(f"web-{number}", container, **fields),
    st.integers(0, 5),
    st.sampled_from(CONTAINERS),
    created=st.sampled_from([BOOT - 1000, BOOT + 5, NOW - 0.5]),
    phase=st.sampled_from(["Running", "Pending", "Failed", "Unknown"]),
    deleting=st.booleans(),
    delete_by=st.sampled_from([None, BOOT - 50, NOW + 30]),
    finalizers=st.sampled_from([(), ("x/y",)]),
    node=st.just("box"),
)
several = st.lists(pods, max_size=6, unique_by=lambda pod: pod.uid).map(tuple)


@st.composite
def cleanups(draw: st.DrawFn) -> tuple[Step[Any], Observation]:
    """Dead pods, and some that should have gone."""
    found = [*draw(several), *(a_pod(f"old-{n}", phase="Failed") for n in range(draw(st.sampled_from([0, 30, 120]))))]
    dead = tuple(Dead(pod, draw(st.sampled_from(["Evicted", "NodeShutdown"])), "") for pod in found)
    going = Terminating(
        tuple(replace(pod, deleting=True) for pod in draw(several)),
        {"box": (a_node(), a_lease())},
        {"box": frozenset({"another"})},
        "new",
        THIS_BOOT,
    )
    cap, force = draw(st.sampled_from([25, 500])), draw(st.sampled_from([None, 60.0]))
    return Cleanup(namespaces=("shop",), cap=cap, force_after=force), CleanupObservation(dead, going)


@st.composite
def images(draw: st.DrawFn) -> tuple[Step[Any], Observation]:
    """Pods in back-off for an image."""
    seen = ImagePullsObservation(tuple(Pull(pod, "registry:5000/web") for pod in draw(several)))
    return Images(namespaces=("shop",), registries=("registry:5000",)), seen


def _counted(found: tuple[Pod, ...], fields: dict[str, Any]) -> Workload:
    ready = sum(pod.ready for pod in found)
    return replace(a_deployment(), desired=max(1, len(found)), ready=ready, available=ready, **fields)


@st.composite
def workloads(draw: st.DrawFn) -> tuple[Step[Any], Observation]:
    """A workload in any state, with any strategy."""
    found = draw(several)
    fields = {
        "paused": draw(st.booleans()),
        "scaled_from": draw(st.sampled_from([None, None, 2])),
        "refused": draw(st.sampled_from(["", "webhook x refuses"])),
        "deadline_exceeded": draw(st.sampled_from([None, BOOT + 50])),
    }
    workload = _counted(found, fields)
    workload = replace(workload, desired=draw(st.sampled_from([workload.desired, 0])))
    state = rollout(workload, boot_time=THIS_BOOT)
    seen = WorkloadObservation(
        workload,
        found,
        state,
        doubt=draw(st.sampled_from(["", "", "it still shows the previous boot"])),
        probe=draw(st.sampled_from([None, *ANSWERS])),
        services=draw(st.sampled_from(["", "", "service/shop/web has no ready address yet"])),
        shut=draw(st.sampled_from(["", "lets nobody in"])),
        choice=draw(st.sampled_from([Choice("rollout"), Choice("scale"), Choice("delete-pods", "because")])),
        unpullable=draw(st.sampled_from(["", "registry:5000/web cannot be pulled"])),
        boot_time=THIS_BOOT,
    )
    step = WorkloadStep(name="web", workload=workload.ref, probe=draw(st.sampled_from([None, Tcp(80)])))
    restart = draw(st.sampled_from(["if-needed", "always", "never"]))
    return replace(step, restart=restart), seen  # type: ignore[arg-type]


@st.composite
def restores(draw: st.DrawFn) -> tuple[Step[Any], Observation]:
    """Workloads that carry our note."""
    workload = a_deployment(scaled_from=2, desired=draw(st.sampled_from([0, 2])))
    return Restore(), RestoreObservation(((workload, draw(st.integers(0, 2))),))


@st.composite
def poolers(draw: st.DrawFn) -> tuple[Step[Any], Observation]:
    """One pooler's pod; settings that are declared, and never in force."""
    pooler = Pooler(
        deployment=Ref("deployment", "shop", "pooler"),
        service="pooler",
        dbname="shop",
        database=DATABASE,
        credential=ADMIN,
        console=ADMIN,
        client=ADMIN,
        settings=draw(st.sampled_from([{}, {"server_lifetime": "3600"}])),
    )
    retry = Setting(draw(st.sampled_from(["15", "0.2"])), changeable=True)
    shown = Console({"server_login_retry": retry, "server_lifetime": Setting("60", changeable=draw(st.booleans()))})
    through = draw(st.sampled_from([*ANSWERS, Answer(ok=False, spoke=True, sqlstate="08P01", text="SASL failed")]))
    pod = PoolerPod(POOLER_POD, "uid-1", Target("10.42.0.8", 6432, POOLER_POD), through, shown)
    direct = draw(st.sampled_from([None, *ANSWERS]))
    return PoolerStep(name="pooler", pooler=pooler), PoolerObservation((pod,), pooler=direct, application=direct)


@st.composite
def databases(draw: st.DrawFn) -> tuple[Step[Any], Observation]:
    """One or two servers, each with an answer, a container and a log; data that is what it was, or is not."""
    names = [f"postgres-{number}" for number in range(draw(st.integers(0, 2)))]
    servers, accounts = [], {}
    for name in names:
        answer = draw(st.sampled_from([None, *ANSWERS, replace(OK, value="f"), replace(OK, value="t")]))
        pod = a_pod(name, replace(draw(st.sampled_from(CONTAINERS)), name="postgres"))
        servers.append(
            Server(name, Target("10.42.0.5", 5432, pod.ref), answer, "" if answer else "no address yet", pod)
        )
        said = draw(st.sampled_from(LAST_WORDS))
        accounts[name] = SilentServer(
            "CrashLoopBackOff", finding(said), tried=True, trouble=trouble(pod), follows=draw(st.booleans())
        )
    check = Check("orders", "select 1", at_least=draw(st.sampled_from([None, 1])))
    counted = Checked(check, replace(OK, value=draw(st.sampled_from(["0", "7"]))))
    silent = Checked(check, draw(st.sampled_from(ANSWERS[1:])))
    seen = DatabaseObservation(
        Servers(tuple(servers)), "7", draw(st.sampled_from([(), (counted,), (silent,)])), silent=accounts
    )
    accept = draw(st.sampled_from([None, NOW - 50, NOW + 50]))
    return DatabaseStep(name="database", database=DATABASE, checks=(check,), accept=accept), seen


@st.composite
def credentials(draw: st.DrawFn) -> tuple[Step[Any], Observation]:
    """A role whose password is never right."""
    role = Role("pooler", (), draw(st.booleans()), draw(st.booleans()), draw(st.sampled_from([None, True, False])))
    step = Credential(
        name="credential",
        database=DATABASE,
        login=ADMIN,
        reset=draw(st.sampled_from(["if-wrong", "always", "never"])),
        auth_file=draw(st.sampled_from([None, ADMIN])),
    )
    same = draw(st.sampled_from([None, False]))
    answer, known = draw(st.sampled_from([None, *ANSWERS])), draw(st.sampled_from([None, replace(role, same=same)]))
    return step, CredentialObservation("no pod", "pooler", "42", answer, known, draw(st.sampled_from([None, True])))


@st.composite
def node_hosts(draw: st.DrawFn) -> tuple[Step[Any], Observation]:
    """CoreDNS that forgets, whatever it is told."""
    data = draw(st.sampled_from([{"NodeHosts": ""}, {"Corefile": "hosts /etc/coredns/NodeHosts"}, {}]))
    found = draw(st.sampled_from([None, ConfigMap(Ref("configmap", "kube-system", "coredns"), data, "7")]))
    started = draw(st.sampled_from([None, NOW - 5]))
    seen = NodeHostsObservation(found, {"box": "10.0.0.1"}, (), (a_node(),), started)
    return NodeHosts(restore=draw(st.booleans())), seen


@st.composite
def leases(draw: st.DrawFn) -> tuple[Step[Any], Observation]:
    """Leases of the dead that stay as they are, whatever is done."""
    names = draw(st.lists(st.sampled_from(["kube-scheduler", "kube-controller-manager"]), unique=True))
    stale = tuple(Election(Ref("lease", "kube-system", name), "7", "box_1", BOOT - 9, BOOT - 5, 15.0) for name in names)
    seen = LeasesObservation(stale, draw(st.sampled_from(["", "not known"])), draw(st.sampled_from(["", "no right"])))
    return Leases(report=draw(st.booleans())), seen


@st.composite
def registries(draw: st.DrawFn) -> tuple[Step[Any], Observation]:
    """A registry, and its container in any state."""
    state = draw(st.sampled_from([None, *ComponentState]))
    component = Component("registry", "registry", state) if state else None
    step = Registry(url="http://registry:5000", container="registry", start=draw(st.booleans()))
    return step, RegistryObservation(draw(st.sampled_from(ANSWERS)), component)


@st.composite
def schedulings(draw: st.DrawFn) -> tuple[Step[Any], Observation]:
    """Nodes that stay cordoned."""
    shut = (
        a_node(unschedulable=draw(st.booleans()), taints=(TAINT,), version="7"),
        a_node(name="two", unschedulable=True, version="8"),
    )
    return Scheduling(uncordon=draw(st.booleans())), SchedulingObservation(shut)


@st.composite
def gates(draw: st.DrawFn) -> tuple[Step[Any], Observation]:
    """An API server that is ready or not, and components in any state."""
    roles = st.sampled_from(["server", "loadbalancer"])
    parts = st.builds(Component, st.sampled_from(["k3s", "lb"]), roles, st.sampled_from(list(ComponentState)))
    symptoms = st.builds(Symptom, st.just("known"), st.just("k3s"), st.just("it hangs"), restart=st.booleans())
    facts = HostFacts(tuple(draw(st.lists(parts, max_size=2))), tuple(draw(st.lists(symptoms, max_size=1))))
    allowed = Allowed(frozenset({"server"}), frozenset({"server", "loadbalancer"}))
    nodes = draw(st.sampled_from([(), ((a_node(), a_lease()),), ((a_node(ready=False), None),)]))
    ready = Readiness(ready=draw(st.booleans()), why="starting")
    return Gate(allowed=allowed), GateObservation(ready, nodes=nodes, boot_id="new", boot_time=THIS_BOOT, facts=facts)


@st.composite
def others(draw: st.DrawFn) -> tuple[Step[Any], Observation]:
    """Those that only wait, and a hook."""
    answer = draw(st.sampled_from(ANSWERS))
    directory = draw(st.sampled_from(list(Directory)))
    table: list[tuple[Step[Any], Observation]] = [
        (HookStep(name="hook", deed=Call(Url("http://127.0.0.1/"))), HookObservation()),
        (Dependency(name="redis", probe=Tcp(6379), host="redis"), DependencyObservation(answer)),
        (Dns(), DnsObservation(answer=answer)),
        (Disk(name="disk", database=DATABASE, mount="/data"), DiskObservation((("/data", True, directory),))),
    ]
    chosen: tuple[Step[Any], Observation] = draw(st.sampled_from(table))
    return chosen


ALL = [
    cleanups(),
    images(),
    workloads(),
    restores(),
    poolers(),
    databases(),
    credentials(),
    node_hosts(),
    leases(),
    registries(),
    schedulings(),
    gates(),
    others(),
]


@pytest.mark.parametrize("strategy", ALL, ids=lambda strategy: repr(strategy).partition("(")[0])
def test_in_a_world_that_stays_as_it_is_a_step_ends_after_few_deeds(strategy: Any) -> None:
    """Whether its deeds seem to succeed, fail, or meet a conflict: none is repeated for ever; each is as told."""

    @given(strategy, st.sampled_from(WRONG))
    @settings(max_examples=80 if thorough() else 5, deadline=None)
    def law(drawn: tuple[Step[Any], Observation], error: BoothealError | None) -> None:
        step, seen = drawn
        still = Stillness(error)
        outcome = still.end(step, seen)
        assert outcome.ending in ENDS, outcome
        done = Counter((deed.kind(), str(deed.about), deed.cause) for deed in still.deeds)
        assert max(done.values(), default=0) <= MOST_FAILURES, done
        for deed in still.deeds:
            as_told(real(deed))

    law()


def test_the_replicas_that_cannot_be_given_back_are_told_of() -> None:
    """A controller that puts our note back at each write is not written to for ever."""
    still = Stillness()
    workload = a_deployment(scaled_from=2, desired=0)
    outcome = still.end(Restore(), RestoreObservation(((workload, 0),)))
    assert outcome.ending is Ending.GAVE_UP
    assert "did not help" in outcome.why
    assert len(still.deeds) <= 20


# Cleanup is bounded by its own cap, of which up to 500 were drawn.
MOST_OF_A_KIND = 5 * 6


@pytest.mark.parametrize("strategy", ALL, ids=lambda strategy: repr(strategy).partition("(")[0])
def test_in_a_world_that_comes_and_goes_no_deed_is_without_end(strategy: Any) -> None:
    """Whatever is seen by turns, of pods that are others every few looks and of whatever age: so much in an hour."""

    @given(st.lists(strategy, min_size=2, max_size=5), st.integers(1, 5), st.sampled_from([0, 1, 7, 60]))
    @settings(max_examples=30 if thorough() else 2, deadline=None)
    def law(drawn: list[tuple[Step[Any], Observation]], period: int, anew: int) -> None:
        step = drawn[0][0]
        seen = tuple(observation for other, observation in drawn if type(other) is type(step))
        still = Stillness()
        still.live(step, Turns(seen, period, anew), 3600.0)
        deeds = [deed for deed in still.deeds if not isinstance(step, Cleanup)]
        done = Counter((deed.kind(), deed.cause) for deed in deeds if deed.bounded)
        assert max(done.values(), default=0) <= MOST_OF_A_KIND, done
        given_back = Counter(repr(deed) for deed in deeds if not deed.bounded)
        assert max(given_back.values(), default=0) <= 120, given_back
        assert len(still.deeds) <= 500

    law()


def test_who_seems_to_be_of_before_is_not_deleted_for_ever() -> None:
    """The clock was set back by an hour: who takes a deleted pod's place seems older than it."""
    looping = a_pod("web", waiting("CrashLoopBackOff", restarts=7), created=BOOT - 1000, node="box")
    workload = _counted((looping,), {})
    for step, seen in (
        (WorkloadStep(name="web", workload=workload.ref), WorkloadObservation(workload, (looping,), rollout(workload))),
        (
            Images(namespaces=("shop",), registries=("registry:5000",)),
            ImagePullsObservation((Pull(looping, "registry:5000/web"),)),
        ),
    ):
        still = Stillness()
        reports = still.live(step, Turns((seen,), 1, anew=5), 1800.0)
        assert 0 < len(still.deeds) <= 20, still.deeds
        assert not any(report.verdict is Verdict.HEALED for report in reports)
