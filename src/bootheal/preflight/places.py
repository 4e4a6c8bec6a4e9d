"""Where the usual servers keep what must not be lost, in their containers and on their node. Pure."""

import re
from pathlib import PurePosixPath

from bootheal.model import Ref
from bootheal.model.prospect import Prospect
from bootheal.model.scene import Scene

_DATA = re.compile(
    r"/var/lib/(?:postgresql|mysql|rabbitmq|redis|mongodb)(?:/|$)|/(?:home/postgres/pgdata|pgdata|data/db|bitnami)(?:/|$)"
)


def holds_data(path: str) -> bool:
    """Tell whether a directory of a container is a database's."""
    return _DATA.match(path) is not None


def on_node(directory: str, pod: Ref, scene: Scene, prospect: Prospect) -> str:
    """Return where a directory of a pod lies on its node, "" where that is on no volume of a directory of it."""
    plan = next((each for each in prospect.plans if each.ref == pod), None)
    inside = PurePosixPath(directory)
    above = [each for each in (plan.mounts if plan else ()) if inside.is_relative_to(each[0])]
    if not above or not directory:
        return ""
    path, name, part = max(above, key=lambda each: len(each[0]))
    volumes = {claim.ref: claim.volume for claim in scene.claims}
    volume = volumes.get(Ref("persistentvolumeclaim", pod.namespace, name), "")
    place = scene.directories.get(volume, "")
    return str(PurePosixPath(place, part.strip("/"), inside.relative_to(path))) if place else ""
