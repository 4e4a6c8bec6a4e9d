"""Whatever stands in an object of the API, and wherever: an answer, a gap, or an error that names it; never a bug."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from bootheal.adapters.kube.cluster import KubeCluster
from bootheal.adapters.kube.inventory import KubeInventory
from bootheal.adapters.scope import Scope
from bootheal.errors import BoothealError
from bootheal.model import Document, Login, Ref
from contract.test_malicious_api import questions
from support.misshapen import MisshapenApi
from support.thorough import times

POD, WORKLOAD = Ref("pod", "shop", "web"), Ref("deployment", "shop", "web")


def further(it: KubeCluster, inventory: KubeInventory) -> dict[str, Callable[[], Any]]:
    """Return what a pass, a look at everything, a look ahead and `init` may ask besides."""
    return {
        "a StatefulSet": lambda: it.reader.workload(Ref("statefulset", "shop", "web")),
        "a DaemonSet": lambda: it.reader.workload(Ref("daemonset", "shop", "web")),
        "StatefulSets": lambda: it.reader.statefulsets("shop"),
        "images": lambda: it.reader.unpulled("shop"),
        "events": lambda: it.reader.occurrences(POD),
        "admission": lambda: it.reader.admission("shop"),
        "bound": lambda: it.reader.bound_to("web"),
        "primary's lease": lambda: it.reader.primary_lease("shop", "web"),
        "operated": lambda: it.reader.operated("shop", "web"),
        "certificate": lambda: it.secrets.certificate(Ref("secret", "shop", "web"), "key"),
        "login": lambda: it.secrets.credentials(Login(Ref("secret", "shop", "web"))),
        "loan": lambda: it.writer.note_loan(POD, "u-1", "k", "v"),
        "uncordon": lambda: it.writer.uncordon("web", "7"),
        "document": lambda: it.writer.write_document(Document(Ref("configmap", "shop", "web"), "key", "", "7"), "x"),
        "scene": lambda: it.scenes.scene(["shop"]),
        "shown": lambda: it.scenes.shown(WORKLOAD),
        "prospect": lambda: it.prospects.prospect(["shop"]),
        "inventory": lambda: inventory.inventory(["shop"]),
    }


@pytest.mark.parametrize("number", range(2))
def test_what_stands_in_the_place_of_anything_is_no_bug(number: int) -> None:
    """Hundreds of odd answers to all that is ever asked; a failure names the seed that brings it again."""
    with Scope(pytest.fail) as scope:
        for seed in range(number * 100_000, number * 100_000 + times(3)):
            api = MisshapenApi(scope, Random(seed))  # noqa: S311
            it = KubeCluster(api)
            for name, ask in (questions(it) | further(it, KubeInventory(api))).items():
                try:
                    ask()
                except BoothealError as error:
                    assert len(str(error)) < 2_000, (seed, name)  # noqa: PT017
                except Exception as error:
                    raise AssertionError(f"seed {seed}, {name}") from error
