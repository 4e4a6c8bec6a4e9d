"""The whole machine on one event loop: power on, power off, and everything in between."""

from __future__ import annotations

import asyncio
import random
import secrets
import uuid
from collections.abc import Callable, Coroutine
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

from bootheal.demo import leftovers, others, patroni, shop
from bootheal.demo.api.certificates import Authority, kubeconfig, server_context
from bootheal.demo.api.door import HOST
from bootheal.demo.api.faults import Faults
from bootheal.demo.api.server import Api
from bootheal.demo.control.manager import run_controllers
from bootheal.demo.control.slices import Slices
from bootheal.demo.control.workloads import owner_reference
from bootheal.demo.images import app
from bootheal.demo.images.patroni import PatroniImage, reachable
from bootheal.demo.images.pgbouncer import PgBouncerImage
from bootheal.demo.images.postgres import PostgresImage, free_memory
from bootheal.demo.images.servers import find_servers, make_reachable
from bootheal.demo.node.addresses import Addresses
from bootheal.demo.node.containers import Machine, Tempo
from bootheal.demo.node.images import Image, program
from bootheal.demo.node.kubelet import Kubelet
from bootheal.demo.node.pods import Revival
from bootheal.demo.node.proxy import Proxy
from bootheal.demo.node.runtime import Runtime
from bootheal.demo.objects.admission import admit
from bootheal.demo.objects.conditions import is_ready
from bootheal.demo.objects.defaults import add_defaults
from bootheal.demo.objects.kinds import JOB, NAMESPACE, POD, SERVICE, Kind, Object, kind_of
from bootheal.demo.objects.store import Store
from bootheal.demo.options import StackOptions
from bootheal.demo.script import BootScript
from bootheal.demo.shop import Ports
from bootheal.demo.tasks import end
from bootheal.demo.values import drawn
from bootheal.errors import DemoError

NODE_NAME = "demo"
_START_SECONDS = 120.0


class Cluster:
    """Everything but threads. What was built stays over power cuts: objects, ports, addresses, volumes."""

    def __init__(self, directory: Path, options: StackOptions) -> None:
        found = find_servers()
        if options.pgbouncer:
            found = replace(found, pgbouncer=options.pgbouncer)
        self.options = options
        self.faults = Faults()
        addresses = Addresses()
        self.ports = Ports(**{name: addresses.free_port(port) for name, port in asdict(Ports()).items()})
        self.runtime = Runtime(directory, options.user, app.__name__, addresses)
        self.boot_id_file = directory / "boot_id"
        self._last_boot_id = self._url = ""
        self.random = random.Random(options.seed)  # noqa: S311  (names and times, no secrets)
        self.store = Store(self._admit, options.seed)
        servers = make_reachable(found, self.runtime.owner, self.runtime.home / "servers")
        settings = {"log_statement": options.log_statement, "fsync": "on" if options.fsync else "off"}
        self.postgres = PostgresImage(servers, settings, options.initialised)
        pooler_settings = {"server_login_retry": options.server_login_retry, **options.pooler_settings}
        library: dict[str, Image] = {
            shop.POSTGRES: self.postgres.prepare,
            shop.PGBOUNCER: PgBouncerImage(
                servers, options.pooler_layout, pooler_settings, options.database_name
            ).prepare,
            shop.WEB: program("web"),
            shop.SLEEP: program("sleep"),
            shop.DONE: program("done"),
            others.WORKER: program("worker"),
            **{each.image: program("server") for each in others.OTHERS},
        }
        if options.patroni:
            tree = reachable(options.patroni, self.runtime.owner, self.runtime.home / "patroni")
            library[patroni.IMAGE] = PatroniImage(tree, self.postgres, options.lock, self._access).prepare
        machine = Machine(self.store, self.runtime, library, self._refuses_image, self._has_lost_image, Tempo())
        self.kubelet = Kubelet(NODE_NAME, machine, self.boot_id_file)
        self.authority = Authority()
        self.token = secrets.token_urlsafe(24)
        tls = server_context(self.authority.server(HOST), self.authority.pem, directory / "server.pem")
        self.api = Api(self.store, self.faults, self.kubelet, tls, self.token)
        self._slices = Slices(self.store)
        self._proxy_lag = 0.0
        self._on = False
        self._tasks: set[asyncio.Task[None]] = set()
        self.failures = machine.failures

    def container_files(self, name: str) -> list[Path]:
        """The files of that name that containers were started with."""
        return sorted((self.runtime.home / "pods").rglob(name))

    def postgres_data(self, pod: str = "postgres-0") -> Path:
        """The data directory of a database server."""
        return self.runtime.home / "volumes" / pod / "pgdata"

    def _access(self) -> Object:
        return kubeconfig(self._url, self.authority.pem, {"token": self.token})

    def log_files(self) -> list[Path]:
        """The output of every container there ever was, as `…/CONTAINER/RESTARTS.log`, oldest first."""
        return sorted((self.runtime.home / "pods").rglob("*.log"), key=lambda path: path.stat().st_ctime)

    def _admit(self, kind: Kind, item: Object) -> None:
        add_defaults(kind, item)
        admit(self.store, kind, item)
        if kind is SERVICE and item["spec"].setdefault("clusterIP", self.runtime.addresses.for_service()) != "None":
            item["spec"].setdefault("clusterIPs", [item["spec"]["clusterIP"]])

    def _refuses_image(self, image: str) -> bool:
        return image in self.faults.unavailable_images

    def _has_lost_image(self, image: str) -> bool:
        return image in self.faults.lost_images

    # -- power -----------------------------------------------------------------------------------------------

    async def start(self) -> str:
        """Build the shop and wait until it serves; return the API server's URL."""
        self._on = True
        self._new_boot_id()
        self._url = f"https://{HOST}:{await self.api.prepare()}"
        await self.runtime.start()
        self.api.open()
        self._power({})
        async with asyncio.timeout(_START_SECONDS):
            await self._build()
        return self._url

    async def power_cut(self) -> None:
        """Everything stops at once, without a goodbye; what was written stays."""
        self._on = False
        await self.api.cut()
        await self._stop_tasks()
        self._lose_power()

    def boot(self, script: BootScript) -> None:
        """Power on. The script plays in the background."""
        if self._on:
            raise DemoError("cannot boot the demo: it is running; cut its power first")
        self._on = True
        if (
            self.boot_id_file.read_text() == self._last_boot_id
        ):  # else its host, as k3d's containers have one, has booted
            self._new_boot_id()
        self.store.history.forget()
        self.postgres.crash(drawn(script.crash_recovery, self.random))
        self._slices.lag = drawn(script.slices_lag, self.random)
        self._proxy_lag = drawn(script.proxy_lag, self.random)
        if script.leftover:
            leftovers.leave_one(self.store)
        self._spawn(self._play(script))

    async def _play(self, script: BootScript) -> None:
        loop = asyncio.get_running_loop()
        begin = loop.time()

        async def at(seconds: float) -> None:
            await asyncio.sleep(begin + seconds - loop.time())

        api, unready = drawn(script.api, self.random), drawn(script.unready, self.random)
        await at(api)
        self.faults.readyz = 503
        self._spawn(Proxy(self.store, self._proxy_lag).run())
        self.api.open()
        self._spawn(self._become_ready(unready))
        await at(drawn(script.node_fresh, self.random))
        self.kubelet.machine = replace(self.kubelet.machine, tempo=script.tempo(self.random))
        self._power(script.revivals(self.store.all(POD), self.random), proxy=False)

    async def _become_ready(self, seconds: float) -> None:
        await asyncio.sleep(seconds / 2)
        self.faults.readyz = 500
        await asyncio.sleep(seconds / 2)
        self.faults.readyz = 200

    async def close(self) -> None:
        """End for good, leaving nothing."""
        await self.api.close()
        await self._stop_tasks()
        self._lose_power()
        await self.runtime.close()

    def _lose_power(self) -> None:
        self.runtime.kill_everything()
        for data in (self.runtime.home / "volumes").glob("*/pgdata"):
            free_memory(data)

    def _power(self, revivals: dict[str, Revival], *, proxy: bool = True) -> None:
        self._spawn(self.kubelet.run(revivals))
        self._spawn(run_controllers(self.store))
        self._spawn(self._slices.run())
        if proxy:
            self._spawn(Proxy(self.store, self._proxy_lag).run())

    def _new_boot_id(self) -> None:
        self._last_boot_id = f"{uuid.uuid4()}\n"
        self.boot_id_file.write_text(self._last_boot_id)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(self.kubelet.machine.note_failure)

    async def _stop_tasks(self) -> None:
        await end(self._tasks)

    # -- the shop --------------------------------------------------------------------------------------------

    async def _build(self) -> None:
        """Layer by layer, so that nothing has to crash before it runs."""
        for name in ("default", "kube-system", "kube-node-lease", shop.NAMESPACE):
            self.store.create(NAMESPACE, {"metadata": {"name": name}, "status": {"phase": "Active"}})
        self._create(
            *shop.secret_objects(self.options.passwords, self.options.pooler_layout), *self._database_objects()
        )
        await self._until("postgres", self._database_answers)
        pooler = self.options.pooler
        layers = [
            shop.django_objects(self.ports.django, "pooler" if pooler else "postgres"),
            shop.nginx_objects(self.ports.nginx),
        ]
        if pooler:
            layers.insert(0, shop.pooler_objects(self.ports.pooler, self.options.pooler_replicas))
        if self.options.others is not None:
            layers.append(others.other_objects(self.options.others))
        for layer in layers:
            self._create(*layer)
            name = layer[-1]["metadata"]["name"]
            wanted = layer[-1]["spec"]["replicas"]
            await self._until(name, partial(self._has_ready, name, wanted))
        self._create(shop.bare_pod())
        done = self.store.create(JOB, shop.job())
        pod = {
            "metadata": {
                "generateName": "migrate-",
                "namespace": shop.NAMESPACE,
                "labels": {"app": "migrate", "batch.kubernetes.io/job-name": "migrate"},
                "ownerReferences": [owner_reference(done)],
            },
            "spec": shop.job()["spec"]["template"]["spec"],
        }
        self.store.create(POD, pod)
        await self._until("debug-shell and migrate", lambda: self._ready("debug-shell") == 1 and self._migrated())

    def _database_objects(self) -> list[Object]:
        ports, options = self.ports, self.options
        if options.patroni is None:
            return shop.database_objects(ports.postgres)
        return patroni.patroni_objects(ports.postgres, ports.patroni, options.members, options.lock)

    def _create(self, *manifests: Object) -> None:
        for manifest in manifests:
            self.store.create(kind_of(manifest), manifest)

    def _pods(self, name: str) -> list[Object]:
        return [pod for pod in self.store.all(POD, shop.NAMESPACE) if pod["metadata"]["labels"].get("app") == name]

    def _ready(self, name: str) -> int:
        return sum(map(is_ready, self._pods(name)))

    def _has_ready(self, name: str, wanted: int) -> bool:
        return self._ready(name) == wanted

    def _migrated(self) -> bool:
        return any(pod["status"]["phase"] == "Succeeded" for pod in self._pods("migrate"))

    def _database_answers(self) -> bool:
        """Its log says so; a connection would cost more. Patroni's members say it to their probe."""
        if self.options.patroni:
            return self._ready("postgres") == self.options.members
        pods = self._pods("postgres")
        log = self.kubelet.log_file(pods[0], "postgres", previous=False) if pods else None
        return log is not None and "database system is ready to accept connections" in log.read_text()

    async def _until(self, what: str, holds: Callable[[], bool]) -> None:
        while not holds():
            if self.failures:
                raise DemoError(f"cannot start {what} of the demo: {self.failures[0]}") from self.failures[0]
            await asyncio.sleep(0.02)
