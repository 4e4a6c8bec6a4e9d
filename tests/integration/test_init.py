"""`bootheal init` on a cluster that nobody has described, and what a power cut then comes to."""

import sys
from pathlib import Path
from typing import Any

import yaml

from bootheal.config.rbac import grants, told
from bootheal.demo.others import OTHERS
from bootheal.demo.stack import BootScript, Stack, StackOptions
from support.command import actions, bootheal, heal, outcome
from support.entitled import allowed, used, uses
from support.session import once
from support.stack import running


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
    asked = {*used(stack.requests)}
    given = grants(list(yaml.safe_load_all(bootheal("rbac", "--config", file).stdout)))
    assert [each for each in asked if not allowed(each, given)] == []
    unused = sorted(told(each) for each in given if not uses(asked, each))
    sys.stdout.write("\n  ".join(["given, and not used by this pass:", *unused, ""]))
    assert report["verdict"] == "healed"
    assert "reset the password of role/postgres/pooler" in "\n".join(actions(report))
    assert all(stack.serving().values())
    assert file.read_text() == written


def test_a_plain_stack_without_a_pooler_is_healed_untouched(tmp_path: Path) -> None:
    """PostgreSQL in a StatefulSet, asked by its applications themselves."""
    with running(tmp_path / "stack", StackOptions(pooler=False)) as stack:
        file = made(stack, tmp_path, "found: 1 database, 2 workloads")
        report = cut_and_heal(stack, file, crash_recovery=6.0, backoff_first=600.0, backoff_cap=600.0)
        assert report["verdict"] == "healed"
        assert any("pod/shop/django-" in each and "CrashLoopBackOff" in each for each in actions(report))
        assert outcome(report, "deployment/shop/django")["began"] >= outcome(report, "database/postgres")["ended"]
        assert all(stack.serving().values())


# What the images of two servers hold: it says, as theirs do, whether the server beside it may be asked.
COMMANDS = {"mongosh": 27017, "rabbitmq-diagnostics": 5672}
QUESTIONS = {
    **dict.fromkeys(("memcached", "mysql", "nats", "redis"), "expect"),
    **dict.fromkeys(("kong", "minio", "search"), "http"),
    **dict.fromkeys(("mongodb", "rabbitmq"), "exec"),
    "kafka": "port",
}


def test_ten_other_kinds_of_servers_are_waited_for_untouched(tmp_path: Path) -> None:
    """Each is found by its image, proven by a question that fits, and served before what names it."""
    commands = once("commands", make_commands)
    with running(tmp_path / "stack", StackOptions(drift=False, others=f"{commands}:/usr/bin:/bin")) as stack:
        file = made(stack, tmp_path, "found: 1 database, 1 pooler, 10 other servers, 3 workloads")
        asked = {name: each["probe"] for name, each in yaml.safe_load(file.read_text())["dependencies"].items()}
        assert {name for name, probe in asked.items() if QUESTIONS[name] not in probe} == set()
        assert {*asked} == {*QUESTIONS} == {each.name for each in OTHERS}
        report = cut_and_heal(stack, file)
        assert report["verdict"] == "healed"
        began = outcome(report, "deployment/shop/worker")["began"]
        assert [each for each in asked if outcome(report, f"dependency/{each}")["ended"] > began] == []


def make_commands(directory: Path) -> None:
    directory.mkdir()
    for name, port in COMMANDS.items():
        file = directory / name
        file.write_text(f"#!/bin/bash\nexec 3<>/dev/tcp/$POD_IP/{port} && echo 1\n")
        file.chmod(0o755)
    directory.chmod(0o755)


def made(stack: Stack, directory: Path, found: str) -> Path:
    file = directory / "bootheal.yaml"
    where = ("--kubeconfig", stack.kubeconfig, "--state-directory", directory / "state")
    said = bootheal("init", *where, "--output", file).stdout
    assert found in said, said
    return file


def cut_and_heal(stack: Stack, file: Path, **script: float) -> dict[str, Any]:
    stack.power_cut()
    stack.boot(BootScript.quick(**({"crash_recovery": 1.5} | script), stuck="", leftover=False))
    return heal(file)


def test_a_file_is_never_written_over(tmp_path: Path) -> None:
    """Who has a configuration keeps it; the way out is named."""
    file = tmp_path / "bootheal.yaml"
    file.write_text("mine")
    refused = bootheal("init", "--output", file, expect=2)
    assert "it is there already" in refused.stderr
    assert "--force" in refused.stderr
    assert file.read_text() == "mine"


def test_the_smallest_file_heals_a_pod_that_stays_unknown(tmp_path: Path) -> None:
    """What the reboot left dead is deleted after its grace, which is shortened here, and nothing is rolled out."""
    with running(tmp_path / "stack", StackOptions(drift=False, fsync=False)) as stack:
        file = tmp_path / "bootheal.yaml"
        file.write_text(
            f"cluster: {{kind: kubernetes, kubeconfig: {stack.kubeconfig}}}\n"
            f"state_directory: {tmp_path}/state\n"
            f"workloads:\n  deployment/shop/nginx: {{probe: {{http: /health, port: {stack.cluster.ports.nginx}}}}}\n"
            "cleanup: {grace: 1}\n"
        )
        stack.power_cut()
        stack.boot(BootScript.quick(leftover=False, stuck="nginx"))
        report = heal(file)
        assert report["verdict"] == "healed"
        done = actions(report)
        assert any("delete" in each and "(Unknown)" in each for each in done)
        assert not any("roll out" in each for each in done)
        # Of a cluster elsewhere nobody here can ask a node's proxy, which follows the slices within a second.
        stack.wait_until("all applications to serve", lambda: all(stack.serving().values()), timeout=5)


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
    stack.boot(BootScript.quick(crash_recovery=6.0, leftover=False, stuck=""))  # longer than crashes that pass
    report = heal(file)
    assert report["verdict"] == "healed"
    assert {"statefulset/shop/postgres", "deployment/shop/django"} <= {each["step"] for each in report["outcomes"]}
    assert outcome(report, "deployment/shop/django")["began"] >= outcome(report, "gate")["ended"]
    assert {each["step"] for each in report["outcomes"] if each["found"]} >= {"deployment/shop/nginx"}
    assert all(stack.serving().values())


def test_without_a_cluster_what_is_listed_is_not_tried(tmp_path: Path) -> None:
    """With discover, too, the report names each step that is listed, and what it waits for."""
    file = tmp_path / "bootheal.yaml"
    (tmp_path / "kubeconfig").write_text(
        "current-context: a\ncontexts: [{name: a, context: {cluster: c, user: u}}]\n"
        'clusters: [{name: c, cluster: {server: "http://127.0.0.1:9"}}]\nusers: [{name: u, user: {token: x}}]\n'
    )
    file.write_text(
        f"cluster: {{kind: kubernetes, kubeconfig: {tmp_path}/kubeconfig}}\nstate_directory: {tmp_path}/state\n"
        "deadline: 1\ndiscover: {namespaces: [shop]}\nworkloads: {deployment/shop/web: {}}\n"
    )
    report = heal(file, expect=1)
    assert report["verdict"] == "not-healed"
    assert outcome(report, "deployment/shop/web")["why"] == "waits for gate"
    assert "gate" in {each["step"] for each in report["outcomes"]}
