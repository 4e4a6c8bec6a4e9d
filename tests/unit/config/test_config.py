"""Reading bootheal.yaml: every problem at once, each with its place."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootheal.config import Configuration, accept_data, load
from bootheal.config.file import File
from bootheal.errors import ConfigurationError, UsageError
from bootheal.model import Login, Ref
from bootheal.pgbouncer.credential import Credential
from bootheal.pgbouncer.pooler import PoolerStep
from bootheal.platform.components import Allowed
from bootheal.platform.gate import Gate
from bootheal.pods.cleanup import Cleanup
from bootheal.pods.image_pulls import Images
from bootheal.postgres.database import DatabaseStep
from bootheal.probes import Tcp
from bootheal.workloads.workload import WorkloadStep
from support.somebody import somebody_else

SAMPLE = Path(__file__).parents[3] / "config/bootheal.yaml"

MINIMAL = """\
databases:
  shop: {namespace: shop, service: db, dbname: shop, admin: {secret: admin}}
poolers:
  shop: {database: shop, deployment: pooler, service: pooler, credential: {secret: p}, client: {secret: app}}
workloads:
  deployment/shop/web: {after: [pooler/shop]}
"""


def read(tmp_path: Path, text: str) -> Configuration:
    path = tmp_path / "bootheal.yaml"
    path.write_text(text)
    return load(path)


def problems(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as error:
        read(tmp_path, text)
    prefix = str(tmp_path / "bootheal.yaml")
    return [line.removeprefix(prefix) for line in str(error.value).splitlines()]


def test_the_sample_is_right() -> None:
    """It can be copied as it is."""
    assert list(load(SAMPLE).plan.steps) == [
        "gate",
        "dns",
        "leases",
        "cleanup",
        "disk/shop",
        "database/shop",
        "credential/shop",
        "pooler/shop",
        "deployment/shop/django",
        "deployment/shop/nginx",
    ]


def test_the_sample_shows_every_key_of_the_schema() -> None:
    """A key that is added to the schema must be explained in the sample."""
    schema = File.model_json_schema()
    keys = {key for part in (schema, *schema["$defs"].values()) for key in part["properties"]}
    text = SAMPLE.read_text()
    assert {key for key in keys if f"{key}:" not in text} == set()


def test_editors_are_told_what_may_be_written() -> None:
    """A duration is a number or a text, PgBouncer's settings are not only texts, and a name has its shape."""
    schema = File.model_json_schema()
    deadline = schema["properties"]["deadline"]
    assert deadline["type"] == ["number", "string"]
    assert [re.match(deadline["pattern"], text) is not None for text in ("90s", "1.5h", "60", "2:30")] == [
        *[True] * 3,
        False,
    ]
    pooler, database = (schema["$defs"][name]["properties"] for name in ("Pooler", "Database"))
    (setting,) = (
        pooler["settings"].get("patternProperties") or {"": pooler["settings"]["additionalProperties"]}
    ).values()
    assert setting["type"] == ["string", "number", "boolean"]
    assert re.match(database["namespace"]["pattern"], "shop-db")
    assert not re.match(database["namespace"]["pattern"], "shop.db")


def test_edges_that_need_no_declaring_are_there(tmp_path: Path) -> None:
    """Gate, database, credential, pooler, workload; what uses names follows cluster DNS, but for what DNS may need."""
    plan = read(tmp_path, MINIMAL + "  deployment/shop/other: {}\n  deployment/kube-system/coredns: {}\n").plan
    assert {name: step.after for name, step in plan.steps.items()} == {
        "gate": (),
        "dns": ("gate",),
        "leases": ("gate",),
        "cleanup": ("gate",),
        "disk/shop": ("gate",),
        "database/shop": ("disk/shop",),
        "credential/shop": ("database/shop",),
        "pooler/shop": ("credential/shop", "dns"),
        "deployment/shop/web": ("pooler/shop", "dns"),
        "deployment/shop/other": ("dns",),
        "deployment/kube-system/coredns": ("gate",),
    }


def test_a_login_that_another_step_may_mend_is_mended_before_a_check_needs_it(tmp_path: Path) -> None:
    """Where the database is, and whether it is the same one, is known before; who mends nothing is not waited for."""
    checks = "admin: {secret: admin}, client: {secret: p}, checks: [{name: n, sql: select 1}]"
    text = MINIMAL.replace("admin: {secret: admin}", checks)
    steps = read(tmp_path, text).plan.steps
    primary, database = steps["primary/shop"], steps["database/shop"]
    assert isinstance(primary, DatabaseStep)
    assert isinstance(database, DatabaseStep)
    assert (len(primary.checks), len(database.checks)) == (0, 1)
    assert {
        name: steps[name].after for name in ("primary/shop", "credential/shop", "database/shop", "pooler/shop")
    } == {
        "primary/shop": ("disk/shop",),
        "credential/shop": ("primary/shop",),
        "database/shop": ("primary/shop", "credential/shop"),
        "pooler/shop": ("credential/shop", "dns", "database/shop"),
    }
    accepting = accept_data(read(tmp_path, text), ["shop"], 5.0).plan.steps
    assert [name for name in steps if accepting[name] != steps[name]] == ["primary/shop", "database/shop"]
    for other in ("credential: {secret: p, reset: never}", "credential: {secret: q}"):
        assert "primary/shop" not in read(tmp_path, text.replace("credential: {secret: p}", other)).plan.steps


@pytest.mark.parametrize(
    ("credential", "client", "mended"),
    [
        ("secret: p, user: pooler", "secret: copy, user: pooler", True),
        ("secret: p, user: pooler", "secret: p, user: app", False),
        ("secret: p", "secret: p, password_key: password", True),
        ("secret: p", "secret: p, url_key: uri", True),
        ("secret: p, password_key: pooler", "secret: p, password_key: app", False),
        ("secret: p, user: pooler", "secret: copy", False),
    ],
)
def test_one_role_may_be_named_in_many_ways(tmp_path: Path, credential: str, client: str, *, mended: bool) -> None:
    """Another key of the same Secret, or another Secret with the same user: the check would be refused all the same."""
    checks = f"admin: {{secret: admin}}, client: {{{client}}}, checks: [{{name: n, sql: select 1}}]"
    text = MINIMAL.replace("admin: {secret: admin}", checks).replace(
        "credential: {secret: p}", f"credential: {{{credential}}}"
    )
    assert ("primary/shop" in read(tmp_path, text).plan.steps) == mended


def test_a_role_is_that_of_its_server_whatever_the_database(tmp_path: Path) -> None:
    """Checks of another database there wait for who mends it; each credential waits for its own primary only."""
    reports = (
        "  reports: {namespace: shop, service: db, dbname: reports, admin: {secret: admin}, client: {secret: p}, "
        "checks: [{name: n, sql: select 1}]}\n"
    )
    before, poolers, after = MINIMAL.partition("poolers:")
    steps = read(tmp_path, before + reports + poolers + after).plan.steps
    wanted = ("database/reports", "credential/shop", "database/shop", "pooler/shop")
    assert {name: steps[name].after for name in wanted} == {
        "database/reports": ("primary/reports", "credential/shop"),
        "credential/shop": ("database/shop",),
        "database/shop": ("disk/shop",),
        "pooler/shop": ("credential/shop", "dns"),
    }


def test_a_databases_service_is_waited_for_where_no_pooler_proves_it(tmp_path: Path) -> None:
    """The credential needs the primary only; who goes straight to the database needs its Service."""

    def routed(text: str) -> bool:
        step = read(tmp_path, text).plan.steps["database/shop"]
        assert isinstance(step, DatabaseStep)
        return step.routed

    assert not routed(MINIMAL)
    assert routed(MINIMAL + "  deployment/shop/worker: {after: [database/shop]}\n")
    alone, _, _ = MINIMAL.partition("poolers:")
    assert routed(alone)


@pytest.mark.parametrize(
    ("said", "cleaned"),
    [
        ("", ("media", "shop")),
        ("cleanup: {grace: 5}\n", ("media", "shop")),
        ("discover: {namespaces: [home]}\n", ("home", "media", "shop")),
        ("cleanup: {namespaces: [shop]}\n", ("shop",)),
        ("cleanup: {namespaces: []}\n", ()),
    ],
)
def test_dead_pods_are_cleaned_up_where_the_file_has_something(
    tmp_path: Path, said: str, cleaned: tuple[str, ...]
) -> None:
    """Without a word about it, too; whoever names no namespace for it refuses."""
    steps = read(tmp_path, f"{said}workloads: {{deployment/shop/web: {{}}, sts/media/player: {{}}}}").plan.steps
    found = steps.get("cleanup")
    assert (found.namespaces if isinstance(found, Cleanup) else ()) == cleaned
    assert "cleanup" not in read(tmp_path, "cluster: {kind: k3s}").plan.steps


def test_defaults_are_filled_in_where_they_belong(tmp_path: Path) -> None:
    """The pooler's namespace and database name are the database's, its console's login is its credential."""
    text = MINIMAL.replace("after: [pooler/shop]", "after: [pooler/shop], probe: {port: 80}, patience: 5m")
    steps = read(tmp_path, text).plan.steps
    pooler, workload = steps["pooler/shop"], steps["deployment/shop/web"]
    assert isinstance(pooler, PoolerStep)
    assert isinstance(workload, WorkloadStep)
    assert (pooler.pooler.dbname, pooler.pooler.console) == ("shop", Login(Ref("secret", "shop", "p")))
    assert (workload.probe, workload.patience) == (Tcp(80), 300)


@pytest.mark.parametrize("cluster", ["{kind: k3d}", "{kind: k3s, name: shop}"])
def test_a_k3d_cluster_has_a_name_and_only_a_k3d_cluster(tmp_path: Path, cluster: str) -> None:
    """Docker's containers are found by it."""
    (problem,) = problems(tmp_path, f"cluster: {cluster}\n")
    assert "cluster.name: a k3d cluster has a name, and only a k3d cluster" in problem


def test_what_may_be_started_and_restarted_depends_on_the_kind(tmp_path: Path) -> None:
    """k3d: what is stopped is started, and the load balancer alone may be restarted; k3s: nothing, until asked for."""

    def allowed(cluster: str) -> Allowed:
        gate = read(tmp_path, f"cluster: {cluster}\n").plan.steps["gate"]
        assert isinstance(gate, Gate)
        return gate.allowed

    balancer = frozenset({"loadbalancer"})
    assert allowed("{kind: k3d, name: shop}") == Allowed(balancer | {"cluster", "server", "agent"}, balancer)
    assert allowed("{kind: k3d, name: shop, start: never}") == Allowed(frozenset(), balancer)
    assert allowed("{kind: k3s}") == Allowed()


def test_a_registry_is_a_step_before_the_gate_and_its_images_one_after_both(tmp_path: Path) -> None:
    """Images may name it as this host does, or by its container; the namespaces are all that the file is about."""
    text = MINIMAL + "registry: {url: http://localhost:5000, container: k3d-registry, start: when-down}\n"
    steps = read(tmp_path, text).plan.steps
    images = steps["images"]
    assert isinstance(images, Images)
    assert (steps["registry"].after, images.after) == ((), ("gate", "registry"))
    assert images.registries == ("127.0.0.1:5000", "k3d-registry:5000", "localhost:5000")
    assert images.namespaces == ("shop",)


def test_a_registry_to_be_started_has_a_container(tmp_path: Path) -> None:
    """Else there is nothing to start."""
    (problem,) = problems(tmp_path, "registry: {url: http://localhost:5000, start: when-down}\n")
    assert "registry.start: cannot be when-down without a container to start" in problem


def test_all_problems_are_told_at_once_with_line_and_column(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Schema, references, circles and doubled keys, in the order of the file."""
    text = """\
cluster: {kind: k3x, kubeconfg: x}
databases:
  shop: {namespace: Shop!, service: db, dbname: a, admin: {secret: x}}
  shop: {}
  bare: {namespace: shop, dbname: a, admin: {secret: x}}
poolers:
  p: {database: shpo, deployment: d, service: s, credential: {secret: a, reset: often}, client: {}}
workloads:
  deployment/a/b: {after: [deployment/a/c, pooler/q]}
  deployment/a/c: {after: [deployment/a/b], probe: {port: 99999}}
  deploy/x: {}
max_parallel: many
"""
    name = "it should be small letters, digits and -, a letter or digit at both ends, 63 at most, like shop-db"
    kinds = (
        "it should be kind/namespace/name, like deployment/shop/web; "
        "a kind is one of deployment, statefulset, daemonset"
    )
    circle = "deployment/a/b after deployment/a/c after deployment/a/b is a circle"
    monkeypatch.chdir(tmp_path)  # a short name leaves room for all of them
    Path("short.yaml").write_text(text)
    with pytest.raises(ConfigurationError) as error:
        load(Path("short.yaml"))
    assert str(error.value).replace("short.yaml", "").splitlines() == [
        ":1:11: cluster.kind: cannot be 'k3x': it should be 'k3s', 'k3d' or 'kubernetes'",
        ":1:22: cluster.kubeconfg: cannot be understood: it is not a known key; did you mean kubeconfig?",
        f":3:10: databases.shop.namespace: cannot be 'Shop!': {name}",
        ":4:3: databases.shop: cannot stand twice: first on line 3",
        ":7:7: poolers.p.database: cannot be 'shpo': no such database; did you mean shop?",
        ":7:74: poolers.p.credential.reset: cannot be 'often': it should be 'if-wrong', 'always' or 'never'",
        ":7:89: poolers.p.client.secret: cannot be left out",
        f":9:20: workloads.deployment/a/b.after: cannot order the steps: {circle}",
        ":9:44: workloads.deployment/a/b.after.1: cannot be 'pooler/q': no such step; did you mean pooler/p?",
        ":10:53: workloads.deployment/a/c.probe.port: cannot be 99999: it should be at most 65535",
        f":11:3: workloads.deploy/x: cannot be 'deploy/x': {kinds}",
        ":12:1: max_parallel: cannot be 'many': it should be a whole number, like 8080",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", ":1:1: the file: cannot be used: it should hold keys like cluster and databases (config/"),
        ("- a\n", ":1:1: the file: cannot be used: it should hold keys like cluster and databases (config/"),
        ("a: [b\nc: d", ":2:2: the file: cannot be read as YAML: expected ',' or ']', but got ':'"),
        (
            "cluster: {context: !!python/object:os.system x}",
            ":1:20: cluster.context: cannot have a tag: write the value alone, in quotes",
        ),
        ("? [a]\n: b\n", ":1:3: the file: cannot have a list for a key: it should be text"),
        ("databases: [a]\n", ":1:1: databases: cannot be a list: it should be a mapping, like {key: value}"),
        (
            "cluster:\n  kind: {a: b}\n",
            ":2:3: cluster.kind: cannot be a mapping: it should be 'k3s', 'k3d' or 'kubernetes'",
        ),
        ("\x1f", ":1:1: the file: cannot be read as YAML: unacceptable character"),
        ("deadline: soon\n", ":1:1: deadline: cannot be 'soon': it should be seconds, or like 90s, 30m, 2h"),
        ("deadline: .inf\n", ":1:1: deadline: cannot be '.inf': it should be seconds, or like 90s, 30m, 2h"),
        ('state_directory: "a\\0b"\n', "a path cannot hold NUL"),
        ("a: &a [*a]\n", ":1:8: the file: cannot be read as YAML: what this refers to holds it, without an end"),
        ("deadline: !!int abc\n", ":1:11: deadline: cannot have a tag"),
        (
            "workloads:\n  deployment/a/b: {after: [{pooler: x}]}\n",
            "after.0: cannot be a mapping: it should be text",
        ),
        (
            "lease:\n  {namespace: kube-system, name: kube-scheduler}\n",
            ":1:1: lease: cannot be kube-system/kube-scheduler: that is Kubernetes' own",
        ),
        ("lease: {namespace: kube-node-lease}\n", ":1:1: lease: cannot be kube-node-lease/bootheal"),
        ("deadline: -5\n", ":1:1: deadline: cannot be -5: it should be more than 0"),
        (
            "databases:\n  d: {namespace: a, dbname: a, admin: {secret: x}}\n",
            ":2:3: databases.d: cannot be found: give it a service or a selector, or a host outside the cluster",
        ),
    ],
)
def test_no_file_is_too_broken_for_a_clear_message(tmp_path: Path, text: str, problem: str) -> None:
    """No traceback for anything a person can write."""
    (told,) = problems(tmp_path, text)
    assert problem in told


def test_a_file_that_is_not_there_is_named_with_the_way_to_another(tmp_path: Path) -> None:
    """And so is one that may not be read or is no text."""
    with pytest.raises(ConfigurationError, match="cannot be read: No such file or directory \\(--config names another"):
        load(tmp_path / "none.yaml")
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigurationError, match="it is not UTF-8 text"):
        load(tmp_path / "bytes.yaml")


def test_a_file_that_only_its_owner_may_read_is_told_how_to_be_read_by_the_service(tmp_path: Path) -> None:
    """What root has written and checked is not what the service's own user can read."""
    path = tmp_path / "bootheal.yaml"
    path.touch(mode=0)
    with somebody_else(), pytest.raises(ConfigurationError) as caught:
        load(path)
    told = "cannot be read: Permission denied (the service reads it as the user bootheal: chmod 644, "
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("server_idle_timout: 5", "is no setting of PgBouncer's that is known here; did you mean server_idle_timeout?"),
        ("max_client_con: 5", "is no setting of PgBouncer's that is known here; did you mean max_client_conn?"),
        ("server_idle_timeout: 5m", "PgBouncer refuses 5m: it takes seconds without a unit, here 300"),
        ("query_timeout: 1.5h", "PgBouncer refuses 1.5h: it takes seconds without a unit, here 5400"),
    ],
)
def test_a_setting_that_pgbouncer_would_not_understand_is_warned_of(setting: str, told: str, tmp_path: Path) -> None:
    """It would end the pass of each boot, or never be in force."""
    text = MINIMAL.replace("client: {secret: app}", f"client: {{secret: app}}, settings: {{{setting}}}")
    (warning,) = read(tmp_path, text).warnings
    assert warning.endswith(f"poolers.shop.settings.{setting.split(':', maxsplit=1)[0]}: {told}")


@pytest.mark.parametrize(
    "setting", ["server_idle_timeout: 300", "pool_mode: session", "brand_new_switch: 1", "verbose: 2"]
)
def test_a_setting_that_it_may_understand_is_not(setting: str, tmp_path: Path) -> None:
    """A newer PgBouncer has settings that nobody here has heard of."""
    text = MINIMAL.replace("client: {secret: app}", f"client: {{secret: app}}, settings: {{{setting}}}")
    assert read(tmp_path, text).warnings == ()


def test_a_harmful_value_is_warned_of(tmp_path: Path) -> None:
    """A long server_login_retry lengthens every outage; it is the owner's to keep."""
    text = MINIMAL.replace("client: {secret: app}", "client: {secret: app}, settings: {server_login_retry: 60}")
    (warning,) = read(tmp_path, text).warnings
    assert "poolers.shop.settings.server_login_retry" in warning
    assert "up to 60 s" in warning
    assert read(tmp_path, MINIMAL).warnings == ()


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=200))
def test_any_text_is_a_configuration_or_a_list_of_problems(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """Whatever is in the file, nothing but ConfigurationError comes out."""
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError):
        load(path)


def test_checks_need_somebody_to_ask_them_and_names_of_their_own(tmp_path: Path) -> None:
    """The application's role asks, never the administrator; the name is what a number is remembered by."""
    checks = "[{name: n, sql: select 1}, {name: n, sql: select 2}]"
    text = MINIMAL.replace("admin: {secret: admin}", f"admin: {{secret: admin}}, checks: {checks}")
    missing, double = problems(tmp_path, text)
    assert missing.endswith(
        "databases.shop.checks: cannot be asked: name the application's Secret, databases.shop.client"
    )
    assert double.endswith("databases.shop.checks.1.name: cannot be 'n' twice")


def test_accepting_data_marks_the_database_and_nothing_else(tmp_path: Path) -> None:
    """An unknown name is a matter of usage."""
    configuration = read(tmp_path, MINIMAL)
    accepting = accept_data(configuration, ["shop"], 5.0)
    step = accepting.plan.steps["database/shop"]
    assert isinstance(step, DatabaseStep)
    assert step.accept == 5.0
    changed = [name for name in accepting.plan.steps if accepting.plan.steps[name] != configuration.plan.steps[name]]
    assert changed == ["database/shop"]
    with pytest.raises(UsageError, match="no such database; did you mean shop?"):
        accept_data(configuration, ["shpo"], 5.0)


def test_a_database_is_in_the_cluster_or_outside(tmp_path: Path) -> None:
    """Not both; its Secrets are in the cluster in any case."""
    outside = MINIMAL.replace("service: db,", "host: db.example.org, port: 6000,", 1)
    step = read(tmp_path, outside).plan.steps["database/shop"]
    assert isinstance(step, DatabaseStep)
    assert (step.database.host, step.database.port, step.database.service) == ("db.example.org", 6000, "")
    assert step.interests() == frozenset()
    (both,) = problems(tmp_path, MINIMAL.replace("service: db,", "service: db, host: db.example.org,", 1))
    assert both.endswith("databases.shop.host: cannot stand beside a service or a selector: it is outside the cluster")


@pytest.mark.parametrize(
    ("tls", "authority", "certified"),
    [
        ("{ca: {secret: c}}", Ref("secret", "shop", "c"), "db.shop.svc"),
        ("{ca: {configmap: c, key: k}, verify: ca}", Ref("configmap", "shop", "c"), ""),
        ("{ca: {file: /etc/ca.pem}}", Ref("file", "", "/etc/ca.pem"), "db.shop.svc"),
    ],
)
def test_an_authority_is_a_secret_a_configmap_or_a_file(
    tmp_path: Path, tls: str, authority: Ref, certified: str
) -> None:
    """The certificate must be for the Service's name in the cluster, unless any name will do."""
    text = MINIMAL.replace("admin: {secret: admin}", f"admin: {{secret: admin}}, tls: {tls}")
    step = read(tmp_path, text).plan.steps["database/shop"]
    assert isinstance(step, DatabaseStep)
    assert (step.database.authority, step.database.certified) == (authority, certified)


def test_an_authority_that_is_nowhere_or_twice_is_a_problem(tmp_path: Path) -> None:
    """And a name cannot be verified where there is none."""
    for ca in ("{}", "{secret: c, file: /etc/ca.pem}"):
        text = MINIMAL.replace("admin: {secret: admin}", f"admin: {{secret: admin}}, tls: {{ca: {ca}}}")
        assert (
            "databases.shop.tls.ca: cannot be read: name one of secret, configmap, file" in problems(tmp_path, text)[0]
        )
    text = MINIMAL.replace("service: db,", "selector: {app: db}, tls: {ca: {secret: c}},", 1)
    assert "databases.shop.tls.verify: cannot be full: there is no Service" in problems(tmp_path, text)[0]


def test_the_examples_of_the_readme_are_right(tmp_path: Path) -> None:
    """They can be copied as they are."""
    text = (SAMPLE.parents[1] / "README.md").read_text()
    examples = [block.split("```")[0] for block in text.split("```yaml\n")[1:]]
    assert len(examples) >= 2
    for example in examples:
        assert len(read(tmp_path, example).plan.steps) > 1


def test_a_mount_can_only_be_looked_at_on_this_host(tmp_path: Path) -> None:
    """On k3d the disks are in containers, elsewhere they are elsewhere."""
    text = (
        "cluster: {kind: kubernetes}\ndatabases:\n  shop: {namespace: shop, service: db, dbname: shop, mount: /data, "
    )
    with pytest.raises(ConfigurationError, match=r"databases\.shop\.mount: cannot be looked at: only on k3s"):
        read(tmp_path, text + "admin: {secret: admin}}\n")


def test_a_declared_auth_file_is_kept_for_both_roles(tmp_path: Path) -> None:
    """The application's role is looked after, too, and the pooler comes after both."""
    text = MINIMAL.replace("client: {secret: app}", "client: {secret: app}, auth_file: {secret: users, key: list}")
    steps = read(tmp_path, text).plan.steps
    client, pooler = steps["credential/shop/client"], steps["pooler/shop"]
    assert isinstance(client, Credential)
    assert isinstance(pooler, PoolerStep)
    assert client.verifier_only
    assert {"credential/shop", "credential/shop/client"} <= set(pooler.after)
    users = Login(Ref("secret", "shop", "users"), password_key="list", user="list")
    assert pooler.pooler.auth_file == client.auth_file == users
