"""What a namespace's rules give: one question for all rights of it, and one more only where that cannot tell."""

from typing import Any

import pytest

from bootheal.adapters.kube.rights import Rights, Rules
from bootheal.errors import DeniedError
from bootheal.model import Right

READ = {"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods", "pods/log"]}
NAMED = {"verbs": ["patch"], "apiGroups": ["apps"], "resources": ["deployments"], "resourceNames": ["web"]}
EVERYTHING = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}


class Server:
    """Answers both kinds of reviews: with `rules`, and for each single right with `allows`."""

    def __init__(self, *rules: dict[str, Any], allows: bool = False, **status: Any) -> None:
        self._status, self._allows = {"resourceRules": list(rules), "incomplete": False, **status}, allows
        self.asked: list[str] = []

    def write(self, method: str, path: str, body: dict[str, Any], *, about: str) -> dict[str, Any]:
        self.asked.append(f"{body['kind'].removeprefix('SelfSubject')} {body['spec'].get('namespace', '')}".strip())
        if body["kind"] == "SelfSubjectAccessReview":
            return {"status": {"allowed": self._allows}}
        if "refused" in self._status:
            raise DeniedError("cannot ask", status=403)
        return {"status": self._status}


@pytest.mark.parametrize(
    ("right", "name", "given"),
    [
        (Right("get", "pods", "n"), "", True),
        (Right("get", "pods", "n"), "web-1", True),
        (Right("get", "pods/log", "n"), "", True),
        (Right("get", "pods/exec", "n"), "", False),
        (Right("delete", "pods", "n"), "", False),
        (Right("get", "pods", "n", "apps"), "", False),
        (Right("patch", "deployments", "n", "apps"), "web", True),
        (Right("patch", "deployments", "n", "apps"), "api", False),
        (Right("patch", "deployments", "n", "apps"), "", False),
    ],
)
def test_a_rule_gives_what_it_names(right: Right, name: str, given: bool) -> None:
    """Verb, group, resource and name must all be in one rule; an administrator's stars are for everything."""
    assert Rules((READ, NAMED), complete=True).allow(right, name) is given
    assert Rules((EVERYTHING,), complete=True).allow(right, name)
    assert Rules(({**EVERYTHING, "resources": ["*/log"]},), complete=True).allow(
        right, name
    ) is right.resource.endswith("/log")


def test_one_question_a_namespace_tells_all() -> None:
    """Of a right without a namespace only a question of its own does."""
    server = Server(READ)
    rights = Rights(server)  # type: ignore[arg-type]
    assert rights.may(Right("get", "pods", "n"))
    assert not rights.may(Right("delete", "pods", "n"))
    assert not rights.may(Right("get", "pods", "m", "apps"))
    assert not rights.may(Right("list", "nodes"))
    assert server.asked == ["RulesReview n", "RulesReview m", "AccessReview"]


@pytest.mark.parametrize("status", [{"incomplete": True}, {"evaluationError": "webhook"}, {"refused": True}, {"x": 1}])
def test_what_rules_do_not_tell_is_asked_for(status: dict[str, Any]) -> None:
    """An authorizer may not be able to list what it allows: what they give is given, the rest is asked for."""
    server = Server(READ, allows=True, **status)
    rights = Rights(server)  # type: ignore[arg-type]
    assert rights.may(Right("get", "pods", "n"))
    assert rights.may(Right("delete", "pods", "n")) is ("x" not in status)
    assert server.asked[0] == "RulesReview n"
