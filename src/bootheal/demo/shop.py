"""The objects of the demo's shop: a database, its pooler, a web application, and a front. Pure manifests."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from bootheal.demo.objects.kinds import Object
from bootheal.demo.values import encoded, scram_verifier

NAMESPACE = "shop"
GRACE = 5

Layout = Literal["plaintext", "verifier", "auth_query"]
"""How the pooler knows passwords.

plaintext: its own and the app's, and it logs in to PostgreSQL as itself; verifier: the app's SCRAM verifier, whose
keys it passes through; auth_query: it asks PostgreSQL, as itself, for the app's verifier.
"""

POSTGRES, PGBOUNCER = "demo/postgres", "demo/pgbouncer"
WEB, SLEEP, DONE = "demo/web", "demo/sleep", "demo/done"
"""The images; whoever runs the shop says what they are."""


def _password() -> str:
    return secrets.token_urlsafe(18)


@dataclass(frozen=True, slots=True)
class Passwords:
    """What the Secrets hold at first; ASCII."""

    postgres: str = field(default_factory=_password, repr=False)
    pooler: str = field(default_factory=_password, repr=False)
    app: str = field(default_factory=_password, repr=False)


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the servers listen, each on addresses of its own: the usual ports, where they are free."""

    postgres: int = 5432
    pooler: int = 6432
    django: int = 8000
    nginx: int = 8080
    patroni: int = 8008


def secret_objects(passwords: Passwords, layout: Layout) -> list[Object]:
    """The Secrets; the app's holds its verifier too, because pass-through needs both sides to have the same."""
    app = {"username": "app", "password": passwords.app, "verifier": scram_verifier(passwords.app)}
    pooler = {"username": "pooler", "password": passwords.pooler}
    return [
        _secret("postgres-admin", {"username": "postgres", "password": passwords.postgres}),
        _secret("pooler", pooler),
        _secret("app", app),
        _secret("pooler-userlist", {"userlist.txt": userlist(layout, pooler, app)}),
    ]


def userlist(layout: Layout, pooler: Mapping[str, str], app: Mapping[str, str]) -> str:
    """The pooler's auth_file, from what the Secrets hold."""
    known = {pooler["username"]: pooler["password"]}
    if layout == "plaintext":
        known[app["username"]] = app["password"]
    elif layout == "verifier":
        known[app["username"]] = app["verifier"]
    return "".join(f"{_quoted(user)} {_quoted(secret)}\n" for user, secret in known.items())


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def database_objects(port: int) -> list[Object]:
    """The StatefulSet postgres and its Service. No readiness probe: common operators ship none either."""
    environment = server_environment(port)
    container = {"name": "postgres", "image": POSTGRES, "env": environment, "ports": [{"containerPort": port}]}
    claim = {"name": "data", "persistentVolumeClaim": {"claimName": "data-postgres-0"}}
    stateful_set = workload("StatefulSet", "postgres", 1, container)
    stateful_set["spec"] |= {"serviceName": "postgres"}
    stateful_set["spec"]["template"]["spec"]["volumes"] = [claim]
    volume = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": metadata("data-postgres-0"),
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
        "status": {"phase": "Bound"},
    }
    return [volume, service("postgres", port), stateful_set]


def server_environment(port: int) -> list[Object]:
    """What a database server needs to know to make the shop's roles."""
    return [
        _from_secret("POSTGRES_PASSWORD", "postgres-admin", "password"),
        *_credentials(),
        _from_secret("APP_VERIFIER", "app", "verifier"),
        {"name": "PORT", "value": str(port)},
    ]


def pooler_objects(port: int, replicas: int) -> list[Object]:
    """The Deployment pooler and its Service; ready when its port is open, which proves little."""
    environment = [
        *_credentials(),
        _from_secret("USERLIST", "pooler-userlist", "userlist.txt"),
        {"name": "DATABASE_HOST", "value": "$(POSTGRES_SERVICE_HOST)"},
        {"name": "DATABASE_PORT", "value": "$(POSTGRES_SERVICE_PORT)"},
        {"name": "PORT", "value": str(port)},
    ]
    container = {
        "name": "pgbouncer",
        "image": PGBOUNCER,
        "env": environment,
        "ports": [{"containerPort": port}],
        "readinessProbe": {"tcpSocket": {"port": port}, "periodSeconds": 2},
    }
    deployment = workload("Deployment", "pooler", replicas, container)
    deployment["metadata"]["labels"]["application"] = "db-connection-pooler"
    return [service("pooler", port), deployment]


def django_objects(port: int, database: str = "pooler") -> list[Object]:
    """The Deployment django, two pods that need the pooler, or what is named, from their first moment; its Service."""
    variable = database.upper()
    environment = [
        {"name": "PORT", "value": str(port)},
        {"name": "DATABASE_HOST", "value": f"$({variable}_SERVICE_HOST)"},
        {"name": "DATABASE_PORT", "value": f"$({variable}_SERVICE_PORT)"},
        {"name": "DATABASE_NAME", "value": "shop"},
        _from_secret("DATABASE_USER", "app", "username"),
        _from_secret("DATABASE_PASSWORD", "app", "password"),
    ]
    return [service("django", port), workload("Deployment", "django", 2, _web("django", port, environment))]


def nginx_objects(port: int) -> list[Object]:
    """The Deployment nginx, which answers 502 while django does not serve, and its Service."""
    environment = [
        {"name": "PORT", "value": str(port)},
        {"name": "UPSTREAM", "value": "$(DJANGO_SERVICE_HOST):$(DJANGO_SERVICE_PORT)"},
    ]
    return [service("nginx", port), workload("Deployment", "nginx", 1, _web("nginx", port, environment))]


def bare_pod() -> Object:
    """A pod that nobody owns: after a reboot it is Failed, for ever."""
    spec: Object = {"restartPolicy": "Never", "containers": [{"name": "shell", "image": SLEEP}]}
    spec["terminationGracePeriodSeconds"] = GRACE
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata("debug-shell"), "spec": spec}


def job() -> Object:
    """A Job that is done."""
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "migrate", "image": DONE}]}}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": metadata("migrate"),
        "spec": {"template": template, "completions": 1, "parallelism": 1, "backoffLimit": 6},
        "status": {"succeeded": 1, "conditions": [{"type": "Complete", "status": "True"}]},
    }


# -- parts -------------------------------------------------------------------------------------------------------


def metadata(name: str) -> Object:
    """An object's metadata in the shop."""
    return {"name": name, "namespace": NAMESPACE, "labels": {"app": name}}


def _secret(name: str, values: Mapping[str, str]) -> Object:
    data = {key: encoded(value) for key, value in values.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata(name), "type": "Opaque", "data": data}


def _from_secret(variable: str, secret: str, key: str) -> Object:
    return {"name": variable, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}}


def _credentials() -> list[Object]:
    return [
        _from_secret(f"{name.upper()}_{part}", name, key)
        for name in ("pooler", "app")
        for part, key in (("USER", "username"), ("PASSWORD", "password"))
    ]


def service(name: str, port: int) -> Object:
    """A Service of one port."""
    spec = {"selector": {"app": name}, "ports": [{"name": name, "port": port}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata(name), "spec": spec}


def _web(name: str, port: int, environment: list[Object]) -> Object:
    probe = {"httpGet": {"path": "/health", "port": port}, "periodSeconds": 2, "timeoutSeconds": 3}
    return {
        "name": name,
        "image": WEB,
        "env": environment,
        "ports": [{"containerPort": port}],
        "readinessProbe": probe,
    }


def workload(kind: str, name: str, replicas: int, container: Object) -> Object:
    """A Deployment or StatefulSet of one container."""
    pod = {"terminationGracePeriodSeconds": GRACE, "containers": [container]}
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": metadata(name),
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": pod},
        },
    }
