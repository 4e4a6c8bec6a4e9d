"""What the daemon opens it closes: after many reloads and passes it has no more of the machine than before."""

import json
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
import yaml

from bootheal.demo.stack import Stack
from support.command import SOURCE, environment
from support.daemon import Daemon
from support.thorough import times
from support.usage import Usage, peak, usage

RELOADS = times(25)

# The first of them fill what is filled once: modules, pools of connections, the allocator's arenas. The most that a
# process has during the next six is compared with the most during the last six.
WARM_UP, WINDOW = 8, 6

# A thread that is just ending, a connection that is just made; what leaks, leaks eleven times.
THREADS, DESCRIPTORS, MEGABYTES = 6, 8, 4.0


class Reloading(Daemon):
    """One that is watched while it reads its configuration anew."""

    def count(self, words: str) -> int:
        return sum(words in line for line in list(self.said))

    def wait_for(self, words: str, times: int, seconds: float = 20.0) -> None:
        until = time.monotonic() + seconds
        while self.count(words) < times:
            assert self.process.poll() is None, self.text
            assert time.monotonic() < until, f"not {times} times {words!r}:\n{self.text}"
            time.sleep(0.01)

    def reload(self, then: Callable[[], None]) -> list[Usage]:
        """Send SIGHUP again and again, each when the one before was obeyed. Return what it has each time."""
        samples, before = [], self.count("was read anew")
        for number in range(1, RELOADS + 1):
            self.process.send_signal(signal.SIGHUP)
            self.wait_for("was read anew", before + number)
            then()
            samples.append(usage(self.process.pid))
        return samples


@contextmanager
def living(config: Path) -> Iterator[Reloading]:
    """Run the daemon; it ends with 0 when it is asked to, and never with a traceback."""
    daemon = Reloading(config)
    try:
        yield daemon
        daemon.process.send_signal(signal.SIGTERM)
        assert daemon.process.wait(timeout=20) == 0
    finally:
        err = daemon.end()
        assert "Traceback" not in err + daemon.text, err + daemon.text


def assert_no_growth(samples: list[Usage]) -> None:
    early, late = peak(samples[WARM_UP : WARM_UP + WINDOW]), peak(samples[-WINDOW:])
    assert late.threads <= early.threads + THREADS, (early, late)
    assert late.descriptors <= early.descriptors + DESCRIPTORS, (early, late)
    assert late.megabytes <= early.megabytes + MEGABYTES, (early, late)


def test_reloads_cost_nothing_that_stays(healthy: Stack) -> None:
    """Each has watches, looks and a client's key of its own; when it is over they are gone."""
    healthy.configure({"cluster": {"kubeconfig": str(healthy.certified_kubeconfig)}, "recheck": 1})
    with living(healthy.config) as daemon:

        def a_pass_ends() -> None:
            passes.append("another")
            daemon.wait_for(" steps, ", len(passes))

        passes = ["the first"]
        daemon.wait_for(" steps, ", 1)
        samples = daemon.reload(a_pass_ends)
        assert_no_growth(samples)
        assert peak(samples).memory_files == 0, "nobody can read the key out of an open file"
    healthy.configure({"cluster": {"kubeconfig": str(healthy.kubeconfig)}, "recheck": None})


PASSES = """
import os, sys, time
from pathlib import Path
from bootheal.adapters.scope import Scope
from bootheal.cli.wiring import first_epoch, make_engine, open_memory, open_world
from bootheal.config import load
from bootheal.engine import Inbox
from support.usage import usage

configuration = load(Path(sys.argv[1]))
memory = open_memory(configuration.file)
with Scope(sys.exit) as scope, memory.hold() as remembered:
    world = open_world(configuration.file.cluster, scope)
    engine = make_engine(configuration, world, memory, lambda _event: None, Inbox(), scope=scope)
    for number in range(50):
        report = engine.run(first_epoch(world, remembered))
        found = usage(os.getpid())
        print(report.verdict.value, found.threads, found.descriptors, found.memory_files, found.megabytes)
time.sleep(0.5)  # a thread that has ended is gone a moment later
print("threads that are left:", usage(os.getpid()).threads)
"""


def test_fifty_passes_cost_nothing_that_stays(healthy: Stack) -> None:
    """One engine goes from pass to pass with the same watches and threads; they end with it."""
    command = [sys.executable, "-c", PASSES, str(healthy.config)]
    paths = {"PYTHONPATH": f"{SOURCE}:{Path(__file__).parents[1]}"}
    done = subprocess.run(command, env=environment() | paths, capture_output=True, text=True, timeout=100, check=False)
    *lines, last = done.stdout.splitlines() or [done.stderr]
    samples = [Usage(int(each[1]), int(each[2]), int(each[3]), float(each[4])) for each in map(str.split, lines)]
    assert len(samples) == 50, done.stderr
    assert {line.split()[0] for line in lines[1:]} == {"healthy"}
    assert_no_growth(samples)
    assert (last, done.stderr) == ("threads that are left: 1", "")


@contextmanager
def a_server(*, answers: bool) -> Iterator[int]:
    """Yield a port that refuses connections, or one that accepts them and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as server, ExitStack() as accepted:
        port = server.getsockname()[1]
        if not answers:
            server.close()

        def accept() -> None:
            with suppress(OSError):
                while True:
                    accepted.enter_context(server.accept()[0])

        ear = threading.Thread(target=accept, daemon=True)
        ear.start()
        yield port
        with suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
        ear.join()


def kubeconfig_for(stack: Stack, directory: Path, port: int) -> str:
    """The stack's kubeconfig with a client certificate, for a server elsewhere."""
    content = json.loads(stack.certified_kubeconfig.read_text())
    content["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{port}"
    file = directory / f"kubeconfig-{port}"
    file.write_text(json.dumps(content))
    return str(file)


@pytest.fixture(params=["no boot id", "no kubeconfig", "refused", "silent"])
def hopeless(request: pytest.FixtureRequest, healthy: Stack, tmp_path: Path) -> Iterator[Path]:
    """A configuration with which the daemon cannot do anything."""
    original = yaml.safe_load(healthy.config.read_text())
    with ExitStack() as stack:
        match request.param:
            case "no boot id":
                kubeconfig = str(healthy.certified_kubeconfig)
                wrong = {"kind": "kubernetes", "boot_id_file": str(tmp_path / "none"), "kubeconfig": kubeconfig}
            case "no kubeconfig":
                (tmp_path / "kubeconfig").write_text("clusters: [{cluster: {certificate-authority-data: aGVsbG8=}}]")
                wrong = {"kubeconfig": str(tmp_path / "kubeconfig")}
            case refusal:
                port = stack.enter_context(a_server(answers=refusal == "silent"))
                wrong = {"kubeconfig": kubeconfig_for(healthy, tmp_path, port)}
        healthy.configure({"cluster": wrong})
        yield healthy.config
    healthy._configuration = {}
    healthy.configure(original)


def test_reloads_where_nothing_can_be_done_cost_nothing_either(hopeless: Path) -> None:
    """And none of them has to wait until a look that hangs has reached its deadline."""
    with living(hopeless) as daemon:
        daemon.wait_for("", 1)
        began = time.monotonic()
        samples = daemon.reload(lambda: time.sleep(0.1))
        assert time.monotonic() - began < 4 * RELOADS  # of the ten seconds and more that each look may take
        assert_no_growth(samples)


def test_a_daemon_without_descriptors_says_so_and_goes_on_when_it_has_some(healthy: Stack) -> None:
    """Nobody was asked, so nothing is known to be ill: nothing is changed, and nothing ends."""
    healthy.configure({"recheck": 1})
    with living(healthy.config) as daemon:
        daemon.wait_for(" steps, ", 1)
        healthy.requests.clear()
        soft, hard = resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE, (3, hard))
        daemon.wait_for("oo many open files", 1)
        time.sleep(3.0)
        resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE, (soft, hard))
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_for("was read anew", 1)
        daemon.wait_for("healthy: nothing had to be done", 2)
        assert not [request for request in healthy.requests if request.writes]
    healthy.configure({"recheck": None})
