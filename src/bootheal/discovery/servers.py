"""Other servers that applications need: how each is recognised, and how it is asked whether it serves. Pure.

Questions that need no password, and whose answer is the same with one and without. Where a password is asked for, the
refusal is the proof.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from bootheal.discovery import images, workloads
from bootheal.discovery.container_config import ContainerConfig
from bootheal.model.inventory import Box, Controller
from bootheal.probes import Exec, Http, Probe, Tcp


@dataclass(frozen=True, slots=True)
class Server:
    """A kind of server: the images that hold it, its usual port, and the question that proves it, by port and box."""

    name: str
    images: re.Pattern[str]
    port: int
    probe: Callable[[int, ContainerConfig], Probe]


def _row(name: str, called: str, port: int, probe: Callable[[int, ContainerConfig], Probe]) -> Server:
    return Server(name, re.compile(called), port, probe)


def _tcp(port: int, _: ContainerConfig) -> Probe:
    return Tcp(port)


def _own(port: int, config: ContainerConfig) -> Probe:
    """Its own readinessProbe, where it has one: what it answers on depends on its version, or on what it is told."""
    probe, _ = workloads.asked(config.box)
    return probe or Tcp(port)


def _redis(port: int, config: ContainerConfig) -> Probe:
    """A Redis that asks for a password refuses PING with -NOAUTH: it serves all the same.

    Where it cannot be told whether it does, neither answer is waited for.
    """
    if config.says("tls-port") or config.switched_on("REDIS_TLS_ENABLED", "VALKEY_TLS_ENABLED"):
        return Tcp(port)
    secured = config.says("requirepass", "aclfile", "user default", "default on")
    passwords = config.has("REDIS_PASSWORD", "VALKEY_PASSWORD", "REDIS_PASSWORD_FILE", "VALKEY_PASSWORD_FILE")
    if not secured and images.parse(config.box.image).owner.startswith("bitnami"):
        secured = passwords  # its image goes by them; others go by what they make of them
    elif config.says("nopass") or (not secured and (config.hidden or passwords)):
        return _own(port, config)
    return Tcp(port, "PING\r\n", "-NOAUTH" if secured else "+PONG")


def _nats(port: int, _: ContainerConfig) -> Probe:
    return Tcp(port, expect="INFO ")


def _memcached(port: int, config: ContainerConfig) -> Probe:
    """With a password it speaks its binary protocol only."""
    if "-S" in config.box.words or config.has("MEMCACHED_PASSWORD", "MEMCACHED_PASSWORD_FILE"):
        return Tcp(port)
    return Tcp(port, "version\r\n", "VERSION")


def _minio(port: int, config: ContainerConfig) -> Probe:
    question = config.box.question
    if (question and question.kind == "https") or any(word.startswith("https:") for word in config.box.words):
        return Tcp(port)
    return Http(port, "/minio/health/ready")


def _mysql(port: int, _: ContainerConfig) -> Probe:
    """The server speaks first; its greeting names the way to log in."""
    return Tcp(port, expect="_password")


def _mongodb(port: int, config: ContainerConfig) -> Probe:
    if config.says("requireTLS", "requireSSL", "--tls", "--ssl") or config.switched_on("MONGODB_ENABLE_TLS"):
        return Tcp(port)
    tag = re.match(r"v?(\d{1,4})", images.parse(config.box.image).tag)
    shell = "mongo" if tag and int(tag[1]) < 5 else "mongosh"  # noqa: PLR2004 - the new shell came with 5.0
    where = () if port == _MONGODB else ("--port", str(port))
    question = "db.hello().ok" if shell == "mongosh" else "db.isMaster().ok"
    return Exec((shell, *where, "--quiet", "--eval", question), config.box.name, "1")


def _rabbitmq(_: int, config: ContainerConfig) -> Probe:
    return Exec(("rabbitmq-diagnostics", "-q", "check_running"), config.box.name)


def _search(port: int, config: ContainerConfig) -> Probe:
    """Either answers plain HTTP with its own name, or with 401; security may be on by default."""
    off = config.switched_on("plugins.security.disabled", "DISABLE_SECURITY_PLUGIN")
    off |= any(
        config.value(name).lower() == "false" for name in ("xpack.security.enabled", "ELASTICSEARCH_ENABLE_SECURITY")
    )
    return Http(port, "/") if off else Tcp(port)


def _kong(port: int, config: ContainerConfig) -> Probe:
    """Only where it has been told to answer on a port for that."""
    named = (number for name, number in config.box.ports if name in ("status", "cmetrics"))
    said = re.search(r"(?:0\.0\.0\.0|\[::\]):(\d{1,5})", config.value("KONG_STATUS_LISTEN"))
    status = next(named, int(said[1]) if said else 0)
    return Http(status, "/status") if status else Tcp(port)


def _clickhouse(port: int, config: ContainerConfig) -> Probe:
    return Http(port, "/ping") if port == _CLICKHOUSE else _own(port, config)


def _health(port: int, _: ContainerConfig) -> Probe:
    return Http(port, "/health")


# What an image is called that holds such a server with more in it: shop-redis, mysql-db.
_AKIN = re.compile(
    r"(?:.*[-_.])?(redis|valkey|keydb|rabbitmq|mongo|mongodb|mysql|mariadb|kafka|memcached|elasticsearch|opensearch|"
    r"cassandra|clickhouse|minio|zookeeper|nats)(?:[-_.\d].*)?"
)

_MONGODB, _CLICKHOUSE = 27017, 8123

SERVERS = (
    _row(
        "redis",
        r"redis|valkey|keydb|dragonfly|redis-stack(?:-server)?|(?:redis|valkey)-cluster|redis-photon",
        6379,
        _redis,
    ),
    _row("rabbitmq", r"rabbitmq(?:-management)?", 5672, _rabbitmq),
    _row("mongodb", r"mongo|mongodb|mongodb-community-server|percona-server-mongodb", 27017, _mongodb),
    _row(
        "mysql", r"mysql|mysql-server|mariadb|mariadb-galera|percona(?:-server)?|percona-xtradb-cluster", 3306, _mysql
    ),
    _row("kafka", r"kafka|kafka-native|cp-kafka|cp-server|redpanda", 9092, _tcp),
    _row("zookeeper", r"zookeeper|cp-zookeeper", 2181, _tcp),
    _row("nats", r"nats|nats-server|nats-streaming", 4222, _nats),
    _row("memcached", r"memcached", 11211, _memcached),
    _row("minio", r"minio", 9000, _minio),
    _row("s3", r"rustfs|silo", 9000, _own),
    _row("elasticsearch", r"elasticsearch|elasticsearch-oss|opensearch", 9200, _search),
    _row("kong", r"kong|kong-gateway", 8000, _kong),
    _row("clickhouse", r"clickhouse|clickhouse-server", 8123, _clickhouse),
    _row("influxdb", r"influxdb|influxdb3?-core", 8086, _own),
    _row("mqtt", r"eclipse-mosquitto|mosquitto|emqx|emqx-enterprise|vernemq|rumqttd", 1883, _own),
    _row("cassandra", r"cassandra|scylla|dse-server", 9042, _tcp),
    _row("couchdb", r"couchdb", 5984, _own),
    _row("meilisearch", r"meilisearch", 7700, _health),
    _row("typesense", r"typesense", 8108, _health),
    _row("qdrant", r"qdrant", 6333, _own),
    _row("sqlserver", r"mssql/server|azure-sql-edge", 1433, _tcp),
    _row("etcd", r"etcd", 2379, _own),
    _row("neo4j", r"neo4j", 7687, _tcp),
    _row("ferretdb", r"ferretdb|ferretdb-eval", 27017, _tcp),
    _row("artemis", r"activemq-artemis|activemq-classic|activemq|artemis", 61616, _tcp),
)


def recognise(box: Box) -> Server | None:
    """Return what a container serves, None where it is nothing that is known; its own sentinels are not it."""
    if not images.serves(box):
        return None
    image = images.parse(box.image)
    called = (image.name, f"{image.owner}/{image.name}")
    found = next((server for server in SERVERS if any(map(server.images.fullmatch, called))), None) or _akin(box)
    if found and any("sentinel" in word for word in (box.name, *box.words)):
        return None
    return found


def _akin(box: Box) -> Server | None:
    """Return what an image of somebody's own is called after, where it opens the port of that: its own probe asks."""
    word = _AKIN.fullmatch(images.parse(box.image).name)
    found = next((server for server in SERVERS if word and server.images.fullmatch(word[1])), None)
    if found is None or found.port not in {number for _, number in box.ports}:
        return None
    return replace(found, probe=_own)


def served(controller: Controller) -> tuple[Server, Box] | None:
    """Return the server among a workload's containers, where there is one."""
    return next(((found, box) for box in controller.boxes if (found := recognise(box))), None)


def port_of(server: Server, box: Box, opened: frozenset[int]) -> int:
    """Return the port that a server listens on: the usual one, unless the container declares others only.

    `opened` are the ports that Services lead to: a container need not declare what it opens.
    """
    numbers = [number for _, number in box.ports]
    if server.port in opened.union(numbers) or not numbers:
        return server.port
    named = {
        server.name,
        "tcp",
        "client",
        f"tcp-{server.name}",
        "amqp",
        "http",
        "api",
        "minio-api",
        "plaintext",
        "mqtt",
        "cql",
    }
    return next((number for name, number in box.ports if name in named), numbers[0])
