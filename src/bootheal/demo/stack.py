"""The demo stack as a context manager for ordinary threads: the cluster on an event loop of its own."""

from __future__ import annotations

import copy
import http.client
import json
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import psycopg
import yaml

from bootheal.demo import leftovers
from bootheal.demo.api.certificates import certified, kubeconfig
from bootheal.demo.api.faults import Fault, Faults, Request
from bootheal.demo.api.tables import pod_summary
from bootheal.demo.cluster import Cluster
from bootheal.demo.handles import Pooler, Postgres
from bootheal.demo.loop import LoopThread
from bootheal.demo.objects.kinds import DEPLOYMENT, KINDS, POD, SERVICE, STATEFUL_SET, Kind, Object
from bootheal.demo.options import StackOptions
from bootheal.demo.script import UNTIL_TOLD, BootScript
from bootheal.demo.shop import NAMESPACE, Passwords
from bootheal.demo.tasks import end_all
from bootheal.errors import DemoError

__all__ = ["UNTIL_TOLD", "BootScript", "Fault", "Passwords", "Stack", "StackOptions"]

T = TypeVar("T")
_APPLICATIONS = ("django", "nginx")
_HEALTH_SECONDS = 3.0


class Stack:
    """A machine with a one-node cluster, running while the context is open. `directory` holds what clients read."""

    def __init__(self, directory: Path, options: StackOptions | None = None) -> None:
        self.options = options or StackOptions()
        self.directory = directory
        self.kubeconfig = directory / "kubeconfig"
        """Shows a bearer token."""
        self.certified_kubeconfig = directory / "kubeconfig-certificate"
        """Shows a client certificate, as k3s' own does."""
        self.config = directory / "bootheal.yaml"
        self.boot_id_file = directory / "boot_id"
        """The boot id of this machine; it is written, and so its time of change is, at power-on."""
        self._loop = LoopThread("demo cluster")
        self._cluster: Cluster | None = None
        self._configuration: Object = {}

    # -- life ------------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self.directory.mkdir(parents=True, exist_ok=True)
        self._loop.start()
        try:
            self._cluster = Cluster(self.directory, self.options)
            self.postgres = Postgres(self._cluster, self.invoke, STATEFUL_SET, "postgres", self._cluster.ports.postgres)
            self.pooler = Pooler(self._cluster, self.invoke, DEPLOYMENT, "pooler", self._cluster.ports.pooler)
            self._write_files(self._loop.wait_for(self._cluster.start()))
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End every process and remove what the servers wrote; the files for clients stay in `directory`."""
        if self._cluster is not None:
            self._loop.wait_for(self._cluster.close())
            self._loop.wait_for(end_all())
            self._cluster = None
        self._loop.close()

    def power_cut(self) -> None:
        """SIGKILL everything and reset every connection, in the middle of work.

        Where the options say so, the pooler's password drifts first: open sessions hide that until the cut.
        """
        with suppress(psycopg.OperationalError, DemoError):  # half-way through a boot there is nobody to work
            self.postgres.be_busy()
            if self.options.drift:
                self.postgres.drift_password()
        self._loop.wait_for(self.cluster.power_cut())

    def boot(self, script: BootScript | None = None) -> None:
        """Power on; returns at once, while the script plays."""
        self.invoke(lambda: self.cluster.boot(script or BootScript()))

    def invoke(self, function: Callable[[], T]) -> T:
        """Call a function on the cluster's loop, where alone what is in it may be changed; return what it returns."""
        return self._loop.invoke(function)

    # -- what is left behind ---------------------------------------------------------------------------------

    def leave_dead(self, count: int, reason: str = "Terminated") -> None:
        """Leave a heap of Failed pods of django lying there."""
        self.invoke(lambda: leftovers.leave_many(self.cluster.store, count, reason))

    def leave_terminating(self, seconds: int, *, known: bool = True, finalizers: Sequence[str] = ()) -> str:
        """Leave a pod of django that should have gone `seconds` ago; return its name."""
        leave = partial(leftovers.leave_terminating, known=known, finalizers=list(finalizers))
        return str(self.invoke(lambda: leave(self.cluster.store, self.cluster.kubelet, seconds)))

    def take_away(self, resource: str, name: str) -> Object:
        """Delete an object of the shop behind everybody's back, and return it: `put_back` makes it again."""
        kind = _kind(resource)
        taken = copy.deepcopy(self.cluster.store.get(kind, NAMESPACE, name))
        self.invoke(lambda: self.cluster.store.delete(kind, NAMESPACE, name))
        return taken

    def put_back(self, resource: str, taken: Object) -> None:
        """Make an object again, as it was."""
        self.invoke(lambda: self.cluster.store.create(_kind(resource), taken))

    # -- looking ---------------------------------------------------------------------------------------------

    @property
    def cluster(self) -> Cluster:
        """What runs on the loop; most of it is not for other threads."""
        if self._cluster is None:
            raise DemoError("cannot use the demo stack: it is not running")
        return self._cluster

    @property
    def faults(self) -> Faults:
        """What goes wrong on purpose."""
        return self.cluster.faults

    @property
    def requests(self) -> list[Request]:
        """Every request that the API server has got; may be cleared."""
        return self.cluster.api.requests

    @property
    def failures(self) -> list[BaseException]:
        """What went wrong in the stack itself."""
        return self.cluster.failures

    def find(self, resource: str, name: str, namespace: str = NAMESPACE) -> Object | None:
        """An object as the store has it, whatever the API server says: `find("deployments", "django")`."""
        kind = _kind(resource)
        return copy.deepcopy(self.cluster.store.find(kind, namespace if kind.namespaced else "", name))

    def logs(self) -> str:
        """Everything that any container has ever written."""
        return "".join(path.read_text(errors="replace") for path in self.cluster.log_files())

    def serving(self) -> dict[str, bool]:
        """Ask each application's /health through its Service, as a user from outside would."""
        with ThreadPoolExecutor(len(_APPLICATIONS)) as pool:
            return dict(zip(_APPLICATIONS, pool.map(self._serves, _APPLICATIONS), strict=True))

    def _serves(self, name: str) -> bool:
        service = self.cluster.store.get(SERVICE, NAMESPACE, name)
        address, port = service["spec"]["clusterIP"], service["spec"]["ports"][0]["port"]
        connection = http.client.HTTPConnection(address, port, timeout=_HEALTH_SECONDS)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def wait_until(self, what: str, predicate: Callable[[], object], timeout: float = 90.0) -> None:
        """Look until it holds; DemoError with the state of the pods when it takes longer than `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while not predicate():
            if time.monotonic() > deadline:
                raise DemoError(f"cannot wait longer than {timeout:g} s for {what}; {self.summary()}")
            time.sleep(0.05)

    def summary(self) -> str:
        """The pods and their states, in one line."""
        pods = self.cluster.store.all(POD, NAMESPACE)
        return ", ".join(f"{pod['metadata']['name']}: {pod_summary(pod)}" for pod in pods)

    # -- configuration ---------------------------------------------------------------------------------------

    def configure(self, changes: Mapping[str, Any]) -> None:
        """Change the configuration file: mappings are merged, anything else is replaced, None removes."""
        self._configuration = _merged(self._configuration, changes)
        self.config.write_text(yaml.safe_dump(self._configuration, sort_keys=False))

    def _write_files(self, server: str) -> None:
        authority, token = self.cluster.authority, self.cluster.token
        pair = authority.client("system:admin", "system:masters")
        for path, user in ((self.kubeconfig, {"token": token}), (self.certified_kubeconfig, certified(pair))):
            path.touch(mode=0o600)
            path.write_text(json.dumps(kubeconfig(server, authority.pem, user)))
        self.configure(configuration(self))


def _kind(resource: str) -> Kind:
    return next(kind for kind in KINDS if resource in {kind.plural, kind.resource, *kind.short})


def configuration(stack: Stack) -> Object:
    """What bootheal needs to know of a stack."""
    ports = stack.cluster.ports
    return {
        "cluster": {
            "kind": "k3s",
            "kubeconfig": str(stack.kubeconfig),
            "boot_id_file": str(stack.boot_id_file),
            "unit": "",
            "reach": "auto",
        },
        "state_directory": str(stack.directory / "state"),
        "cleanup": {"namespaces": [NAMESPACE], "grace": 3},
        "databases": {
            "shop": {
                "namespace": NAMESPACE,
                "service": "postgres",
                "dbname": "shop",
                "admin": {"secret": "postgres-admin"},
            }
        },
        "poolers": {
            "shop": {
                "database": "shop",
                "deployment": "pooler",
                "service": "pooler",
                "credential": {"secret": "pooler"},
                "client": {"secret": "app"},
                "settings": {"server_idle_timeout": 300},
            }
        },
        "workloads": {
            "deployment/shop/django": {"after": ["pooler/shop"], "probe": {"http": "/health", "port": ports.django}},
            "deployment/shop/nginx": {
                "after": ["deployment/shop/django"],
                "probe": {"http": "/health", "port": ports.nginx},
            },
        },
    }


def _merged(old: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(old)
    for key, value in changes.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(old.get(key), Mapping):
            result[key] = _merged(old[key], value)
        else:
            result[key] = value
    return result
