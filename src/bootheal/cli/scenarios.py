"""What the demo's power cut may leave behind: a story each, and how the embedded cluster is brought there."""

import http.server
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bootheal.exit_codes import ExitCode

if TYPE_CHECKING:
    from bootheal.demo.stack import Stack

# The shop has 3000; what is written while the power is cut may stay.
SOON = {"deadline": 25}
REGISTRY_SECONDS = 14.0
WEBHOOK = {
    "name": "pods.policy.example",
    "clientConfig": {"service": {"namespace": "policy", "name": "policy"}},
    "failurePolicy": "Fail",
    "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}],
    "admissionReviewVersions": ["v1"],
    "sideEffects": "None",
}
CHECK = {"name": "orders kept", "sql": "select count(*) from orders", "at_least": 1000}


def _nothing(_stack: "Stack") -> None:
    pass


@dataclass(frozen=True)
class Scenario:
    """`prepare` is done while all is well.

    `boot` changes how it boots, by the fields of `BootScript`; `drift`: the pooler's password has changed behind its
    Secret's back; `ends` is the exit code that bootheal rightly ends with.
    """

    story: str
    drift: bool = False
    boot: Mapping[str, Any] = field(default_factory=dict)
    configuration: Mapping[str, Any] = field(default_factory=dict)
    prepare: Callable[["Stack"], None] = _nothing
    ends: ExitCode = ExitCode.HEALED


def _lose_orders(stack: "Stack") -> None:
    with stack.postgres.admin() as connection:
        connection.execute("delete from orders")


def _leave_many_dead(stack: "Stack") -> None:
    stack.leave_dead(12)


def _lose_the_poolers_image(stack: "Stack") -> None:
    stack.faults.lost_images = frozenset({"demo/pgbouncer"})


def _take_the_registry_down(stack: "Stack") -> None:
    """It is there again some seconds after the boot, as a container is that Docker starts last."""
    registry = http.server.HTTPServer(("127.0.0.1", 0), _Registry, bind_and_activate=False)
    registry.server_bind()
    stack.configure({"registry": {"url": f"http://127.0.0.1:{registry.server_address[1]}", "images": ["demo"]}})
    stack.faults.unavailable_images = stack.faults.lost_images = frozenset({"demo/web"})

    def come_back() -> None:
        registry.server_activate()
        stack.faults.unavailable_images = stack.faults.lost_images = frozenset()
        registry.serve_forever()

    timer = threading.Timer(REGISTRY_SECONDS, come_back)  # noqa: TID251 - it ends with the demo's process
    timer.daemon = True
    timer.start()


class _Registry(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(http.HTTPStatus.OK if self.path == "/v2/" else http.HTTPStatus.NOT_FOUND)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
        """Nobody reads it."""


def _leave_no_leader(stack: "Stack") -> None:
    (stack.postgres.data / "standby.signal").touch()


def _hang_up_a_webhook(stack: "Stack") -> None:
    stack.put_back("mutatingwebhookconfigurations", {"metadata": {"name": "policy"}, "webhooks": [WEBHOOK]})


SCENARIOS: Mapping[str, Scenario] = {
    "drift": Scenario(
        "The pooler role's password has drifted from its Secret, so the applications crash-loop for good. Of the pods "
        "one is a Failed leftover, one stays dead, and one is bare, which must be left alone.",
        drift=True,
    ),
    "clean": Scenario(
        "Nothing is broken: all comes back by itself, and bootheal changes nothing.",
        boot={"stuck": "", "leftover": False},
    ),
    "long-recovery": Scenario(
        "PostgreSQL replays its log for 15 s; the applications crash-loop meanwhile, and their back-off doubles. "
        "bootheal ends it once the database serves.",
        boot={"crash_recovery": 15.0, "backoff_first": 10.0, "backoff_cap": 120.0},
    ),
    "many-dead": Scenario(
        "A dozen Failed pods lie around from the reboot; all of them are deleted, in one go.", prepare=_leave_many_dead
    ),
    "data-lost": Scenario(
        "The database comes back empty of orders. Nothing that could make it worse is done: a person is needed, and "
        "bootheal ends with exit code 3.",
        boot={"stuck": "", "leftover": False},
        configuration={"databases": {"shop": {"client": {"secret": "app"}, "checks": [CHECK]}}},
        prepare=_lose_orders,
        ends=ExitCode.PERSON,
    ),
    "image-gone": Scenario(
        "The pooler's image is gone from this machine and from its registry. Nothing that bootheal may do brings it "
        "back: it says so, leaves alone what needs the pooler, and gives up.",
        boot={"stuck": "", "leftover": False},
        prepare=_lose_the_poolers_image,
        ends=ExitCode.NOT_HEALED,
    ),
    "registry-down": Scenario(
        "The registry of the applications' images comes up long after the cluster, and the kubelet asks it ever more "
        "seldom. Once it answers, the pods that wait for it are made anew.",
        boot={"stuck": "", "leftover": False, "backoff_first": 30.0, "backoff_cap": 300.0},
        prepare=_take_the_registry_down,
    ),
    "no-leader": Scenario(
        "PostgreSQL comes back as a standby that nobody has told to lead, as where Patroni elects no leader. Promoting "
        "it might lose data: bootheal says what it sees, and gives up after 25 s.",
        boot={"stuck": "", "leftover": False},
        configuration=SOON,
        prepare=_leave_no_leader,
        ends=ExitCode.NOT_HEALED,
    ),
    "deaf-webhook": Scenario(
        "A webhook has a say in each new pod, and its own server is not there: whatever is deleted does not come back. "
        "bootheal deletes nothing then, says who refuses, and gives up after 25 s.",
        boot={"leftover": False},
        configuration=SOON,
        prepare=_hang_up_a_webhook,
        ends=ExitCode.NOT_HEALED,
    ),
}
