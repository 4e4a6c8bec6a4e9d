"""What keeps new pods out of a namespace is asked for sparingly, but for what a boot may bring down."""

import time
from typing import Any

import pytest

from bootheal.adapters.kube.lists import Lists
from bootheal.adapters.kube.reader import ADMISSION_SECONDS, BROKEN_SECONDS, UNLIMITED_SECONDS, KubeReader

WEBHOOK: dict[str, Any] = {
    "name": "check.example.org",
    "clientConfig": {"service": {"namespace": "policy", "name": "hook"}},
    "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}],
}


class Api:
    """Has webhooks, for which somebody answers as long as it is `up`, and tells what it was asked."""

    def __init__(self, *webhooks: Any) -> None:
        self.asked: list[str] = []
        self.up, self.webhooks = True, webhooks

    def get(self, path: str, *_: Any, **__: Any) -> Any:
        self.asked.append(path.rpartition("/")[2])
        if path.endswith("validatingwebhookconfigurations"):
            return {"items": [{"metadata": {"name": "policy"}, "webhooks": list(self.webhooks)}]}
        if path.endswith("endpointslices"):
            return {"items": [{"endpoints": [{"conditions": {"ready": self.up}}]}]}
        return {"items": []}


def test_a_webhook_that_has_gone_is_noticed_before_the_namespace_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a power cut its slices are right for seconds: what is deleted then would have no successor."""
    api: Any = Api(WEBHOOK)
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    reader = KubeReader(api, Lists(api))
    assert reader.admission("shop").webhooks == ()
    api.up, now = False, now + max(BROKEN_SECONDS, ADMISSION_SECONDS)
    assert [hook.name for hook in reader.admission("shop").webhooks] == ["check.example.org"]
    assert api.asked.count("shop") == 1
    now += UNLIMITED_SECONDS
    reader.admission("shop")
    assert api.asked.count("shop") == 2


@pytest.mark.parametrize("webhooks", [(), ({**WEBHOOK, "failurePolicy": "Ignore"},)], ids=["none", "ignored"])
def test_where_no_webhook_has_to_answer_they_are_read_once_in_a_pass(
    webhooks: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    api: Any = Api(*webhooks)
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    reader = KubeReader(api, Lists(api))
    for moment in (0.0, BROKEN_SECONDS, UNLIMITED_SECONDS - BROKEN_SECONDS - 1.0):
        now += moment
        assert reader.admission("shop").webhooks == ()
    assert api.asked.count("validatingwebhookconfigurations") == 1
    now += BROKEN_SECONDS
    reader.admission("shop")
    assert api.asked.count("validatingwebhookconfigurations") == 2
