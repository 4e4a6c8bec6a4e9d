"""A pooler that refuses for a reason that no restart cures: it is left alone, and the reason is told."""

from dataclasses import replace
from typing import Any

import pytest

from bootheal.model import (
    Answer,
    BootTime,
    Console,
    Container,
    Credentials,
    Login,
    Occurrence,
    Pod,
    Ref,
    Secret,
    Service,
    Setting,
    State,
    Target,
    Workload,
)
from bootheal.model.quoted import plain
from bootheal.pgbouncer.diagnosis import Diagnosis
from bootheal.pgbouncer.look import look
from bootheal.pgbouncer.observation import PoolerObservation
from bootheal.pgbouncer.pod import PoolerPod
from bootheal.pgbouncer.pooler import PoolerStep
from bootheal.pgbouncer.server_log import finding
from bootheal.ports import Partial, World
from bootheal.step import Act, GiveUp, Judgement, Settled, Wait
from support.objects import BOOT, NOW, THIS_BOOT, a_deployment, a_pod, past, waiting
from support.pooler import POOLER

POD = Ref("pod", "shop", "pooler-1")
STEP = PoolerStep(name="pooler/shop", pooler=POOLER)
OK = Answer(ok=True, spoke=True)
AGES = NOW - 600
FAILING = "server login has been failing, "


def refuses(text: str, **fields: Any) -> PoolerPod:
    console = Console({"server_login_retry": Setting("0.2", changeable=True)})
    pod = PoolerPod(POD, "uid-1", Target("10.42.0.8", 6432, POD), Answer(ok=False, spoke=True, text=text), console)
    return replace(pod, container="pgbouncer", **fields)


def judged(pod: PoolerPod, held: float = AGES) -> Judgement:
    seen = PoolerObservation((pod,), pooler=OK, application=OK, roles=("pooler", "app"))
    return STEP.judge(seen, past(first_seen=dict.fromkeys(seen.conditions, held)))


REFUSALS = [
    # What people reported first.
    ("no such database: shop", 'the pooler has no database "shop"', "poolers.shop.dbname"),
    ("SSL required", "it wants TLS of its clients", "client_tls_sslmode"),
    ("login rejected", "its auth_hba_file does not let this client in", "auth_hba_file"),
    ("not allowed to connect", "its auth_hba_file does not let this client in", "auth_hba_file"),
    ("no authentication method is found", "its auth_hba_file does not let this client in", "auth_hba_file"),
    ("bouncer config error", "its configuration contradicts itself", "kubectl -n shop logs pooler-1 -c pgbouncer"),
    ("server refused SSL", "PostgreSQL offers none", "server_tls_sslmode"),
    # Others of its words.
    ("server login has been failing, cached error: server refused SSL (server_login_retry)", "offers none", "ssl on"),
    ("certificate authentication failed", "it wants a client certificate", "auth_type"),
    ("unix socket login rejected", "over its Unix socket only", "auth_type"),
    ("PAM authentication failed", "PAM or LDAP", "auth_type"),
    ("LDAP authentication failed", "PAM or LDAP", "auth_type"),
    ("client selected an invalid SASL authentication mechanism", "no way of proving a password", "scram-sha-256"),
    ('authentication database "auth" is disabled', "that it looks passwords up in", "ENABLE"),
    ("unsupported startup parameter: extra_float_digits", "a startup parameter", "ignore_startup_parameters"),
    ("PQexec disallowed", "does not let this client ask", "disable_pqexec"),
    ("TLS startup failed", "its TLS with PostgreSQL fails", "server_tls_ca_file"),
    ('no pg_hba.conf entry for host "10.42.0.9", user "pooler"', "PostgreSQL's pg_hba.conf", "pg_hba.conf"),
    ('pg_hba.conf rejects connection for host "10.42.0.9"', "PostgreSQL's pg_hba.conf", "pg_hba.conf"),
    ('role "pooler" does not exist', "the role that it logs in as does not exist", "user= in [databases]"),
    ('role "pooler" is not permitted to log in', "may not log in", "user= in [databases]"),
    ('permission denied for database "shop"', "may not log in", "make the role"),
]


@pytest.mark.parametrize(("text", "why", "hint"), REFUSALS)
def test_what_no_restart_cures_is_told_in_its_own_words(text: str, why: str, hint: str) -> None:
    """Nothing is lent, reloaded or restarted for it, however long it lasts; given up after ten seconds."""
    assert isinstance(judged(refuses(text), NOW), Wait)
    for held in (NOW - 10, AGES):
        judgement = judged(refuses(text), held)
        assert isinstance(judgement, GiveUp)
        assert why in judgement.why
        assert hint in judgement.hint
        assert "password of the application" not in judgement.why
        assert not judgement.person


@pytest.mark.parametrize(
    ("answer", "line", "why"),
    [
        (
            "no answer in time",
            "LOG S-0x1: shop/app@10.42.0.5:5432 closing because: server refused SSL (age=0s)",
            "PostgreSQL offers none",
        ),
        (
            "server login has been failing, try again later (server_login_retry)",
            'WARNING server login failed: FATAL no pg_hba.conf entry for host "10.42.0.9", user "pooler"',
            "PostgreSQL's pg_hba.conf does not let it in",
        ),
        ("bouncer config error", "ERROR auth_type=any requires forced user", "auth_type=any requires forced user"),
        ("bouncer config error", "ERROR S: error in auth_query: ERROR: no function", "its auth_query fails"),
        ("connect failed", "WARNING TLS handshake error: certificate verify failed", "its TLS with PostgreSQL fails"),
    ],
)
def test_its_own_log_says_what_its_answer_does_not(answer: str, line: str, why: str) -> None:
    """While PostgreSQL lets both roles in."""
    log = finding(f"2026-11-29 12:00:00.000 UTC [1] {line}\n", POD, "pgbouncer")
    judgement = judged(refuses(answer, log=log))
    assert isinstance(judgement, GiveUp)
    assert why in judgement.why


def test_a_log_that_says_what_a_restart_cures_changes_nothing() -> None:
    """It is waited for, and restarted, as before."""
    log = finding("WARNING DNS lookup failed: postgres: result=-2\n", POD, "pgbouncer")
    judgement = judged(refuses("server login has been failing, try again later (server_login_retry)", log=log))
    assert isinstance(judgement, Act)


CACHED = FAILING + 'cached error: password authentication failed for user "owner" (server_login_retry)'


@pytest.mark.parametrize(
    ("text", "forced", "other"),
    [
        ('password authentication failed for user "owner"', "", "owner"),
        ('password authentication failed for user "owner"', "owner", "owner"),
        ("server login failed: wrong password type", "owner", "owner"),
        (
            CACHED,
            "",
            "owner",
        ),
        ('password authentication failed for user "pooler"', "pooler", ""),
        ('password authentication failed for user "app"', "", ""),
        ("server login failed: wrong password type", "", ""),
    ],
)
def test_a_credential_of_another_role_is_told_as_that(text: str, forced: str, other: str) -> None:
    """That PostgreSQL lets in the role of the credential proves nothing of the one that the pooler uses: no restart."""
    pod = refuses(text)
    assert pod.console
    judgement = judged(replace(pod, console=replace(pod.console, forced_user=forced)))
    if not other:
        assert isinstance(judgement, Act)
        return
    assert isinstance(judgement, GiveUp)
    assert f'the pooler logs in as role "{other}", and secret/shop/pooler is of role "pooler"' in judgement.why
    assert "poolers.shop.credential" in judgement.hint


class Stopped(Partial):
    """A pooler whose one pod has the container, and that container's log."""

    def __init__(self, container: Container, log: str = "", events: tuple[Occurrence, ...] = ()) -> None:
        self.pod, self.log, self.events = a_pod("pooler-1", container), log, events
        self.asked: list[bool] = []

    def workload(self, ref: Ref) -> Workload:
        return a_deployment(ref=ref)

    def service(self, namespace: str, name: str) -> Service:
        return Service(Ref("service", namespace, name), "", ((6432, 6432),))

    def unpulled(self, _namespace: str) -> tuple[Pod, ...]:
        return ()

    def pods(self, _namespace: str, _selector: Any = None) -> tuple[Pod, ...]:
        return (self.pod,)

    def credentials(self, login: Login, *, fresh: bool = False) -> Credentials:
        return Credentials(login.secret.name, Secret("x"))

    def boot_time(self) -> BootTime:
        return THIS_BOOT

    def occurrences(self, about: Ref) -> tuple[Occurrence, ...]:
        return self.events

    def log_tail(self, pod: Ref, container: str, lines: int, *, previous: bool) -> str:
        self.asked.append(previous)
        return self.log

    def judged(self, held: float = 0.0) -> Judgement:
        seen = look(World(cluster=self, secrets=self, host=self, pod_access=self), POOLER)
        return STEP.judge(seen, past(first_seen=dict.fromkeys(seen.conditions, NOW - held)))


def loops(**fields: Any) -> Container:
    return waiting("CrashLoopBackOff", **{"name": "pgbouncer", "ended": BOOT + 20, "restarts": 4} | fields)


@pytest.mark.parametrize(
    ("line", "why", "hint"),
    [
        ("FATAL cannot load config file", "its pgbouncer.ini has an error", "logs --previous pooler-1 -c pgbouncer"),
        ("ERROR broken auth file", "its auth_file cannot be understood", "logs --previous pooler-1"),
        ("FATAL PgBouncer should not run as root", "started as root", "runAsUser"),
        ("FATAL TLS setup failed", "its own TLS key", "describe pod pooler-1"),
        ("WARNING cannot listen on 0.0.0.0:6432: bind(): Address already in use", "cannot listen", "listen_port"),
        ('ERROR could not load file "/etc/pgbouncer/pgbouncer.ini": No such file', "is not there", "describe pod"),
    ],
)
def test_a_pooler_that_does_not_start_is_explained_by_its_log(line: str, why: str, hint: str) -> None:
    """At once: it ends in the same way each time."""
    stopped = Stopped(loops(), f"2026-11-29 12:00:00.000 UTC [1] {line}\n")
    judgement = stopped.judged()
    assert isinstance(judgement, GiveUp)
    assert judgement.why.startswith("pod/shop/pooler-1 does not run yet: CrashLoopBackOff, 4 restarts; its log: ")
    assert why in judgement.why
    assert hint in judgement.hint
    assert stopped.asked == [True]


def test_a_pooler_whose_log_is_not_understood_is_quoted() -> None:
    """And the command that shows more is told, should it last."""
    judgement = Stopped(loops(), "/entrypoint.sh: line 3: envsubst:\x1b[1m not found\n").judged()
    assert isinstance(judgement, Wait)
    assert plain(judgement.why).endswith('its log ends with "/entrypoint.sh: line 3: envsubst:\\x1b[1m not found"')
    assert judgement.hint == "kubectl -n shop logs --previous pooler-1 -c pgbouncer"


@pytest.mark.parametrize(
    ("container", "why"),
    [
        (
            waiting("ImagePullBackOff", image="pgbouncer:9", message="Back-off pulling image"),
            "ImagePullBackOff of pgbouncer:9: Back-off pulling image",
        ),
        (
            waiting("CreateContainerConfigError", message='secret "pooler" not found'),
            'CreateContainerConfigError: secret "pooler" not found',
        ),
        (waiting("ContainerCreating"), "ContainerCreating"),
        (loops(ended=BOOT - 20), "CrashLoopBackOff, 4 restarts"),
        (Container("pgbouncer", State.TERMINATED, "OOMKilled", ended=BOOT + 9), "OOMKilled"),
    ],
)
def test_a_pooler_that_waits_is_told_with_image_and_message(container: Container, why: str) -> None:
    """A first failure, or one of the previous boot, is not judged by its log."""
    judgement = Stopped(container, "").judged()
    assert isinstance(judgement, Wait)
    assert judgement.why == f"pod/shop/pooler-1 does not run yet: {why}"
    assert "kubectl -n shop " in judgement.hint or judgement.hint.startswith("make what it names")


@pytest.mark.parametrize(
    ("version", "image", "fault"),
    [
        ("PgBouncer 1.25.0", "", "pgbouncer#1432); fixed in 1.25.1"),
        ("PgBouncer 1.25.2", "", "pgbouncer#1504); fixed in 1.26.0"),
        ("", "example/pgbouncer:1.25.1", "pgbouncer#1504); fixed in 1.26.0"),
        ("PgBouncer 1.24.1", "", ""),
        ("PgBouncer 1.26.1", "", ""),
        ("", "example/pgbouncer:latest", ""),
    ],
)
def test_a_version_with_a_known_fault_is_told(version: str, image: str, fault: str) -> None:
    """Before the next reboot brings it out; by the image's tag where the console does not tell."""
    console = Console({}, version=version) if version else None
    pod = PoolerPod(POD, "uid-1", Target("10.42.0.8", 6432, POD), OK, console, image=image)
    judgement = STEP.judge(PoolerObservation((pod,)), past())
    assert isinstance(judgement, Settled)
    assert any(fault in remark for remark in judgement.remarks) if fault else not judgement.remarks


def test_what_is_diagnosed_as_a_configuration_has_its_condition() -> None:
    """Its duration is remembered under its own name."""
    seen = PoolerObservation((refuses("SSL required"),), pooler=OK, application=OK)
    assert seen.diagnosis(seen.pods[0]) is Diagnosis.CONFIGURED
    assert "configured uid-1" in seen.conditions


@pytest.mark.parametrize(
    ("container", "events", "seconds", "why", "hint"),
    [
        (waiting("ErrImageNeverPull", message="absent"), (), 3, "ErrImageNeverPull", "ctr images import"),
        (
            waiting("CreateContainerConfigError", message='secret "pooler" not found'),
            (),
            120,
            'secret "pooler" not found',
            "make what it names",
        ),
        (
            waiting("ContainerCreating"),
            (Occurrence("FailedMount", 'MountVolume.SetUp failed : configmap "ini" not found', BOOT + 20),),
            120,
            "FailedMount: ",
            "ini",
        ),
    ],
)
def test_a_pooler_whose_container_cannot_start_is_judged_as_any_other(
    container: Container, events: tuple[Occurrence, ...], seconds: float, why: str, hint: str
) -> None:
    """What no time cures is given up as soon as it is certain, and waited for until then, both with its next step."""
    stopped = Stopped(replace(container, name="pgbouncer"), events=events)
    early, late = stopped.judged(seconds - 1), stopped.judged(seconds)
    assert isinstance(early, Wait)
    assert isinstance(late, GiveUp)
    for judged in (early, late):
        assert why in judged.why
        assert hint in judged.why + judged.hint


@pytest.mark.parametrize("message", ["context deadline exceeded", 'name "pgbouncer" is reserved for "4f0c"'])
def test_a_pooler_that_the_runtime_keeps_waiting_is_waited_for(message: str) -> None:
    """It passes."""
    assert isinstance(Stopped(waiting("CreateContainerError", message=message)).judged(600), Wait)
