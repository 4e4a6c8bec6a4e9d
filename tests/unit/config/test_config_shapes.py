"""Names, hosts, URLs and paths: each is checked for what it is, and what is wrong is told in words."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bootheal.config import load
from bootheal.config.shapes import kubernetes, network, texts
from bootheal.errors import ConfigurationError

Check = Callable[[str], str]

EVERYTHING = Path(__file__).with_name("everything.yaml")
LONG = "a" * 63

RIGHT: dict[Check, list[str]] = {
    kubernetes.label: ["shop", "shop-db", "3scale", LONG],
    kubernetes.subdomain: ["shop", "pooler.shop-db.credentials.postgresql.acid.zalan.do", "a" * 253],
    kubernetes.secret_key: ["username", "userlist.txt", "_x", "A-b.C", ".pgpass"],
    kubernetes.label_key: ["app", "app.kubernetes.io/name", "A_b.c"],
    kubernetes.label_value: ["", "shop", "v1.2_3-RC"],
    kubernetes.workload: ["deployment/shop/web", "statefulset/shop/db.main", "daemonset/kube-system/agent"],
    kubernetes.flux: ["kustomization/flux-system/shop"],
    network.host: [
        "db",
        "DB.example.org",
        "db.example.org.",
        "10.0.0.5",
        "fd00::5",
        "::1",
        "xn--mnchen-3ya.de",
        "1a.2b",
    ],
    network.address: ["", "127.0.0.1"],
    network.registry: ["localhost:5000", "registry", "10.0.0.5:5000", "docker.io"],
    network.registry_url: ["http://127.0.0.1:5000", "https://registry.local/", "http://[::1]:5000"],
    network.url: [
        "http://a",
        "https://shop.local:8443/health?a=b#c",
        "https://[fd00::5]:8443/",
        "http://a/@me",
        "http://a/x:y@z",
    ],
    network.docker: [
        "unix:///var/run/docker.sock",
        "tcp://10.0.0.5:2376",
        "ssh://me@shop.local",
        "ssh://shop.local:22",
    ],
    texts.path: ["/", "/etc/bootheal/ca.crt", "/srv/a b/c"],
    texts.mount: ["/data"],
    texts.http_path: ["/", "/health?a=b"],
    texts.postgres_name: ["shop", "Shop DB", "größe", "a" * 63],
    texts.unit: ["", "k3s.service", "k3s@1.service"],
}
WRONG: dict[Check, list[str]] = {
    kubernetes.label: ["", "Shop", "shop.db", "-shop", "shop-", "a b", "shop\n", LONG + "a", "größe"],
    kubernetes.subdomain: ["", "a..b", ".a", "a.", "a_b", "A", "a-.b", "a" * 254],
    kubernetes.secret_key: ["", ".", "..", "..x", "a b", "a/b", "a" * 254],
    kubernetes.label_key: ["", "/a", "a/", "a b", "A.b/c d", "a/b/c", "-a", LONG + "a"],
    kubernetes.label_value: ["a b", "-a", "a/b", LONG + "a"],
    kubernetes.workload: [
        "",
        "web",
        "deploy/shop/web",
        "deployment/shop",
        "deployment/a.b/c",
        "deployment/a/b/c",
        "pod/a/b",
    ],
    kubernetes.flux: ["deployment/shop/web", "kustomization/a/"],
    network.host: [
        *("", ".", "mail..example.org", "-a", "a-", "a b", "a_b", "host:80", "[::1]", "fe80::1%eth0", "::g", "1:2"),
        *("10.42.0.300", "10.0.0", "1", "010.0.0.1", "münchen.de", "a/b", "http://a", LONG + "a", "a." * 130, "a\n"),
    ],
    network.registry: ["", "http://a", "a:b", "a:0", "a:65536", "a:5000/x", "a b", ":5000"],
    network.registry_url: ["http://a/v2", "http://a?b", "a:5000", "http://a:b"],
    network.url: [
        *(
            "",
            "a",
            "ftp://a",
            "http://",
            "http:///x",
            "http://:80",
            "http://a:b",
            "http://a:0",
            "http://a:65536",
            "http://a:",
        ),
        *(
            "http://[::1/",
            "http://[::1]x",
            "http://[v1.x]/",
            "http://a b",
            "http://a\n",
            "http://ä",
            "http://a..b",
            "http://a\\b",
        ),
        *("http://user@a", "https://user:password@a/", "http://1.2.3.400/", "http://%41/"),
    ],
    network.docker: [
        "",
        "/var/run/docker.sock",
        "unix://a",
        "tcp://",
        "tcp://a:b",
        "tcp://me@a",
        "ssh://me:pw@a",
        "http://a",
    ],
    texts.path: ["", "a", "./a", "~/a", "/a\0b", "/a\nb", "/" + "a" * 256, "/" + "a/" * 2100],
    texts.mount: ["/", "/data/", "data"],
    texts.http_path: ["", "health", "/a b", "/ä"],
    texts.postgres_name: ["a" * 64, "ä" * 32, "a\0", "host=a password=b", "postgres://u:p@h/d"],
    texts.unit: ["k3s", "k3s service", ".service/.."],
}


@pytest.mark.parametrize("check", RIGHT, ids=lambda check: check.__name__)
def test_what_is_right_passes_unchanged(check: Check) -> None:
    """By the rules of whoever will read it."""
    assert [check(text) for text in RIGHT[check]] == RIGHT[check]


@pytest.mark.parametrize("check", WRONG, ids=lambda check: check.__name__)
def test_what_is_wrong_is_told_in_words(check: Check) -> None:
    """What it should be, mostly with an example, and no regular expression."""
    for text in WRONG[check]:
        with pytest.raises(ValueError, match=r"^(it should|it cannot|a path cannot|cannot hold)") as error:
            check(text)
        assert not set("^$\\*+") & set(str(error.value)), text
        assert len(str(error.value)) < 250


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("registry: {url: http://a:b}", ":1:12: registry.url: cannot be 'http://a:b': it should look like"),
        ("registry: {url: 'http://a/v2'}", ":1:12: registry.url: cannot be 'http://a/v2': it should look like"),
        ("registry: {url: http://a, images: ['a:b']}", ":1:36: registry.images.0: cannot be 'a:b': it should be how"),
        ("cleanup: {namespaces: [shop.db]}", ":1:24: cleanup.namespaces.0: cannot be 'shop.db': it should be small"),
        (
            "cluster: {kubeconfig: ~/.kube/config}",
            ":1:11: cluster.kubeconfig: cannot be '~/.kube/config': it should be",
        ),
        (
            "cluster: {kubeconfig: kubeconfig.yaml}",
            ":1:11: cluster.kubeconfig: cannot be 'kubeconfig.yaml': it should be",
        ),
        (
            "cluster: {docker: 'tcp://a:b'}",
            ":1:11: cluster.docker: cannot be 'tcp://a:b': it should look like unix:///",
        ),
        ("cluster: {unit: k3s}", ":1:11: cluster.unit: cannot be 'k3s': it should be a unit of systemd"),
        ("cluster: {kind: k3d, name: Shop}", ":1:22: cluster.name: cannot be 'Shop': it should be small letters"),
        ("max_parallel: 0", ":1:1: max_parallel: cannot be 0: it should be at least 1"),
        ("discover: {namespaces: []}", ":1:12: discover.namespaces: cannot be a list: it should be longer than that"),
        ("cleanup: {namespaces: [a], log_lines: 101}", ":1:28: cleanup.log_lines: cannot be 101: it should be at most"),
        ("poolers: 5", ":1:1: poolers: cannot be a single value: it should be a mapping, like {key: value}"),
        ("deadline: 99999999", ":1:1: deadline: cannot be 99999999: it should be at most 2592000"),
        ("deadline: 900h", ":1:1: deadline: cannot be '900h': it should be at most 2592000 s (720 h)"),
        ("cleanup: {grace: 0m}", ":1:11: cleanup.grace: cannot be '0m': it should be more than 0"),
        ("max_parallel: '0'", ":1:1: max_parallel: cannot be '0': it should be at least 1"),
    ],
)
def test_each_key_takes_what_it_is_for(text: str, told: str, tmp_path: Path) -> None:
    """And says it where it stands."""
    path = tmp_path / "bootheal.yaml"
    path.write_text(text)
    with pytest.raises(ConfigurationError) as error:
        load(path)
    (problem,) = str(error.value).splitlines()
    assert problem.startswith(f"{path}{told}")


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("namespace: shop", "namespace: shop.db", "namespace"),
        ("service: postgres", "service: post_gres", "service"),
        ("app.kubernetes.io/name: shop-db", "app.kubernetes.io/name: shop db", "selector.app.kubernetes.io/name"),
        ("app.kubernetes.io/name: shop-db", "App.io/: shop-db", "selector.App.io/"),
        ("secret: postgres-admin", "secret: Postgres", "admin.secret"),
        ("user_key: username", "user_key: a/b", "admin.user_key"),
        ("user: postgres", 'user: "a\\tb"', "admin.user"),
        ("key: ca.crt", "key: ..", "tls.ca.key"),
        ("port: 5432", "port: 70000", "port"),
        ("mount: /data", "mount: data", "mount"),
        ("cronjob: shop-backup", "cronjob: shop backup", "backup.cronjob"),
        ("at_least: 1", "at_least: .nan", "checks.0.at_least"),
        ("may_shrink: 0.5", "may_shrink: -1", "checks.0.may_shrink"),
        ("name: orders kept", 'name: ""', "checks.0.name"),
        ("sql: select count(*) from orders", 'sql: "a\\0"', "checks.0.sql"),
    ],
)
def test_a_database_is_named_as_kubernetes_and_postgresql_name_things(
    old: str, new: str, place: str, tmp_path: Path
) -> None:
    """Each of its keys, at any depth."""
    text = EVERYTHING.read_text()
    assert old in text
    path = tmp_path / "bootheal.yaml"
    path.write_text(
        text.replace(old, new, 1) if not old.startswith("namespace") else text.replace(f"  {old}\n", f"  {new}\n", 1)
    )
    with pytest.raises(ConfigurationError) as error:
        load(path)
    assert f" databases.shop.{place}: cannot be " in str(error.value)
