"""Three daemons with one Lease on one cluster: what the API server was asked decides that never two of them acted."""

import json
import re
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from functools import cache, partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from bootheal.cli.healing.mandate import name_of
from bootheal.config import load
from bootheal.demo.api.faults import Request
from bootheal.demo.objects.kinds import POD
from bootheal.demo.stack import Fault, Stack
from support import unpacked
from support.command import actions, bootheal, heal
from support.daemon import Daemon, living
from support.relay import relay
from support.stack import running
from support.thorough import by_night

NAMES = ("one", "two", "three")
LEASE = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases"

# From the holder's last renewal: seen two seconds later at most, believed for fifteen; and a busy machine.
BELIEVED, LONGEST_WITHOUT = 15.0, 17.0 + 8.0


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A healthy stack whose owner has more than one daemon."""
    with running(tmp_path_factory.mktemp("stack")) as stack:
        stack.configure({"lease": {"namespace": "kube-system"}, "recheck": 1, "cleanup": {"grace": 1}})
        yield stack


def of_its_own(stack: Stack, name: str) -> Path:
    """Write the configuration of one more daemon: the same, but for where it remembers."""
    said: dict[str, Any] = yaml.safe_load(stack.config.read_text()) | {"state_directory": str(stack.directory / name)}
    path = stack.directory / f"{name}.yaml"
    path.write_text(yaml.safe_dump(said))
    return path


@contextmanager
def three(stack: Stack) -> Iterator[dict[str, Daemon]]:
    """Run three daemons."""
    with ExitStack() as opened:
        yield {name: opened.enter_context(living(of_its_own(stack, name))) for name in NAMES}


def who(request: Request) -> str:
    """Return which process has sent it, as the audit log names it."""
    found = re.fullmatch(r"bootheal \((.+)\)", request.user_agent)
    return found[1] if found else ""


def taken(stack: Stack) -> list[Request]:
    """Return the writes by which somebody holds the Lease from then on."""
    writes = [each for each in list(stack.requests) if each.path.startswith(LEASE) and each.method in ("POST", "PUT")]
    return [each for each in writes if each.status in (200, 201)]


def acting(stack: Stack) -> str:
    """Return which of the daemons holds the Lease, "" for none."""
    lease = stack.find("leases", "bootheal", "kube-system")
    return next((name for name in NAMES if lease and lease["spec"]["holderIdentity"] == identity(stack, name)), "")


@cache
def identity(stack: Stack, name: str) -> str:
    return name_of(load(of_its_own(stack, name)).file)


def deletes(stack: Stack) -> list[Request]:
    return [each for each in list(stack.requests) if each.method == "DELETE"]


def dead_pods(stack: Stack) -> int:
    return stack.summary().count("Terminated")


def acted_alone(stack: Stack) -> None:
    """Whatever changed an object came from whoever had written the Lease last."""
    requests = list(stack.requests)
    term = {id(each) for each in taken(stack)}
    current = ""
    for each in requests:
        if id(each) in term:
            current = who(each)
        elif each.writes and who(each) and not each.path.startswith(LEASE):
            assert who(each) == current, f"{who(each)} sent {each.method} {each.path} while {current} was to act"


def test_what_another_process_has_lent_is_given_back_by_whoever_acts_next(shared: Stack) -> None:
    """It finds the loan on the pod: the other one's state file is on another machine. No other note is believed."""
    was = shared.pooler.setting("server_login_retry")
    with shared.pooler.console() as console:
        console.execute("SET server_login_retry = '0.2'")
    noted = {"bootheal/lent.server_login_retry": was, "bootheal/lent.auth_type": "any"}
    name = shared.pooler.pods[0]["metadata"]["name"]
    edit = partial(shared.cluster.store.edit, POD, "shop", name)
    shared.invoke(lambda: edit(lambda pod: pod["metadata"].setdefault("annotations", {}).update(noted)))
    report = heal(of_its_own(shared, "next"))
    assert f"set server_login_retry = {was} on pod/shop/{name} again" in actions(report)
    assert shared.pooler.setting("server_login_retry") == was
    assert [each for each in annotations(shared) if each.startswith("bootheal/lent.")] == ["bootheal/lent.auth_type"]
    acted_alone(shared)


def test_one_of_three_acts_whatever_becomes_of_it(shared: Stack) -> None:
    """Killed, the next one follows within 17 s; stopped in the middle of its work, it goes on with none of it."""
    with three(shared) as daemons:
        shared.wait_until("one of them rests", lambda: any("rests" in each.text for each in daemons.values()))
        first = acting(shared)
        others = [name for name in daemons if name != first]
        said = f"{socket.gethostname().replace('_', '-')} (boot "
        for name in others:
            daemons[name].wait_until("it stands by", lambda name=name: "heals: it holds" in daemons[name].text)  # type: ignore[misc]
            assert re.search(
                rf"stands by: {re.escape(said)}\w+\) heals: it holds lease/kube-system", daemons[name].text
            )
            config = f"{shared.directory}/{name}.yaml"
            assert f"; {said}" in bootheal("wait", "--timeout", "30", "--config", config).stdout
            assert f"stands by: {said}" in bootheal("status", "--config", config).stdout
        refused = bootheal("run", "--once", "--config", of_its_own(shared, "by-hand"), expect=75)
        assert "cannot begin a pass: " in refused.stderr
        assert "heals: it holds lease/kube-system/bootheal" in refused.stderr

        daemons[first].process.kill()
        shared.wait_until("another one holds it", lambda: acting(shared) not in ("", first))
        second = acting(shared)
        daemons[second].wait_until("it rests", lambda: "rests" in daemons[second].text)

        shared.faults.add(Fault(path="/pods/", method="DELETE", delay=0.5))
        before = len(deletes(shared))
        shared.leave_dead(24)
        shared.wait_until("it deletes", lambda: len(deletes(shared)) > before)
        daemons[second].process.send_signal(signal.SIGSTOP)
        sent = len(deletes(shared)) - before
        assert 0 < sent < 24
        third = next(name for name in others if name != second)
        shared.wait_until("the third one holds it", lambda: acting(shared) == third)
        shared.wait_until("the third one has done the rest", lambda: not dead_pods(shared))
        daemons[second].process.send_signal(signal.SIGCONT)
        daemons[second].wait_until(
            "it says that another one heals",
            lambda: daemons[second].text.rstrip().endswith("lease/kube-system/bootheal"),
        )
        assert daemons[third].stop() == 0
        shared.wait_until("it is given back and taken", lambda: acting(shared) == second)
    acted_alone(shared)
    renewals = taken(shared)
    gaps = [
        (later.time - earlier.time, who(later)) for earlier, later in pairwise(renewals) if who(later) != who(earlier)
    ]
    assert gaps
    assert all(gap <= LONGEST_WITHOUT for gap, _ in gaps), gaps


def test_clocks_that_are_an_hour_apart_make_nobody_act_too_soon(shared: Stack) -> None:
    """What a record says of the time is never compared with one's own: it is believed until it has stood unchanged."""
    clocks = {"one": unpacked.clock(0), "two": unpacked.clock(3600), "three": unpacked.clock(-3600)}
    shared.requests.clear()
    with ExitStack() as opened:
        daemons = {
            name: opened.enter_context(living(of_its_own(shared, name), loaded=loaded))
            for name, loaded in clocks.items()
        }
        shared.wait_until("one of them acts", lambda: acting(shared))
        first = acting(shared)
        for name in clocks.keys() - {first}:
            daemons[name].wait_until("it stands by", lambda name=name: "heals: it holds" in daemons[name].text)  # type: ignore[misc]
        daemons[first].process.kill()
        shared.wait_until("another one holds it", lambda: acting(shared) not in ("", first))
    acted_alone(shared)
    written = taken(shared)
    changes = [(earlier, later) for earlier, later in pairwise(written) if who(later) != who(earlier)]
    assert len(changes) == 1, "each held it until it was killed"
    ((last, next_),) = changes
    assert BELIEVED - 1.0 <= next_.time - last.time <= LONGEST_WITHOUT
    stamps = [datetime.fromisoformat(each.body["spec"]["renewTime"]) for each in (last, next_)]
    assert abs((stamps[1] - stamps[0]).total_seconds()) > 3000, "their clocks were not apart"


@by_night
def test_one_that_is_cut_off_or_stopped_for_half_a_minute_acts_on_nothing_meanwhile(shared: Stack) -> None:
    """The network between it and the API server is gone without a word; another follows within 17 s."""
    content = yaml.safe_load(shared.kubeconfig.read_text())
    server = content["clusters"][0]["cluster"]["server"]
    with relay(int(server.rpartition(":")[2])) as way, ExitStack() as opened:
        content["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{way.port}"
        elsewhere = shared.directory / "kubeconfig-elsewhere"
        elsewhere.write_text(json.dumps(content))
        said = yaml.safe_load(of_its_own(shared, "one").read_text())
        said["cluster"]["kubeconfig"] = str(elsewhere)
        (shared.directory / "one.yaml").write_text(yaml.safe_dump(said))
        shared.requests.clear()
        daemons = {"one": opened.enter_context(living(shared.directory / "one.yaml"))}
        shared.wait_until("it acts", lambda: "rests" in daemons["one"].text)
        for name in ("two", "three"):
            daemons[name] = opened.enter_context(living(of_its_own(shared, name)))
            daemons[name].wait_until("it stands by", lambda name=name: "heals: it holds" in daemons[name].text)  # type: ignore[misc]

        shared.faults.add(Fault(path="/pods/", method="DELETE", delay=0.5))
        before = len(deletes(shared))
        shared.leave_dead(24)
        shared.wait_until("it deletes", lambda: len(deletes(shared)) > before)
        way.cut()
        shared.wait_until("the others have done the rest", lambda: not dead_pods(shared))
        daemons["one"].wait_until("it says why it stops", lambda: "could not be renewed" in daemons["one"].text)
        acted_alone(shared)
        way.restore()
        daemons["one"].wait_until("it stands by", lambda: "heals: it holds" in daemons["one"].text)

        name = next(name for name in ("two", "three") if identity(shared, name) == holder(shared))
        daemons[name].process.send_signal(signal.SIGSTOP)
        time.sleep(30.0)
        assert holder(shared) != identity(shared, name)
        shared.leave_dead(3)
        daemons[name].process.send_signal(signal.SIGCONT)
        shared.wait_until("all is done", lambda: not dead_pods(shared))
    acted_alone(shared)
    shared.faults.clear()


def holder(stack: Stack) -> str:
    lease = stack.find("leases", "bootheal", "kube-system")
    return str(lease["spec"]["holderIdentity"]) if lease else ""


def annotations(stack: Stack) -> set[str]:
    return {name for pod in stack.pooler.pods for name in pod["metadata"].get("annotations") or {}}


def test_a_lease_that_may_not_be_held_is_told_by_check(shared: Stack) -> None:
    """Before it is needed, and by the right that is missing."""
    shared.faults.deny("update", "leases", "kube-system")
    told = bootheal("check", "--config", shared.config, expect=1).stdout
    shared.faults.clear()
    assert "lease: not allowed: update leases in namespace kube-system (bootheal)" in told
