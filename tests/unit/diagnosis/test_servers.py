"""What servers answer to a greeting without any credentials, and what that tells of them."""

from dataclasses import replace

import pytest

from bootheal.diagnosis import diagnose, to_greet
from bootheal.model import Answer, Endpoint, Occurrence, Ref, Service, Target
from bootheal.model.scene import Greeted, Scene
from support.objects import BOOT, a_lease, running, waiting
from support.scenes import NOW, a_scene, pooler_pod, postgres_pod, roots, web_pod

POSTGRES, POOLER = Ref("pod", "shop", "postgres-0"), Ref("pod", "shop", "pooler-7c9-b")


def lead(app: str, *ports: int) -> Service:
    """A Service that leads to these ports of an application's pods."""
    return Service(Ref("service", "shop", app), "10.43.0.9", tuple((port, port) for port in ports), {"app": app})


SERVING = a_scene(services=(lead("postgres", 5432), lead("pooler", 6432), lead("web", 8000)), endpoints={})


def answering(about: Ref, answer: Answer, *, started: float = BOOT + 10) -> Scene:
    """A machine on which one server answers so; all else is well."""
    container = "postgres" if about == POSTGRES else "pooler"
    scene = a_scene(greeted=(Greeted(about, container, answer),))
    young = replace(postgres_pod(), containers=(running(name="postgres", image="postgres:16", started=started),))
    return replace(scene, pods=(young, pooler_pod(), web_pod()))


def refused(text: str, sqlstate: str = "08P01") -> Answer:
    return Answer(ok=False, spoke=True, sqlstate=sqlstate, text=text)


def silent(text: str) -> Answer:
    return Answer(ok=False, spoke=False, text=text)


def test_servers_are_greeted_where_a_service_leads_to_them() -> None:
    """A database and a pooler, by their images; no other program, and none that nobody is led to."""
    greeted = to_greet(SERVING)
    assert greeted == {
        (POSTGRES, "postgres"): (Target("10.42.0.5", 5432, POSTGRES), "postgres"),
        (POOLER, "pooler"): (Target("10.42.0.6", 6432, POOLER), ""),
    }
    assert to_greet(replace(SERVING, services=())) == {}
    entered = {Ref("service", "shop", "db"): (Endpoint("10.42.0.5", 5432),)}
    assert list(to_greet(replace(SERVING, services=(), endpoints=entered))) == [(POSTGRES, "postgres")]


@pytest.mark.parametrize(
    ("name", "image"),
    [
        ("postgrest", "postgrest/postgrest:v12.2.0"),
        ("supabase-meta", "supabase/postgres-meta:v0.80.0"),
        ("manager", "ghcr.io/cloudnative-pg/cloudnative-pg:1.27.0"),
        ("postgres-operator", "ghcr.io/zalando/postgres-operator:v1.14.0"),
        ("wait-for-postgres", "busybox:1.36"),
        ("postgres-mcp", "crystaldba/postgres-mcp"),
        ("postgresus", "rostislavdugin/postgresus:1"),
        ("pgpool", "bitnami/pgpool:4.5.4"),
        ("app", "postgres-ui:3"),
    ],
)
def test_what_is_only_called_like_a_database_is_not_greeted_as_one(name: str, image: str) -> None:
    """It would not understand, and be told as a server that is silent."""
    pod = replace(postgres_pod(), containers=(running(name=name, image=image, started=BOOT + 10),))
    assert to_greet(replace(SERVING, pods=(pod,), services=(lead("postgres", 8080),))) == {}


@pytest.mark.parametrize(
    ("name", "image"),
    [
        ("postgres", "ghcr.io/cloudnative-pg/postgresql:17.2"),
        ("database", "registry.example.org/crunchydata/crunchy-postgres:ubi9-17.2-2520"),
        ("postgres", "registry.local:5000/our-own:1"),
        ("shop-postgres-16", "registry.local:5000/our-own:1"),
        ("db", "tensorchord/vchord-postgres:pg17-v0.4.2"),
        ("web-db", "postgres:17-alpine"),
        ("postgresql", "timescale/timescaledb-ha:pg16"),
    ],
)
def test_a_database_is_known_by_its_image_or_else_its_name(name: str, image: str) -> None:
    """Of operators, charts and by hand."""
    pod = replace(postgres_pod(), containers=(running(name=name, image=image, started=BOOT + 10),))
    assert len(to_greet(replace(SERVING, pods=(pod,)))) == 1


@pytest.mark.parametrize(
    ("ports", "port"), [((9187, 5432), 5432), ((5433,), 5433), ((9187, 8008), None)], ids=["usual", "only", "unknown"]
)
def test_a_server_is_greeted_at_its_own_port(ports: tuple[int, ...], port: int | None) -> None:
    """Not at that of its metrics."""
    greeted = to_greet(replace(SERVING, services=(lead("postgres", *ports),)))
    assert [target.port for target, _ in greeted.values()] == ([port] if port else [])


def test_what_does_not_run_or_is_to_end_is_not_greeted() -> None:
    """There is nobody in it."""
    stopped = replace(postgres_pod(), containers=(waiting("CrashLoopBackOff", name="postgres", image="postgres:16"),))
    for pod in (stopped, postgres_pod(deleting=True), postgres_pod(ip=""), postgres_pod(phase="Succeeded")):
        assert to_greet(replace(SERVING, pods=(pod,))) == {}


@pytest.mark.parametrize(
    ("about", "answer", "cause"),
    [
        # Ready, as of operators without a readiness probe, and nobody listens: Patroni runs on without PostgreSQL
        (POSTGRES, silent("connection refused"), "server-silent"),
        (POSTGRES, silent("no answer in time"), "server-silent"),
        (POSTGRES, refused("sorry, too many clients already", "53300"), "server-crowded"),
        (POSTGRES, refused('could not open file "global/pg_filenode.map"', "58P01"), "server-data-damaged"),
        (POSTGRES, refused("invalid page in block 0 of relation global/1262", "XX001"), "server-data-damaged"),
        (POSTGRES, Answer(ok=False, spoke=True, text="no answer in time"), "server-silent"),
        (POOLER, silent("connection refused"), "server-silent"),
    ],
)
def test_what_a_server_says_of_itself_is_told(about: Ref, answer: Answer, cause: str) -> None:
    """Although its pod is Ready, and nobody has given us a password."""
    found = diagnose(answering(about, answer))
    assert roots(found) == [(cause, str(about))]
    assert found.found[0].finding.next_step
    assert found.exit_code == (3 if "damaged" in cause else 1)


@pytest.mark.parametrize(
    ("about", "answer"),
    [
        (POSTGRES, Answer(ok=True, spoke=True)),
        (POSTGRES, refused('no pg_hba.conf entry for host "10.0.0.9", user "bootheal", database "postgres"', "28000")),
        (POSTGRES, refused('role "bootheal" does not exist', "28000")),
        (POSTGRES, refused('database "postgres" does not exist', "3D000")),
        (POSTGRES, refused("connection requires a valid client certificate", "28000")),
        (POSTGRES, refused("the database system is not accepting connections", "57P03")),
        (POSTGRES, Answer(ok=False, spoke=True, text="answers, but not in PostgreSQL's protocol")),
        (POOLER, Answer(ok=True, spoke=True)),
    ],
)
def test_what_it_says_of_a_stranger_is_no_fault(about: Ref, answer: Answer) -> None:
    """That role and that database need not be there: whoever refuses them serves."""
    found = diagnose(answering(about, answer))
    assert (found.found, found.passing) == ((), ())


def test_a_server_that_recovers_is_no_fault_for_hours() -> None:
    """Crash recovery is at work; after the longest that is believed it is told."""
    starting = refused("the database system is starting up", "57P03")
    found = diagnose(answering(POSTGRES, starting))
    assert [each.id for each in found.passing] == ["server-starting"]
    assert found.found == ()
    later = BOOT + 7 * 3600
    old = replace(answering(POSTGRES, starting), now=later, leases={"box": a_lease(renewed=later - 5)})
    assert roots(diagnose(old)) == [("server-starting", str(POSTGRES))]


def test_a_young_server_may_be_silent_for_a_while() -> None:
    """It has just been started."""
    found = diagnose(answering(POSTGRES, silent("connection refused"), started=NOW - 20))
    assert (found.found, [each.id for each in found.passing]) == ((), ["server-silent"])


def test_an_event_of_the_pod_and_the_answer_are_both_told() -> None:
    """Of one container the graver counts."""
    container = running(name="postgres", image="postgres:16", ready=False, restarts=3, started=NOW - 30, ended=NOW - 31)
    pod = postgres_pod(ready=False, containers=(container,))
    killing = Occurrence("Killing", "Container postgres failed liveness probe, will be restarted", NOW - 61, "postgres")
    starting = Greeted(pod.ref, "postgres", refused("the database system is starting up", "57P03"))
    scene = a_scene(pods=(pod, pooler_pod(), web_pod()), events={pod.ref: (killing,)}, greeted=(starting,))
    assert ("probe-kills", str(POSTGRES)) in roots(diagnose(scene))
