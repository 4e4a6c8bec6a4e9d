"""Which servers are greeted without any credentials, and what their answers tell. Pure.

A pod that is Ready proves nothing of a PostgreSQL: operators ship no readiness probe, and Patroni runs on without it.

Nothing is asked in SQL. That takes a login: a Secret whose value is read, for somebody who has only asked why a machine
is not well, and on machines for which nobody has written down whose login that would be. What the greeting answers
tells why nobody else gets in either; what only a login could tell (files that the next start will refuse, slots that
hold WAL, passwords that run out) is no reason why a machine does not come back now: `preflight` asks it, which has the
logins.
"""

from collections.abc import Iterator

from bootheal.causes import Evidence, Source
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
from bootheal.postgres.location import PORT

MOST = 20
POOLER_PORT = 6432
ALWAYS_THERE = "postgres"

# It took the connection, perhaps said whether it speaks TLS, and then no more.
NO_ANSWER = why_silent(TimeoutError())


def to_greet(scene: Scene) -> dict[tuple[Ref, str], tuple[Target, str]]:
    """Return whom to greet, by pod and container: where, since a Service must lead there, and at which database.

    A pooler is asked at none ("") whether it speaks: it may ask its server who we are, and log what that objects to.
    """
    relations, found = Relations(scene), dict[tuple[Ref, str], tuple[Target, str]]()
    for pod in scene.pods:
        if pod.deleting or pod.finished or not pod.ip or pod_doubt(pod, boot_time=scene.boot_time):
            continue
        if relations.workload_of(pod).kind in ("job", "cronjob"):
            continue
        server = next((each for each in pod.containers if _serves(each)), None)
        port = _port(pod, server, scene) if server else 0
        if server and port and len(found) < MOST:
            found[pod.ref, server.name] = Target(pod.ip, port, pod.ref), "" if is_pooler(server) else ALWAYS_THERE
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
        yield compared("ServerSilent", pod.ref, answer.text, since, container=container.name)
        return
    said = Evidence(
        source=Source.ANSWER,
        reason=answer.sqlstate,
        text=answer.text,
        about=pod.ref,
        container=container.name,
        image=container.image,
    )
    if found := SERVERS.recognise(said):
        recovers = found.cause.id == "server-starting"
        yield item(found, since, usual=RECOVERS_WITHIN_SECONDS if recovers else None)
