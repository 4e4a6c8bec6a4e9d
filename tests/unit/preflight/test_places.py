"""Where a database's files lie on its node."""

import pytest

from bootheal.model import Ref
from bootheal.model.prospect import PodPlan, Prospect
from bootheal.model.scene import Claim, Scene
from bootheal.preflight.places import on_node

POD = Ref("pod", "shop", "postgres-0")
PLACE = "/var/lib/rancher/k3s/storage/pvc-1_shop_data"
SCENE = Scene(
    now=0.0,
    claims=(Claim(Ref("persistentvolumeclaim", "shop", "data"), "Bound", "pvc-1"),),
    directories={"pvc-1": PLACE},
)

PLACES = [
    ((("/var/lib/postgresql/data", "data", ""),), "/var/lib/postgresql/data/pgdata", f"{PLACE}/pgdata"),
    ((("/var/lib/postgresql/data", "data", "db/"),), "/var/lib/postgresql/data", f"{PLACE}/db"),
    ((("/var", "other", ""), ("/var/lib", "data", "")), "/var/lib/pg", f"{PLACE}/pg"),
    ((("/var/lib/postgresql", "other", ""),), "/var/lib/postgresql/data", ""),
    ((("/srv", "data", ""),), "/var/lib/postgresql/data", ""),
    ((("/var/lib/postgresql/dat", "data", ""),), "/var/lib/postgresql/data", ""),
    ((("/srv", "data", ""),), "", ""),
]


@pytest.mark.parametrize(("mounts", "directory", "expected"), PLACES)
def test_a_directory_on_its_node(mounts: tuple[tuple[str, str, str], ...], directory: str, expected: str) -> None:
    """By the nearest mount of its pod, and the directory of that claim's volume; nothing is guessed."""
    prospect = Prospect(plans=(PodPlan(ref=POD, mounts=mounts),))
    assert on_node(directory, POD, SCENE, prospect) == expected
