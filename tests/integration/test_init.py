"""`bootheal init` on a cluster that nobody has described, and what a power cut then comes to."""

import signal
import sys
from collections.abc import Iterable
from pathlib import Path

import yaml

from bootheal.adapters.kube.api import OWNER
from bootheal.config.rbac import Grant, grants, told
from bootheal.demo.api.faults import Request
from bootheal.demo.stack import BootScript, Stack, StackOptions
from support.command import LONGEST, actions, bootheal, heal, start
from support.stack import running


def used(requests: Iterable[Request]) -> list[Grant]:
    """Return what the API server would have asked its rules: namespace, group, resource, verb, name."""
    found = []
    for request in requests:
        parts = request.path.strip("/").split("/")
        if parts[0] not in ("api", "apis") or request.user_agent != OWNER or "selfsubject" in request.path:
            continue
        group, rest = ("", parts[2:]) if parts[0] == "api" else (parts[1], parts[3:])
        if not rest:
            continue  # which kinds there are, everybody may ask
        namespace = ""
        if rest[0] == "namespaces":  # who asks for a namespace itself asks within it, to the API server
            _, namespace, *rest = rest if len(rest) > 2 else ("", rest[-1], *rest)
        plural, name, below = (*rest, "", "")[:3]
        if request.method == "GET" and not name:
            verb = "watch" if request.query.get("watch") else "list"
        else:
            verb = {"GET": "get", "PATCH": "patch", "DELETE": "delete", "POST": "create"}[request.method]
        found.append((namespace, group, f"{plural}/{below}" if below else plural, verb, name))
    return found


def allowed(asked: Grant, given: frozenset[Grant]) -> bool:
    namespace, group, resource, verb, name = asked
    return any((where, group, resource, verb, of) in given for where in ("", namespace) for of in ("", name))


def uses(asked: list[Grant], grant: Grant) -> bool:
    return any(each[:4] == grant[:4] and grant[4] in ("", each[4]) for each in asked)


def test_what_init_writes_heals_a_power_cut_untouched(stack: Stack, tmp_path: Path) -> None:
    """From nothing: init, a power cut with a drifted password, run --once; nobody has touched the file."""
    file = tmp_path / "made/bootheal.yaml"
    where = ("--kubeconfig", stack.kubeconfig, "--state-directory", tmp_path / "state")
    made = bootheal("init", *where, "--output", file)
    assert "found: 1 database, 1 pooler, 2 workloads" in made.stdout
    assert "check: everything named exists" in made.stdout
    written = file.read_text()
    assert written == bootheal("init", *where, "--output", "-").stdout, "the same cluster gives the same file"
    passwords = stack.options.passwords
    assert not any(secret in written for secret in (passwords.postgres, passwords.pooler, passwords.app))
    bootheal("check", "--config", file)
    assert "names all that is in the cluster" in bootheal("init", "--diff", "--output", file).stdout
    stack.power_cut()
    stack.boot(BootScript.quick(crash_recovery=1.5, stuck="", leftover=False))  # the grace for those is a minute
    stack.requests.clear()
    report = heal(file)
    asked = used(stack.requests)
    given = grants(list(yaml.safe_load_all(bootheal("rbac", "--config", file).stdout)))
    assert [each for each in asked if not allowed(each, given)] == []
    unused = sorted(told(each) for each in given if not uses(asked, each))
    sys.stdout.write("\n  ".join(["given, and not used by this pass:", *unused, ""]))
    assert report["verdict"] == "healed"
    assert "reset the password of role/postgres/pooler" in "\n".join(actions(report))
    assert all(stack.serving().values())
    assert file.read_text() == written


def test_a_file_is_never_written_over(tmp_path: Path) -> None:
    """Who has a configuration keeps it; the way out is named."""
    file = tmp_path / "bootheal.yaml"
    file.write_text("mine")
    refused = bootheal("init", "--output", file, expect=2)
    assert "it is there already" in refused.stderr
    assert "--force" in refused.stderr
    assert file.read_text() == "mine"


def test_with_nothing_but_discover_a_power_cut_is_healed(tmp_path: Path) -> None:
    """No workload is listed: all of a namespace are found, and healed in the order that their manifests tell."""
    with running(tmp_path / "stack", StackOptions(drift=False)) as stack:
        heal_what_is_found(stack, tmp_path)


def heal_what_is_found(stack: Stack, tmp_path: Path) -> None:
    file = tmp_path / "bootheal.yaml"
    file.write_text(
        f"cluster: {{kind: kubernetes, kubeconfig: {stack.kubeconfig}}}\n"
        f"state_directory: {tmp_path}/state\n"
        "discover: {namespaces: [shop]}\n"
    )
    stack.power_cut()
    stack.boot(BootScript.quick(leftover=False, stuck=""))
    report = heal(file)
    assert report["verdict"] == "healed"
    assert {"statefulset/shop/postgres", "deployment/shop/django"} <= {each["step"] for each in report["outcomes"]}
    assert all(stack.serving().values())
    the_daemon_finds_them_too(file)


def the_daemon_finds_them_too(file: Path) -> None:
    """After a pass over what is listed comes one over all that is there; then it rests, and ends as it is asked to."""
    daemon = start("run", "--config", file)
    assert daemon.stdout is not None
    assert any("7 of 7 steps" in line for line in daemon.stdout)
    daemon.send_signal(signal.SIGTERM)
    daemon.communicate(timeout=LONGEST)
    assert daemon.returncode == 0
