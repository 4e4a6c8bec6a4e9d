"""A look at a pooler: each pod's console, a login through each, the Service; on failure PostgreSQL itself."""

from collections.abc import Sequence
from dataclasses import replace

from bootheal.causes.pods import not_made, turned_away
from bootheal.causes.server_pods import serving
from bootheal.cluster import refusals
from bootheal.cluster.freshness import pod_doubt, service_doubt
from bootheal.cluster.starting import finished
from bootheal.errors import PermanentError, TransientError
from bootheal.model import Answer, Credentials, Document, Pod, Service, Target, Workload
from bootheal.model.quoted import quoted
from bootheal.model.sqlstates import RECOVERING
from bootheal.pgbouncer.down import CONTAINERS, Down, down, log_of
from bootheal.pgbouncer.files import same_file
from bootheal.pgbouncer.knowledge import Meaning, understand
from bootheal.pgbouncer.observation import VAGUE, Pooler, PoolerObservation
from bootheal.pgbouncer.pod import RETRY, STARVED, PoolerPod, noted
from bootheal.ports import World
from bootheal.postgres.primary import TIMEOUT_SECONDS, find

# A login that is not served this soon is worth the loan; with the loan out, real slowness is waited for. What the way
# takes, as through a port-forward while everything starts, comes on top: the console was asked by the same.
PROMPT_SECONDS = 1.0
PATIENT_SECONDS = 3.0


def look(world: World, pooler: Pooler) -> PoolerObservation:
    """Ask each pod's console, log in through each, then judge the Services; on failure ask PostgreSQL itself."""
    workload = world.cluster.workload(pooler.deployment)
    service = world.cluster.service(pooler.deployment.namespace, pooler.service)
    there = sorted(world.cluster.pods(pooler.deployment.namespace, workload.selector), key=lambda pod: pod.ref)
    boot_time = world.host.boot_time()
    client, console = world.secrets.credentials(pooler.client), world.secrets.credentials(pooler.console)
    pods: list[PoolerPod] = []
    doubts: list[str] = []
    stopped: list[Down] = []
    for pod in (each for each in there if not (each.deleting or each.finished)):
        if doubt := pod_doubt(pod, boot_time=boot_time):
            doubts.append(doubt)
        elif lies := down(world, pod, boot_time):
            stopped.append(lies)
            doubts.append(str(lies))
        else:
            target = Target(pod.ip, _port(pooler, service, pod), pod.ref, auth=pooler.auth)
            pods.append(_pod(world, pooler, pod, target, client=client, console=console))
    roles = (world.secrets.credentials(pooler.credential).user, client.user)
    seen = PoolerObservation(tuple(pods), tuple(doubts), wanted=workload.desired, down=tuple(stopped), roles=roles)
    if not (pods or doubts):
        seen = _absent(workload, there, seen)
    if pooler.settings_in:
        seen = replace(seen, document=world.cluster.document(*pooler.settings_in))
    if pods and not seen.failing:
        asked = {each.ref for each in pods}
        through = [pod for pod in there if pod.ref in asked]
        doubt = _service(world, pooler, service, through, client)
        if not doubt and pooler.database.service:  # nobody before has waited for it: they needed the primary only
            doubt = find(world, pooler.database).service
        return replace(_with_files(world, pooler, seen), service=doubt)
    if not all(seen.to_lend(pod) for pod in seen.failing):
        seen = _with_logs(world, _direct(world, pooler, seen, client))
    return _with_refusals(world, pooler, _with_files(world, pooler, seen), there)


def _with_refusals(world: World, pooler: Pooler, seen: PoolerObservation, there: Sequence[Pod]) -> PoolerObservation:
    """Ask what would keep successors out: who is deleted for a restart must be able to come back."""
    if not seen.failing:
        return seen
    namespace = pooler.deployment.namespace
    found = refusals.look(world.cluster, namespace, world.cluster.unpulled(namespace))
    by_uid = {pod.uid: pod for pod in there}
    return replace(seen, pods=tuple(replace(pod, kept_out=found.of(by_uid[pod.uid])) for pod in seen.pods))


def _with_logs(world: World, seen: PoolerObservation) -> PoolerObservation:
    """Read what the logs say of those whose answer does not say enough."""
    pods = (
        replace(pod, log=log_of(world, pod.ref, pod.container)) if seen.diagnosis(pod) in VAGUE else pod
        for pod in seen.pods
    )
    return replace(seen, pods=tuple(pods))


def _pod(
    world: World, pooler: Pooler, pod: Pod, target: Target, *, client: Credentials, console: Credentials
) -> PoolerPod:
    container = serving(pod, CONTAINERS)
    lent = noted(pod.lent) if pooler.noted else None
    where = PoolerPod(pod.ref, pod.uid, target, STARVED, noted=lent, node=pod.node)
    if container:
        where = replace(where, container=container.name, image=container.image)
    try:
        shown = world.pooler.read(target, console, pooler.dbname)
    except (TransientError, PermanentError) as error:
        login = world.postgres.ask(target, client, pooler.dbname, timeout=PATIENT_SECONDS)
        return replace(
            where,
            login=login,
            refused=str(error),
            hint=error.hint,
            transient=isinstance(error, TransientError),
            denied=pooler.console == pooler.credential and understand(str(error)) is Meaning.CLIENT,
        )
    starved = replace(where, console=shown)
    ours = {client.user, shown.forced_user, world.secrets.credentials(pooler.credential).user}
    if shown.starved & ours and RETRY in starved.lendable:
        return starved  # a login of ours would only wait with the others
    timeout = min(PROMPT_SECONDS + shown.took, PATIENT_SECONDS) if RETRY in starved.lendable else PATIENT_SECONDS
    return replace(starved, login=world.postgres.ask(target, client, pooler.dbname, timeout=timeout))


def _direct(world: World, pooler: Pooler, seen: PoolerObservation, client: Credentials) -> PoolerObservation:
    """Log in as both roles without the pooler; as the application only where the pooler uses its role, too."""
    servers, dbname = find(world, pooler.database), pooler.database.dbname
    if servers.primary is None:
        busy = servers.answered(*RECOVERING)
        answer = busy.answer if busy else Answer(ok=False, spoke=False, text=servers.why_none)
        return replace(seen, pooler=answer)
    own = world.secrets.credentials(pooler.credential)
    seen = replace(seen, pooler=world.postgres.ask(servers.primary, own, dbname, timeout=TIMEOUT_SECONDS))
    if any(pod.console and pod.console.forced_user for pod in seen.pods):
        return seen
    application = world.postgres.ask(servers.primary, client, dbname, timeout=TIMEOUT_SECONDS)
    return replace(seen, application=application)


def _with_files(world: World, pooler: Pooler, seen: PoolerObservation) -> PoolerObservation:
    """Compare a pod's files with what is declared, where the comparison decides something."""
    return replace(seen, pods=tuple(_compared(world, pooler, pod, seen.document) for pod in seen.pods))


def _compared(world: World, pooler: Pooler, pod: PoolerPod, document: Document | None) -> PoolerPod:
    blamed = pod.denied or understand(pod.login.text) in (Meaning.REFUSED, Meaning.CLIENT)
    if pooler.auth_file and not pod.login.ok and blamed:
        declared = world.secrets.credentials(pooler.auth_file).password.reveal()
        shown = pod.console.settings.get("auth_file") if pod.console else None
        path = shown.value if shown else pooler.auth_path
        return replace(pod, same_file=same_file(world.pod_access, pod.ref, path, declared))
    if document and not pod.console and not pod.transient and pooler.settings:
        return replace(pod, same_ini=same_file(world.pod_access, pod.ref, pooler.settings_path, document.text))
    return pod


def _service(world: World, pooler: Pooler, service: Service, pods: list[Pod], client: Credentials) -> str:
    """Say why the Service may not lead to `pods`, which serve: by a login where we reach it, else by its slices."""
    endpoints = world.cluster.endpoints(service.ref.namespace, service.ref.name)
    neighbours = world.cluster.pods(service.ref.namespace)  # another pooler may be behind it, too
    asked = [pod.ref for pod in pods]
    if doubt := service_doubt(service, endpoints, neighbours, boot_time=world.host.boot_time(), asked=asked):
        return doubt
    if not world.direct or not service.cluster_ip:
        return ""
    port = next((port for pod in pods if (port := service.port_to(pod, _port(pooler, service, pod)))), 0)
    if not port:
        return f"{service.ref} has no port that leads to the pooler"
    answer = world.postgres.ask(
        Target(service.cluster_ip, port, auth=pooler.auth), client, pooler.dbname, timeout=PATIENT_SECONDS
    )
    return "" if answer.ok else f"login through {service.ref}: {answer}"


def _port(pooler: Pooler, service: Service, pod: Pod) -> int:
    port = pooler.port or service.port_on(pod)
    if not port:
        raise PermanentError(f"cannot tell the port of {service.ref}: it has none", hint="name the pooler's port")
    return port


def _absent(workload: Workload, there: Sequence[Pod], seen: PoolerObservation) -> PoolerObservation:
    """Say why none lives; where one does, what has ended is only left behind."""
    ended = [pod for pod in there if pod.finished and not pod.deleting]
    refused = not_made(workload.ref, workload.refused) if workload.refused else None
    told = refused or turned_away(ended)
    why = [_no_pod(workload)] if workload.refused or not there else [finished(pod) for pod in ended]
    return replace(seen, doubts=tuple(why), hint=told.next_step if told else "")


def _no_pod(workload: Workload) -> str:
    if workload.desired == 0:
        return f"{workload.ref} is scaled to zero"
    why = f": its pods cannot be created: {quoted(workload.refused)}" if workload.refused else " yet"
    return f"{workload.ref} has no pod{why}"
