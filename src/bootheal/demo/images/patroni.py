"""Patroni as a container image: Debian's, which is given, with PostgreSQL below it and the API server above it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bootheal.demo.images.postgres import PostgresImage
from bootheal.demo.node.images import Context
from bootheal.demo.node.owner import Owner
from bootheal.demo.node.runtime import Command
from bootheal.demo.patroni import CLUSTER, LABELS, Lock
from bootheal.demo.shop import NAMESPACE
from bootheal.errors import DemoError

PYTHON = "/usr/bin/python3"
"""The distribution's own: some of the packages that Patroni needs are compiled for it."""

STANDBY = "standby"
_PACKAGES = "usr/lib/python3/dist-packages"


@dataclass(eq=False, slots=True)
class PatroniImage:
    """The image; the first volume gets the database, and every other member copies it from who leads.

    `tree` is where Debian's packages are unpacked; `access` returns a kubeconfig for the pod.
    """

    tree: Path
    postgres: PostgresImage
    lock: Lock
    access: Callable[[], Mapping[str, Any]]
    _begun: bool = False

    async def prepare(self, context: Context) -> Command:
        """The entrypoint: write Patroni's configuration and kubeconfig, and start it as an init process' child."""
        name = context.environment["HOSTNAME"]
        data = context.runtime.directory("volumes", name) / "pgdata"
        if not self._begun:
            self._begun = True
            await self.postgres.initialise(context, data, standby=STANDBY)
        kubeconfig, configuration = context.directory / "kubeconfig", context.directory / "patroni.yml"
        _write(context, kubeconfig, self.access())
        _write(context, configuration, self._configuration(context, name, data))
        return Command(
            (PYTHON, "-m", "patroni", str(configuration)),
            environment=self.environment | {"KUBECONFIG": str(kubeconfig), "HOME": str(context.directory)},
            directory=context.directory,
            init=True,
        )

    @property
    def environment(self) -> dict[str, str]:
        """What its Python needs, and PostgreSQL's programs."""
        servers = self.postgres.servers
        libraries = (servers.environment.get("LD_LIBRARY_PATH", ""), *map(str, self.tree.glob("usr/lib/*-linux-gnu*")))
        return {
            **servers.environment,
            "LD_LIBRARY_PATH": ":".join(filter(None, libraries)),
            "PYTHONPATH": str(self.tree / _PACKAGES),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PATH": os.defpath,
        }

    def _configuration(self, context: Context, name: str, data: Path) -> dict[str, Any]:
        given, address = context.environment, context.address
        port, rest = int(given["PORT"]), f"{address}:{given['REST_PORT']}"
        return {
            "scope": CLUSTER,
            "name": name,
            "restapi": {"listen": rest, "connect_address": rest},
            "kubernetes": {
                "namespace": NAMESPACE,
                "labels": {key: value for key, value in LABELS.items() if key != "cluster-name"},
                "scope_label": "cluster-name",
                "leader_label_value": "master",  # as before Patroni 4, which by itself says "primary"
                "use_endpoints": self.lock == "endpoints",
                "pod_ip": address,
                "ports": [{"name": "postgres", "port": port}],
                "context": "demo",
            },
            "postgresql": {
                "listen": f"{address}:{port}",
                "connect_address": f"{address}:{port}",
                "data_dir": str(data),
                "bin_dir": str(self.postgres.servers.postgres),
                "pgpass": str(context.directory / "pgpass"),
                "authentication": {
                    "superuser": {"username": "postgres", "password": given["POSTGRES_PASSWORD"]},
                    "replication": {"username": STANDBY, "password": given["POSTGRES_PASSWORD"]},
                },
                "pg_hba": ["host all,replication all all scram-sha-256"],
            },
        }


def reachable(tree: Path, owner: Owner, copies: Path) -> Path:
    """Where the owner can run Patroni: where it is, or a copy of it."""
    if not (tree / _PACKAGES / "patroni" / "__main__.py").is_file():
        raise DemoError(f"cannot find Patroni below {tree}", hint="install the Debian package patroni, and name /")
    if owner.reaches(tree / _PACKAGES / "patroni" / "__main__.py"):
        return tree
    shutil.copytree(tree / "usr", copies / "usr", symlinks=True, dirs_exist_ok=True)
    owner.own_tree(copies)
    return copies


def _write(context: Context, path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON, which YAML's readers read, too."""
    path.touch(mode=0o600)
    path.write_text(json.dumps(content))
    context.runtime.owner.own(path)
