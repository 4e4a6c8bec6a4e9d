"""What is declared in a cluster, as an API server tells it, and as far as it lets us know."""

from pathlib import Path

import pytest

from bootheal.adapters.kube.api import Api
from bootheal.adapters.kube.inventory import KubeInventory
from bootheal.adapters.kube.kubeconfig import LiveKubeconfig
from bootheal.adapters.scope import Scope
from bootheal.discovery import discover
from bootheal.errors import DeniedError
from bootheal.model import Ref
from support.inventory import inventory
from support.served import serving

MANIFESTS = Path(__file__).parents[1] / "unit/discovery/manifests"
SHOP = (MANIFESTS / "plain.yaml").read_text()


@pytest.mark.parametrize("name", ["plain", "cnpg_pooler", "flux_and_front", "settings"])
def test_what_the_server_tells_is_what_its_manifests_say(tmp_path: Path, scope: Scope, name: str) -> None:
    """Lists, kinds that an operator brings along, and the Secrets that are referred to: the same findings."""
    text = (MANIFESTS / f"{name}.yaml").read_text()
    with serving(tmp_path, text) as server:
        found = KubeInventory(Api(LiveKubeconfig(server.kubeconfig), scope)).inventory()
    assert discover(found) == discover(inventory(text))
    assert found.gaps == ()


def test_only_secrets_that_a_container_refers_to_are_read(tmp_path: Path, scope: Scope) -> None:
    """Each by its name: to list them is not asked for, and what nobody refers to is not looked at."""
    other = "---\napiVersion: v1\nkind: Secret\nmetadata: {name: private, namespace: home}\nstringData: {key: canary}\n"
    with serving(tmp_path, SHOP + other) as server:
        found = KubeInventory(Api(LiveKubeconfig(server.kubeconfig), scope)).inventory()
        asked = {each for each in server.asked if "/secrets" in each}
    assert asked == {f"GET /api/v1/namespaces/home/secrets/{name}" for name in ("vault", "web-env")}
    assert {ref.name for ref in found.secrets} == {"web-env"}, "vault is not there"


def test_what_there_is_no_kind_of_is_nothing(tmp_path: Path, scope: Scope) -> None:
    """An empty cluster without operators has no gaps."""
    with serving(tmp_path) as server:
        found = KubeInventory(Api(LiveKubeconfig(server.kubeconfig), scope)).inventory(("shop",))
    assert (found.controllers, found.customs, found.gaps) == ((), (), ())


def test_what_we_may_not_read_is_a_gap_with_its_name(tmp_path: Path, scope: Scope) -> None:
    """The rest is found all the same; each gap is told once."""
    with serving(tmp_path, SHOP) as server:
        server.refused = ["/secrets/", "/cronjobs$"]
        found = KubeInventory(Api(LiveKubeconfig(server.kubeconfig), scope)).inventory()
    assert Ref("statefulset", "home", "storage") in {each.ref for each in found.controllers}
    assert found.secrets == {}
    assert sorted(found.gaps) == [
        "cannot get secrets in namespace home: the API server says 403 Forbidden",
        "cannot list cronjobs: the API server says 403 Forbidden",
    ]


def test_who_is_not_let_in_at_all_is_told_so(tmp_path: Path, scope: Scope) -> None:
    """A token that is refused is no gap: nothing could be known."""
    with serving(tmp_path, SHOP) as server:
        server.stranger = True
        with pytest.raises(DeniedError, match="401"):
            KubeInventory(Api(LiveKubeconfig(server.kubeconfig), scope)).inventory()


def test_one_odd_config_map_hides_nothing_else(tmp_path: Path, scope: Scope) -> None:
    """It is a gap, with its name; it kept everything from being found."""
    with serving(tmp_path, SHOP) as server:
        server.objects["/api/v1/namespaces/home/configmaps/db-settings"]["data"] = ["x"]
        found = KubeInventory(Api(LiveKubeconfig(server.kubeconfig), scope)).inventory()
    assert [gap.partition(":")[0] for gap in found.gaps] == ["cannot understand configmap/home/db-settings"]
    assert len(found.controllers) > 1
