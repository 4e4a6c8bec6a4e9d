"""The official client as tests of the double use it: raw JSON through its transport, TLS and authentication."""

import json
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import yaml
from kubernetes import client, config
from kubernetes.client.api_client import ApiClient

from bootheal.demo.stack import Stack, StackOptions
from support import stack

SHOP = "/api/v1/namespaces/shop"
APPS = "/apis/apps/v1/namespaces/shop"
STRATEGIC = "application/strategic-merge-patch+json"
MERGE = "application/merge-patch+json"


def running(directory: Path, **options: Any) -> AbstractContextManager[Stack]:
    """Run a stack that is quick to start."""
    quick: dict[str, Any] = {"fsync": False, "drift": False, "server_login_retry": 1}
    return stack.running(directory, StackOptions(**quick | options))


class Api:
    """Requests against a kubeconfig; answers are (status, JSON)."""

    def __init__(self, kubeconfig: Path, token: str | None = None) -> None:
        self.configuration = client.Configuration()
        content = yaml.safe_load(kubeconfig.read_text())
        if token is not None:
            content["users"][0]["user"] = {"token": token}
        config.load_kube_config_from_dict(content, client_configuration=self.configuration)
        self.configuration.retries = False
        self.client = ApiClient(self.configuration)

    def call(
        self, method: str, path: str, body: Any = None, content_type: str = "application/json", **query: Any
    ) -> tuple[int, Any]:
        """One request."""
        parameters = self.client.param_serialize(
            method,
            path,
            query_params=list(query.items()),
            header_params={"Content-Type": content_type, "Accept": "application/json"},
            body=body,
            auth_settings=["BearerToken"],
        )
        response = self.client.call_api(*parameters, _request_timeout=(5, 10))
        text = response.read().decode()
        return response.status, json.loads(text) if text.startswith("{") else text

    def get(self, path: str, **query: Any) -> Any:
        """The object or list at a path, which must be there."""
        status, found = self.call("GET", path, **query)
        assert status == 200, found
        return found

    def names(self, path: str, **query: Any) -> list[str]:
        """The names of the objects in a list."""
        return [item["metadata"]["name"] for item in self.get(path, **query)["items"]]
