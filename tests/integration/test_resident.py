"""The daemon on the stack: it heals, stays, notices, heals again, and ends as it was asked to."""

import json
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import yaml

from bootheal.demo.stack import BootScript, Stack
from support.command import LONGEST, bootheal, environment, heal
from support.daemon import Daemon, living

QUICK = {"recheck": 1, "cleanup": {"grace": 1}}


@contextmanager
def staying(stack: Stack, notify: Path | None = None) -> Iterator[Daemon]:
    """Run the daemon on the stack."""
    stack.configure(QUICK)
    with living(stack.config, notify) as daemon:
        yield daemon


@contextmanager
def systemd(path: Path) -> Iterator[list[str]]:
    """Listen as systemd does on NOTIFY_SOCKET."""
    heard: list[str] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(str(path))

        def listen() -> None:
            with suppress(OSError):
                while True:
                    heard.append(server.recv(4096).decode())

        threading.Thread(target=listen, daemon=True).start()
        yield heard


def serves(stack: Stack) -> bool:
    return all(stack.serving().values())


def drift(stack: Stack) -> None:
    """Break the pooler's login without any object of the cluster changing."""
    stack.postgres.drift_password()
    with stack.postgres.admin() as connection:
        connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'pooler'")


def state(stack: Stack) -> dict[str, object]:
    text = bootheal("status", "--json", "--config", stack.config, expect=(0, 1, 143)).stdout
    return dict(json.loads(text))


def test_a_life_of_the_daemon(broken: Stack, tmp_path: Path) -> None:
    """It heals this boot, notices a drifted password and another power cut, and ends with 0 when asked to."""
    with systemd(tmp_path / "notify") as heard, staying(broken, tmp_path / "notify") as daemon:
        # This boot; meanwhile `wait` blocks, and then says so. A pass by hand works beside the daemon at rest.
        assert bootheal("wait", "--timeout", "30", "--config", broken.config).stdout == "healed\n"
        assert serves(broken)
        broken.wait_until("the first report", lambda: daemon.verdicts() == 1)
        assert heal(broken.config)["verdict"] == "healthy"

        # Nothing in the cluster changes, but nobody can log in any more.
        drift(broken)
        broken.wait_until("the second report", lambda: daemon.verdicts() == 2)
        assert "reset the password of role/shop/pooler" in daemon.text.split(" steps, ")[1]
        assert serves(broken)

        # Another boot: another epoch, in which nothing has been done yet.
        before = state(broken)["epoch"]
        broken.power_cut()
        broken.boot(BootScript.quick(crash_recovery=1.0))
        broken.wait_until("the third report", lambda: daemon.verdicts() >= 3 and serves(broken))
        after = state(broken)
        assert after["epoch"] not in ("", before)
        assert after["previous"]

        assert daemon.stop() == 0
    assert "READY=1" in heard
    assert "WATCHDOG=1" in heard
    assert any(text.startswith("STOPPING=1") for text in heard)


def test_a_stop_in_the_middle_of_a_pass(recovering: Stack) -> None:
    """SIGINT while it waits for PostgreSQL: exit 0, a partial report, and the next run goes on."""
    with staying(recovering) as daemon:
        recovering.wait_until("it to wait", lambda: "57P03" in daemon.text)
        assert daemon.stop(signal.SIGINT) == 0
    report = state(recovering)["report"]
    assert isinstance(report, dict)
    assert report["verdict"] == "interrupted"
    assert "not healed within 0 s" in bootheal("wait", "--timeout", "0", "--config", recovering.config, expect=1).stderr
    recovering.postgres.recover()
    heal(recovering.config)
    assert "healed" in bootheal("wait", "--timeout", "0", "--config", recovering.config).stdout


def test_a_new_configuration_takes_effect_a_bad_one_is_refused(healthy: Stack, tmp_path: Path) -> None:
    """SIGHUP: the old one stays in force with a message that names the line, or the new one heals on."""
    original = yaml.safe_load(healthy.config.read_text())
    with systemd(tmp_path / "notify") as heard, staying(healthy, tmp_path / "notify") as daemon:
        healthy.wait_until("the first report", lambda: daemon.verdicts() == 1)
        good = healthy.config.read_text()
        healthy.config.write_text(good.replace("max_parallel", "max_paralel") + "\nnonsense: 1\n")
        daemon.process.send_signal(signal.SIGHUP)
        healthy.wait_until("a refusal", lambda: "the old one stays in force" in daemon.text)
        assert "nonsense: cannot be understood" in daemon.text
        healthy.wait_until("that it is ready again", lambda: heard.count("READY=1") == 2)
        healthy.config.write_text(good)
        healthy.configure({"workloads": {"deployment/shop/nope": {"after": ["gate"]}}})
        daemon.process.send_signal(signal.SIGHUP)
        healthy.wait_until("the second report", lambda: daemon.verdicts() == 2)
        assert "cannot find deployment/shop/nope" in daemon.text
        assert [text for text in heard if text.startswith("RELOADING=1\nMONOTONIC_USEC=")]
        assert daemon.process.poll() is None  # it cannot heal that, so it stays
        assert daemon.stop() == 0
    healthy._configuration = {}
    healthy.configure(original)


def test_a_configuration_is_taken_up_once(tmp_path: Path) -> None:
    """Where there is no world to look at it tries again and again; READY and warnings come once, and once a reload."""
    config = tmp_path / "bootheal.yaml"
    sections = {
        "cluster": {"boot_id_file": str(tmp_path / "none")},
        "state_directory": str(tmp_path),
        "databases": {"shop": {"namespace": "shop", "service": "db", "dbname": "shop", "admin": {"secret": "db"}}},
        "poolers": {
            "shop": {
                "database": "shop",
                "deployment": "pooler",
                "service": "pooler",
                "credential": {"secret": "pooler"},
                "client": {"secret": "app"},
                "settings": {"query_wait_timeout": 0},
            }
        },
    }
    config.write_text(yaml.safe_dump(sections))
    with systemd(tmp_path / "notify") as heard, living(config, tmp_path / "notify") as daemon:
        daemon.wait_until("it to try again", lambda: heard.count("WATCHDOG=1") >= 3)
        assert (heard.count("READY=1"), daemon.text.count("warning: ")) == (1, 1), daemon.text
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_until("it to reload", lambda: "was read anew" in daemon.text)
        daemon.wait_until("it to try again", lambda: heard.count("WATCHDOG=1") >= 6)
        assert (heard.count("READY=1"), daemon.text.count("warning: ")) == (2, 2), daemon.text


def test_a_database_that_is_gone_ends_it(healthy: Stack) -> None:
    """Exit 3, and `wait` says the same at once: going on would be of no use before a person has looked."""
    healthy.configure({"databases": {"shop": {"dbname": "gone"}}})
    with staying(healthy) as daemon:
        assert daemon.process.wait(timeout=LONGEST) == 3
    assert bootheal("wait", "--config", healthy.config, expect=3).stdout.startswith("a person is needed")
    healthy.configure({"databases": {"shop": {"dbname": "shop"}}})


def test_an_api_server_that_goes_away_for_a_while_is_noticed(healthy: Stack) -> None:
    """As when k3s restarts: a pass waits for it, and its report says that all is well again."""
    with staying(healthy) as daemon:
        healthy.wait_until("the first report", lambda: daemon.verdicts() == 1)
        healthy.faults.readyz = 500
        healthy.wait_until("a doubt", lambda: "the API server is not ready" in daemon.text)
        assert "not healed" in bootheal("wait", "--timeout", "0", "--config", healthy.config, expect=1).stderr
        assert "/readyz says 500 (etcd)" in bootheal("check", "--config", healthy.config, expect=1).stdout
        healthy.faults.clear()
        healthy.wait_until("the second report", lambda: daemon.verdicts() == 2)
        healthy.wait_until("it rests", lambda: daemon.text.splitlines()[-1].startswith("rests: looks at what is well"))
        assert "healthy" in daemon.text.splitlines()[-2]


def test_a_state_directory_that_cannot_be_written_is_said_and_tried_again(healthy: Stack) -> None:
    """Nothing is changed without a record, but a daemon that ended over it would be of even less use."""
    original = yaml.safe_load(healthy.config.read_text())
    healthy.configure({"state_directory": "/proc/sys/kernel"})
    healthy.requests.clear()
    with staying(healthy) as daemon:
        healthy.wait_until("a word about it", lambda: "cannot use the state directory" in daemon.text)
        assert not [request for request in healthy.requests if request.writes]
        assert daemon.stop() == 0
    healthy._configuration = {}
    healthy.configure(original)


def test_it_waits_for_another_pass_and_for_a_world(healthy: Stack, tmp_path: Path) -> None:
    """A boot id that is not there yet, then a lock that somebody else holds: said once, and tried again."""
    original = yaml.safe_load(healthy.config.read_text())
    late = tmp_path / "boot_id"
    healthy.configure({"cluster": {"boot_id_file": str(late)}})
    directory = Path(yaml.safe_load(healthy.config.read_text())["state_directory"])
    directory.mkdir(exist_ok=True)
    code = (
        "import sys, time; from pathlib import Path; from bootheal.adapters.files import lock\n"
        "with lock(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", code, str(directory)]
    with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with staying(healthy) as daemon:
            healthy.wait_until("a word about the boot id", lambda: f"cannot read the boot id {late}" in daemon.text)
            shutil.copy2(healthy.boot_id_file, late)
            daemon.process.send_signal(signal.SIGHUP)
            healthy.wait_until("a word about the lock", lambda: f"(process {holder.pid} since" in daemon.text)
            holder.kill()
            holder.wait()
            healthy.wait_until("a report", lambda: daemon.verdicts() == 1)
            assert daemon.text.count("another pass is under way") == 1
            assert daemon.stop() == 0
    healthy._configuration = {}
    healthy.configure(original)
