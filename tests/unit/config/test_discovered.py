"""Workloads that are not listed: `discover`, and annotations at the workloads themselves."""

from pathlib import Path

import pytest
import yaml

from bootheal.config import Configuration, accept_data, load
from bootheal.config.configuration import found as listed
from bootheal.config.discovered import completed
from bootheal.workloads.workload import WorkloadStep
from support.inventory import inventory

CLUSTER = """\
apiVersion: v1
kind: Service
metadata: {name: redis, namespace: media}
spec: {clusterIP: 10.0.0.1, selector: {app: redis}, ports: [{port: 6379}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: redis, namespace: media}
spec: {template: {metadata: {labels: {app: redis}}, spec: {containers: [{name: redis, image: "redis:7"}]}}}
---
apiVersion: v1
kind: Service
metadata: {name: pg, namespace: media}
spec: {clusterIP: 10.0.0.2, selector: {app: pg}, ports: [{port: 5432}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: pg, namespace: media}
spec: {template: {metadata: {labels: {app: pg}}, spec: {containers: [{name: pg, image: "postgres:16", env: [{name: POSTGRES_PASSWORD, valueFrom: {secretKeyRef: {name: pg, key: password}}}]}]}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: media, annotations: ANNOTATIONS}
spec: {template: {metadata: {labels: {app: web, tier: app}}, spec: {containers: [{name: web, image: web, env: [{name: REDIS_HOST, value: redis}, {name: DB_HOST, value: pg}]}]}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: elsewhere, namespace: other}
spec: {template: {metadata: {labels: {app: e}}, spec: {containers: [{name: e, image: e}]}}}
"""  # noqa: E501 - manifests as they come


def found(tmp_path: Path, file: str, **annotations: str) -> tuple[Configuration, tuple[str, ...]]:
    path = tmp_path / "bootheal.yaml"
    path.write_text(file)
    said = {f"bootheal/{name}": text for name, text in annotations.items()}
    shown = yaml.safe_dump(said, default_flow_style=True, width=1000).strip()
    return completed(load(path), inventory(CLUSTER.replace("ANNOTATIONS", shown)))


def web(configuration: Configuration) -> WorkloadStep:
    step = configuration.plan.steps["deployment/media/web"]
    assert isinstance(step, WorkloadStep)
    return step


ALL = "discover: {namespaces: [media]}\n"


def test_with_nothing_but_discover_all_workloads_of_a_namespace_are_steps_in_order(tmp_path: Path) -> None:
    """A database is waited for and never restarted; what is in another namespace is left alone."""
    configuration, wrong = found(tmp_path, ALL)
    assert wrong == ()
    assert "cleanup" in configuration.plan.steps
    assert set(listed(configuration)) == {"statefulset/media/redis", "statefulset/media/pg", "deployment/media/web"}
    assert {"statefulset/media/redis", "statefulset/media/pg"} <= set(web(configuration).after)
    database, cache = (configuration.plan.steps[f"statefulset/media/{name}"] for name in ("pg", "redis"))
    assert isinstance(database, WorkloadStep)
    assert isinstance(cache, WorkloadStep)
    assert (database.restart, cache.restart) == ("never", "if-needed")


CRUNCHY = """\
apiVersion: postgres-operator.crunchydata.com/v1beta1
kind: PostgresCluster
metadata: {name: db, namespace: media}
spec: SPEC
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db-0, namespace: media, labels: &labels {postgres-operator.crunchydata.com/cluster: db}}
spec: {template: {metadata: {labels: *labels}, spec: {containers: [
  {name: database, image: "crunchydata/crunchy-postgres:16", ports: [{name: postgres, containerPort: 5432}]}]}}}
"""
SPILO = """\
apiVersion: acid.zalan.do/v1
kind: postgresql
metadata: {name: db, namespace: media}
spec: SPEC
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: media}
spec: {template: {metadata: {labels: {cluster-name: db, application: spilo}}, spec: {containers: [
  {name: postgres, image: spilo-16, env: [{name: PGPASSWORD_SUPERUSER, ENV}]}]}}}
"""
OF_A_SECRET = "valueFrom: {secretKeyRef: {name: postgres, key: password}}"


@pytest.mark.parametrize(
    "manifests",
    [
        pytest.param(CRUNCHY.replace("SPEC", "{}"), id="Crunchy's, whose logins nobody uses"),
        pytest.param(CRUNCHY.replace("SPEC", "{standby: {enabled: true}}"), id="a standby of Crunchy's"),
        pytest.param(SPILO.replace("SPEC", "{}").replace("ENV", "value: plain"), id="Zalando's, by a plain password"),
        pytest.param(
            SPILO.replace("SPEC", "{standby: {standby_host: elsewhere}}").replace("ENV", OF_A_SECRET),
            id="a standby of Zalando's",
        ),
    ],
)
def test_a_database_that_nobody_can_log_in_to_is_not_restarted_either(tmp_path: Path, manifests: str) -> None:
    """However it is asked meanwhile: by a port, or by a command in its container."""
    path = tmp_path / "bootheal.yaml"
    path.write_text(ALL)
    full, _ = completed(load(path), inventory(manifests))
    steps = [step for step in full.plan.steps.values() if isinstance(step, WorkloadStep)]
    assert [(step.workload.kind, step.restart) for step in steps] == [("statefulset", "never")]


def test_what_is_declared_prevails_and_is_what_others_come_after(tmp_path: Path) -> None:
    """The file's names are taken, whatever the Services are called; a listed workload is as it is listed."""
    configuration, _ = found(
        tmp_path,
        f"{ALL}databases: {{main: {{namespace: media, service: pg, dbname: d, admin: {{secret: a}}}}}}\n"
        "dependencies: {cache: {namespace: media, service: redis, probe: {port: 6379}}}\n",
    )
    assert {"database/main", "dependency/cache"} <= set(web(configuration).after)
    configuration, _ = found(tmp_path, f"{ALL}workloads: {{deploy/media/web: {{restart: always}}}}")
    assert web(configuration).restart == "always"
    assert "deployment/media/web" not in set(listed(configuration))


def test_what_the_owner_has_accepted_is_kept(tmp_path: Path) -> None:
    """`--accept-data` is about a database that is listed: what is found beside it does not undo that."""
    path = tmp_path / "bootheal.yaml"
    path.write_text(f"{ALL}databases: {{main: {{namespace: media, service: pg, dbname: d, admin: {{secret: a}}}}}}\n")
    accepted = accept_data(load(path), ["main"], 5.0)
    full, _ = completed(accepted, inventory(CLUSTER.replace("ANNOTATIONS", "{}")))
    assert full.plan.steps["database/main"] == accepted.plan.steps["database/main"]
    assert "deployment/media/web" in full.plan.steps


def test_a_selector_and_no_order(tmp_path: Path) -> None:
    """Only what carries the labels is taken, and nothing is inferred where nobody wants it."""
    configuration, _ = found(tmp_path, "discover: {namespaces: [media], selector: {tier: app}, order: none}")
    assert list(listed(configuration)) == ["deployment/media/web"]
    assert web(configuration).after == ("dns",)


def test_annotations_say_what_a_line_would(tmp_path: Path) -> None:
    """Values are those of the file; `after` may be a list in one line, in place of what is inferred."""
    configuration, wrong = found(
        tmp_path, ALL, after="sts/media/redis, gate", restart="always", strategy="delete-pods", probe="{port: 80}"
    )
    step = web(configuration)
    assert wrong == ()
    assert step.after[:2] == ("statefulset/media/redis", "gate")
    assert (step.restart, step.strategy) == ("always", "delete-pods")
    assert step.probe is not None
    ignored, _ = found(tmp_path, ALL, ignore="true")
    assert "deployment/media/web" not in ignored.plan.steps


def test_a_wrong_annotation_is_told_with_its_object_and_the_words_of_the_file(tmp_path: Path) -> None:
    """The workload is healed all the same, with defaults."""
    configuration, wrong = found(tmp_path, ALL, restart="often", restrat="never")
    assert any(
        text.startswith("deployment/media/web: bootheal/restart: cannot be 'often': it should be 'if-needed'")
        for text in wrong
    )
    assert any("bootheal/restrat" in text and "did you mean restart?" in text for text in wrong)
    assert web(configuration).restart == "if-needed"
    configuration, wrong = found(tmp_path, ALL, after="pooler/none")
    assert wrong == ("deployment/media/web: bootheal/after: cannot be 'pooler/none': no such step",)


def test_a_namespace_in_which_nothing_is_found_is_told(tmp_path: Path) -> None:
    """Misspelled it would be healthy, whatever becomes of what was meant."""
    _, wrong = found(tmp_path, "discover: {namespaces: [media, shpo]}\n")
    assert wrong == ("discover finds no workload in namespace shpo",)
