"""Other servers beside the shop's database, as people run them, and a worker that needs all of them. Pure manifests.

The images are real ones by name; what runs in their place answers as they do to whoever asks whether they serve.
"""

from __future__ import annotations

from dataclasses import dataclass

from bootheal.demo.objects.kinds import Object
from bootheal.demo.shop import metadata, service, workload

WORKER = "demo/worker"
_HTTP = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


@dataclass(frozen=True, slots=True)
class Other:
    """A server: what its container is like, how it greets, what it answers, and how the worker is told of it."""

    name: str
    image: str
    port: int
    url: str
    says: str = ""
    answers: str = ""
    kind: str = "StatefulSet"
    more: tuple[Object, ...] = ()
    """Further variables."""


OTHERS = (
    Other("redis", "redis:7.2-alpine", 6379, "REDIS_URL=redis://{}/0", answers="+PONG\r\n"),
    Other("rabbitmq", "rabbitmq:3.13-management", 5672, "AMQP_URL=amqp://{}/"),
    Other("mongodb", "mongo:7.0", 27017, "MONGO_URL=mongodb://{}/shop"),
    Other(
        "mysql", "mysql:8.4", 3306, "LEGACY_DATABASE_URL=mysql://{}/shop", says="J\0\0\08.4.0\0caching_sha2_password\0"
    ),
    Other("kafka", "apache/kafka:3.8.0", 9092, "KAFKA_BROKERS={}"),
    Other("nats", "nats:2.10", 4222, "NATS_URL=nats://{}", says="INFO {}\r\n", kind="Deployment"),
    Other("memcached", "memcached:1.6", 11211, "CACHE_ADDRESS={}", answers="VERSION 1.6\r\n", kind="Deployment"),
    Other("minio", "minio/minio:latest", 9000, "S3_ENDPOINT=http://{}", answers=_HTTP),
    Other(
        "search",
        "opensearchproject/opensearch:2.17.0",
        9200,
        "SEARCH_URL=http://{}",
        answers=_HTTP,
        more=({"name": "DISABLE_SECURITY_PLUGIN", "value": "true"},),
    ),
    Other("kong", "kong:3.7", 8100, "GATEWAY_STATUS_URL=http://{}/status", answers=_HTTP, kind="Deployment"),
)


def other_objects(path: str = "") -> list[Object]:
    """The servers with their Services, and the worker; `path`: where commands are that their images would hold."""
    found = [each for other in OTHERS for each in _server(other, path)]
    return [*found, _worker()]


def _server(other: Other, path: str) -> list[Object]:
    environment = [
        {"name": "PORT", "value": str(other.port)},
        {"name": "SAYS", "value": other.says.encode().hex()},
        {"name": "ANSWERS", "value": other.answers.encode().hex()},
        *({"name": "PATH", "value": path},) * bool(path),
        *other.more,
    ]
    port = {"name": "status" if other.name == "kong" else other.name, "containerPort": other.port}
    container = {"name": other.name, "image": other.image, "env": environment, "ports": [port]}
    made = workload(other.kind, other.name, 1, container)
    if other.kind == "StatefulSet":
        made["spec"] |= {"serviceName": other.name}
    return [service(other.name, other.port), made]


def _worker() -> Object:
    environment = []
    for other in OTHERS:
        name, _, url = other.url.partition("=")
        variable = other.name.upper()
        address = f"$({variable}_SERVICE_HOST):$({variable}_SERVICE_PORT)"
        environment.append({"name": name, "value": url.format(address)})
    container = {"name": "worker", "image": WORKER, "env": environment}
    made = workload("Deployment", "worker", 1, container)
    made["metadata"] = metadata("worker")
    return made
