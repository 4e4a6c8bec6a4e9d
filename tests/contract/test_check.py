"""`bootheal check` and `bootheal rbac` against an API server over manifests: what they say, and what they end with."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bootheal.adapters.scope import Scope
from bootheal.cli import main
from bootheal.cli.checking.lookup import wrong_roles
from bootheal.cli.wiring import open_world
from bootheal.config import load
from bootheal.model import Answer, Console, Ref, Target
from bootheal.model.inventory import Inventory
from bootheal.pgbouncer.observation import PoolerObservation
from bootheal.pgbouncer.pod import PoolerPod
from support.served import Served, serving

CLUSTER = """\
apiVersion: v1
kind: Node
metadata: {name: box, uid: n-1}
status: {conditions: [{type: Ready, status: "True"}], nodeInfo: {bootID: b}}
---
apiVersion: v1
kind: Secret
metadata: {name: app-settings, namespace: shop}
stringData: {DB_USER: app, DB_PASSWORD: canary-0c1}
---
apiVersion: v1
kind: Service
metadata: {name: redis, namespace: shop}
spec: {clusterIP: 10.0.0.1, selector: {app: redis}, ports: [{port: 6379}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop, uid: w-1, resourceVersion: "1", generation: 1}
spec:
  replicas: 0
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "web:1", envFrom: [{secretRef: {name: app-settings}}]}]}
status: {observedGeneration: 1}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {}
"""
SQL, SECRET = "sql: select 1, dbname: d", "secret: app-settings"
GOOD = "workloads: {deployment/shop/web: {}}\n"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path, CLUSTER) as server:
        yield server


@pytest.fixture
def run(tmp_path: Path, server: Served, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run a command on a file of this text; its exit code, and what it prints."""

    def run(text: str, command: str = "check", *options: str) -> tuple[int, str]:
        file = tmp_path / "bootheal.yaml"
        file.write_text(f"cluster: {{kind: kubernetes, kubeconfig: {server.kubeconfig}}}\n{text}")
        code = main([command, "--config", str(file), *options])
        return code, capsys.readouterr().out

    return run


def test_a_right_file_is_nothing_to_complain_of(run: Any, server: Served) -> None:
    """Exit code 0, also for who is strict; nothing is written."""
    code, out = run(GOOD, "check", "--strict")
    assert (code, "everything named exists" in out) == (0, True)
    code, out = run(GOOD, "check", "--json")
    assert (code, json.loads(out)["found"]) == (0, [])
    assert not [each for each in server.asked if not each.startswith("GET ")]


def test_a_script_reads_all_that_is_wrong(run: Any) -> None:
    """Problems first: each with its step, its place, and what to do next."""
    code, out = run("workloads: {deployment/shop/web: {patience: 2}, deployment/shop/wep: {}}", "check", "--json")
    problem, *others = json.loads(out)["found"]
    assert code == 1
    assert problem["gravity"] == "problem"
    assert problem["step"] == "deployment/shop/wep"
    assert problem["place"].endswith("bootheal.yaml:2:49")
    assert problem["hint"] == "did you mean web?"
    assert "warning" in {each["gravity"] for each in others}


def test_who_is_strict_does_not_take_a_warning(run: Any) -> None:
    """A note is none: it says what is so."""
    warned = "workloads: {deployment/shop/web: {patience: 2}}"
    assert run(warned)[0] == 0
    assert run(warned, "check", "--strict")[0] == 1
    noted = GOOD + "dependencies: {door: {probe: {url: 'http://127.0.0.1:1/'}}}"
    code, out = run(noted, "check", "--strict")
    assert "note: dependencies.door: is waited for by nobody" in out
    assert code == 0


def test_a_file_that_others_may_write_is_told(run: Any, tmp_path: Path) -> None:
    """With its path; to who is strict it is a problem."""
    assert run(GOOD, "check", "--strict")[0] == 0
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d").chmod(0o777)
    code, out = run(GOOD, "check", "--strict")
    assert code == 1
    assert f"{tmp_path}/conf.d: warning: everybody may put files into it" in out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("workloads: {deployment/shpo/web: {}}", "there is nothing in a namespace shpo; did you mean shop?"),
        ("discover: {namespaces: [shpo]}", "there is nothing in a namespace shpo; did you mean shop?"),
        ("cleanup: {namespaces: [shop, shpo]}", "there is nothing in a namespace shpo; did you mean shop?"),
        ("workloads: {statefulset/shop/web: {}}", "there is deployment/shop/web"),
        ("dependencies: {r: {namespace: shop, service: reddis, probe: {port: 1}}}", "did you mean redis?"),
        (
            "workloads: {deployment/shop/web: {probe: {sql: select 1, dbname: d, login: {secret: app-setings}}}}",
            "did you mean app-settings?",
        ),
        (
            f"workloads: {{deployment/shop/web: {{probe: {{{SQL}, login: {{{SECRET}, password_key: DB_PASSWORT}}}}}}}}",
            "did you mean DB_PASSWORD?",
        ),
        ("hooks: {f: {after: [gate], reconcile: kustomization/flux-system/aps}}", "did you mean apps?"),
    ],
)
def test_a_name_that_is_not_there_is_asked_back(run: Any, text: str, said: str) -> None:
    """By what is there: workloads, Services, Secrets and their keys, namespaces, objects of Flux."""
    code, out = run(text)
    assert code == 1
    assert f"\n  {said}\n" in out
    assert "canary" not in out


def test_what_of_flux_is_there_is_fine_and_what_may_not_be_seen_is_noted(run: Any, server: Served) -> None:
    """To ask Flux needs no right to read it."""
    hook = GOOD + "hooks: {f: {after: [gate], reconcile: kustomization/flux-system/apps}}"
    assert run(hook) == run(hook)
    assert "cannot find" not in run(hook)[1]
    server.refused = ["GET .*/kustomizations$"]
    code, out = run(hook)
    assert (code, "note: hook/f: could not be looked up: cannot list kustomizations" in out) == (0, True)


def test_which_keys_of_a_secret_were_taken_is_noted(run: Any) -> None:
    """Where none is declared, and they are not called as everybody's."""
    probe = "probe: {sql: select 1, dbname: d, login: {secret: app-settings}}"
    code, out = run(f"workloads: {{deployment/shop/web: {{{probe}}}}}")
    assert "note: deployment/shop/web: of secret/shop/app-settings it takes DB_USER and DB_PASSWORD" in out
    assert code == 0


def test_a_front_door_whose_name_nobody_knows(run: Any) -> None:
    """This host's resolver is asked, and the way out is named; an address needs none."""
    code, out = run(GOOD + "dependencies: {door: {probe: {url: 'https://door.invalid/'}}}")
    assert (code, "cannot find host door.invalid" in out, "address: 192.0.2.1" in out) == (1, True, True)
    assert (
        "cannot find host"
        not in run(GOOD + "dependencies: {door: {probe: {url: 'https://door.invalid/', address: 127.0.0.1}}}")[1]
    )


POOLER = """\
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: pg, namespace: shop}
spec:
  selector: {matchLabels: {app: pg}}
  template:
    metadata: {labels: {app: pg}}
    spec: {containers: [{name: pg, image: "postgres:16"}]}
---
apiVersion: v1
kind: Service
metadata: {name: pg, namespace: shop}
spec: {clusterIP: 10.0.0.3, selector: {app: pg}, ports: [{port: 5432}]}
---
apiVersion: v1
kind: Service
metadata: {name: bouncer, namespace: shop}
spec: {clusterIP: 10.0.0.4, selector: {app: bouncer}, ports: [{port: 5432}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: bouncer, namespace: shop}
spec:
  selector: {matchLabels: {app: bouncer}}
  template:
    metadata: {labels: {app: bouncer}}
    spec:
      containers:
        - name: bouncer
          image: edoburu/pgbouncer
          env:
            - {name: DB_HOST, value: pg}
            - {name: DB_USER, valueFrom: {secretKeyRef: {name: bouncer, key: username}}}
            - {name: DB_PASSWORD, valueFrom: {secretKeyRef: {name: bouncer, key: password}}}
---
apiVersion: v1
kind: Secret
metadata: {name: bouncer, namespace: shop}
stringData: {username: pooler, password: canary-1}
"""
WITH_POOLER = """\
databases: {pg: {namespace: shop, service: pg, dbname: d, admin: {secret: app-settings}}}
poolers:
  b: {database: pg, deployment: bouncer, service: bouncer, credential: {secret: SECRET}, client: {secret: app-settings}}
"""


def test_a_pooler_that_logs_in_as_somebody_else(run: Any, server: Served) -> None:
    """It is said before an outage: resetting that role's password would never help."""
    server.apply(POOLER)
    _, out = run(WITH_POOLER.replace("SECRET", "app-settings"))
    assert "warning: pooler/b: its credential is of role app, and deployment/shop/bouncer logs in as pooler" in out
    assert "credential: {secret: bouncer}" in out
    assert "logs in as" not in run(WITH_POOLER.replace("SECRET", "bouncer"))[1]


def test_a_pooler_whose_console_names_another_role(tmp_path: Path, server: Served, scope: Scope) -> None:
    """The console is believed before the manifest: a pgbouncer.ini may come from anywhere."""
    server.apply(POOLER)
    file = tmp_path / "bootheal.yaml"
    text = WITH_POOLER.replace("SECRET", "bouncer")
    file.write_text(f"cluster: {{kind: kubernetes, kubeconfig: {server.kubeconfig}}}\n{text}")
    configuration = load(file)
    world = open_world(configuration.file.cluster, scope)
    target, served = Target("10.0.0.4", 5432), Answer(ok=True, spoke=True)
    pod = PoolerPod(Ref("pod", "shop", "bouncer-1"), "u", target, served, Console({}, forced_user="owner"))
    seen = {"pooler/b": PoolerObservation(pods=(pod,))}
    (said,) = wrong_roles(configuration, world, Inventory, seen)
    assert "its credential is of role pooler, and deployment/shop/bouncer logs in as owner" in said.text
    assert "the console of pod/shop/bouncer-1 says so" in said.text
    same = replace(pod, console=Console({}, forced_user="pooler"))
    assert list(wrong_roles(configuration, world, Inventory, {"pooler/b": PoolerObservation(pods=(same,))})) == []


def test_rights_are_compared_both_ways(run: Any, server: Served) -> None:
    """What `rbac` prints and is applied is what is needed; then what lacks, and what is too much, are named."""
    code, printed = run(GOOD, "rbac")
    assert code == 0
    code, out = run(GOOD, "rbac", "--diff")
    assert code == 1
    assert "needed, and not given: patch deployments.apps web in namespace shop" in out
    server.apply(printed)
    code, out = run(GOOD, "rbac", "--diff")
    assert (code, out) == (0, "the roles bootheal give what the configuration needs, and nothing else\n")
    code, out = run("cleanup: {namespaces: []}\nworkloads: {deployment/shop/web: {restart: never}}", "rbac", "--diff")
    assert code == 1
    assert "given, and not needed: patch deployments.apps web in namespace shop" in out
    assert "needed, and not given" not in out


@pytest.mark.parametrize("name", ["plain", "zalando_2", "crunchy", "cnpg_pooler", "bitnami", "flux_and_front"])
def test_what_init_writes_names_all_that_is_there(tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str) -> None:
    """On the layouts of operators and charts, too: the file is right, and `--diff` finds nothing."""
    manifests = Path(__file__).parents[1] / f"unit/discovery/manifests/{name}.yaml"
    file = tmp_path / "bootheal.yaml"
    with serving(tmp_path, manifests.read_text()) as server:
        assert main(["init", "--kubeconfig", str(server.kubeconfig), "--output", str(file)]) == 0
        written = capfd.readouterr().out
        assert "found: " in written
        assert main(["init", "--diff", "--output", str(file)]) == 0
        assert "names all that is in the cluster, and nothing else" in capfd.readouterr().out
        assert not [each for each in server.asked if not each.startswith("GET ")]
    assert main(["check", "--offline", "--strict", "--config", str(file)]) == 0


NEW = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec: {template: {metadata: {labels: {app: api}}, spec: {containers: [{name: api, image: "api:1"}]}}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: broker, namespace: shop, annotations: {bootheal/ignore: "true"}}
spec: {template: {metadata: {labels: {app: broker}}, spec: {containers: [{name: mq, image: "rabbitmq:4"}]}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: theirs, namespace: elsewhere}
spec: {template: {metadata: {labels: {app: theirs}}, spec: {containers: [{name: web, image: "web:1"}]}}}
"""


def test_what_was_added_to_the_cluster_since_is_named(run: Any, server: Served) -> None:
    """Where something is healed, by name; not what is left out at the object, or found at each pass anyway."""
    server.apply(NEW)
    code, out = run(GOOD, "check", "--strict")
    _, waiting = run(f"{GOOD}dependencies: {{hub: {{namespace: elsewhere, service: hub, probe: {{port: 80}}}}}}\n")
    for said in (out, waiting):
        assert [line for line in said.splitlines() if "not in the file" in line] == [
            "note: is in the cluster, and not in the file: deployment/shop/api"
        ]
    assert code == 0
    assert "not in the file" not in run(f"{GOOD}discover: {{namespaces: [shop]}}\n")[1]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hooks: {h: {after: [gate], exec: [x], workload: deployment/shop/web, container: wbe}}", "did you mean web?"),
        ("workloads: {deployment/shop/web: {probe: {exec: [x], container: nginx}}}", "it has web"),
        (
            "dependencies: {r: {namespace: shop, selector: {app: web}, probe: {exec: [x], container: wbe}}}",
            "did you mean web?",
        ),
    ],
)
def test_a_container_that_is_not_there_is_asked_back(run: Any, text: str, said: str) -> None:
    """A command in it would never run; in the right one there is nothing to say."""
    code, out = run(text)
    assert (code, "deployment/shop/web has no container" in out, f"\n  {said}\n" in out) == (1, True, True)
    assert "has no container" not in run(text.replace("wbe", "web").replace("nginx", "web"))[1]
