"""What pods, their Events and their controllers say, and which cause that is; the messages are in text files."""

from pathlib import Path

import pytest

from bootheal.causes import Evidence, Finding, Gravity, Source
from bootheal.causes.pods import of_log, trouble
from bootheal.causes.tables import LOADBALANCERS, PODS, UNITS
from bootheal.model import Container, Occurrence, Ref
from support.objects import NOW, a_pod, running, waiting
from support.rows import each_row

MESSAGES = [
    tuple(field.strip() for field in line.split("|", 3))
    for name in ("pods.txt", "storage.txt", "runtimes.txt", "sources.txt")
    for line in Path(__file__).with_name(name).read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]
CREATED = [text for _, reason, _, text in MESSAGES if reason == "FailedCreate"]
PLACED = [text for _, reason, _, text in MESSAGES if reason == "Unschedulable"]


def known(source: Source, reason: str, text: str) -> Finding | None:
    about = Ref("pod", "shop", "web-1")
    return PODS.recognise(
        Evidence(source=source, text=text, reason=reason, about=about, container="main", image="web:1")
    )


def told(found: Finding | None) -> str:
    return found.cause.id if found else "-"


@each_row(MESSAGES, "source", "reason", "cause", "text")
def test_the_message_decides_which_cause_it_is(source: str, reason: str, cause: str, text: str) -> None:
    """One reason word stands for the runtime's trouble and for the workload's; what all begin with is no trouble."""
    assert told(known(Source[source], "" if reason == "-" else reason, text)) == cause


# kubernetes pkg/kubelet/container/sync_result.go, pkg/kubelet/images/types.go, pkg/kubelet/kubelet_pods.go; dockershim.
WAITS = """ContainerCreating PodInitializing CrashLoopBackOff ErrImagePull ImagePullBackOff ImageInspectError
ErrImageNeverPull InvalidImageName RegistryUnavailable SignatureValidationFailed CreateContainerConfigError
CreateContainerError PreCreateHookError PreStartHookError PostStartHookError RunContainerError RunInitContainerError"""
ENDS = "Completed OOMKilled ContainerCannotRun StartError"


@pytest.mark.parametrize("reason", WAITS.split())
def test_each_word_for_a_waiting_container_is_known_whatever_its_message(reason: str) -> None:
    """What all begin with is no trouble; all else has a cause with a next step, also where its message is new."""
    found = known(Source.WAITING, reason, "something new")
    assert (found is None) == (reason in ("ContainerCreating", "PodInitializing"))
    assert found is None or found.next_step


@pytest.mark.parametrize("reason", ENDS.split())
def test_each_word_for_a_container_that_has_ended_is_known(reason: str) -> None:
    """`Error` and `ContainerStatusUnknown` say nothing: its log and its exit code are told, or that it is lost."""
    assert (known(Source.TERMINATED, reason, "") is None) == (reason == "Completed")


def test_what_a_condition_says_is_understood_in_an_event_as_well() -> None:
    """A Deployment has it in its status, a StatefulSet and a DaemonSet only in Events; the scheduler writes both."""
    for reason, event, texts in (
        ("FailedCreate", "FailedCreate", CREATED),
        ("Unschedulable", "FailedScheduling", PLACED),
    ):
        assert texts
        for text in texts:
            assert told(known(Source.CONDITION, reason, text)) == told(known(Source.EVENT, event, text))


@pytest.mark.parametrize(
    ("source", "reason", "text", "gravity"),
    [
        (Source.WAITING, "CreateContainerError", "context deadline exceeded", Gravity.PASSES),
        (Source.WAITING, "CreateContainerError", 'name "a" is reserved for "b"', Gravity.HEALED),
        (Source.WAITING, "CreateContainerConfigError", 'secret "shop" not found', Gravity.PERSON),
        (Source.WAITING, "ErrImageNeverPull", "", Gravity.PERSON),
        (Source.WAITING, "ErrImagePull", "dial tcp 172.18.0.2:5000: connect: connection refused", Gravity.PASSES),
        (Source.CONDITION, "FailedCreate", 'pods "a" is forbidden: exceeded quota: mem', Gravity.PERSON),
        (Source.CONDITION, "FailedCreate", 'failed calling webhook "a": no endpoints available', Gravity.PASSES),
        (Source.EVENT, "FailedMount", "'fsck' found errors on device /dev/sdb", Gravity.DATA),
    ],
)
def test_how_grave_it_is(source: Source, reason: str, text: str, gravity: Gravity) -> None:
    """What passes is waited for, what a person must mend is given up, and data at risk is told as such."""
    found = known(source, reason, text)
    assert found is not None
    assert found.cause.gravity is gravity


def test_no_message_can_write_into_another_place_of_a_sentence() -> None:
    """What others say is filled in once, quoted: a message that looks like a template stays what it is."""
    found = known(Source.WAITING, "CreateContainerConfigError", 'secret "{image}\x1b[2J" not found')
    assert found is not None
    assert found.means.endswith('not there: secret "{image}\\x1b[2J" not found')


def test_ids_are_stable_names_and_each_cause_says_what_to_do() -> None:
    """Scripts keep the ids; a sentence has no full stop, and no cause leaves a person without the next step."""
    causes = {cause.id: cause for table in (PODS, UNITS, LOADBALANCERS) for cause in table.causes}
    assert len(causes) == len({cause for table in (PODS, UNITS, LOADBALANCERS) for cause in table.causes})
    for name, cause in causes.items():
        assert name == name.lower()
        assert cause.next_step
        assert not cause.means.endswith(".")
        assert cause.means.count("{said}") == cause.means.endswith("{said}"), "what is quoted comes last"


@pytest.mark.parametrize(
    ("container", "cause"),
    [
        (waiting("CrashLoopBackOff", restarts=2, last_reason="Error", ended=NOW - 20), "hook-failed"),
        (running(ready=False, started=NOW - 9, ended=NOW - 20), None),
    ],
    ids=["it loops", "a later process, with a hook of its own"],
)
def test_a_hook_that_has_ended_its_container_is_told(container: Container, cause: str | None) -> None:
    """Its kubelet says so before it ends the process, and nothing else tells why that ends."""
    said = 'Exec lifecycle hook ([/bin/warm]) for Container "main" failed: exit 1'
    hook = Occurrence("FailedPostStartHook", said, NOW - 22, "main")
    found = trouble(a_pod("web-1", container, ready=False), (hook,))
    assert (found.id if found else None) == cause


def test_what_a_start_may_cure_is_not_given_up() -> None:
    """A node that begins no process does so a moment later; a statement may have gone with the pooler of before."""
    why = "failed to start shim: start failed: fork/exec /x/containerd-shim-runc-v2: resource temporarily unavailable"
    loop = waiting("CrashLoopBackOff", restarts=2, last_reason="Error", ended=NOW - 20)
    pod = a_pod("web-1", waiting("RunContainerError", message=why), ready=False)
    of_status = trouble(pod)
    of_words = of_log(pod, loop, ['ERROR: prepared statement "S_1" does not exist'])
    for found, cause in ((of_status, "processes-used-up"), (of_words, "prepared-statement-pooled")):
        assert found is not None
        assert (found.id, found.hopeless) == (cause, False)


PULL = 'Failed to pull image "registry:5000/web:1": dial tcp 10.0.0.9:5000: connect: connection refused'
MOUNT = 'MountVolume.SetUp failed for volume "tls" : secret "tls" not found'
LATE = "Unable to attach or mount volumes: unmounted volumes=[tls]: timed out waiting for the condition"


@pytest.mark.parametrize(
    ("container", "reason", "said", "later", "cause"),
    [
        (waiting("ImagePullBackOff"), "Failed", PULL, "Error: ImagePullBackOff", "registry-refuses"),
        (waiting("ContainerCreating"), "FailedMount", MOUNT, LATE, "volume-secret-missing"),
    ],
)
def test_a_later_word_that_says_less_hides_nothing(
    container: Container, reason: str, said: str, later: str, cause: str
) -> None:
    """For most of its back-off the status of k3s 1.21 says nothing; the Event that says why is seconds older."""
    told = tuple(Occurrence(reason, text, at) for text, at in ((said, NOW - 30), (later, NOW - 20)))
    found = trouble(a_pod("web-1", container, ready=False), told)
    assert found is not None
    assert found.id == cause


@pytest.mark.parametrize(
    ("ending", "cause"),
    [
        ({"last_code": 137, "last_reason": "Error"}, "probe-kills"),
        ({"last_code": 143, "last_reason": "Error"}, "probe-kills"),
        ({"last_code": 1, "last_reason": "Error"}, "crash-loop"),
        ({"last_code": 137, "last_reason": "OOMKilled"}, "container-out-of-memory"),
    ],
)
def test_who_is_killed_by_its_probe_is_told_so_when_its_kubelet_tells_no_more(
    ending: dict[str, object], cause: str
) -> None:
    """After 25 Events of one pod a kubelet sends one in five minutes; what ended by itself since then did so itself."""
    loop = waiting("CrashLoopBackOff", restarts=9, ended=NOW - 20, **ending)
    killed = Occurrence("Killing", "Container main failed liveness probe, will be restarted", NOW - 600, "main")
    found = trouble(a_pod("web-1", loop, ready=False), (killed,))
    assert found is not None
    assert found.id == cause


def test_an_event_of_a_pull_is_worded_as_the_status_that_alternates_with_it() -> None:
    """Each pull has a message in the status, each back-off none: one state is told once."""
    message = PULL.partition('": ')[2]
    told = (Occurrence("Failed", PULL, NOW - 30),)
    pulls, waits = waiting("ErrImagePull", message=message), waiting("ImagePullBackOff")
    words = {found.words for each in (pulls, waits) if (found := trouble(a_pod("web-1", each, ready=False), told))}
    assert len(words) == 1
    assert next(iter(words)).startswith("ImagePullBackOff: nobody answers at the registry")
