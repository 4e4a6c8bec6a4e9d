"""Each part of `scripts/bench`, on a small scale: that it measures, not what."""

import shutil
from pathlib import Path

import pytest

from bench import cleanup, engine, six_steps, startup
from bench.command import run
from bench.pooler import Case, Cause, try_out
from bench.row import CannotMeasureError
from bootheal.demo.stack import Stack
from support.thorough import rows_by_night


@pytest.mark.parametrize("tells", [True, False])
def test_the_engine_brings_a_simulated_graph_up(tells: bool, tmp_path: Path) -> None:
    """The run ends healed, and not before the longest path can have ended."""
    workloads = engine.graph(workloads=12, layers=3, longest=0.6)
    seconds, busy = engine.run(workloads, tmp_path, tells=tells)
    assert seconds >= 0.6
    assert 0 < busy < seconds


@pytest.mark.slow
@pytest.mark.parametrize("cause", ["wrong password", *rows_by_night("PostgreSQL down", "crash recovery")])
def test_a_pooler_is_healed_under_measurement(cause: Cause) -> None:
    """With bootheal, clients are served again before PgBouncer would try by itself, and keep their connections."""
    result = try_out(Case(cause, "warm", retry=60, trouble=3.0))
    assert 0 < result.seconds < 60
    assert result.dropped == 0
    assert result.errored > 0


def test_peak_memory_is_the_commands_own() -> None:
    """A command's peak memory is neither that of the process which measures it nor that of another command."""
    small, large = run("-c", "pass"), run("-c", "x = bytearray(64 << 20)")
    assert small.memory < 30
    assert 60 < large.memory - small.memory < 70


def test_a_command_that_fails_is_not_measured() -> None:
    """There is no number for a command that did not do its work; the message holds its last words."""
    with pytest.raises(CannotMeasureError, match="exit code 3\n  no luck"):
        run("-c", "import sys; print('no luck'); sys.exit(3)")


@pytest.mark.slow
def test_the_script_that_bootheal_is_compared_with_heals_too(broken: Stack) -> None:
    """A drifted password and dead connections: what its six steps are for."""
    six_steps.heal(broken)
    broken.wait_until("all to serve", lambda: all(broken.serving().values()))


def test_version_imports_nothing_heavy() -> None:
    """`bootheal --version` imports no client library and no schema library; a command that does is found out."""
    assert startup.heavy_imports(("-m", "bootheal", "--version")) == []
    assert startup.heavy_imports(("-c", "import psycopg")) == ["psycopg"]


def test_a_daemons_first_moments_are_measured(healthy: Stack, tmp_path: Path) -> None:
    """It is ready before its first request has been paid for, which is more than a Python that does nothing pays."""
    started = startup.begin(healthy, tmp_path)
    assert 0.02 < started.ready < startup.LONGEST
    assert started.processor > run("-c", "pass").processor


def test_the_command_explains_itself() -> None:
    """`--help` has an example, and starts no stack."""
    bench = Path(engine.__file__).parent
    shown = run(
        "-c",
        f"import runpy, sys; sys.path[:0] = [{str(bench.parent)!r}]; sys.argv[1:] = ['--help']; "
        "runpy.run_module('bench', run_name='__main__')",
    ).printed
    assert "scripts/bench --json" in shown


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
def test_a_heap_of_dead_pods_is_cleaned_up_under_measurement() -> None:
    """Refused, deleted with about one request a pod, and deleted by kubectl."""
    refused, deleted, requests, seconds = cleanup.measure(heap=40)
    assert refused.most == deleted.most == 20
    assert requests.ours >= 40 == requests.other
    assert seconds.other is not None
    assert seconds.other > 0
