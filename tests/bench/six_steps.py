"""The script of six steps that people write for a machine that has rebooted; bootheal is compared with it.

It waits for the node and for PostgreSQL, sets the password, and restarts pooler and applications in their order, each
once the one before is rolled out. It asks every two seconds, by the official client, whose import is not counted.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

import psycopg
import urllib3
from kubernetes import client, config

from bootheal.demo.shop import NAMESPACE
from bootheal.demo.stack import Stack
from bootheal.errors import DemoError

PAUSE = 2.0
SETTLE = 5.0
LONGEST = 240.0
DEPLOYMENTS = ("pooler", "django", "nginx")


def heal(stack: Stack) -> None:
    """Take the six steps; TimeoutError where one of them does not end."""
    kube = config.new_client_from_config(str(stack.kubeconfig))
    core, apps = client.CoreV1Api(kube), client.AppsV1Api(kube)
    _wait("the node", lambda: _is_ready(core))
    time.sleep(SETTLE)  # a node that was Ready before the cut still says so
    _wait("PostgreSQL", lambda: _has_password(stack))
    for name in DEPLOYMENTS:
        _restart(apps, name)


def _has_password(stack: Stack) -> bool:
    stack.postgres.set_password(*stack.postgres.secret("pooler"))
    return True


def _is_ready(core: client.CoreV1Api) -> bool:
    conditions = (each for node in core.list_node().items for each in node.status.conditions)
    return any(each.type == "Ready" and each.status == "True" for each in conditions)


def _restart(apps: client.AppsV1Api, name: str) -> None:
    """Do what `kubectl rollout restart` and `kubectl rollout status` do."""
    mark = {"kubectl.kubernetes.io/restartedAt": datetime.now(UTC).isoformat()}
    patch = {"spec": {"template": {"metadata": {"annotations": mark}}}}
    apps.patch_namespaced_deployment(name, NAMESPACE, patch)
    _wait(name, lambda: _is_rolled_out(apps.read_namespaced_deployment(name, NAMESPACE)), pause=0.2)


def _is_rolled_out(deployment: client.V1Deployment) -> bool:
    spec, status = deployment.spec, deployment.status
    counts = (status.replicas, status.updated_replicas, status.available_replicas)
    return status.observed_generation >= deployment.metadata.generation and counts == (spec.replicas,) * 3


def _wait(what: str, holds: Callable[[], bool], pause: float = PAUSE) -> None:
    deadline = time.monotonic() + LONGEST
    while time.monotonic() < deadline:
        with suppress(client.ApiException, urllib3.exceptions.HTTPError, psycopg.OperationalError, DemoError):
            if holds():
                return
        time.sleep(pause)
    raise TimeoutError(f"cannot wait longer than {LONGEST:g} s for {what}")
