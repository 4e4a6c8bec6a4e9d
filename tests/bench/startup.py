"""Part (c): what starting costs, in time and memory, over a Python that does nothing; and how soon it is there."""

import socket
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.command import Ran, run
from bench.resident import _processor_seconds
from bench.row import CannotMeasureError, Row
from bootheal.demo.stack import Stack, StackOptions
from support.command import start_anew

PART = "start-up: time and peak memory over bare Python"
HEAVY = ("kubernetes", "psycopg", "pydantic")
LIGHT_COMMANDS = ("--version", "status")
REPETITIONS = 7
BARE = ("-c", "pass")
IMPORTS = ("-c", "import kubernetes.client.api_client, psycopg")
LONGEST = 30.0


@dataclass(frozen=True, slots=True)
class Started:
    """A daemon's first moments, counted from when it was begun: until READY=1, and what its first request cost."""

    ready: float
    processor: float


def measure(repetitions: int = REPETITIONS) -> Iterator[Row]:
    """Yield the rows, measured against a stack that is healthy, and once against one that is not."""
    with TemporaryDirectory() as directory, Stack(Path(directory), StackOptions()) as stack:
        at = ("--config", str(stack.config))
        commands = {
            "--version": ("-m", "bootheal", "--version"),
            "status": ("-m", "bootheal", "status", *at),
            "plan": ("-m", "bootheal", "plan", *at),
            "run --once": ("-m", "bootheal", "run", "--once", *at),
        }
        compared = commands | {"bare": BARE, "imports": IMPORTS}
        for command in compared.values():
            run(*command, expected=(0, 1))  # writes the bytecode; the first `status` knows of no run yet
        _break(stack)
        heal = run(*commands["run --once"])
        # In turns, so that whatever else this machine does meets all of them alike.
        rounds = [{name: run(*command) for name, command in compared.items()} for _ in range(repetitions)]
        yield from _rows(rounds, heal)
        yield from _first_moments([begin(stack, Path(directory)) for _ in range(repetitions)], rounds)
        for name in LIGHT_COMMANDS:
            count = float(len(heavy_imports(commands[name])))
            yield Row(PART, f"{name}, imports among {', '.join(HEAVY)}", count, "", most=0)


def _break(stack: Stack) -> None:
    """Give the next run something to do: the pooler's password has drifted, and no pooled connection hides it."""
    stack.postgres.drift_password()
    with stack.postgres.admin() as connection:
        connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'pooler'")


def _rows(rounds: list[dict[str, Ran]], heal: Ran) -> Iterator[Row]:
    def seconds(name: str) -> float:
        return statistics.median(ran[name].seconds for ran in rounds)

    def memory(name: str) -> float:
        return statistics.median(ran[name].memory for ran in rounds)

    names = [name for name in rounds[0] if name not in ("bare", "imports")]
    for name in names:
        yield Row(PART, f"{name}, time", 1000 * seconds(name), "ms", 1000 * seconds("bare"), "python -c pass")
    for name in names:
        yield Row(PART, f"{name}, memory", memory(name), "MB", memory("bare"), "python -c pass")
    against = "api_client and psycopg imported"
    for name, peak in (("run --once, well", memory("run --once")), ("run --once, healing", heal.memory)):
        yield Row(PART, f"{name}, memory", peak, "MB", memory("imports"), against, most_ratio=1.3)


def begin(stack: Stack, directory: Path) -> Started:
    """Start the daemon as systemd does, and end it after its first request."""
    path = directory / "notify"
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(path))
        systemd.settimeout(LONGEST)
        stack.requests.clear()
        began = time.monotonic()
        process = start_anew("run", "--config", stack.config, NOTIFY_SOCKET=str(path))
        try:
            while b"READY=1" not in systemd.recv(4096):
                pass
            ready = time.monotonic() - began
            while not stack.requests:
                if time.monotonic() - began > LONGEST:
                    raise CannotMeasureError(f"cannot measure a start: no request within {LONGEST:g} s")
                time.sleep(0.001)
            return Started(ready, _processor_seconds(process.pid))
        finally:
            process.terminate()
            process.communicate()


def _first_moments(started: list[Started], rounds: list[dict[str, Ran]]) -> Iterator[Row]:
    ready, processor = (statistics.median(getattr(each, what) for each in started) for what in ("ready", "processor"))
    bare, used = (
        statistics.median(getattr(each["bare"], what) for each in rounds) for what in ("seconds", "processor")
    )
    yield Row(PART, "run, time until READY=1", 1000 * ready, "ms", 1000 * bare, "python -c pass", most=500)
    yield Row(
        PART,
        "run, processor time until its first request",
        1000 * processor,
        "ms",
        1000 * used,
        "python -c pass",
        most=400,
    )


def heavy_imports(command: tuple[str, ...]) -> list[str]:
    """Return which of the heavy libraries `command` imports."""
    printed = run("-X", "importtime", *command, expected=(0, 1)).printed
    imported = {line.rsplit("|", 1)[-1].strip() for line in printed.splitlines() if line.startswith("import time:")}
    return sorted(imported.intersection(HEAVY))
