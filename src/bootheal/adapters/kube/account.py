"""A ServiceAccount of our own: made, given its Roles, given a token, and taken away again; by an administrator.

What is as it should be is not written again. Roles that are no longer needed are deleted where their binding is ours:
of the account's name, and for this account alone.
"""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from bootheal.adapters.kube.access import Access
from bootheal.adapters.kube.api import MERGE_PATCH, Api
from bootheal.adapters.kube.errors import understood
from bootheal.adapters.kube.roles import RBAC
from bootheal.errors import MissingError, PermanentError
from bootheal.model import Secret

Object = Mapping[str, Any]

_PLURALS = {
    "ServiceAccount": "serviceaccounts",
    "ClusterRole": "clusterroles",
    "ClusterRoleBinding": "clusterrolebindings",
    "Role": "roles",
    "RoleBinding": "rolebindings",
}


def apply(api: Api, objects: Iterable[Object], account: str, namespace: str) -> Iterator[str]:
    """Make them so, and yield a sentence for each change. PermanentError where a name of ours is somebody else's."""
    wanted = list(objects)
    for each in wanted:
        if "roleRef" in each:
            _refuse_theirs(api, each, account, namespace)
    for each in wanted:
        yield from _make_so(api, each)
    places = {each["metadata"].get("namespace", "") for each in wanted if each["kind"] == "RoleBinding"}
    for place in sorted({*_bound(api, account, namespace)} - places):
        yield from _delete(api, "RoleBinding", place, account)
        yield from _delete(api, "Role", place, account)


def withdraw(api: Api, account: str, namespace: str) -> Iterator[str]:
    """Delete the account, with which its tokens end, and all that was given to it; yield a sentence for each."""
    yield from _delete(api, "ServiceAccount", namespace, account)
    for place in sorted(_bound(api, account, namespace)):
        yield from _delete(api, "RoleBinding", place, account)
        yield from _delete(api, "Role", place, account)
    found = _get(api, "ClusterRoleBinding", "", account)
    if found and _is_for(found, account, namespace):
        yield from _delete(api, "ClusterRoleBinding", "", account)
        yield from _delete(api, "ClusterRole", "", account)


def token(api: Api, account: str, namespace: str, seconds: int) -> tuple[Secret, float]:
    """Ask for a token of the account that lives for so long; return it, and when it expires."""
    about = f"a token of serviceaccount/{namespace}/{account}"
    body = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {"expirationSeconds": seconds},
    }
    try:
        raw = api.write("POST", f"{_path('ServiceAccount', namespace, account)}/token", body, about=about)
    except MissingError:
        missing = f"cannot get {about}: there is no such account"
        raise MissingError(missing, hint="bootheal rbac --apply makes it, with its roles") from None
    with understood(about):
        status = raw["status"]
        return Secret(str(status["token"])), datetime.fromisoformat(status["expirationTimestamp"]).timestamp()


def kubeconfig(access: Access, account: str, secret: Secret) -> str:
    """Return a kubeconfig of the account for the server that `access` leads to."""
    asked = access.configuration
    cluster: dict[str, Any] = {"server": asked.host}
    if not asked.verify_ssl:
        cluster["insecure-skip-tls-verify"] = True
    elif access.authority:
        cluster["certificate-authority-data"] = base64.b64encode(access.authority.encode()).decode()
    cluster |= {"tls-server-name": asked.tls_server_name} if asked.tls_server_name else {}
    cluster |= {"proxy-url": asked.proxy} if asked.proxy else {}
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": account, "cluster": cluster}],
        "users": [{"name": account, "user": {"token": secret.reveal()}}],
        "contexts": [{"name": account, "context": {"cluster": account, "user": account}}],
        "current-context": account,
    }
    return json.dumps(content, indent=2) + "\n"


def _refuse_theirs(api: Api, binding: Object, account: str, namespace: str) -> None:
    """Nothing is changed where a binding, and so the role that it names, is another's."""
    metadata = binding["metadata"]
    there = _get(api, binding["kind"], metadata.get("namespace", ""), metadata["name"])
    if there and not _is_for(there, account, namespace):
        about = _told(binding["kind"], metadata.get("namespace", ""), metadata["name"])
        hint = "choose another --account, or delete the binding if nobody needs it"
        raise PermanentError(f"cannot use {about}: it is there, and not for our account alone", hint=hint)


def _make_so(api: Api, wanted: Object) -> Iterator[str]:
    kind, metadata = wanted["kind"], wanted["metadata"]
    namespace, name = metadata.get("namespace", ""), metadata["name"]
    about, path = _told(kind, namespace, name), _path(kind, namespace, name)
    there = _get(api, kind, namespace, name)
    if there is None:
        api.write("POST", path.rpartition("/")[0], wanted, about=about)
        yield f"created {about}"
        return
    if there.get("rules") != wanted.get("rules"):
        api.write("PATCH", path, {"rules": wanted["rules"]}, about=about, content_type=MERGE_PATCH)
        yield f"changed {about}"


def _bound(api: Api, account: str, namespace: str) -> Iterator[str]:
    """Yield the namespaces in which a Role of the account's name is bound to this account alone."""
    query = [("fieldSelector", f"metadata.name={account}")]
    raw = api.get(f"{RBAC}/rolebindings", query, about=f"the RoleBindings {account}")
    with understood(f"the RoleBindings {account}"):
        for each in raw.get("items") or ():
            if each["metadata"]["name"] == account and _is_for(each, account, namespace):
                yield each["metadata"]["namespace"]


def _is_for(binding: Object, account: str, namespace: str) -> bool:
    subjects = [(each.get("kind"), each.get("namespace"), each.get("name")) for each in binding.get("subjects") or ()]
    return (
        subjects == [("ServiceAccount", namespace, account)] and (binding.get("roleRef") or {}).get("name") == account
    )


def _get(api: Api, kind: str, namespace: str, name: str) -> Object | None:
    try:
        found: Object = api.get(_path(kind, namespace, name), about=_told(kind, namespace, name))
    except MissingError:
        return None
    return found


def _delete(api: Api, kind: str, namespace: str, name: str) -> Iterator[str]:
    about = _told(kind, namespace, name)
    try:
        api.write("DELETE", _path(kind, namespace, name), {}, about=about)
    except MissingError:
        return
    yield f"deleted {about}"


def _path(kind: str, namespace: str, name: str) -> str:
    base = "/api/v1" if kind == "ServiceAccount" else RBAC
    where = f"/namespaces/{namespace}" if namespace else ""
    return f"{base}{where}/{_PLURALS[kind]}/{name}"


def _told(kind: str, namespace: str, name: str) -> str:
    return "/".join(filter(None, (kind.lower(), namespace, name)))
