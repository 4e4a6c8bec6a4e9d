"""What a look at a database asks for, and what it makes of silence."""

from dataclasses import dataclass, replace
from typing import Any

import pytest

from bootheal.errors import PermanentError, UnreachableError
from bootheal.model import Answer, BootTime, Container, Credentials, Login, Occurrence, Pod, Ref, Secret, State
from bootheal.model.quoted import plain
from bootheal.ports import Partial, World
from bootheal.postgres.database import DatabaseStep
from bootheal.postgres.location import Database
from bootheal.postgres.observation import DatabaseObservation, look
from bootheal.postgres.primary import READ_ONLY
from bootheal.step import GiveUp, Judgement, Wait
from support.objects import BOOT, NOW, THIS_BOOT, a_pod, past, running, waiting

ADMIN = Login(Ref("secret", "shop", "admin"))
OUTSIDE = Database("shop", "shop", "shop", ADMIN, host="db.example.org")
INSIDE = Database("shop", "shop", "shop", ADMIN, selector={"app": "db"})

DAMAGED = "PANIC:  could not locate a valid checkpoint record\n"
FULL = "FATAL:  could not extend file: No space left on device\n"


@dataclass
class OneServer(Partial):
    """A server that says whether it takes writes, and answers all else so; of its pod the two logs, where it has one.

    `log` is that of the container's present or last process, `previous` that of the one before a restart; None:
    nobody may read them.
    """

    answer: Answer
    writable: bool = True
    pod: Pod | None = None
    log: str | None = ""
    previous: str = ""
    events: tuple[Occurrence, ...] = ()
    whose: str = "postgres"

    def credentials(self, login: Login, *, fresh: bool = False) -> Credentials:
        return Credentials("postgres", Secret("x"))

    def ask(self, *_: Any, sql: str = "select 1", **_options: Any) -> Answer:
        return Answer(ok=True, spoke=True, value="f") if sql == READ_ONLY and self.writable else self.answer

    def pods(self, *_: Any) -> tuple[Pod, ...]:
        return (self.pod,) if self.pod else ()

    def boot_time(self) -> BootTime:
        return THIS_BOOT

    def occurrences(self, about: Ref) -> tuple[Occurrence, ...]:
        return self.events

    def log_tail(self, pod: Ref, container: str, lines: int, *, previous: bool) -> str:
        if self.log is None or container != self.whose:
            raise PermanentError(f"cannot read the log of {container}")
        return self.previous if previous else self.log


def seen(server: OneServer, database: Database) -> DatabaseObservation:
    world = World(cluster=server, pod_access=server, secrets=server, host=server, postgres=server)
    return look(world, database, client=None, checks=(), backup=None)


@pytest.mark.parametrize(
    ("answer", "identifier"),
    [
        (Answer(ok=True, spoke=True, value="8 false"), "8"),
        (Answer(ok=False, spoke=True, sqlstate="42501", text="permission denied"), ""),
        (Answer(ok=False, spoke=True, sqlstate="53300", text="too many clients"), None),
        (Answer(ok=False, spoke=True, text="no answer in time"), None),
    ],
)
def test_an_identifier_that_is_not_told_in_time_is_asked_for_again(answer: Answer, identifier: str | None) -> None:
    """Else a fresh initdb would pass for good while connections are scarce. Where it may not be read, checks remain."""
    if identifier is None:
        with pytest.raises(UnreachableError, match=answer.text):
            seen(OneServer(answer), OUTSIDE)
    else:
        assert seen(OneServer(answer), OUTSIDE).identifier == identifier


@pytest.mark.parametrize(
    ("word", "why", "hint"),
    [
        ("nobody", "follows nobody: neither primary_conninfo nor restore_command is set", "pg_promote()"),
        ("settings", "is no standby, but made read-only by its settings", "default_transaction_read_only"),
        ("", "", ""),
    ],
)
def test_a_server_that_answers_and_takes_no_writes_says_why(word: str, why: str, hint: str) -> None:
    """It is waited for, as what follows somebody is: nobody but a person makes it the primary."""
    facts = seen(OneServer(Answer(ok=True, spoke=True, value=word), writable=False), OUTSIDE)
    judgement = DatabaseStep(name="database/shop", database=OUTSIDE).judge(facts, past())
    assert isinstance(judgement, Wait)
    assert judgement.why.startswith("no writable primary: db.example.org is read-only (a standby)")
    assert why in judgement.why
    assert hint in judgement.hint


@pytest.mark.parametrize(("label", "asked"), [({}, True), ({"spilo-role": "replica"}, False)])
def test_of_a_managed_server_that_is_not_asked(label: dict[str, str], *, asked: bool) -> None:
    """Patroni makes one of them the primary; it writes their settings, too."""
    pod = a_pod("db-0", running(name="postgres"), labels={"app": "db"} | label)
    server = OneServer(Answer(ok=True, spoke=True, value="nobody"), writable=False, pod=pod)
    assert seen(server, replace(INSIDE, port=1)).read_only == ({"db-0": "nobody"} if asked else {})


def crashed(ended: float = BOOT + 20, **fields: Any) -> Container:
    return waiting("CrashLoopBackOff", name="postgres", ended=ended, **fields)


def over(ended: float = BOOT + 20) -> Container:
    return Container("postgres", State.TERMINATED, ended=ended)


@pytest.mark.parametrize(
    ("container", "told"),
    [
        (over(), "postgres-0's log: it cannot locate a valid checkpoint record: its data is damaged"),
        (
            crashed(restarts=7),
            (
                "postgres-0: CrashLoopBackOff, 7 restarts; postgres-0's log: its disk is full "
                "(FATAL: could not extend file: No space left on device)"
            ),
        ),
        (over(ended=BOOT - 20), ""),
        # Found dead after the reboot: what it said before that is of the previous boot.
        (replace(over(), reason="Unknown"), "postgres-0: Unknown"),
        (crashed(ended=BOOT - 20), ""),
        (waiting("ContainerCreating", name="postgres"), "postgres-0: ContainerCreating"),
        (
            running(name="postgres"),
            "postgres-0's log: it cannot locate a valid checkpoint record: its data is damaged",
        ),
    ],
    ids=["ended", "waits again", "ended before", "the reboot ended it", "waits since before", "never began", "runs"],
)
def test_a_silent_server_is_explained_by_its_container_and_its_log(container: Container, told: str) -> None:
    """Of this boot only, beside a sidecar or not; the log of what runs, where that is silent, else of what ended."""
    silent = Answer(ok=False, spoke=False, text="connection refused")
    pod = a_pod("postgres-0", running(name="exporter"), container, labels={"app": "db"})
    found = seen(OneServer(silent, writable=False, pod=pod, log=DAMAGED, previous=FULL), INSIDE)
    assert plain(found.why_none) == "postgres-0: connection refused" + (f" ({told})" if told else "")


def test_a_log_that_may_not_be_read_stops_nothing() -> None:
    """It explains; nothing is decided for want of it."""
    silent = Answer(ok=False, spoke=False, text="connection refused")
    pod = a_pod("postgres-0", over(), labels={"app": "db"})
    found = seen(OneServer(silent, writable=False, pod=pod, log=None), INSIDE)
    assert found.why_none == "postgres-0: connection refused"


def test_a_recovery_that_the_kubelet_ends_again_and_again_is_told_and_the_clock_runs_on() -> None:
    """Each time it begins anew and is young again, so it would be waited for without end."""
    starting = Answer(ok=False, spoke=True, sqlstate="57P03", text="the database system is starting up")
    container = running(name="postgres", ready=False, restarts=3, started=NOW - 30, ended=NOW - 31)
    pod = a_pod("postgres-0", container, labels={"app": "db"})
    killing = Occurrence("Killing", "Container postgres failed liveness probe, will be restarted", NOW - 61, "postgres")
    for events, counts in (((killing,), True), ((), False), ((replace(killing, at=BOOT - 61),), False)):
        found = seen(OneServer(starting, writable=False, pod=pod, events=events), INSIDE)
        judged = DatabaseStep(name="database/shop", database=INSIDE).judge(found, past())
        assert isinstance(judged, Wait)
        assert judged.counts is counts
        assert ("the kubelet ends container postgres" in judged.why) is counts
        assert ("startupProbe" in judged.hint) is counts


def anew(words: str) -> str:
    """Say what a server says whose processes end, and which begins anew each time (helm/charts#10427)."""
    return (
        f"LOG:  database system is ready to accept connections\n{words}\n"
        "LOG:  terminating any other active server processes\n"
        "LOG:  all server processes terminated; reinitializing\n"
        "LOG:  database system was interrupted; last known up at 2026-11-29 12:00:00 UTC\n"
    )


@pytest.mark.parametrize(
    ("log", "why", "person", "counts"),
    [
        (
            anew('FATAL:  could not open file "global/pg_filenode.map": No such file or directory') * 2,
            "missing",
            True,
            True,
        ),
        (
            anew("LOG:  server process (PID 71) was terminated by signal 11: Segmentation fault") * 3,
            "crashes",
            False,
            True,
        ),
        (anew("LOG:  server process (PID 71) exited with exit code 3") * 2, 'log ends with "', False, True),
        (anew("LOG:  server process (PID 71) was terminated by signal 11: Segmentation fault"), "", False, False),
    ],
    ids=["files missing", "segmentation fault", "not understood", "once"],
)
def test_a_server_that_begins_anew_again_and_again_is_not_recovering(
    log: str, why: str, *, person: bool, counts: bool
) -> None:
    """It says 57P03 each time that it is asked; what it says of itself counts, and so does the time."""
    starting = Answer(ok=False, spoke=True, sqlstate="57P03", text="the database system is in recovery mode")
    container = running(name="postgres", started=BOOT + 10)
    pod = a_pod("postgres-0", container, labels={"app": "db"})
    found = seen(OneServer(starting, writable=False, pod=pod, log=log), INSIDE)
    judged = DatabaseStep(name="database/shop", database=INSIDE).judge(found, past(now=BOOT + 700))
    assert why in judged.why
    assert (isinstance(judged, GiveUp) and judged.person) is person
    if isinstance(judged, Wait):
        assert judged.counts is counts


def test_how_far_crash_recovery_is_comes_from_the_log_of_what_runs() -> None:
    """Of a server that says that it is starting, and of no other."""
    starting = Answer(ok=False, spoke=True, sqlstate="57P03", text="the database system is starting up")
    redo = "LOG:  redo in progress, elapsed time: 10.02 s, current LSN: 0/5A3C2B8\n"
    pod = a_pod("postgres-0", running(name="postgres"), labels={"app": "db"})
    server = OneServer(starting, writable=False, pod=pod, log=redo, previous=DAMAGED)
    assert seen(server, INSIDE).recovery == "redo is at 0/5A3C2B8 after 10 s"
    server.answer = Answer(ok=True, spoke=True, value="t")
    assert seen(server, INSIDE).recovery == ""


SILENT = Answer(ok=False, spoke=False, text="connection refused")
MODEL_STATES = [
    (waiting("CrashLoopBackOff", ended=BOOT + 20, restarts=7), "CrashLoopBackOff, 7 restarts"),
    (running(ended=BOOT + 20, restarts=7), "CrashLoopBackOff, 7 restarts"),
    (Container("", State.TERMINATED, "Error", ended=BOOT + 20, restarts=7), "CrashLoopBackOff, 7 restarts"),
    (
        waiting("CrashLoopBackOff", ended=BOOT + 20, restarts=3, last_reason="OOMKilled"),
        "CrashLoopBackOff, 3 restarts, OOMKilled",
    ),
    (Container("", State.TERMINATED, "OOMKilled", ended=BOOT + 20, last_reason="OOMKilled"), "OOMKilled"),
    (
        waiting("ImagePullBackOff", image="registry:5000/postgres:17", message="Back-off pulling image: not found"),
        "ImagePullBackOff of registry:5000/postgres:17: Back-off pulling image: not found",
    ),
    (waiting("ErrImageNeverPull", image="postgres:17", message="absent"), "ErrImageNeverPull of postgres:17: absent"),
    (
        waiting("CreateContainerConfigError", message='secret "postgres" not found'),
        'CreateContainerConfigError: secret "postgres" not found',
    ),
    (waiting("RunContainerError", message="not\na directory"), "RunContainerError: not\\na directory"),
    (running(), ""),
]


@pytest.mark.parametrize(("container", "state"), MODEL_STATES)
def test_the_containers_own_state_is_told_whatever_the_log_says(container: Container, state: str) -> None:
    """With image and message; a crash loop in the same words in each of its turns, whether it is Ready or not."""
    for ready in (True, False):
        pod = a_pod("postgres-0", replace(container, name="postgres"), labels={"app": "db"}, ready_changed=BOOT + 30)
        found = seen(OneServer(SILENT, writable=False, pod=replace(pod, ready=ready)), INSIDE)
        assert found.why_none == "postgres-0: connection refused" + (f" (postgres-0: {state})" if state else "")


def test_an_init_container_that_is_not_done_is_named() -> None:
    """The others wait for it."""
    init = waiting("CrashLoopBackOff", name="chown", restarts=4)
    pod = a_pod("postgres-0", waiting("PodInitializing", name="postgres"), init=(init,), ip="", labels={"app": "db"})
    found = seen(OneServer(SILENT, writable=False, pod=pod), INSIDE)
    assert found.why_none == (
        "pod/shop/postgres-0 has no address yet (postgres-0: init container chown: CrashLoopBackOff, 4 restarts)"
    )


@pytest.mark.parametrize(
    ("log", "why", "person"),
    [
        ("chown: changing ownership of '/data': Read-only file system\n", "its disk cannot be read or written", True),
        ("chown: changing ownership of '/data': Operation not permitted\n", "it may not read or write its own", False),
        ("the moon is full\n", 'log ends with "', False),
    ],
)
def test_what_its_init_container_says_is_the_servers_trouble(log: str, why: str, *, person: bool) -> None:
    """A volume that it cannot give to the server: it never begins, and has no log of its own."""
    init = waiting("CrashLoopBackOff", name="permissions", restarts=4, ended=BOOT + 40, last_reason="Error")
    pod = a_pod(
        "postgres-0", waiting("PodInitializing", name="postgres"), init=(init,), labels={"app": "db"}, ready=False
    )
    server = OneServer(SILENT, writable=False, pod=pod, previous=log, whose="permissions")
    found = seen(server, INSIDE)
    judged = DatabaseStep(name="database/shop", database=INSIDE).judge(found, past())
    assert why in judged.why
    assert "init container permissions: CrashLoopBackOff, 4 restarts" in judged.why
    assert (isinstance(judged, GiveUp) and judged.person) is person
    if "moon" in log:
        assert isinstance(judged, Wait)
        assert judged.hint == "kubectl -n shop logs --previous postgres-0 -c permissions"


def test_what_a_log_ends_with_is_quoted_where_nothing_is_understood() -> None:
    """In one line, with the command that shows more."""
    pod = a_pod("postgres-0", crashed(restarts=2), labels={"app": "db"})
    server = OneServer(SILENT, writable=False, pod=pod, previous="FATAL:  the moon\x1b[1m is full\n")
    found = seen(server, INSIDE)
    assert plain(found.why_none).endswith('postgres-0\'s log ends with "FATAL: the moon\\x1b[1m is full")')
    judged = DatabaseStep(name="database/shop", database=INSIDE).judge(found, past())
    assert isinstance(judged, Wait)
    assert judged.hint == "kubectl -n shop logs --previous postgres-0 -c postgres"


def judged_after(
    seconds: float, *containers: Container, events: tuple[Occurrence, ...] = (), **fields: Any
) -> Judgement:
    pod = a_pod("postgres-0", *containers, labels={"app": "db"}, **{"ip": ""} | fields)
    found = seen(OneServer(SILENT, writable=False, pod=pod, events=events), INSIDE)
    held = dict.fromkeys(found.conditions, NOW - seconds)
    return DatabaseStep(name="database/shop", database=INSIDE).judge(found, past(first_seen=held))


def kept(reason: str, message: str = "", **fields: Any) -> Container:
    return waiting(reason, name="postgres", image="postgres:17", message=message, **fields)


def told(reason: str, message: str, **fields: Any) -> tuple[Occurrence, ...]:
    return (Occurrence(reason, message, BOOT + 20, **fields),)


MOUNT = 'MountVolume.SetUp failed for volume "conf" : configmap "postgres-conf" not found'


@pytest.mark.parametrize(
    ("container", "events", "seconds", "why", "hint"),
    [
        (kept("ErrImageNeverPull", "absent"), (), 3, "ErrImageNeverPull of postgres:17", "ctr images import"),
        (kept("InvalidImageName", "couldn't parse"), (), 3, "InvalidImageName of postgres:17", "correct the name"),
        (
            kept("CreateContainerConfigError", 'secret "postgres" not found'),
            (),
            120,
            'secret "postgres" not found',
            "make what it names",
        ),
        (kept("RunContainerError", "exec format error"), (), 3, "exec format error", "k3s crictl rmi postgres:17"),
        (
            kept("CreateContainerError", 'error mounting "/data" to rootfs: not a directory'),
            (),
            3,
            "error mounting",
            "mountPath",
        ),
        (kept("ContainerCreating"), told("FailedMount", MOUNT), 120, "FailedMount: ", "postgres-conf"),
    ],
)
def test_a_server_whose_container_cannot_start_is_judged_as_any_other(
    container: Container, events: tuple[Occurrence, ...], seconds: float, why: str, hint: str
) -> None:
    """What no time cures is given up as soon as it is certain, and waited for until then, both with its next step."""
    early, late = (judged_after(at, container, events=events) for at in (seconds - 1, seconds))
    assert isinstance(early, Wait)
    assert isinstance(late, GiveUp)
    assert not late.person
    for judged in (early, late):
        assert why in judged.why
        assert hint in judged.why + judged.hint


@pytest.mark.parametrize(
    ("container", "events"),
    [
        (kept("ContainerCreating"), ()),
        (kept("CreateContainerError", "context deadline exceeded"), ()),
        (kept("ImagePullBackOff", "dial tcp 10.43.0.9:5000: connect: connection refused"), ()),
        (kept("ContainerCreating"), told("FailedMount", "timed out waiting for the condition")),
        # A neighbour's trouble is none of the server's.
        (kept("ContainerCreating"), told("Failed", "exec format error", container="exporter")),
    ],
)
def test_a_server_whose_container_may_still_start_is_waited_for(
    container: Container, events: tuple[Occurrence, ...]
) -> None:
    """For its patience; what is not understood may pass."""
    assert isinstance(judged_after(600, container, events=events), Wait)


def test_a_sidecar_that_cannot_start_is_not_the_servers_trouble() -> None:
    """PostgreSQL in the container beside it comes all the same."""
    sidecar = waiting("ErrImageNeverPull", name="exporter", message="absent")
    assert isinstance(judged_after(600, running(name="postgres"), sidecar, ip="10.42.0.5"), Wait)


def test_a_disk_that_the_kernel_made_read_only_is_for_a_person() -> None:
    """Data is at risk, whoever says so."""
    broken = kept("CreateContainerError", "mkdir /var/lib/kubelet/pods/1: read-only file system")
    judged = judged_after(3, broken)
    assert isinstance(judged, GiveUp)
    assert judged.person
    assert "dmesg" in judged.hint


def test_an_image_that_cannot_be_had_is_told_in_the_same_words_at_each_turn() -> None:
    """ErrImagePull and ImagePullBackOff alternate, and are one state."""
    why = "rpc error: not found"
    backs_off = f'Back-off pulling image "postgres:17": ErrImagePull: {why}'
    pulls = (kept("ErrImagePull", why), kept("ImagePullBackOff", backs_off))
    first, second = (judged_after(60, pull) for pull in pulls)
    assert first.why == second.why
