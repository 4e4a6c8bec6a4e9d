"""Other services that must serve first, on the stack: by TCP, HTTP, a command and a login."""

import json
import shutil
import socket
import socketserver
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bootheal.adapters.web import WebProbe
from bootheal.demo.stack import Stack
from bootheal.model import Target
from support.command import bootheal, heal, outcome
from support.postgres import until

NGINX = "deployment/shop/nginx"


class Redis(socketserver.ThreadingTCPServer):
    """Says what a Redis says while it reads its data from disk, three times, and then what it says then."""

    daemon_threads = True
    asked = 0

    def answer(self) -> bytes:
        self.asked += 1
        return b"+PONG\r\n" if self.asked > 3 else b"-LOADING Redis is loading the dataset in memory\r\n"


class Talk(socketserver.StreamRequestHandler):
    server: Redis

    def handle(self) -> None:
        if self.rfile.readline() == b"PING\r\n":
            self.wfile.write(self.server.answer())


@contextmanager
def redis(address: str) -> Iterator[Redis]:
    """Let one listen on an address."""
    with Redis((address, 0), Talk) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,)).start()
        try:
            yield server
        finally:
            server.shutdown()


@pytest.mark.parametrize("reach", ["direct", "forward"])
def test_dependencies_are_waited_for_and_hold_up_what_comes_after_them(healthy: Stack, reach: str) -> None:
    """All kinds at once; the workload after them is judged once the slowest answers as it should."""
    with redis(healthy.postgres.address) as server:
        probe = {"port": server.server_address[1], "send": "PING\r\n", "expect": "+PONG"}
        login = {"secret": "app"}
        healthy.configure(
            {
                "cluster": {"reach": reach},
                "deadline": 90,
                "dependencies": {
                    "redis": {"namespace": "shop", "service": "postgres", "probe": probe},
                    "kong": {"namespace": "shop", "service": "nginx", "probe": {"http": "/health", "port": 8080}},
                    "mq": {"namespace": "shop", "selector": {"app": "django"}, "probe": {"exec": ["true"]}},
                    "other": {
                        "namespace": "shop",
                        "service": "postgres",
                        "probe": {"sql": "select 1", "dbname": "shop", "login": login, "expect": "1"},
                        "after": ["dependency/redis"],
                    },
                },
                "workloads": {NGINX: {"after": ["dependency/redis", "dependency/kong", "dependency/mq"]}},
            }
        )
        run = bootheal("run", "--once", "--json", "--config", healthy.config)
    assert "says something else" in run.stderr  # a stranger's words are not repeated
    steps = {name: outcome(json.loads(run.stdout), name) for name in ("dependency/redis", "dependency/other", NGINX)}
    assert {step["ending"] for step in steps.values()} == {"settled"}
    assert steps["dependency/redis"]["ended"] <= min(steps["dependency/other"]["began"], steps[NGINX]["began"])
    healthy.configure({"dependencies": None, "deadline": None, "workloads": {NGINX: {"after": ["dns"]}}})


def test_a_dependency_that_never_serves_says_why(healthy: Stack) -> None:
    """What it waited for, and what was not tried because of it."""
    probe = {"port": 1, "send": "PING\r\n", "expect": "+PONG"}
    healthy.configure(
        {
            "dependencies": {"redis": {"namespace": "shop", "service": "postgres", "probe": probe, "patience": 1}},
            "workloads": {NGINX: {"after": ["dependency/redis"]}},
        }
    )
    report = heal(healthy.config, expect=1)
    assert "port 1: connection refused; patience of" in outcome(report, "dependency/redis")["why"]
    assert outcome(report, NGINX)["ending"] == "skipped"
    assert bootheal("check", "--config", healthy.config).returncode == 0
    healthy.configure({"dependencies": None})


def test_a_configuration_of_an_earlier_version_is_told_what_to_write(tmp_path: Path) -> None:
    """By `check`, with line and column; exit code 78."""
    path = tmp_path / "bootheal.yaml"
    path.write_text(f"workloads:\n  {NGINX}: {{after: [gates/redis]}}\ngates:\n  redis: {{}}\n")
    checked = bootheal("check", "--offline", "--config", path, expect=78)
    assert f"{path}:2:35: workloads.{NGINX}.after.0: gates/redis was renamed to dependency/redis\n" in checked.stderr
    assert f"{path}:3:1: gates: was renamed to dependencies\n" in checked.stderr


@pytest.mark.skipif(not shutil.which("redis-server"), reason="no redis-server is installed")
def test_a_real_redis_is_heard(tmp_path: Path) -> None:
    """Without a password it says +PONG, with one -NOAUTH; a password is not needed to know that it serves."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    given = ("--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path))
    web = WebProbe(lambda target, timeout: socket.create_connection((target.host, target.port), timeout))
    target = Target("127.0.0.1", port)
    for more, expect in (((), "+PONG"), (("--requirepass", "x"), "-NOAUTH")):
        with subprocess.Popen(["redis-server", *given, *more], stdout=subprocess.DEVNULL) as process:
            until(lambda: web.tcp(target, 1).ok, "Redis does not listen")
            heard = web.tcp(target, 3, send="PING\r\n", expect=expect)
            process.terminate()
        assert heard.ok
