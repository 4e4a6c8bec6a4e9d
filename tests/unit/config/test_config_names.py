"""Names in bootheal.yaml that lead to something else in it: what must serve first, and names of earlier versions."""

from pathlib import Path

import pytest

from bootheal.config import load
from bootheal.config.renamed import Keys, new_key
from bootheal.dependencies.dependency import Dependency
from bootheal.errors import ConfigurationError
from bootheal.probes import Tcp

DEPENDENCIES = """\
dependencies:
  redis: {namespace: shop, service: redis, probe: {port: 6379, send: "PING\\r\\n", expect: +PONG}}
  rabbitmq: {namespace: shop, selector: {app: mq}, probe: {exec: [diagnostics]}, after: [dependency/redis]}
  mail: {host: mail.example.org, probe: {port: 25, expect: "220 "}, patience: 5m}
  door: {probe: {url: "https://shop.local/"}}
workloads:
  deployment/shop/web: {after: [dependency/rabbitmq]}
hooks:
  warm-up: {after: [dependency/door], url: "https://shop.local/warm"}
"""


def problems(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "bootheal.yaml"
    path.write_text(text)
    with pytest.raises(ConfigurationError) as error:
        load(path)
    return [line.removeprefix(str(path)) for line in str(error.value).splitlines()]


def test_dependencies_are_steps_of_the_same_graph(tmp_path: Path) -> None:
    """Workloads, hooks and other dependencies come after them; without `after` they follow the API server's gate."""
    path = tmp_path / "bootheal.yaml"
    path.write_text(DEPENDENCIES)
    steps = load(path).plan.steps
    assert {name: step.after for name, step in steps.items() if name not in ("gate", "dns", "leases", "cleanup")} == {
        "dependency/redis": ("gate",),
        "dependency/mail": ("gate",),
        "dependency/door": ("gate",),
        "dependency/rabbitmq": ("dependency/redis",),
        "deployment/shop/web": ("dependency/rabbitmq", "dns"),
        "hook/warm-up": ("dependency/door",),
    }
    redis, mail = steps["dependency/redis"], steps["dependency/mail"]
    assert isinstance(redis, Dependency)
    assert isinstance(mail, Dependency)
    assert (redis.service, redis.probe) == ("redis", Tcp(6379, "PING\r\n", "+PONG"))
    assert (mail.host, mail.patience) == ("mail.example.org", 300)


@pytest.mark.parametrize(
    ("dependency", "where", "said"),
    [
        ("{probe: {port: 1}}", "d", "cannot be found: give it a service, a selector or a host"),
        ("{service: a, probe: {port: 1}}", "d", "cannot do without a namespace"),
        ("{namespace: n, service: a, host: b, probe: {port: 1}}", "d", "cannot be found by service and by host"),
        ("{host: b, probe: {exec: [a]}}", "d.probe.exec", "cannot run outside the cluster"),
        ("{host: b, probe: {port: 1, http: /}, after: [dependency/h]}", "d.after.0", "no such step"),
        (
            "{host: b, probe: {port: 1}, after: [dependency/d]}",
            "d.after",
            "dependency/d after dependency/d is a circle",
        ),
        ("{host: b, probe: {port: 1}, after: [hook/h]}", "d.after.0", "no such step"),
        ("{host: b, probe: {port: 1}, after: [cleanup]}", "d.after.0", "nothing can be told to come after it, but"),
        ("{host: b, probe: {port: 1}, after: [credential/p]}", "d.after.0", "nothing can be told to come after it"),
        ("{host: b, probe: {port: 1}, after: [d]}", "d.after.0", "no such step; did you mean dependency/d?"),
        ("{host: b, probe: {}}", "d.probe", "cannot do without port"),
    ],
)
def test_a_dependency_that_makes_no_sense_is_a_problem_with_its_place(
    tmp_path: Path, dependency: str, where: str, said: str
) -> None:
    """Told with the others, before anything is done. Nothing comes after a hook."""
    hooks = "hooks: {h: {after: [gate], url: 'http://x/'}}"
    (problem,) = problems(tmp_path, f"dependencies:\n  d: {dependency}\n{hooks}\n")
    assert f" dependencies.{where}: " in problem
    assert said in problem


def test_names_of_an_earlier_version_are_refused_with_the_new_ones(tmp_path: Path) -> None:
    """Each where it stands, so that a search and replace is all there is to do."""
    text = """\
gates:
  redis: {namespace: shop, service: redis, probe: {port: 6379}}
workloads:
  deployment/shop/web: {after: [gates/redis]}
hooks:
  warm-up: {after: [deployment/shop/web, gates/redis], url: "https://shop.local/warm"}
"""
    assert problems(tmp_path, text) == [
        ":1:1: gates: was renamed to dependencies",
        ":4:33: workloads.deployment/shop/web.after.0: gates/redis was renamed to dependency/redis",
        ":6:42: hooks.warm-up.after.1: gates/redis was renamed to dependency/redis",
    ]


def test_a_key_in_a_named_section_can_be_renamed_too() -> None:
    """Under whatever name the owner gave it, and not where another section has a key of the old name."""
    keys: Keys = {("poolers", "*", "login"): "credential"}
    assert new_key(("poolers", "shop.main", "login"), keys) == "credential"
    assert new_key(("poolers", "login"), keys) == ""
    assert new_key(("workloads", "deployment/shop/web", "login"), keys) == ""
