"""What is said of a workload whose pods do not come up: the reason, whoever has it, and the command that shows more."""

from dataclasses import replace

import pytest

from bootheal.errors import UnreachableError
from bootheal.model import Component, ComponentState, Container, State
from bootheal.ports import Partial, World
from bootheal.step import Act, GiveUp, Wait
from bootheal.workloads.observation import look
from support.few import Few
from support.objects import BOOT, a_pod, waiting
from support.workloads import down, judged, seen

PULL = 'failed to pull and unpack image "registry:5000/web:1": failed to resolve reference: '
START = (
    "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: "
    "unable to start container process: "
)
MOUNT = f'{START}error mounting "/etc/x" to rootfs at "/etc/app.conf": not a directory'
NVIDIA = f"{START}error running prestart hook #0: nvidia-container-cli: initialization error: driver not loaded"


@pytest.mark.parametrize(
    ("container", "words"),
    [
        (waiting("ImagePullBackOff", image="web:typo", message=f"{PULL}web:typo: not found"), "no image web:typo"),
        (
            waiting("ErrImagePull", image="web:1", message=f"{PULL}http: server gave HTTP response to HTTPS client"),
            "speaks HTTP",
        ),
        (
            waiting(
                "ErrImageNeverPull", image="web:1", message='Container image "web:1" is not present with pull policy'
            ),
            "web:1 is not on this node",
        ),
        (waiting("InvalidImageName", image="web::1", message="couldn't parse image reference"), "web::1 is no name"),
        (waiting("RunContainerError", message=MOUNT), "not a directory"),
        (
            waiting("CrashLoopBackOff", last_reason="StartError", last_message=f"{START}exec /a: exec format error"),
            "IMAGE",
        ),
        (waiting("CreateContainerError", message="failed to generate spec: no command specified"), "container main"),
        (
            waiting("CreateContainerConfigError", message="container has runAsNonRoot and image will run as root"),
            "main",
        ),
    ],
)
def test_what_waiting_cannot_cure_is_given_up_at_once_with_its_reason(container: Container, words: str) -> None:
    """Not after half an hour: two looks three seconds apart say it all; nothing is deleted or rolled out for it."""
    facts = seen(a_pod("web-1", container))
    assert isinstance(judged(facts), Wait)
    judgement = judged(facts, 3)
    assert isinstance(judgement, GiveUp)
    assert words in judgement.why
    assert judgement.hint
    assert "find out why" not in judgement.hint


def test_an_init_container_that_cannot_get_its_image_counts_as_well() -> None:
    """It is named with its image."""
    init = Container("migrate", State.WAITING, "ErrImageNeverPull", image="migrate:1", message="is not present")
    judgement = judged(seen(a_pod("web-1", waiting("PodInitializing"), init=(init,))), 3)
    assert isinstance(judgement, GiveUp)
    assert "migrate:1" in judgement.why


@pytest.mark.parametrize(
    ("container", "words"),
    [
        (waiting("ImagePullBackOff", image="web:1", message="dial tcp: connect: connection refused"), "nobody answers"),
        (waiting("CreateContainerError", message="context deadline exceeded"), "runtime is busy"),
        (waiting("CreateContainerConfigError", message="services have not yet been read at least once"), "not read"),
        (waiting("RunContainerError", message="something new \x1b[2J"), "something new \\x1b[2J"),
        (waiting("SomethingNew", message="of the next release"), "SomethingNew of container main: of the next release"),
    ],
)
def test_what_passes_is_waited_for_with_its_name(container: Container, words: str) -> None:
    """For as long as it takes; the message stands beside its reason word, and the command for more is the hint."""
    judgement = judged(seen(a_pod("web-1", container)), 1500)
    assert isinstance(judgement, Wait)
    assert words in judgement.why
    assert judgement.hint.startswith(("kubectl", "start the registry", "where it lasts"))


def test_one_state_of_an_image_is_told_in_one_sentence_by_whichever_word() -> None:
    """ErrImagePull and ImagePullBackOff alternate: the journal has it once, and its duration goes on."""
    message = f"{PULL}dial tcp 172.18.0.2:5000: connect: connection refused"
    back_off = f'Back-off pulling image "web:1": ErrImagePull: {message}'
    containers = (waiting("ErrImagePull", message=message), waiting("ImagePullBackOff", message=back_off))
    one, other = (seen(a_pod("web-1", replace(each, image="web:1"))) for each in containers)
    assert judged(one) == judged(other)
    assert one.conditions == other.conditions


def test_a_start_that_failed_tells_the_runtimes_message() -> None:
    """There is no log of what never began."""
    container = waiting("CrashLoopBackOff", restarts=1, last_reason="StartError", last_message=NVIDIA)
    judgement = judged(seen(a_pod("web-1", container)))
    assert isinstance(judgement, Act)
    assert "driver not loaded" in judgement.why


def test_a_container_that_was_killed_for_memory_is_told_as_that() -> None:
    """The log of it says nothing."""
    container = waiting("CrashLoopBackOff", restarts=1, last_reason="OOMKilled")
    judgement = judged(seen(a_pod("web-1", container)))
    assert isinstance(judgement, Act)
    assert "killed for want of memory" in judgement.why


@pytest.mark.parametrize(
    ("log", "words"),
    [((), "(exit code 139 (it crashed (segmentation fault)))"), (("Error: no such table",), "no such table")],
    ids=["no log", "its own words"],
)
def test_a_container_that_ends_without_a_word_is_told_by_its_exit_code(log: tuple[str, ...], words: str) -> None:
    """It has no log; what it says itself says more."""
    loops = waiting("CrashLoopBackOff", restarts=4, last_reason="Error", last_code=139)
    judgement = judged(replace(seen(a_pod("web-1", loops)), log=log))
    assert isinstance(judgement, Act)
    assert words in judgement.why
    assert ("exit code" in judgement.why) == (not log)


def test_a_long_line_is_told_shorter_than_it_is_read() -> None:
    """Its end says which cause it is; all of it would fill the journal."""
    log = ('{"level":"fatal","error":"' + "x" * 200 + ': listen tcp :80: bind: address already in use"}',)
    facts = replace(seen(a_pod("web-1", waiting("CrashLoopBackOff", restarts=4, last_reason="Error"))), log=log)
    assert [each.id for each in facts.troubles] == ["crash-loop", "port-taken"]
    assert len(judged(facts).why) < 260


def test_a_program_that_is_damaged_is_not_restarted_for_ever() -> None:
    """As after a cut of power: what its log says is the kernel's word, and the image's next step."""
    container = waiting("CrashLoopBackOff", restarts=1, image="web:1")
    facts = seen(a_pod("web-1", container), log=("exec /usr/bin/serve: exec format error",))
    judgement = judged(facts, 3)
    assert isinstance(judgement, GiveUp)
    assert "crictl rmi web:1" in judgement.hint


class Docker(Partial):
    """One registry, beside the cluster."""

    def registries(self) -> tuple[Component, ...]:
        return (Component("registry", "registry", ComponentState.STOPPED, why="exit code 137", port=5000),)


class NoDocker(Partial):
    """Nobody answers at its socket."""

    def registries(self) -> tuple[Component, ...]:
        raise UnreachableError("cannot reach Docker")


def test_a_registry_of_this_machine_that_does_not_run_is_named() -> None:
    """With the command that starts it; without Docker the words are those of any registry."""
    message = f"{PULL}dial tcp 127.0.0.1:5000: connect: connection refused"
    container = waiting("ErrImagePull", image="localhost:5000/web:1", message=message)
    few = Few(a_pod("web-1", container, ready=False, labels={"app": "web"}))
    judgement = judged(look(World(cluster=few, host=few, containers=Docker()), down(), "rollout", None), 600)
    assert isinstance(judgement, Wait)
    assert "container registry on this machine is stopped (exit code 137)" in judgement.why
    assert "docker start registry" in judgement.hint
    judgement = judged(look(World(cluster=few, host=few, containers=NoDocker()), down(), "rollout", None), 600)
    assert isinstance(judgement, Wait)
    assert "nobody answers" in judgement.why


def test_an_init_container_that_runs_is_named_with_its_time() -> None:
    """PodInitializing does not say which, nor since when."""
    init = (Container("fetch", State.TERMINATED, "Completed"), Container("migrate", State.RUNNING, started=BOOT + 10))
    judgement = judged(seen(a_pod("web-1", waiting("PodInitializing"), init=init)))
    assert judgement == Wait("pod/shop/web-1 runs its init container migrate since 13:46:50 UTC")


def test_a_readiness_gate_is_named_and_nothing_is_rolled_out_for_it() -> None:
    """Its containers are ready: no new ones are any more so."""
    gate = 'corresponding condition of pod readiness gate "example.org/lb" does not exist.'
    judgement = judged(seen(a_pod("web-1", ready=False, gated=gate)), 600)
    assert isinstance(judgement, Wait)
    assert "example.org/lb" in judgement.why


def test_a_pod_that_is_being_deleted_is_told_as_that() -> None:
    """And not by the containers that it is about to lose."""
    pod = a_pod("web-1", waiting("PodInitializing"), deleting=True, ready=False)
    assert judged(seen(pod)) == Wait("pod/shop/web-1 is being deleted")
