"""Probes as they are written in bootheal.yaml."""

from pathlib import Path

import pytest

from bootheal.config import load
from bootheal.errors import ConfigurationError
from bootheal.model import Login, Ref
from bootheal.probes import Exec, Http, Probe, Sql, Tcp, Url
from bootheal.workloads.workload import WorkloadStep


def read(tmp_path: Path, probe: str) -> Probe | None:
    path = tmp_path / "bootheal.yaml"
    path.write_text(f"workloads:\n  deployment/shop/web:\n    probe: {{{probe}}}\n")
    step = load(path).plan.steps["deployment/shop/web"]
    assert isinstance(step, WorkloadStep)
    return step.probe


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("port: 80", Tcp(80)),
        (r'port: 6379, send: "PING\r\n", expect: +PONG', Tcp(6379, "PING\r\n", "+PONG")),
        ("http: /health, port: 8000", Http(8000, "/health")),
        ("http: /, port: 8000, status: 401", Http(8000, "/", 401)),
        ("exec: [redis-cli, ping], container: redis, expect: PONG", Exec(("redis-cli", "ping"), "redis", "PONG")),
        (
            "sql: select 1, dbname: shop, login: {secret: app}",
            Sql("select 1", "shop", Login(Ref("secret", "shop", "app"))),
        ),
        ("url: 'https://shop.local:8443/'", Url("https://shop.local:8443/")),
        (
            "url: 'https://shop.local/', ca: /ca.crt, address: 127.0.0.1, status: 200",
            Url("https://shop.local/", ca="/ca.crt", address="127.0.0.1", status=200),
        ),
        ("url: 'https://shop.local/', insecure: true", Url("https://shop.local/", insecure=True)),
    ],
)
def test_each_kind_is_known_by_its_word(tmp_path: Path, written: str, meant: Probe) -> None:
    """http, exec, sql or url; none of them is a TCP connection."""
    assert meant == read(tmp_path, written)


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("http: /health", "probe: cannot do without port"),
        ("", "probe: cannot do without port"),
        ("http: /, port: 80, exec: [true]", "exec.0: cannot be true: it should be text"),
        ("http: /, port: 80, exec: ['true']", "probe.exec: cannot stand beside http: a probe asks one question"),
        ("sql: select 1", "probe: cannot do without login"),
        ("exec: ['true'], port: 80", "probe.port: cannot stand beside exec"),
        ("port: 80, status: 200", "probe.status: cannot stand in a probe of a TCP port"),
        ("url: 'ftp://x'", "probe.url: cannot be 'ftp://x'"),
        ("url: 'https://:80/'", "probe.url: cannot be 'https://:80/': it should look like https://shop.local"),
        ("url: 'https://me:secret@shop.local/'", "probe.url: cannot hold a user or a password"),
        ("url: 'http://shop.local/', insecure: true", "probe.url: cannot be checked against a certificate"),
        ("url: 'https://x/', ca: /c, insecure: true", "probe.insecure: cannot stand beside ca"),
    ],
)
def test_what_does_not_go_together_is_told(tmp_path: Path, written: str, complaint: str) -> None:
    """With the key that is wrong, or the probe as a whole where one is missing."""
    with pytest.raises(ConfigurationError) as error:
        read(tmp_path, written)
    assert complaint in str(error.value)


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("after: [deployment/shop/web]", "hooks.h: cannot be understood: it needs one of reconcile, url, exec"),
        ("after: [deployment/shop/wen], url: 'http://x/'", "hooks.h.after.0: cannot be 'deployment/shop/wen': no such"),
        ("after: [deployment/shop/web], reconcile: pod/a/b", "hooks.h.reconcile: cannot be 'pod/a/b'"),
        ("after: [deployment/shop/web], exec: [x]", "hooks.h: cannot do without workload"),
        ("after: [deployment/shop/web], url: 'http://x/', container: c", "hooks.h.container: cannot stand beside url"),
        ("url: 'http://x/'", "hooks.h.after: cannot be left out"),
    ],
)
def test_a_hook_does_one_thing_after_something(tmp_path: Path, written: str, complaint: str) -> None:
    """And says after what, and to what."""
    path = tmp_path / "bootheal.yaml"
    path.write_text(f"workloads:\n  deployment/shop/web: {{}}\nhooks:\n  h: {{{written}}}\n")
    with pytest.raises(ConfigurationError) as error:
        load(path)
    assert complaint in str(error.value)


def test_a_daemon_set_cannot_be_scaled(tmp_path: Path) -> None:
    """It has no replicas."""
    path = tmp_path / "bootheal.yaml"
    path.write_text("workloads:\n  daemonset/shop/agent: {strategy: scale}\n")
    with pytest.raises(ConfigurationError, match="cannot be 'scale': a DaemonSet has no replicas"):
        load(path)
