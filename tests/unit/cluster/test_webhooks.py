"""Webhooks and aggregated APIs: what their absence means, in words."""

import pytest

from bootheal.adapters.kube import admission
from bootheal.adapters.kube import webhooks as reading
from bootheal.adapters.kube.workloads import workload
from bootheal.cluster.rollout import rollout
from bootheal.cluster.webhooks import blame, remarks, webhook_in
from bootheal.errors import DeniedError, MissingError
from bootheal.model import Aggregated, Extensions, Occurrence, Ref, Webhook
from support.objects import a_deployment

POLICY = Webhook("check.policy.example", "ValidatingWebhookConfiguration policy", Ref("service", "policy", "hook"))
REFUSES = (
    "webhook check.policy.example of ValidatingWebhookConfiguration policy refuses: "
    "service/policy/hook has no ready endpoints"
)


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ('Internal error occurred: failed calling webhook "a.b": failed to call webhook: Post "https://…"', "a.b"),
        ('{"message":"Internal error occurred: failed calling webhook \\"a.b\\": …"}', "a.b"),
        ("Internal error occurred: etcdserver: request timed out", ""),
        ("", ""),
    ],
    ids=["a condition", "a reply", "another error", "nothing"],
)
def test_the_webhook_is_found_in_what_the_api_server_says(message: str, name: str) -> None:
    """In the message of a condition, and in JSON as it came."""
    assert name == webhook_in(message)


def test_what_is_refused_names_configuration_and_service() -> None:
    """Where they are known; else only the webhook."""
    assert blame("check.policy.example", Extensions(unreachable=(POLICY,))) == REFUSES
    assert blame("check.policy.example", Extensions()) == "webhook check.policy.example does not answer"


def test_remarks_tell_everything_once() -> None:
    """Broken APIs, unreachable webhooks, and what may not be looked at."""
    found = Extensions((Aggregated("v1beta1.metrics.k8s.io", "MissingEndpoints"),), (POLICY,), ("cannot list x: 403",))
    broken = "API v1beta1.metrics.k8s.io is not available (MissingEndpoints)"
    assert (broken, REFUSES, "not looked at: cannot list x: 403") == remarks(found)


def test_a_rollout_that_a_webhook_holds_up_says_so() -> None:
    """The Deployment's own words are only that progress is slow."""
    message = 'pods "web-1" is forbidden: failed calling webhook "check.policy.example": no endpoints available'
    status = {"conditions": [{"type": "ReplicaFailure", "status": "True", "message": message}]}
    refused = workload({"metadata": {"name": "web"}, "status": status}, "deployment").refused
    assert refused == message
    assert reading.refusal(refused, Extensions(unreachable=(POLICY,))) == REFUSES
    since_removed = "webhook check.policy.example did not answer when their controller asked it last"
    assert reading.refusal(refused, Extensions()) == since_removed
    assert "is not there any more" in reading.refusal(refused, Extensions(guarded=False))
    held_up = rollout(a_deployment(available=0, updated=0, refused=REFUSES))
    assert (False, f"its pods cannot be created: {REFUSES}") == (held_up.done, held_up.why)
    assert rollout(a_deployment(refused=REFUSES)).done


class Served:
    """An API server of a few GETs."""

    def __init__(self, answers: dict[str, object]) -> None:
        self.answers = answers

    def __call__(self, path: str, _query: object = (), *, about: str) -> object:
        for end, answer in self.answers.items():
            if path.endswith(end):
                if isinstance(answer, Exception):
                    raise answer
                return {"items": answer}
        raise MissingError(f"cannot find {about}")


def webhooks(*, policy: str | None = "Fail", **client: object) -> list[dict[str, object]]:
    hook = {"name": "check.policy.example", "clientConfig": client} | ({"failurePolicy": policy} if policy else {})
    return [{"metadata": {"name": "policy"}, "webhooks": [hook]}]


SERVICE = {"namespace": "policy", "name": "hook"}
SLICE = {"endpoints": [{"conditions": {"ready": False}}, {"addresses": ["10.42.0.9"]}]}


@pytest.mark.parametrize(
    ("answers", "unreachable"),
    [
        ({"validatingwebhookconfigurations": webhooks(service=SERVICE), "/endpointslices": []}, True),
        ({"mutatingwebhookconfigurations": webhooks(service=SERVICE, policy=None), "/endpointslices": []}, True),
        ({"validatingwebhookconfigurations": webhooks(service=SERVICE), "/endpointslices": [SLICE]}, False),
        ({"validatingwebhookconfigurations": webhooks(service=SERVICE, policy="Ignore")}, False),
        ({"validatingwebhookconfigurations": webhooks(url="https://policy.example")}, False),
        (
            {
                "validatingwebhookconfigurations": webhooks(service=SERVICE),
                "/endpointslices": DeniedError("cannot list: 403", status=403),
            },
            False,
        ),
    ],
    ids=["no endpoint", "Fail is the default", "answers", "may be ignored", "outside", "not ours to see"],
)
def test_unreachable_is_what_must_be_asked_and_has_no_ready_endpoint(
    answers: dict[str, object], unreachable: bool
) -> None:
    """What may be ignored, is elsewhere, or cannot be judged is not accused."""
    assert unreachable == bool(reading.read(Served(answers)).unreachable)


@pytest.mark.parametrize(
    ("service", "gone", "words"),
    [
        ([], False, "has no ready endpoints"),
        (MissingError("cannot find service/policy/hook"), True, "is not there"),
        (DeniedError("cannot get services: 403", status=403), False, "has no ready endpoints"),
    ],
    ids=["there", "gone", "not ours to see"],
)
def test_whom_a_webhook_names_may_be_gone(service: object, gone: bool, words: str) -> None:
    """What was removed without its configuration never answers again; what cannot be seen is taken to be there."""
    served = {"validatingwebhookconfigurations": webhooks(service=SERVICE), "/endpointslices": [], "/hook": service}
    (found,) = reading.read(Served(served)).unreachable
    assert found.gone == gone
    assert blame(found.name, Extensions(unreachable=(found,))).endswith(f"service/policy/hook {words}")


def test_an_api_that_others_serve_names_its_service() -> None:
    """So that it is told beneath what keeps those pods from serving."""
    away = {"type": "Available", "status": "False", "reason": "MissingEndpoints"}
    raw = {"metadata": {"name": "v1.x"}, "spec": {"service": SERVICE}, "status": {"conditions": [away]}}
    found = reading.read(Served({"apiservices": [raw]})).unavailable
    assert found == (Aggregated("v1.x", "MissingEndpoints", Ref("service", "policy", "hook")),)


def test_what_may_not_be_read_is_told() -> None:
    """Each list by itself; the rest is read all the same."""
    denied = DeniedError("cannot list apiservices: 403", status=403)
    found = reading.read(Served({"apiservices": denied, "validatingwebhookconfigurations": webhooks(service=SERVICE)}))
    assert "cannot list apiservices: 403" in found.unread
    assert found.unreachable


def test_a_statefulset_that_a_webhook_holds_up_says_so_in_events_only() -> None:
    """Believed while that webhook is unreachable: the event lasts for an hour, its cause may not."""
    message = 'create Pod db-0 failed: failed calling webhook "check.policy.example": no endpoints'
    told = (Occurrence("FailedCreate", message, 100.0),)
    said = admission.failed_create(told, 160.0)
    assert said == message
    assert reading.refusal(said, Extensions(unreachable=(POLICY,)), history=True) == REFUSES
    assert reading.refusal(said, Extensions(), history=True) == ""
    assert admission.failed_create((), 160.0) == ""


def test_what_a_controller_could_not_make_is_history_once_it_made_one() -> None:
    """And where it has said nothing for longer than it waits between two tries."""
    refused, made = Occurrence("FailedCreate", "exceeded quota: mem", 100.0), Occurrence("SuccessfulCreate", "", 200.0)
    assert admission.failed_create((refused,), 300.0) == "exceeded quota: mem"
    assert admission.failed_create((refused, made), 300.0) == ""
    assert admission.failed_create((refused,), 9000.0) == ""
