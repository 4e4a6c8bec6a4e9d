"""What could not be looked at is told in few lines."""

from bootheal.adapters.kube.errors import error_for, right_to
from bootheal.model.gaps import ADVICE, folded

CHANGED = "2 Secrets and ConfigMaps were changed"


def refused(path: str) -> str:
    """What is said where the API server refuses to show what is there."""
    return str(error_for(403, path, right=right_to("GET", path)))


def test_what_may_not_be_read_is_one_line_for_each_verb() -> None:
    """However many kinds there are, and in whichever words they are told; each once, with who may."""
    gaps = [
        refused("/api/v1/nodes"),
        refused("/apis/apps/v1/deployments"),
        refused("/api/v1/events"),
        f"events: {refused('/api/v1/events')}",
        refused("/api/v1/namespaces/shop/services"),
        refused("/api/v1/namespaces/shop/persistentvolumeclaims"),
        f"2 Secrets and ConfigMaps: {refused('/api/v1/namespaces/shop/secrets/app')}",
        f"when {CHANGED}: {refused('/api/v1/namespaces/shop/secrets/app')}",
        "the file of pod/shop/p: cannot open a command in pod/shop/p: the API server says 403",
        "the file of pod/shop/q: cannot open a command in pod/shop/q: the API server says 403",
    ]
    assert list(folded(gaps)) == [
        f"may not list nodes, deployments, events; services, persistentvolumeclaims in namespace shop ({ADVICE})",
        f"2 Secrets and ConfigMaps, when {CHANGED}: may not get secrets in namespace shop ({ADVICE})",
        f"the file of pod/shop/p, the file of pod/shop/q: may not open a command in pod/shop/p, pod/shop/q ({ADVICE})",
    ]


def test_what_is_hidden_by_one_trouble_is_one_line() -> None:
    """Other reasons stay as they were told; so does a refusal of the credential, which is no matter of rights."""
    unknown = str(error_for(401, "/api/v1/nodes", right=right_to("GET", "/api/v1/nodes")))
    gaps = ["nodes: no answer after 3 s", "pods: no answer after 3 s", "a pod that is none", unknown]
    assert list(folded(gaps)) == ["nodes, pods: no answer after 3 s", "a pod that is none", unknown]
