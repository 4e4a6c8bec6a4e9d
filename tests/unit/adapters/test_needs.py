"""What a template needs and mentions, and what of a Secret is secret: from raw objects."""

import base64
from typing import Any

import pytest

from bootheal.adapters.kube.needs import passwords, template
from bootheal.adapters.kube.without_secrets import shown
from bootheal.model import Ref
from bootheal.model.scene import Need

SECRET, MAP = Ref("secret", "shop", "s"), Ref("configmap", "shop", "c")


def deployment(pod: dict[str, Any]) -> dict[str, Any]:
    metadata = {"name": "web", "namespace": "shop"}
    return {"metadata": metadata, "spec": {"template": {"metadata": {"labels": {"app": "web"}}, "spec": pod}}}


def needs_of(**container: Any) -> tuple[Need, ...]:
    return template(deployment({"containers": [{"name": "main", **container}]}), "deployment", frozenset()).needs


NEEDS: list[tuple[dict[str, Any], tuple[Need, ...]]] = [
    (
        {"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]},
        (Need(SECRET, "k", "main"),),
    ),
    ({"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k", "optional": True}}}]}, ()),
    (
        {"env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "k"}}}]},
        (Need(MAP, "k", "main"),),
    ),
    ({"envFrom": [{"configMapRef": {"name": "c"}}]}, (Need(MAP, "", "main"),)),
    ({"envFrom": [{"secretRef": {"name": "s", "optional": True}}]}, ()),
    ({"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]}, ()),
    ({"env": None, "envFrom": None}, ()),
]


@pytest.mark.parametrize(("container", "needed"), NEEDS, ids=range(len(NEEDS)))
def test_a_container_needs_what_is_not_optional(container: dict[str, Any], needed: tuple[Need, ...]) -> None:
    """Keys of variables, whole objects of envFrom."""
    assert needs_of(**container) == needed


def test_volumes_need_objects_and_the_keys_that_they_name() -> None:
    """Also projected ones; an optional one is not needed."""
    volumes = [
        {"name": "a", "secret": {"secretName": "s", "items": [{"key": "tls.key", "path": "x"}]}},
        {"name": "b", "configMap": {"name": "c", "optional": True}},
        {"name": "c", "projected": {"sources": [{"configMap": {"name": "c"}}, {"serviceAccountToken": {}}]}},
    ]
    found = template(deployment({"volumes": volumes}), "deployment", frozenset())
    assert found.needs == (Need(SECRET, "tls.key"), Need(MAP))


@pytest.mark.parametrize(
    ("text", "mentioned"),
    [
        ("postgres://app@pooler:6432/shop", {"pooler"}),
        ("pooler.shop.svc.cluster.local", {"pooler.shop"}),
        ("pooler.other", {"pooler.other"}),
        ("$(POOLER_SERVICE_HOST)", {"pooler"}),
        ("example.com", set()),
        ("poolers", set()),
        ("", set()),
    ],
)
def test_services_are_mentioned_by_name(text: str, mentioned: set[str]) -> None:
    """In the values of variables and in arguments; of other words nothing is kept."""
    container = {"name": "main", "env": [{"name": "A", "value": text}]}
    assert template(deployment({"containers": [container]}), "deployment", frozenset({"pooler"})).mentions == mentioned
    container = {"name": "main", "args": [f"--upstream={text}"]}
    assert template(deployment({"containers": [container]}), "deployment", frozenset({"pooler"})).mentions == mentioned


def test_a_cronjobs_template_lies_deeper() -> None:
    """Its ports and labels are those of its Jobs' pods."""
    pod = {"containers": [{"name": "main", "ports": [{"name": "http", "containerPort": 80}]}]}
    job = {"spec": {"template": {"metadata": {"labels": {"a": "b"}}, "spec": pod}}}
    raw = {"metadata": {"name": "x", "namespace": "shop"}, "spec": {"jobTemplate": job}}
    found = template(raw, "cronjob", frozenset())
    assert (found.labels, found.ports) == ({"a": "b"}, {"http": 80})


@pytest.mark.parametrize(
    ("key", "value", "secret"),
    [
        ("password", "swordfish", ["swordfish"]),
        ("POSTGRES_PASSWORD", " swordfish\n", ["swordfish"]),
        ("username", "pooler-of-shop", []),
        ("token", "abc", []),  # too short to be hidden wherever it stands
        ("uri", "postgres://app:sword%2Ffish@pooler.shop:6432/shop", ["sword/fish"]),
        ("database-url", "postgres://pooler.shop:6432/shop", []),
        ("userlist.txt", '"app" "one""1"\n"pooler" "md5abc"\n', ['one"1', "md5abc"]),
        ("tls.key", "-----BEGIN PRIVATE KEY-----\nMIIEvQ\nabcdef\n-----END PRIVATE KEY-----\n", ["MIIEvQ", "abcdef"]),
        ("password", "several words that make a text", []),
    ],
)
def test_what_is_secret_in_a_secret(key: str, value: str, secret: list[str]) -> None:
    """Passwords alone: the name of a user or host would be hidden wherever it is told."""
    assert list(passwords({key: base64.b64encode(value.encode()).decode()})) == secret


def test_what_is_no_text_is_no_password() -> None:
    """A keystore is bytes; what is no base64 is nothing."""
    assert list(passwords({"password": base64.b64encode(b"\xff\xfe\x00").decode(), "key": "***"})) == []


def test_an_object_is_shown_without_what_may_hold_a_secret() -> None:
    """Of containers no value, command or argument; of nothing an annotation, which holds the object once more."""
    canary = "canary-77c0"
    container = {
        "name": "main",
        "image": "example/web:1",
        "env": [{"name": "PASSWORD", "value": canary}],
        "command": ["sh", "-c", canary],
        "args": [canary],
        "readinessProbe": {"httpGet": {"path": "/health", "httpHeaders": [{"name": "Authorization", "value": canary}]}},
    }
    raw = deployment({"containers": [container]})
    raw["metadata"] |= {"annotations": {"last-applied": canary}, "managedFields": [canary], "labels": {"app": "web"}}
    raw["spec"]["template"]["metadata"]["annotations"] = {"x": canary}
    raw["status"] = {"conditions": [{"type": "Available", "message": "kept"}]}
    text = str(shown(raw))
    assert canary not in text
    assert "example/web:1" in text
    assert "kept" in text
    assert "/health" in text
