"""Other servers that applications need: how each is recognised, and how it is asked whether it serves. Pure.

Questions that need no password, and whose answer is the same with one and without. Where a password is asked for, the
refusal is the proof.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from bootheal.discovery import images
from bootheal.model.inventory import Box, Controller
from bootheal.probes import Exec, Http, Probe, Tcp


@dataclass(frozen=True, slots=True)
class Server:
    """A kind of server: the images that hold it, its usual port, and the question that proves it, by port and box."""

    name: str
    images: re.Pattern[str]
    port: int
    probe: Callable[[int, Box], Probe]


def _told(box: Box) -> set[str]:
    return {each.name for each in box.environment if hasattr(each, "name")}


def _redis(port: int, box: Box) -> Probe:
    """A Redis that asks for a password refuses PING with -NOAUTH: it serves all the same."""
    if _encrypted(box, "tls-port", "REDIS_TLS_ENABLED", "VALKEY_TLS_ENABLED"):
        return Tcp(port)
    secured = any("requirepass" in word or "aclfile" in word for word in box.words)
    secured |= bool(_told(box) & {"REDIS_PASSWORD", "VALKEY_PASSWORD", "REDIS_PASSWORD_FILE", "VALKEY_PASSWORD_FILE"})
    return Tcp(port, "PING\r\n", "-NOAUTH" if secured else "+PONG")


def _encrypted(box: Box, word: str, *variables: str) -> bool:
    said = {each.name: getattr(each, "value", "") for each in box.environment if hasattr(each, "name")}
    return any(word in each for each in box.words) or any(
        said.get(name, "").lower() in ("yes", "true", "1") for name in variables
    )


def _nats(port: int, _: Box) -> Probe:
    return Tcp(port, expect="INFO ")


def _memcached(port: int, _: Box) -> Probe:
    return Tcp(port, "version\r\n", "VERSION")


def _minio(port: int, box: Box) -> Probe:
    question = box.question
    if (question and question.kind == "https") or any(word.startswith("https:") for word in box.words):
        return Tcp(port)
    return Http(port, "/minio/health/ready")


def _mysql(port: int, _: Box) -> Probe:
    """The server speaks first; its greeting names the way to log in."""
    return Tcp(port, expect="_password")


def _mongodb(_: int, box: Box) -> Probe:
    tag = re.match(r"v?(\d{1,4})", images.parse(box.image).tag)
    shell = "mongo" if tag and int(tag[1]) < 5 else "mongosh"  # noqa: PLR2004 - the new shell came with 5.0
    return Exec(
        (shell, "--quiet", "--eval", "db.hello().ok" if shell == "mongosh" else "db.isMaster().ok"), box.name, "1"
    )


def _rabbitmq(_: int, box: Box) -> Probe:
    return Exec(("rabbitmq-diagnostics", "-q", "check_running"), box.name)


def _search(port: int, box: Box) -> Probe:
    """Either answers plain HTTP with its own name, or with 401; security may be on by default."""
    told = {each.name: getattr(each, "value", "") for each in box.environment if hasattr(each, "name")}
    off = (
        ("plugins.security.disabled", "DISABLE_SECURITY_PLUGIN"),
        ("xpack.security.enabled", "ELASTICSEARCH_ENABLE_SECURITY"),
    )
    if any(told.get(name, "").lower() == "true" for name in off[0]):
        return Http(port, "/")
    if any(told.get(name, "").lower() == "false" for name in off[1]):
        return Http(port, "/")
    return Tcp(port)


def _kong(_: int, box: Box) -> Probe:
    status = next((number for name, number in box.ports if name in ("status", "cmetrics")), 0)
    return Http(status or 8100, "/status")


def _tcp(port: int, _: Box) -> Probe:
    return Tcp(port)


SERVERS = (
    Server(
        "redis",
        re.compile(r"(?:redis|valkey|keydb|dragonfly|redis-stack(?:-server)?|redis-cluster|valkey-cluster)"),
        6379,
        _redis,
    ),
    Server("rabbitmq", re.compile(r"rabbitmq(?:-management)?"), 5672, _rabbitmq),
    Server(
        "mongodb", re.compile(r"(?:mongo|mongodb|mongodb-community-server|percona-server-mongodb)"), 27017, _mongodb
    ),
    Server(
        "mysql",
        re.compile(r"(?:mysql|mysql-server|mariadb|mariadb-galera|percona(?:-server)?|percona-xtradb-cluster)"),
        3306,
        _mysql,
    ),
    Server("kafka", re.compile(r"(?:kafka|kafka-native|cp-kafka|cp-server|redpanda)"), 9092, _tcp),
    Server("zookeeper", re.compile(r"(?:zookeeper|cp-zookeeper)"), 2181, _tcp),
    Server("nats", re.compile(r"(?:nats|nats-server|nats-streaming)"), 4222, _nats),
    Server("memcached", re.compile(r"memcached"), 11211, _memcached),
    Server("minio", re.compile(r"minio"), 9000, _minio),
    Server("elasticsearch", re.compile(r"(?:elasticsearch|elasticsearch-oss|opensearch)"), 9200, _search),
    Server("kong", re.compile(r"(?:kong|kong-gateway)"), 8000, _kong),
)


def recognise(box: Box) -> Server | None:
    """Return what a container serves, None where it is nothing that is known; its own sentinels are not it."""
    if not images.serves(box):
        return None
    name = images.parse(box.image).name
    found = next((server for server in SERVERS if server.images.fullmatch(name)), None)
    if found and any("sentinel" in word for word in (box.name, *box.words)):
        return None
    return found


def served(controller: Controller) -> tuple[Server, Box] | None:
    """Return the server among a workload's containers, where there is one."""
    return next(((found, box) for box in controller.boxes if (found := recognise(box))), None)


def port_of(server: Server, box: Box) -> int:
    """Return the port that a server listens on: the usual one, where the container declares it, or declares none."""
    numbers = [number for _, number in box.ports]
    if server.port in numbers or not numbers:
        return server.port
    named = {server.name, "tcp", "client", f"tcp-{server.name}", "amqp", "http", "api", "minio-api", "plaintext"}
    return next((number for name, number in box.ports if name in named), numbers[0])
