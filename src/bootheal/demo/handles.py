"""What tests and the demo do to PostgreSQL and the pooler from outside: look, connect, break. For any thread."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from bootheal.demo.cluster import Cluster
from bootheal.demo.node.processes import descendants, kill_all
from bootheal.demo.objects.kinds import POD, SECRET, Kind, Object
from bootheal.demo.shop import NAMESPACE, userlist
from bootheal.demo.values import decoded, encoded, scram_verifier
from bootheal.errors import DemoError

Connection = psycopg.Connection[tuple[Any, ...]]
_NO_LINE = "max_connections 60 = sixty"

Invoke = Callable[[Callable[[], object]], object]
"""Runs a function on the cluster's event loop and waits for it."""


class Server:
    """One server of the shop: the pods of one workload, that all listen on one port."""

    def __init__(self, cluster: Cluster, invoke: Invoke, kind: Kind, name: str, port: int) -> None:
        self._cluster = cluster
        self._invoke = invoke
        self._kind = kind
        self._name = name
        self._port = port
        self._replicas = 1

    @property
    def pods(self) -> list[Object]:
        """Its pods as the API shows them: those that are over left out, those that are being deleted last."""
        found = [p for p in self._cluster.store.all(POD, NAMESPACE) if p["metadata"]["labels"].get("app") == self._name]
        running = (pod for pod in found if pod["status"].get("phase") == "Running")
        return sorted(running, key=lambda pod: "deletionTimestamp" in pod["metadata"])

    @property
    def address(self) -> str:
        """The address of its first pod, or of the one that leads."""
        return str(self._chosen["status"]["podIP"])

    @property
    def _chosen(self) -> Object:
        if not self.pods:
            raise DemoError(f"cannot reach {self._name}: it has no running pod")
        return self.pods[0]

    @property
    def pids(self) -> list[int]:
        """Its processes, each container's first one before its children."""
        found = self._cluster.kubelet.processes(self._name)
        return [pid for process in found for pid in (process.pid, *descendants(process.pid))]

    @property
    def log(self) -> str:
        """Everything that its containers have ever written, oldest first."""
        files = (path for path in self._cluster.log_files() if path.parent.name in self._containers())
        return "".join(path.read_text(errors="replace") for path in files)

    def _containers(self) -> set[str]:
        return {container["name"] for pod in self.pods for container in pod["spec"]["containers"]}

    def connect(self, user: str, password: str, dbname: str, timeout: int = 5) -> Connection:
        """Log in to that pod directly, past the Service."""
        return psycopg.connect(
            host=self.address,
            port=self._port,
            user=user,
            password=password,
            dbname=dbname,
            connect_timeout=timeout,
            autocommit=True,
            prepare_threshold=None,
            sslmode="disable",
        )

    def secret(self, name: str) -> tuple[str, str]:
        """The user name and password in a Secret of the shop, as they are now."""
        data = self._cluster.store.get(SECRET, NAMESPACE, name)["data"]
        return decoded(data["username"]), decoded(data["password"])

    def kill(self) -> None:
        """SIGKILL every process; the kubelet starts the containers again."""
        kill_all(self.pids)

    def freeze(self) -> None:
        """Stop every process without ending it: connections are accepted, and nobody answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let the frozen processes go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        for pid in self.pids:
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def stop(self) -> None:
        """Scale to zero, in good order."""
        self._replicas = len(self.pods) or self._replicas
        self._scale(0)

    def start(self) -> None:
        """Scale back."""
        self._scale(self._replicas)

    def _scale(self, replicas: int) -> None:
        store = self._cluster.store
        self._invoke(
            lambda: store.edit(self._kind, NAMESPACE, self._name, lambda item: item["spec"].update(replicas=replicas))
        )


class Postgres(Server):
    """The database server."""

    @property
    def data(self) -> Path:
        """The data directory, of the first member where none runs; it outlives power cuts."""
        return self._cluster.postgres_data(self.leader if self.pods else f"{self._name}-0")

    @property
    def leader(self) -> str:
        """The pod of the only server, or of the member that leads."""
        return str(self._chosen["metadata"]["name"])

    @property
    def _chosen(self) -> Object:
        """The one that Patroni has labelled, where it has."""
        labelled = (pod for pod in self.pods if pod["metadata"]["labels"].get("role") == "master")
        return next(labelled, None) or super()._chosen

    def admin(self, dbname: str = "shop") -> Connection:
        """A session of the superuser."""
        return self.connect(*self.secret("postgres-admin"), dbname)

    def verifier(self, role: str) -> str:
        """What PostgreSQL has stored for a role."""
        with self.admin() as connection:
            row = connection.execute("SELECT rolpassword FROM pg_authid WHERE rolname = %s", [role]).fetchone()
        return str(row[0]) if row else ""

    def set_password(self, role: str, password: str) -> None:
        """Change a role's password, and no Secret; the statement holds a verifier, not the password."""
        self.set_verifier(role, scram_verifier(password))

    def set_verifier(self, role: str, verifier: str) -> None:
        """Change what is stored for a role."""
        statement = sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), verifier)
        with self.admin() as connection:
            connection.execute(statement)

    def be_busy(self) -> None:
        """Write every order once more as it is, so that a crash leaves a log to replay."""
        with self.admin() as connection:
            connection.execute("UPDATE orders SET cents = cents")

    def recover(self) -> None:
        """End a crash recovery that is under way, or that is to come."""
        self._invoke(self._cluster.postgres.recover)

    def drift_password(self, role: str = "pooler") -> None:
        """Make a role's password another than its Secret says. Sessions that are open stay open."""
        self.set_password(role, os.urandom(18).hex())

    def misconfigure(self) -> None:
        """Write a line into postgresql.conf that is none. Who runs does not read it."""
        with self._settings.open("a") as file:
            file.write(f"{_NO_LINE}\n")

    def correct(self) -> None:
        """Take it out again."""
        self._settings.write_text(self._settings.read_text().replace(f"{_NO_LINE}\n", ""))

    @property
    def _settings(self) -> Path:
        return self.data / "postgresql.conf"

    def resalt(self, role: str) -> None:
        """Set the password that the role has anyway: a new salt, which breaks SCRAM pass-through."""
        self.set_password(role, self.secret(role)[1])


class Pooler(Server):
    """The connection pooler."""

    def console(self) -> Connection:
        """The admin console of the first pod."""
        return self.connect(*self.secret("pooler"), "pgbouncer")

    def set(self, key: str, value: str) -> None:
        """SET on the console of the first pod: in force until its process ends."""
        statement = sql.SQL("SET {} = {}").format(sql.SQL(key), sql.Literal(value))
        with self.console() as connection:
            connection.execute(statement)

    def setting(self, key: str) -> str:
        """A setting that is in force."""
        with self.console() as connection:
            rows = connection.execute("SHOW CONFIG").fetchall()
        return next(str(row[1]) for row in rows if row[0] == key)

    def rotate(self, role: str) -> None:
        """Give a role another password, in PostgreSQL and in every Secret that holds it, as an operator does.

        The pods go on with the userlist that they were started with.
        """
        password = os.urandom(18).hex()
        verifier = scram_verifier(password)
        self._edit_secret(role, {"password": password} | ({"verifier": verifier} if role == "app" else {}))
        pooler, app = (self._secret_values(name) for name in ("pooler", "app"))
        self._edit_secret(
            "pooler-userlist", {"userlist.txt": userlist(self._cluster.options.pooler_layout, pooler, app)}
        )

    def refresh_userlist(self) -> None:
        """Do what the kubelet does sooner or later to a mounted Secret: its content comes into the pods."""
        for path in self._cluster.container_files("userlist.txt"):
            path.write_text(self._secret_values("pooler-userlist")["userlist.txt"])

    def _secret_values(self, name: str) -> dict[str, str]:
        data = self._cluster.store.get(SECRET, NAMESPACE, name)["data"]
        return {key: decoded(value) for key, value in data.items()}

    def _edit_secret(self, name: str, values: dict[str, str]) -> None:
        data = {key: encoded(value) for key, value in values.items()}
        store = self._cluster.store
        self._invoke(lambda: store.edit(SECRET, NAMESPACE, name, lambda item: item["data"].update(data)))
