"""Whether the rights that `bootheal rbac` prints are all that doctor and preflight need, on a stack with a pooler."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
import yaml

from bootheal.adapters.kube.api import OWNER
from bootheal.cli import main
from bootheal.config.rbac import Grant, grants, told
from bootheal.demo.api.faults import Request
from support.entitled import VERBS, allowed, explains, used
from support.served import Served, serving

MANIFESTS = Path(__file__).parents[1] / "unit/discovery/manifests/pooler_files.yaml"
NODE = """
---
apiVersion: v1
kind: Node
metadata: {name: box, uid: n-1}
status: {conditions: [{type: Ready, status: "True"}], nodeInfo: {bootID: b}}
"""

# What everybody may ask: whether the server is ready, and which kinds there are.
FREE = r"GET /readyz|GET /version|GET /apis?(?:/[^/]+){0,2}"


def test_what_rbac_prints_is_enough_to_examine_and_to_foresee(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """With these rights and no other they say what they say to an administrator, and they ask for nothing else."""
    file = tmp_path / "bootheal.yaml"
    with serving(tmp_path, MANIFESTS.read_text() + NODE) as server:
        assert main(["init", "--kubeconfig", str(server.kubeconfig), "--output", str(file)]) == 0
        file.write_text(f"{file.read_text()}preflight_every: 24h\n")
        capfd.readouterr()
        assert main(["rbac", "--config", str(file)]) == 0
        given = grants(list(yaml.safe_load_all(capfd.readouterr().out)))
        for command in ("doctor", "preflight"):
            server.refused, server.asked = [], []
            as_administrator = _said(command, file, capfd)
            assert _beyond(server, given) == []
            server.refused = [f"^(?!(?:{'|'.join([FREE, *map(_path, given)])})$)"]
            assert _said(command, file, capfd) == as_administrator


def _said(command: str, file: Path, capfd: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = main([command, "--config", str(file)])
    return code, re.sub(r"\d+ s\b", "N s", capfd.readouterr().out)


def _beyond(server: Served, given: frozenset[Grant]) -> list[str]:
    """Return what was asked for and is not given: a list of a whole cluster is asked for first, and done without."""
    return [told(each) for each in used(_requests(server.asked)) if not (allowed(each, given) or explains(each, given))]


def _requests(asked: Iterable[str]) -> Iterator[Request]:
    for each in asked:
        method, _, path = each.partition(" ")
        yield Request(0.0, method, path, {}, OWNER)


def _path(grant: Grant) -> str:
    """Return a pattern for the requests that a grant allows."""
    namespace, group, resource, verb, name = grant
    method = next((method for method, known in VERBS.items() if known == verb), "GET")
    base = f"/apis/{re.escape(group)}/[^/]+" if group else "/api/v1"
    where = f"/namespaces/{namespace}" if namespace else "(?:/namespaces/[^/]+)?"
    plural, _, below = resource.partition("/")
    one = f"/{name}" if name else "(?:/[^/]+)?"  # a right to all is asked about without a name
    return f"{method} {base}{where}/{plural}{one}" + (f"/{below}" if below else "")
