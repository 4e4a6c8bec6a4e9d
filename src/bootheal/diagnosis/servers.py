"""Which servers are greeted without any credentials, and what their answers tell. Pure.

A pod that is Ready proves nothing of a PostgreSQL: operators ship no readiness probe, and Patroni runs on without it.
"""

from collections.abc import Iterator

from bootheal.causes import Evidence, Finding, Source
from bootheal.causes.answers import SERVERS
from bootheal.cluster.freshness import pod_doubt
from bootheal.diagnosis.item import Item
from bootheal.diagnosis.logs import is_database, is_pooler
from bootheal.diagnosis.relations import Relations
from bootheal.diagnosis.seen import compared, item, lasting
from bootheal.errors import why_silent
from bootheal.model import Container, Pod, Ref, State, Target
from bootheal.model.scene import Scene
from bootheal.model.sqlstates import RECOVERS_WITHIN_SECONDS
from bootheal.pgbouncer.knowledge import refusal
from bootheal.postgres.primary import PORT

MOST = 20
POOLER_PORT = 6432

# It took the connection, perhaps said whether it speaks TLS, and then no more.
NO_ANSWER = why_silent(TimeoutError())

# What a pooler says of its own, or of its server: the rest is about a role and a database that need not be there.
_OF_ITSELF = (
    "pgbouncer-server-",
    "pgbouncer-backs-off",
    "pgbouncer-crowded",
    "pgbouncer-exhausted",
    "pgbouncer-shutting-down",
    "pgbouncer-configuration-error",
)


def to_greet(scene: Scene) -> dict[tuple[Ref, str], Target]:
    """Return which servers are worth a greeting, by pod and container, and where: a Service must lead there."""
    relations, found = Relations(scene), dict[tuple[Ref, str], Target]()
    for pod in scene.pods:
        if pod.deleting or pod.finished or not pod.ip or pod_doubt(pod, boot_time=scene.boot_time):
            continue
        if relations.workload_of(pod).kind in ("job", "cronjob"):
            continue
        server = next((each for each in pod.containers if _serves(each)), None)
        port = _port(pod, server, scene) if server else 0
        if server and port and len(found) < MOST:
            found[pod.ref, server.name] = Target(pod.ip, port, pod.ref)
    return found


def _serves(container: Container) -> bool:
    return container.state is State.RUNNING and (is_pooler(container) or is_database(container))


def _port(pod: Pod, server: Container, scene: Scene) -> int:
    """Return the usual port where a Service leads to it, else the only one: others are of metrics and the like.

    Patroni enters the primary's address itself, in a Service without a selector.
    """
    namespace = pod.ref.namespace
    ours = (each for each in scene.services if each.ref.namespace == namespace and each.selects(pod))
    ports = {port for service in ours for port in service.ports_on(pod)}
    entered = (each for about, all_of in scene.endpoints.items() if about.namespace == namespace for each in all_of)
    ports |= {each.port for each in entered if each.address == pod.ip}
    usual = (POOLER_PORT, PORT) if is_pooler(server) else (PORT,)
    return next((port for port in usual if port in ports), ports.pop() if len(ports) == 1 else 0)


def told_by(pod: Pod, container: Container, scene: Scene) -> Iterator[Item]:
    """Yield what its server's answer tells, where it is of the server itself."""
    whose = pod.ref, container.name
    answer = next((each.answer for each in scene.greeted if (each.pod, each.container) == whose), None)
    if answer is None or answer.ok:
        return
    since = lasting(scene, container.started)
    if not answer.spoke or answer.text == NO_ANSWER:
        word = "PoolerWaits" if is_pooler(container) and answer.spoke else "ServerSilent"
        yield compared(word, pod.ref, answer.text, since, container=container.name)
        return
    found: Finding | None
    if is_pooler(container):
        found = refusal(answer.text, pod.ref, container.name)
        found = found if found and found.cause.id.startswith(_OF_ITSELF) else None
    else:
        said = Evidence(
            source=Source.ANSWER,
            reason=answer.sqlstate,
            text=answer.text,
            about=pod.ref,
            container=container.name,
            image=container.image,
        )
        found = SERVERS.recognise(said)
    if found:
        recovers = found.cause.id == "server-starting"
        yield item(found, since, usual=RECOVERS_WITHIN_SECONDS if recovers else None)
