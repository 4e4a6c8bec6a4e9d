"""What k3s, etcd, kine, the kubelet, containerd and k3d's containers write when they end, or cannot start."""

from pathlib import Path

import pytest

from bootheal.adapters import log_signatures
from bootheal.causes.tables import BALANCING, LOADBALANCERS
from support.rows import each_row

CANARY = "canary-77c1"
SUPERVISED = 'time="2026-11-30 10:00:00" level=info msg="{}" component=etcd stream=stderr'
ZAP = r"{\"level\":\"info\",\"msg\":\"sleeps\",\"error\":\"wheel \\\"big\\\" stands\"}"
KLOG = r"E1130 10:00:00.1 13 run.go:74] \"command failed\" err=\"cannot be so\""
LINES = [
    tuple(field.strip() for field in line.split("|", 2))
    for line in (Path(__file__).parents[1] / "causes/units.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]


@each_row(LINES, "cause", "kind", "line")
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


def test_a_load_balancer_that_runs_tells_whom_it_cannot_reach() -> None:
    """It says so at each connection; the clients see theirs cut short."""
    line = (
        "2026/11/20 08:00:01 [error] 30#30: *12 connect() failed (111: Connection refused) while connecting to "
        'upstream, client: 172.18.0.1, server: 0.0.0.0:6443, upstream: "172.18.0.3:6443", bytes from/to client:0/0'
    )
    (symptom,) = log_signatures.find("k3d-shop-serverlb", [line] * 400, BALANCING)
    assert symptom.kind == "k3d-upstream-refused"
    assert symptom.text.startswith("it gets no connection to the API server in its container: ")
    assert "connect() failed (111: Connection refused)" in symptom.text
    assert (symptom.fatal, symptom.restart) == (False, False)
    assert log_signatures.find("lb", [line], LOADBALANCERS) == ()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"level":"fatal","msg":"discovery failed","error":"no such peer"}', "discovery failed: no such peer"),
        ("panic: runtime error: index out of range [3]", "runtime error: index out of range [3]"),
        ("fatal error: concurrent map writes", "concurrent map writes"),
        ("F1129 10:00:00.000001       7 server.go:99] cannot set up a thing", "cannot set up a thing"),
        ('E1129 10:00:00.0 7 run.go:72] "command failed" err="no such option"', "no such option"),
        ("FATA[0003] cannot be so", "cannot be so"),
        ("Error: unknown flag: --no-such-flag", "unknown flag: --no-such-flag"),
        ('{"level":"fatal"', ""),
        (f"panic: postgres://k3s:{CANARY}@db/k3s is gone", "postgres://k3s:***@db/k3s is gone"),
        ("panic: a \x1b]0;title\x07 word", "a ]0;title word"),
    ],
)
def test_what_is_not_known_is_quoted_in_whatever_format_it_was_said(line: str, words: str) -> None:
    """The last of it, in one line, without a password, and unable to act on a terminal."""
    lines = ["panic: earlier"] * bool(words) + [line, "goroutine 1 [running]:"]
    assert log_signatures.fatal_words(lines) == words


@pytest.mark.parametrize(
    ("line", "words"),
    [
        # k0s: logrus and cobra; microk8s: a script around klog; Rancher Desktop: k3s
        ('time="2026-11-21 20:00:00" level=fatal msg="cannot be so"', "cannot be so"),
        ("Error: failed to start controller node components: cannot be so", "failed to start controller node"),
        ("F1121 20:00:00.000001       7 daemon.go:46] Proxy exited cannot be so", "Proxy exited cannot be so"),
        (
            "cat: /var/snap/microk8s/current/args/kube-proxy: No such file or directory",
            'its last line: "cat: /var/snap/microk8s/current/args/kube-proxy: No such file or directory"',
        ),
        ('time="2026-11-21 20:00:00" level=error msg="cannot be so"', 'its last line: "cannot be so"'),
        # k0s hands on what it supervises, in quotes within quotes; Rancher Desktop puts the time before it
        (SUPERVISED.format(ZAP), 'its last line: "sleeps: wheel "big" stands"'),
        (SUPERVISED.format(KLOG), "cannot be so"),
        ("2026-11-30T10:00:00.123Z: wsl.exe exited", 'its last line: "wsl.exe exited"'),
        (f"giving up on postgres://k3s:{CANARY}@db/k3s", 'its last line: "giving up on postgres://k3s:***@db/k3s"'),
    ],
)
def test_what_ended_without_a_word_that_it_does_is_quoted_by_its_last_line(line: str, words: str) -> None:
    """What follows a panic, or the usage that follows a wrong flag, is not it."""
    k0s = 'time="2026-11-30 10:00:00" level=warning msg="exit status 1" component=kube-apiserver'
    below = ["", "goroutine 1 [running]:", "main.main()", "\t/go/src/main.go:7 +0x1d", "exit status 2", k0s]
    assert log_signatures.last_words(["something earlier", line, *below]).startswith(words)


def test_who_said_nothing_is_not_quoted() -> None:
    """Its exit status is all there is."""
    assert log_signatures.last_words(()) == log_signatures.last_words(["", "exit status 1"]) == ""


# bbolt's own checks; containerd#9929. In a journal of k3s it is etcd's file: containerd has a log of its own there.
BOLT = "panic: assertion failed: Page expected to be: 1234, but self identifies as 0"


@pytest.mark.parametrize(
    ("unit", "kind", "data"),
    [
        ("k3s.service", "k3s-etcd-damaged", True),
        ("rke2-server.service", "k3s-etcd-damaged", True),
        ("containerd.service", "containerd-metadata-damaged", False),
        ("snap.microk8s.daemon-containerd.service", "containerd-metadata-damaged", False),
    ],
)
def test_a_damaged_file_is_that_of_who_speaks(unit: str, kind: str, *, data: bool) -> None:
    """What containerd has lost it pulls anew; in etcd lies the cluster."""
    known = log_signatures.catalogue_of(unit)
    (symptom,) = log_signatures.find(unit, [BOLT, "goroutine 1 [running]:"], known)
    assert (symptom.kind, symptom.fatal, symptom.spares_data) == (kind, True, not data)
    assert "page" in log_signatures.last_words([BOLT], known).lower()


# pkg/signals of k3s since 1.34, which called it fatal before
ASKED = r'time="2026-11-30T08:00:00Z" level=error msg="Shutdown request received: \"{}\""'


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            ASKED.format("kubelet exited: running with swap on is not supported"),
            "the kubelet refuses to run while swap",
        ),
        (ASKED.format(r"a new thing: \\\"x\\\" is odd"), 'a new thing: "x" is odd'),
        ("containerd: a new thing", "a new thing"),
        ('time="2026-11-30T08:00:00Z" level=info msg="Shutdown request received"', ""),
        ('time="2026-11-30T08:00:00Z" level=error msg="Sending HTTP 503 response: shutdown"', ""),
    ],
)
def test_what_k3s_asks_itself_to_end_for_is_what_it_ends_with(line: str, words: str) -> None:
    """Its wording changed; what it means did not."""
    told = log_signatures.fatal_words(["something earlier", line, "goes on for a moment"])
    assert told.startswith(words) if words else not told
