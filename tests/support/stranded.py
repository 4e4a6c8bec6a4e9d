"""A workload of a real cluster whose pods wait for a node that does not exist: nothing is pulled, and nothing runs."""

from typing import Any

SHUT_DOWN = {"status": {"phase": "Failed", "reason": "Terminated", "message": "imminent node shutdown"}}
"""What a node's shutdown writes of a pod: its ReplicaSet makes another, and nobody deletes it."""


def deployment(name: str) -> dict[str, Any]:
    """Return a Deployment of one replica."""
    container = {"name": "main", "image": "bootheal-e2e/none:1", "imagePullPolicy": "Never"}
    template = {
        "metadata": {"labels": {"app": name}},
        "spec": {"containers": [container], "nodeSelector": {"bootheal-e2e": "nowhere"}},
    }
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": name}}, "template": template}
    return {"metadata": {"name": name}, "spec": spec}
