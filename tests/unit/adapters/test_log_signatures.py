"""What k3s, etcd, kine, the kubelet, containerd and k3d's containers write when they end, or cannot start."""

from pathlib import Path

import pytest

from bootheal.adapters import log_signatures
from bootheal.causes.tables import LOADBALANCERS

CANARY = "canary-77c1"
LINES = [
    tuple(field.strip() for field in line.split("|", 2))
    for line in (Path(__file__).parents[1] / "causes/units.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]


@pytest.mark.parametrize(("cause", "kind", "line"), LINES)
def test_a_line_of_a_unit_is_known_for_what_it_is(cause: str, kind: str, line: str) -> None:
    """One errno and one sentence of x509 stand for several causes; healthy machines write some that look alike.

    Data at risk is fatal in whatever format and whether the unit runs, starts or falls; what needs a person is, once
    the program ends with it, or gets no further.
    """
    found = log_signatures.find("k3s.service", ["something else", line, "goroutine 1 [running]:"])
    assert [symptom.kind for symptom in found] == ([cause] if cause != "-" else [])
    for symptom in found:
        assert (symptom.fatal, symptom.spares_data) == (kind != "passes", kind != "data")
        assert symptom.hint
        assert symptom.restart == (cause in ("containerd-socket", "sandbox-name-reserved"))
    if kind == "data":
        assert "copy" in found[0].hint or "save what can be read" in found[0].hint


def test_a_damaged_etcd_names_the_command_that_restores_a_snapshot() -> None:
    """docs.k3s.io/cli/etcd-snapshot."""
    line = "panic: tocommit(2) is out of range [lastIndex(1)]. Was the raft log corrupted, truncated, or lost?"
    (symptom,) = log_signatures.find("k3s.service", [line])
    assert "k3s server --cluster-reset --cluster-reset-restore-path=" in symptom.hint
    assert "tocommit(2)" in symptom.text


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        # k3d#1393, #947; nginx src/core/ngx_conf_file.c
        ('nginx: [error] invalid PID number "" in "/run/nginx.pid"', "k3d-nginx-pid"),
        ('nginx: [emerg] host not found in upstream "k3d-shop-server-0:6443" in nginx.conf:15', "k3d-upstream-unknown"),
        ('nginx: [emerg] unknown directive "servr" in /etc/nginx/nginx.conf:3', "k3d-proxy-configuration"),
    ],
)
def test_a_load_balancer(line: str, kind: str) -> None:
    """Each of its complaints has another cure."""
    assert [symptom.kind for symptom in log_signatures.find("lb", [line], LOADBALANCERS)] == [kind]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"level":"fatal","msg":"discovery failed","error":"no such peer"}', "discovery failed: no such peer"),
        ("panic: runtime error: index out of range [3]", "runtime error: index out of range [3]"),
        ("fatal error: concurrent map writes", "concurrent map writes"),
        ("F1129 10:00:00.000001       7 server.go:99] cannot set up a thing", "cannot set up a thing"),
        ('E1129 10:00:00.0 7 run.go:72] "command failed" err="no such option"', "no such option"),
        ("FATA[0003] cannot be so", "cannot be so"),
        ('{"level":"fatal"', ""),
        (f"panic: postgres://k3s:{CANARY}@db/k3s is gone", "postgres://k3s:***@db/k3s is gone"),
        ("panic: a \x1b]0;title\x07 word", "a ]0;title word"),
    ],
)
def test_what_is_not_known_is_quoted_in_whatever_format_it_was_said(line: str, words: str) -> None:
    """The last of it, in one line, without a password, and unable to act on a terminal."""
    lines = ["panic: earlier"] * bool(words) + [line, "goroutine 1 [running]:"]
    assert log_signatures.fatal_words(lines) == words
