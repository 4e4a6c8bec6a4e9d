"""Whether we have a right, by a SelfSubjectAccessReview: a POST that changes nothing."""

from bootheal.adapters.kube.api import REVIEWS, Api
from bootheal.adapters.kube.errors import understood
from bootheal.model import Right


def may(api: Api, right: Right, name: str = "") -> bool:
    """Ask the API server; for the object `name` alone, where given. In no namespace stands for: in each of them."""
    resource, _, subresource = right.resource.partition("/")
    attributes = {"verb": right.verb, "resource": resource, "group": right.group, "namespace": right.namespace}
    attributes |= {"name": name} if name else {}
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes | ({"subresource": subresource} if subresource else {})},
    }
    raw = api.write("POST", f"{REVIEWS}v1/selfsubjectaccessreviews", body, about=f"the right to {right}")
    with understood(f"the right to {right}"):
        return raw.get("status", {}).get("allowed") is True
