"""Secrets stay where they belong: canary passwords through a whole recovery, then looked for everywhere."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from bootheal.demo.shop import Layout
from bootheal.demo.stack import BootScript, Passwords, Stack, StackOptions
from support.command import bootheal
from support.receiver import TOKEN, Receiver, receiving
from support.stack import running

CANARIES = Passwords(postgres="canary-root-5f1d", pooler="canary'pooler\\ 77c0", app="canary-äpp-93be")


@contextmanager
def watching_processes() -> Iterator[set[str]]:
    """Collect the command line and environment of every process that is seen meanwhile."""
    seen: set[str] = set()
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.02):  # what is started takes longer to start
            for process in Path("/proc").glob("[0-9]*"):
                with suppress(OSError):
                    seen.add((process / "cmdline").read_text(errors="replace"))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        done.set()
        thread.join()


def tell_everybody(stack: Stack, receiver: Receiver, directory: Path) -> None:
    """Let all that tells of a run tell of it: notifications with all details, Events of Kubernetes, metrics."""
    (directory / "webhook.url").write_text(receiver.url(f"/hook/{TOKEN}"))
    target = {"kind": "webhook", "url_file": f"{directory}/webhook.url", "details": "full", "ca": str(receiver.ca)}
    told = {"hook": target | {"when": ["started", "healed", "not-healed", "needs-person"]}}
    stack.configure({"notify": told, "events": True, "metrics_file": f"{directory}/bootheal.prom"})


def drawn(stack: Stack, directory: Path) -> str:
    """Return the report in every form."""
    files = {kind: directory / f"report.{kind}" for kind in ("html", "svg", "perfetto")}
    options = [word for kind, path in files.items() for word in (f"--{kind}", path)]
    bootheal("report", *options, "--config", stack.config)
    texts = [bootheal("report", *form, "--config", stack.config).stdout for form in ([], ["--json"], ["--list"])]
    return "\n".join([*texts, *(path.read_text() for path in files.values())])


def asking(password: str) -> dict[str, Any]:
    """A check whose answer is a password."""
    sql = "select reverse('" + password[::-1].replace("'", "''") + "')"
    return {"client": {"secret": "app"}, "checks": [{"name": "leak", "sql": sql}]}


@pytest.mark.parametrize(("reach", "layout"), [("forward", "plaintext"), ("direct", "verifier")])
def test_no_password_leaves_its_place(tmp_path: Path, reach: str, layout: Layout) -> None:
    """Not in output, state, arguments of processes, request URLs and bodies, or PostgreSQL's log of all statements."""
    options = StackOptions(passwords=CANARIES, log_statement="all", pooler_layout=layout)
    with receiving(tmp_path) as receiver, running(tmp_path, options) as stack:
        stack.configure({"cleanup": {"grace": 1}, "cluster": {"reach": reach}})
        tell_everybody(stack, receiver, tmp_path)
        if layout == "verifier":
            stack.configure({"poolers": {"shop": {"auth_file": {"secret": "pooler-userlist"}}}})
            stack.postgres.drift_password("app")
        stack.power_cut()
        stack.boot(BootScript.quick(crash_recovery=1.5))
        with watching_processes() as commands:
            runs = [
                bootheal("plan", "--config", stack.config, expect=(0, 1)),
                bootheal("run", "--once", "--config", stack.config),
                bootheal("check", "--config", stack.config),
                bootheal("run", "--once", "--json", "--config", stack.config),
                bootheal("status", "--json", "--config", stack.config),
            ]
            stack.configure({"databases": {"shop": asking(CANARIES.app)}})
            runs.append(bootheal("run", "--once", "--config", stack.config, expect=1))
        assert "its answer is not one number" in runs[-1].stdout
        assert all(stack.serving().values())
        places = {
            "output": "\n".join(run.stdout + run.stderr for run in runs),
            "state": "\n".join(path.read_text() for path in (tmp_path / "state").iterdir()),
            "arguments": "\n".join(commands),
            "reports": drawn(stack, tmp_path),
            "notifications": repr(receiver.messages),
            "metrics": (tmp_path / "bootheal.prom").read_text(),
            "requests": "\n".join(f"{r.path} {r.query} {r.body}" for r in stack.requests),
            "PostgreSQL's log": stack.postgres.log,
        }
        assert [said["occasion"] for said in receiver.messages] == ["started", "healed", "not-healed"]
        assert "reset-password" in places["reports"]
        assert 'bootheal_actions_total{action="reset-password"}' in places["metrics"]
        assert "BoothealDeletePod" in places["requests"]
        assert all(TOKEN not in text for place, text in places.items())
        assert "ALTER ROLE" in places["PostgreSQL's log"].upper()
        verifiers = [stack.postgres.verifier(role) for role in ("postgres", "pooler", "app")]
    for verifier in verifiers:
        for place, text in places.items():
            if place != "PostgreSQL's log":  # it was told to log statements, and a verifier is what is sent
                assert verifier not in text, f"a verifier is in {place}"
    for password in (CANARIES.postgres, CANARIES.pooler, CANARIES.app):
        for place, text in places.items():
            assert password not in text, f"a password is in {place}"
            assert repr(password)[1:-1] not in text, f"a password is, quoted, in {place}"
