"""Names of objects become paths: one that would lead elsewhere is none."""

from pathlib import Path

import pytest

from bootheal.adapters.kube.api import Api
from bootheal.adapters.kube.kubeconfig import LiveKubeconfig
from bootheal.adapters.scope import Scope
from bootheal.errors import MissingError


@pytest.mark.parametrize(
    "name",
    [
        "../../kube-system/secrets/k3s",
        "..",
        ".",
        "",
        "a/../b",
        "a?watch=true",
        "a#b",
        "a%2fb",
        "a b",
        "a\nb",
        "ä",
        "a\\b",
    ],
)
def test_a_name_that_would_lead_elsewhere_is_not_asked_for(name: str) -> None:
    """A pod's volume may name a Secret so, and the API server does not mind: another namespace's would be read."""
    with Scope(pytest.fail) as scope:
        api = Api(LiveKubeconfig(Path("/nonexistent"), awaited=True), scope)
        for path in (f"/api/v1/namespaces/shop/secrets/{name}", f"/api/v1/namespaces/{name}/pods/web"):
            with pytest.raises(MissingError, match="a name in it can be no object's"):
                api.get(path, about="it")
            with pytest.raises(MissingError):
                api.write("DELETE", path, {}, about="it")
