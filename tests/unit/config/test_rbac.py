"""The rights that a configuration needs, as `bootheal rbac` prints them."""

from pathlib import Path

import pytest

from bootheal.cli.rbac import needed
from bootheal.config.configuration import load
from bootheal.config.rbac import grants, manifests
from bootheal.platform.leases import OWN
from support.documents import documents
from support.inventory import inventory

HEAD = "cluster: {kind: k3s}\n"
FOUND = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: n, annotations: {bootheal/probe: "{exec: [ok]}"}}
spec: {template: {spec: {containers: [{name: c, image: web, envFrom: [{secretRef: {name: settings}}]}]}}}
"""


def given(tmp_path: Path, text: str) -> frozenset[tuple[str, str, str, str, str]]:
    file = tmp_path / "bootheal.yaml"
    file.write_text(HEAD + text)
    return grants(documents(manifests(needed(load(file)), "bootheal", "kube-system")))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (
            "dependencies: {mq: {namespace: n, service: mq, probe: {exec: [ok]}}}",
            {("n", "", "pods/exec", "get", ""), ("n", "", "pods/exec", "create", "")},
        ),
        (
            "workloads: {deployment/n/a: {probe: {sql: select 1, dbname: d, login: {secret: who}}}}",
            {("n", "", "secrets", "get", "who")},
        ),
        (
            "hooks: {f: {after: [gate], reconcile: kustomization/flux-system/apps}}",
            {("flux-system", "kustomize.toolkit.fluxcd.io", "kustomizations", "patch", "apps")},
        ),
        (
            "lease: {namespace: ops}",
            {
                ("ops", "coordination.k8s.io", "leases", "create", ""),
                ("ops", "coordination.k8s.io", "leases", "get", "bootheal"),
                ("ops", "coordination.k8s.io", "leases", "update", "bootheal"),
            },
        ),
        (
            "workloads: {statefulset/n/a: {restart: never}}",
            {("n", "apps", "statefulsets", "list", ""), ("n", "apps", "statefulsets", "get", "a")},
        ),
    ],
)
def test_each_key_gets_what_it_needs(tmp_path: Path, text: str, wanted: set[tuple[str, str, str, str, str]]) -> None:
    """Streams into pods by both verbs, a probe's Secret by its name, a hook's object by its own."""
    assert wanted <= given(tmp_path, text)


@pytest.mark.parametrize(("kind", "forwards"), [("k3s", False), ("kubernetes", True)])
def test_who_would_ask_the_dns_of_a_cluster_elsewhere_may_get_there(
    tmp_path: Path, kind: str, *, forwards: bool
) -> None:
    """It is asked through a port-forward to its pod where pods are not reached directly, else at its address."""
    file = tmp_path / "bootheal.yaml"
    file.write_text(f"cluster: {{kind: {kind}}}\n")
    wished = {str(need.right) for need in needed(load(file))["cluster"] if "portforward" in need.right.resource}
    assert bool(wished) is forwards


DATABASE = "databases: {db: {namespace: n, dbname: d, admin: {secret: root}, WHERE}}"


@pytest.mark.parametrize(("where", "asked"), [("service: pg", True), ("host: db.example.org", False)])
def test_what_only_explains_is_wished_for_and_no_more(tmp_path: Path, where: str, *, asked: bool) -> None:
    """Who leads, what an operator holds back and what Events say: `check` notes what is missing of it, and goes on."""
    file = tmp_path / "bootheal.yaml"
    file.write_text(HEAD + DATABASE.replace("WHERE", where))
    mine = needed(load(file))["databases.db"]
    wished = {need.right.resource for need in mine if need.optional}
    explaining = {"events", "statefulsets", "endpoints", "configmaps", "leases", "clusters"}
    assert wished & explaining == (explaining if asked else set())
    assert not explaining & {need.right.resource for need in mine if not need.optional}


def test_nobody_may_read_all_secrets_or_change_what_is_not_named(tmp_path: Path) -> None:
    """Where the API allows it, a rule names its objects; who only waits may change nothing."""
    text = (
        "cleanup: {namespaces: [n]}\n"
        "databases: {db: {namespace: n, service: pg, dbname: d, admin: {secret: root}}}\n"
        "workloads: {deployment/n/a: {after: [database/db]}, deployment/m/b: {restart: never}}"
    )
    found = given(tmp_path, text)
    assert {name for _, _, resource, _, name in found if resource == "secrets"} == {"root"}
    patched = {(resource, name) for _, _, resource, verb, name in found if verb == "patch"}
    assert {name for resource, name in patched if resource != "leases"} == {"a"}
    assert {name for resource, name in patched if resource == "leases"} == set(OWN)
    assert not any(verb in ("patch", "delete", "create") for namespace, _, _, verb, _ in found if namespace == "m")


def test_the_text_is_the_same_each_time_and_says_why(tmp_path: Path) -> None:
    """Each rule names the keys that need it; two runs give the same bytes."""
    file = tmp_path / "bootheal.yaml"
    file.write_text(HEAD + "workloads: {deployment/n/b: {}, deployment/n/a: {}}")
    text = manifests(needed(load(file)), "bootheal", "kube-system")
    assert text == manifests(needed(load(file)), "bootheal", "kube-system")
    assert "- apiGroups: [apps]  # workloads.deployment/n/a, workloads.deployment/n/b" in text
    assert text.count("kind: Role\n") == 3  # n, kube-system for DNS, kube-node-lease


def test_what_discover_needs_and_what_it_finds_needs(tmp_path: Path) -> None:
    """It lists what there is, may restart whatever it finds, and reads by name what that refers to."""
    file = tmp_path / "bootheal.yaml"
    file.write_text(f"{HEAD}discover: {{namespaces: [n]}}")
    found = inventory(FOUND)
    text = manifests(needed(load(file), found), "bootheal", "kube-system")
    given = grants(documents(text))
    assert {
        ("n", "apps", "deployments", "list", ""),
        ("n", "batch", "cronjobs", "list", ""),
        ("n", "", "services", "list", ""),
        ("n", "apps", "statefulsets", "patch", ""),
        ("n", "", "pods", "delete", ""),
        ("n", "", "secrets", "get", "settings"),
        ("n", "", "pods/exec", "create", ""),
    } <= given
    assert not any(resource == "secrets" and not name for _, _, resource, _, name in given)
    assert "- apiGroups: [batch]  # cluster, discover (optional)" in text
    assert "- apiGroups: [apps]  # cluster, discover\n" in text


def test_what_only_tells_is_optional(tmp_path: Path) -> None:
    """Events of Kubernetes are written where that is allowed; notices go elsewhere, and need nothing."""
    file = tmp_path / "bootheal.yaml"
    file.write_text(f"{HEAD}events: true\nworkloads: {{deployment/n/a: {{}}}}")
    told = manifests(needed(load(file)), "bootheal", "kube-system")
    assert (
        "- apiGroups: [events.k8s.io]  # events (optional)\n    resources: [events]\n    verbs: [create, patch]" in told
    )
    file.write_text(f"{HEAD}workloads: {{deployment/n/a: {{}}}}")
    quiet = manifests(needed(load(file)), "bootheal", "kube-system")
    assert "# events (optional)" not in quiet
    file.write_text(
        f"{HEAD}workloads: {{deployment/n/a: {{}}}}\nnotify: {{me: {{kind: ntfy, url_file: {tmp_path}/url}}}}"
    )
    assert manifests(needed(load(file)), "bootheal", "kube-system") == quiet
