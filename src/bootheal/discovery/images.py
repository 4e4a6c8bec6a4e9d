"""Programs by the images of their containers, with any registry, tag and digest. Pure."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import PurePosixPath

from bootheal.model.inventory import Box

# What people look at a server by, as an application of their own may be called, too.
_FACES = "client|clients|ui|admin|webui|web|console|browser|commander|insights?|controller|manager|gui|webgui"
# What stands beside a server, watches it or asks it, and is none.
_NO_SERVER = re.compile(
    r"(?:^|[-_.])(?:exporter|operator|backup|backups|dump|cli|tools?|utils?|metrics|monitor|migrat\w*|init|job|jobs|agent|"
    rf"reloader|proxy|upgrade|test|tests|bench|sidecar|config|meta|mcp|wait|{_FACES})(?:$|[-_.])"
)
_FACE = re.compile(rf"(?:^|[-_.])(?:{_FACES})(?:$|[-_.])")

_WATCHES = re.compile(
    r"prometheus|vmagent|vmsingle|victoria-metrics|grafana(?:-oss|-enterprise)?|blackbox[-_]exporter|"
    r"uptime-kuma|gatus|statping(?:-ng)?|homepage|homarr|heimdall|dashy|homer|glance|hajimari"
)

# Where others send what they measure, log and trace, or look at it: they serve without it. As "owner/name".
_COLLECTS = re.compile(
    r"(?:.*/)?(?:alertmanager|pushgateway|promtail|jaeger(?:-[-\w]+)?|zipkin(?:-slim)?|grafana-(?:agent|alloy|loki|mimir|tempo)|"
    r"(?:opentelemetry-|otel-?|signoz-otel-)col(?:lector)?(?:-[-\w]+)?|fluent-?bit|fluentd(?:-[-\w]+)?|logstash|telegraf|"
    r"statsd(?:-exporter)?|graphite-statsd|pyroscope|apm-server|victoria-logs)|"
    r"grafana/(?:agent|alloy|loki|mimir|tempo)|timberio/vector|thanos/thanos"
)
_PROXIES = re.compile(
    r"(?:nginx|caddy|haproxy|traefik|envoy|httpd|apache|openresty)(?:-unprivileged|-alpine|-distroless)?"
)

# A name may go on with more words or a version: postgres-ssl, postgres16; "postgrest" is something else.
_POSTGRES = re.compile(
    r"(?:postgres|postgresql|postgis|timescaledb|pgvector|pgvecto[-.]?rs|paradedb|vectorchord|vchord|supabase-postgres|"
    r"spilo|crunchy-postgres|patroni|alloydb|documentdb|edb-postgres|citus|age|pgroonga|percona-distribution-postgresql|"
    r"harbor-db)(?:[-_.\d][-\w.]*)?"
)
# What PostgreSQL's own images are told, and operators tell theirs.
_OWN = frozenset(
    {"POSTGRES_PASSWORD", "POSTGRES_PASSWORD_FILE", "POSTGRESQL_PASSWORD", "POSTGRESQL_PASSWORD_FILE", "PGDATA",
     "PGPASSWORD_SUPERUSER", "POSTGRES_HOST_AUTH_METHOD", "POSTGRES_INITDB_ARGS", "POSTGRES_POSTGRES_PASSWORD",
     "POSTGRES_POSTGRES_PASSWORD_FILE", "POSTGRESQL_ADMIN_PASSWORD", "PATRONI_SUPERUSER_PASSWORD"}
)  # fmt: skip
_DOORS = ("pg", "db", "pgport", "tcp-postgresql")
# Poolers that listen on PostgreSQL's port, and are told its password.
_OTHER_POOLER = re.compile(r"pgpool|pgcat|pgdog|odyssey|supavisor|pgagroal|haproxy|envoy")
_POOLER = re.compile(r"(?:[\w.]+[-_.])?(?:pgbouncer|pg-bouncer|db-connection-pooler|connection-pooler)[-\w.]*")

# Percona's operator has one image's name for all: 2.5.0-ppg16.4-postgres, 2.5.0-ppg16.4-pgbouncer1.23.1.
_OF_OPERATOR = re.compile(r".*-(postgres|pgbouncer|pgbackrest)[-\d.]*")

# Programs that these images also hold; with one of them as its command a container is no server.
_ASKS = {
    "psql", "pg_dump", "pg_dumpall", "pg_restore", "pg_basebackup", "pg_isready", "createdb", "redis-cli", "valkey-cli",
    "mysql", "mysqldump", "mysqladmin", "mariadb", "mariadb-dump", "mongosh", "mongo", "mongodump", "rabbitmqadmin",
    "nats", "kafka-topics.sh", "kafka-topics", "mc", "sleep", "tail", "cat", "echo", "true",
}  # fmt: skip
# By what a script goes on to start a server, whatever it does before.
_STARTS = re.compile(
    r"(?:^|[\n;&|]|\b(?:exec|then|do|else)\s)\s*(?:exec\s+)?(?:(?:gosu|su-exec)\s+[\w:]+\s+)?(?:[\w./-]{0,200}/)?"
    r"(?:(?:docker-)?entrypoint\.sh|(?:redis|valkey|keydb|rabbitmq|nats|clickhouse)-server|mysqld(?:_safe)?|mariadbd|mongod|"
    r"patroni|postgres|minio|memcached)(?=$|[\s;&])"
)
_SHELLS = {"sh", "bash", "ash", "dash"}

USUAL_POSTGRES, USUAL_POOLER, EDOBURU_POOLER = 5432, 6432, 5432


@dataclass(frozen=True, slots=True)
class Image:
    """The parts of a name: "example.org/zalando/spilo-16:3.3@sha256:…" has the path zalando/spilo-16, the tag 3.3."""

    path: str
    tag: str = ""

    @property
    def name(self) -> str:
        """The last part of its path, in small letters; where that is an operator's, the program that its tag names."""
        last = self.path.rsplit("/", 1)[-1].lower()
        program = _OF_OPERATOR.fullmatch(self.tag) if last.endswith("-operator") else None
        return program[1] if program else last

    @property
    def owner(self) -> str:
        """The part before that, "" where there is none."""
        return self.path.rsplit("/", 2)[-2].lower() if "/" in self.path else ""


def parse(text: str) -> Image:
    """Take an image's name apart."""
    bare, _, _ = text.partition("@")
    head, slash, rest = bare.partition("/")
    if slash and ("." in head or ":" in head or head == "localhost"):
        bare = rest
    path, _, tag = bare.partition(":")
    return Image(path, tag)


def serves(box: Box) -> bool:
    """Whether a container runs what its image is for, and not a program that only asks."""
    if beside(parse(box.image).name):
        return False
    words = [word for word in box.words if word]
    if not words:
        return True
    program = PurePosixPath(words[0]).name
    if program in _SHELLS:
        script = words[-1]
        asks = re.match(rf"\s*(?:set -\S+\s*[;\n]\s*)*(?:{'|'.join(map(re.escape, sorted(_ASKS)))})\b", script)
        return not asks or _STARTS.search(script) is not None
    return program not in _ASKS


def may_be_an_application(box: Box) -> bool:
    """Whether it may be what a pod is for, where a server stands in the same pod."""
    return serves(box) or _FACE.search(parse(box.image).name) is not None


def is_postgres(box: Box, told: Collection[str], opened: frozenset[int] = frozenset()) -> bool:
    """Whether it is a PostgreSQL: by its image, or by PostgreSQL's port and settings where the image tells nothing.

    `told` are the names of its variables, `opened` the ports of its pod that Services lead to.
    """
    if not serves(box) or is_pooler(box):
        return False
    name, own = parse(box.image).name, _OWN.intersection(told)
    if name == "stolon":  # one image for the keeper, which is PostgreSQL, its proxy and its sentinel
        return any(each.startswith("STKEEPER_") for each in told)
    usual = USUAL_POSTGRES in opened or any(number == USUAL_POSTGRES for _, number in box.ports)
    if not _POSTGRES.fullmatch(name):
        return usual and bool(own) and not _OTHER_POOLER.match(name)
    # An image of PostgreSQL that opens other ports only is there for something else; and so is one that is told nothing
    # of what a server is told, and has no door.
    if box.ports and not usual and not any(_may_be(number, port) for port, number in box.ports):
        return False
    return usual or bool(own) or any("postgres" in port or port in _DOORS for port, _ in box.ports)


def _may_be(number: int, name: str) -> bool:
    known_otherwise = {80, 443, 3000, 8000, 8008, 8080, 8443, 9090, 9187, 9127}
    return number not in known_otherwise or "postgres" in name or name in _DOORS


def watches(box: Box) -> bool:
    """Whether it shows or measures others: what its files name it serves without."""
    return _WATCHES.fullmatch(parse(box.image).name) is not None


def observes(box: Box) -> bool:
    """Whether others send it what they measure, or it asks them: nobody needs it to serve."""
    image = parse(box.image)
    return watches(box) or _COLLECTS.fullmatch(f"{image.owner}/{image.name}") is not None


def is_proxy(box: Box) -> bool:
    """Whether it is a reverse proxy."""
    return _PROXIES.fullmatch(parse(box.image).name) is not None


def is_pooler(box: Box) -> bool:
    """Whether it is a PgBouncer."""
    name = parse(box.image).name
    if _NO_SERVER.search(name.replace("db-connection-pooler", "pooler")) and "pgbouncer" not in name:
        return False
    if "exporter" in name or "metrics" in name:
        return False
    if _POOLER.fullmatch(name):
        return True
    return bool(box.words) and PurePosixPath(box.words[0]).name == "pgbouncer"


def beside(name: str) -> bool:
    """Whether a name says that it watches a server, asks it or waits for it, and is none."""
    return _NO_SERVER.search(name) is not None


def called_postgres(image: str) -> bool:
    """Whether an image's name says that it holds PostgreSQL."""
    name = parse(image).name
    return _POSTGRES.fullmatch(name) is not None and not beside(name)


def holds_data(box: Box) -> bool:
    """Whether it is a PostgreSQL by its name, or a pooler of any kind in front of one."""
    return called_postgres(box.image) or is_pooler(box) or _OTHER_POOLER.match(parse(box.image).name) is not None


def pooler_port(box: Box) -> int:
    """Return the port that a PgBouncer listens on where its container declares none."""
    image = parse(box.image)
    return EDOBURU_POOLER if image.owner in ("edoburu", "zalando") or image.name.endswith("pooler") else USUAL_POOLER
