"""The file of a typical home server: short enough to be written by hand, and explained key by key."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bootheal.config import load
from bootheal.config.discovered import completed
from bootheal.config.manual import manual
from support.inventory import inventory

HOME = Path(__file__).parent / "home.yaml"
SERVICES = ("books", "files", "finance", "git", "mail", "music", "news", "photos", "recipes", "search", "tasks", "wiki")


def workload(kind: str, name: str, image: str, *settings: str, namespace: str = "home") -> str:
    labels, shown = f"{{app: {name}}}", ", ".join(settings)
    return f"""\
apiVersion: apps/v1
kind: {kind}
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  template:
    metadata: {{labels: {labels}}}
    spec: {{containers: [{{name: c, image: "{image}", env: [{shown}]}}]}}
---
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: {namespace}}}
spec: {{clusterIP: 10.0.0.1, selector: {labels}, ports: [{{port: 5432}}, {{port: 6379}}, {{port: 5672}}]}}
"""


def home() -> str:
    """Return the manifests of a PostgreSQL, a pooler, Redis, RabbitMQ, thirteen services and a DaemonSet."""
    database, cache = "{name: DB_HOST, value: pgbouncer}", "{name: REDIS_HOST, value: redis}"
    queue = "{name: RABBITMQ_HOST, value: rabbitmq}"
    every = [
        workload("StatefulSet", "postgres", "postgres:16"),
        workload("Deployment", "pgbouncer", "edoburu/pgbouncer", "{name: DB_HOST, value: postgres}"),
        workload("StatefulSet", "redis", "redis:7"),
        workload("StatefulSet", "rabbitmq", "rabbitmq:3"),
        workload("DaemonSet", "node-exporter", "prom/node-exporter"),
        workload("Deployment", "api", "localhost:5000/api", database, cache),
        *(workload("Deployment", name, f"localhost:5000/{name}", database, queue) for name in SERVICES),
    ]
    return "---\n".join(every)


def test_it_is_short_and_right() -> None:
    """At most 25 lines; the pooler, the queue and the registry are in it."""
    assert len(HOME.read_text().splitlines()) <= 25
    steps = load(HOME).plan.steps
    assert {"registry", "cleanup", "database/main", "pooler/main", "dependency/rabbitmq", "hook/flux"} <= set(steps)


def test_what_it_does_not_list_is_found_and_put_in_order() -> None:
    """Twelve services come after the pooler and the queue that their manifests name; a DaemonSet after nothing."""
    full, wrong = completed(load(HOME), inventory(home()))
    assert wrong == ()
    for name in SERVICES:
        assert {"pooler/main", "dependency/rabbitmq"} <= set(full.plan.steps[f"deployment/home/{name}"].after)
    assert full.plan.steps["daemonset/home/node-exporter"].after == ("dns",)
    assert full.plan.steps["deployment/home/api"].after == ("pooler/main", "dependency/redis", "dns")


def keys(data: Any) -> Iterator[str]:
    """Yield the keys of a file that the schema knows: not the names that its owner gives."""
    named = ("databases", "poolers", "dependencies", "workloads", "hooks")
    for key, value in data.items() if isinstance(data, dict) else ():
        yield key
        for inner in value.values() if key in named else [value]:
            yield from keys(inner)
        for item in value if isinstance(value, list) else ():
            yield from keys(item)


def test_each_of_its_keys_is_in_the_manual_with_an_example() -> None:
    """The whole file is one; each key is explained."""
    page = manual()
    examples = page.partition(".Sh EXAMPLES")[2]
    for line in HOME.read_text().splitlines():
        assert f"\n{line}\n".replace("\\", "\\e") in examples
    for key in set(keys(yaml.safe_load(HOME.read_text()))):
        assert f"\n.It Sy {key}\n" in page, key


@pytest.mark.parametrize("number", range(3))
def test_each_example_of_the_manual_is_right(tmp_path: Path, number: int) -> None:
    """It can be copied as it is."""
    examples = re.findall(r"(?s)\.Bd -literal\n(.*?)\n\.Ed", manual())
    assert len(examples) == 3
    file = tmp_path / "bootheal.yaml"
    file.write_text(examples[number].replace("\\e", "\\").replace("\\&", ""))
    assert len(load(file).plan.steps) > 2
