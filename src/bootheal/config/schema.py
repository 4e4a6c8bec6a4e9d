"""What may be written in bootheal.yaml. Each field's description says what, unit and default, for editors too."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from bootheal.cluster.dead_pods import BY_DEFAULT, known

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h)?")
_UNITS = {None: 1, "s": 1, "m": 60, "h": 3600}


def _seconds(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if not (found := _DURATION.fullmatch(value.strip())):
        raise ValueError("it should be seconds, or like 90s, 30m, 2h")
    return float(found[1]) * _UNITS[found[2]]


def _text(value: Any) -> Any:
    """PgBouncer knows numbers and 0/1; YAML's own booleans mean the same."""
    if isinstance(value, bool):
        return str(int(value))
    return str(value) if isinstance(value, int | float) else value


def _no_nul(path: Path) -> Path:
    if "\0" in str(path):
        raise ValueError("a path cannot hold NUL")
    return path


def _known_reason(reason: str) -> str:
    if not known(reason):
        raise ValueError("no pod is known to die of this; kubectl get pods prints the reason under STATUS")
    return reason


Duration = Annotated[
    float, BeforeValidator(_seconds), Field(gt=0, le=30 * 86400, description="seconds, or like 90s, 30m, 2h")
]
Patience = Annotated[
    Duration, Field(description="for how long it is waited for, once what comes before it serves, until it has failed")
]
SoakTime = Annotated[
    float, BeforeValidator(_seconds), Field(ge=0, le=3600, description="seconds, or like 90s, 5m; 0 for none")
]
Name = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", max_length=253)]
Host = Annotated[str, Field(pattern=r"^[A-Za-z0-9.:-]+$")]
FilePath = Annotated[Path, AfterValidator(_no_nul)]
Port = Annotated[int, Field(ge=1, le=65535)]
Reason = Annotated[str, AfterValidator(_known_reason)]
Text = Annotated[str, BeforeValidator(_text), Field(pattern=r"^[^\r\n]*$")]
Latin = Annotated[str, Field(pattern=r"^[\x00-\xff]*$")]
UrlText = Annotated[str, Field(pattern=r"^https?://[!-~]+$")]
FluxName = Annotated[
    str,
    Field(
        pattern=r"^(kustomization|helmrelease|gitrepository|ocirepository|helmrepository)/[a-z0-9.-]+/[a-z0-9.-]+$",
        description="kind/namespace/name",
    ),
]
SettingName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
ClusterName = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=32)]
DockerAddress = Annotated[str, Field(pattern=r"^(unix|tcp|ssh)://\S+$")]
ContainerName = Annotated[str, Field(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9_.-]*$")]
RegistryName = Annotated[str, Field(pattern=r"^[a-zA-Z0-9.-]+(:[0-9]+)?$")]
UnitName = Annotated[str, Field(pattern=r"^([A-Za-z0-9_.@-]+\.service)?$")]
WorkloadName = Annotated[str, Field(pattern=r"^(deployment|statefulset|daemonset)/[a-z0-9.-]+/[a-z0-9.-]+$")]


class Model(BaseModel):
    """Unknown keys are errors; values don't change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Login(Model):
    """Where a user and a password are kept: a Secret in the namespace of whatever they are for."""

    secret: Name = Field(description="the Secret's name")
    user_key: str = Field("username", description="the Secret's key that holds the user")
    password_key: str = Field("password", description="the Secret's key that holds the password")
    user: str = Field("", description="the user, where the Secret has none")


class Credential(Login):
    """The pooler's own login to PostgreSQL."""

    reset: Literal["if-wrong", "always", "never"] = Field(
        "if-wrong", description="when to reset the role's password to the Secret's: on proof, once per boot, never"
    )


class Cluster(Model):
    """How to reach the cluster, and how to tell that it is of this boot."""

    kind: Literal["k3s", "k3d", "kubernetes"] = Field(
        "k3s",
        description="k3s: on this host, fresh when the node reports this host's boot id; "
        "k3d: in containers of this host's Docker; kubernetes: elsewhere",
    )
    name: ClusterName | None = Field(None, description="k3d only: the cluster's name, as `k3d cluster list` shows it")
    docker: DockerAddress | None = Field(
        None, description="Docker's socket; default: $DOCKER_HOST, else unix:///var/run/docker.sock"
    )
    start: Literal["when-stopped", "never"] = Field(
        "when-stopped", description="k3d only: whether containers that Docker has not brought back are started"
    )
    node_hosts: Literal["report", "restore"] = Field(
        "report", description="k3d only: what to do where CoreDNS has lost host.k3d.internal and the containers' names"
    )
    uncordon: bool = Field(
        default=False, description="whether a node that stays cordoned for a minute is made schedulable"
    )
    kubeconfig: FilePath | None = Field(
        None,
        description="default: /etc/rancher/k3s/k3s.yaml for k3s, the server container's for k3d, "
        "$KUBECONFIG for kubernetes",
    )
    context: str = Field("", description="a context of the kubeconfig; default: its current one")
    boot_id_file: FilePath = Field(
        Path("/proc/sys/kernel/random/boot_id"), description="k3s and k3d: where this host's boot id is read"
    )
    unit: UnitName = Field(
        "k3s.service", description='k3s only: its systemd unit, asked why the API server is not there; "" asks nobody'
    )
    restart_k3s: Literal["never", "once-per-boot"] = Field(
        "never",
        description="k3s only: whether bootheal may restart the unit, which is known to free reserved sandbox names "
        "and to bring back containerd's socket, after these have lasted two minutes",
    )
    reach: Literal["auto", "direct", "forward"] = Field(
        "auto", description="how pods are reached: directly (auto on k3s) or by port-forward (auto elsewhere)"
    )


class Registry(Model):
    """A registry of images beside the cluster."""

    url: Annotated[str, Field(pattern=r"^https?://[^/\s]+/?$")] = Field(description="where this host reaches it")
    container: ContainerName | None = Field(None, description="its container in this host's Docker")
    start: Literal["when-down", "never"] = Field(
        "never", description="whether the container is started when stopped, and restarted when silent for a minute"
    )
    images: list[RegistryName] = Field(
        default_factory=list,
        description="how images name it; default: by the host and port of the url, also as localhost, 127.0.0.1 "
        "and the container",
    )
    patience: Patience = 600.0


class Cleanup(Model):
    """Pods that the reboot killed."""

    namespaces: Annotated[list[Name], Field(min_length=1)] = Field(description="where it looks for them")
    grace: Duration = Field(60.0, description="how long a pod must have been dead: the kubelet restarts most by itself")
    cap: int = Field(25, ge=1, description="more dead pods than this in one boot are reported, and none is deleted")
    reasons: list[Reason] = Field(
        sorted(BY_DEFAULT), min_length=1, description="what pods must have died of, as `kubectl get pods` prints it"
    )
    log_lines: int = Field(
        20, ge=0, le=100, description="how many of a dead pod's last log lines are kept (readable by `bootheal status`)"
    )
    force_after: Duration | None = Field(
        None,
        description="how long a pod must have been overdue to be force-deleted, if its kubelet does not know it; "
        "default: never",
    )


class Check(Model):
    """A question about the data: one number, asked as the application's role in a read-only session."""

    name: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\r\n]*$")] = Field(
        description="how it is called in messages; what was good is remembered by it"
    )
    sql: Annotated[str, Field(min_length=1, description="a query whose first column of its first row is a number")]
    at_least: float | None = Field(None, description="less than this stops everything, exit code 3")
    may_shrink: Annotated[float, Field(ge=0)] | None = Field(
        None, description="by how much it may be less than in the last good boot; left out: it is not compared"
    )


class Backup(Model):
    """What makes backups of a database: its newest one is named when data is missing."""

    cronjob: Name = Field(description="the CronJob's name, in the database's namespace")


class Authority(Model):
    """Where the certificate of the authority is kept that signs the server's: in the database's namespace, or here."""

    secret: Name | None = Field(None, description="a Secret of the database's namespace")
    configmap: Name | None = Field(None, description="a ConfigMap of the database's namespace")
    file: FilePath | None = Field(None, description="a file of this host, instead of a Secret or ConfigMap")
    key: str = Field("ca.crt", description="the key of the Secret or ConfigMap")


class Tls(Model):
    """Demand TLS, and verify the server's certificate. Without this, TLS is used where it is offered, unverified."""

    ca: Authority
    verify: Literal["full", "ca"] = Field(
        "full", description="full: the certificate is for SERVICE.NAMESPACE.svc, or for the host; ca: for any name"
    )


class Database(Model):
    """A PostgreSQL, in the cluster or outside; its writable primary is found by asking."""

    namespace: Name = Field(description="where its pods are, and the Secrets that are named here")
    host: Host | None = Field(None, description="a server outside the cluster, instead of a Service or selector")
    service: Name | None = Field(None, description="the Service in front of it")
    selector: dict[str, str] = Field(default_factory=dict, description="labels of its pods, instead of the Service's")
    port: Port | None = Field(None, description="default: the Service's target port, else 5432")
    dbname: str = Field(description="the database to log in to, as PostgreSQL names it")
    mount: Annotated[str, Field(pattern=r"^/[^\x00]*[^/\x00]$")] | None = Field(
        None, description="k3s only: where the disk with its data must be mounted before anything is done"
    )
    tls: Tls | None = Field(None, description="default: TLS where the server offers it, unverified")
    admin: Login = Field(description="a role that may read pg_authid and alter the pooler's role")
    client: Login | None = Field(None, description="the application's login, to ask the checks with")
    checks: list[Check] = Field(default_factory=list, description="is the data still there? asked at each look")
    backup: Backup | None = Field(None, description="the CronJob whose newest Job is named when data is missing")
    patience: Duration = Field(1800.0, description="how long to wait for it; crash recovery does not count")


class SettingsIn(Model):
    """The ConfigMap that pgbouncer.ini comes from."""

    configmap: Name = Field(description="the ConfigMap's name, in the pooler's namespace")
    key: str = Field("pgbouncer.ini", description="its key that holds the file")
    path: str = Field(
        "/etc/pgbouncer/pgbouncer.ini", description="where pods have it; only needed where the console is closed to us"
    )


class AuthFile(Model):
    """The Secret that the pooler's auth_file is mounted from."""

    secret: Name = Field(description="the Secret's name, in the pooler's namespace")
    key: str = Field("userlist.txt", description="its key that holds the file")
    path: str = Field("/etc/pgbouncer/userlist.txt", description="where pods have it, if the console does not tell")


class Pooler(Model):
    """A PgBouncer Deployment in front of a database."""

    database: str = Field(description="which of the databases it leads to")
    namespace: Name | None = Field(None, description="default: the database's")
    deployment: Name = Field(description="the Deployment's name")
    service: Name = Field(description="the Service in front of it")
    port: Port | None = Field(None, description="what its pods listen on; default: the Service's target port")
    dbname: str | None = Field(None, description="the database as the pooler names it; default: the same name")
    credential: Credential
    console: Login | None = Field(None, description="who may use each pod's admin console; default: credential")
    client: Login = Field(description="the application's login, to prove the pooler with")
    auth_file: AuthFile | None = Field(
        None, description="where its auth_file comes from: verifiers in it are kept, its changes reloaded"
    )
    settings: dict[SettingName, Text] = Field(default_factory=dict, description="PgBouncer settings to keep in force")
    settings_in: SettingsIn | None = Field(None, description="also write the settings here, so that they persist")
    patience: Patience = 1800.0


class Probe(Model):
    """One question that proves that something serves: http, exec, sql or url; with neither, a TCP connection."""

    port: Port | None = Field(None, description="of the pod, for http, sql (default 5432) and TCP")
    http: Annotated[str, Field(pattern=r"^/[!-~]*$")] | None = Field(None, description="a path, asked of every pod")
    exec: Annotated[list[str], Field(min_length=1)] | None = Field(
        None, description="a command and its arguments, run in every pod; must end with 0; never a secret in it"
    )
    sql: str | None = Field(None, description="a question to PostgreSQL or a pooler in every pod")
    url: UrlText | None = Field(None, description="a front door, asked from this host as a browser would")
    status: Annotated[int, Field(ge=100, le=599)] | None = Field(
        None, description="the HTTP status to expect; default: any from 200 to 399"
    )
    send: Latin = Field("", description="TCP: what to say once connected")
    expect: Latin = Field("", description="TCP and exec: what the answer must hold; sql: the value it must be")
    container: Name | None = Field(None, description="exec: default is the pod's default container")
    dbname: str | None = Field(None, description="sql: the database to ask in")
    login: Login | None = Field(None, description="sql: who asks")
    ca: FilePath | None = Field(None, description="url: the authority of its certificate; default: this host's")
    insecure: bool = Field(default=False, description="url: take any certificate")
    address: str = Field("", description="url: where its name leads to, if this host can't tell")


class Gate(Model):
    """Something else that must serve before what comes after it, found by one of Service, selector, host or a URL."""

    namespace: Name | None = Field(None, description="where its pods are, or the Secret of an sql probe")
    service: Name | None = Field(None, description="the Service in front of it: every Ready pod behind it is asked")
    selector: dict[str, str] = Field(default_factory=dict, description="labels of its pods, instead of the Service's")
    host: Host | None = Field(None, description="a server outside the cluster, asked from this host")
    probe: Probe
    after: list[str] = Field(default_factory=list, description="what must serve first, as for workloads")
    patience: Patience = 1800.0


class Workload(Model):
    """A Deployment, StatefulSet or DaemonSet."""

    after: list[str] = Field(
        default_factory=list, description="what must serve first: pooler/…, database/…, deployment/…"
    )
    restart: Literal["if-needed", "always", "never"] = Field(
        "if-needed", description="if-needed leaves alone what is well; always: once per boot; never: only wait"
    )
    strategy: Literal["auto", "rollout", "scale", "delete-pods"] = Field(
        "auto",
        description="how to restart; auto: rollout, or delete-pods where a rollout might not end or would be undone; "
        "scale: to zero and back",
    )
    probe: Probe | None = None
    soak: SoakTime | None = Field(
        None, description="for how long it must have been well; default: 0 with a probe, else 5 s"
    )
    patience: Patience = 1800.0


class Hook(Model):
    """One thing that is done in each boot, once all that it comes after serves: reconcile, url or exec."""

    after: Annotated[list[str], Field(min_length=1)] = Field(description="what must serve first")
    reconcile: FluxName | None = Field(None, description="an object of Flux that is to be brought up to date at once")
    url: UrlText | None = Field(None, description="called from this host; never a secret in it")
    method: Literal["GET", "POST"] = Field("POST", description="url: how it is called")
    exec: Annotated[list[str], Field(min_length=1)] | None = Field(
        None, description="a command and its arguments, run in a ready pod of `workload`; never a secret in it"
    )
    workload: WorkloadName | None = Field(None, description="exec: in whose pod")
    container: Name | None = Field(None, description="exec: default is the pod's default container")
    status: Annotated[int, Field(ge=100, le=599)] | None = Field(None, description="url: the status to expect")
    ca: FilePath | None = Field(None, description="url: the authority of its certificate; default: this host's")
    insecure: bool = Field(default=False, description="url: take any certificate")
    address: str = Field("", description="url: where its name leads to, if this host can't tell")
    patience: Patience = 300.0


class File(Model):
    """All of bootheal.yaml."""

    cluster: Cluster = Cluster()
    state_directory: FilePath = Field(
        Path("/var/lib/bootheal"),
        description="what is remembered of each boot; another one the service may write to by ReadWritePaths= only; "
        "default /var/lib/bootheal",
    )
    metrics_file: FilePath | None = Field(
        None, description="for node_exporter's textfile collector: since when it heals, and the last run; default none"
    )
    deadline: Duration = Field(3600.0, description="how long a `run --once` may take in all")
    recheck: Duration = Field(
        60.0, description="how often the daemon looks at what is well, where no watch tells of changes; default 60 s"
    )
    max_parallel: int = Field(4, ge=1, description="how many workloads are restarted at a time")
    registry: Registry | None = None
    cleanup: Cleanup | None = None
    databases: dict[Name, Database] = Field(default_factory=dict)
    poolers: dict[Name, Pooler] = Field(default_factory=dict)
    gates: dict[Name, Gate] = Field(default_factory=dict)
    workloads: dict[WorkloadName, Workload] = Field(default_factory=dict)
    hooks: dict[Name, Hook] = Field(default_factory=dict)
