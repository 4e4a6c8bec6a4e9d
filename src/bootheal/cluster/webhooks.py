"""What others have hung into the API server: webhooks and aggregated APIs, and what it means when nobody answers there.

Nothing of theirs is ever changed. A webhook whose failurePolicy is Fail refuses every write it is asked about
while its Service has no endpoints; an aggregated API that is gone breaks no more than itself.
"""

import re

from bootheal.model import Extensions, Right, Webhook

RIGHTS = frozenset(
    {
        Right("list", "apiservices", "", "apiregistration.k8s.io"),
        Right("list", "validatingwebhookconfigurations", "", "admissionregistration.k8s.io"),
        Right("list", "mutatingwebhookconfigurations", "", "admissionregistration.k8s.io"),
        Right("list", "endpointslices", "", "discovery.k8s.io"),  # of webhooks' Services, wherever those are
        Right("get", "services"),  # whether such a Service is there at all
    }
)

_CALL = re.compile(r'failed calling webhook \\?"([-A-Za-z0-9.]+)\\?"')


def webhook_in(message: str) -> str:
    """Return the webhook that the API server says it could not call, "" where it says no such thing."""
    found = _CALL.search(message)
    return found[1] if found else ""


def blame(name: str, extensions: Extensions) -> str:
    """Say what keeps a write from being accepted, by the name of the webhook that could not be called."""
    known = next((webhook for webhook in extensions.unreachable if webhook.name == name), None)
    return describe(known) if known else f"webhook {name} does not answer"


def describe(webhook: Webhook, does: str = "refuses") -> str:
    """Name a webhook that refuses everything, where it is declared, and what it lacks."""
    lacks = "is not there" if webhook.gone else "has no ready endpoints"
    return f"webhook {webhook.name} of {webhook.configuration} {does}: {webhook.service} {lacks}"


def remarks(extensions: Extensions) -> tuple[str, ...]:
    """Tell a person what is broken, and what could not be looked at."""
    broken = (f"API {each.name} is not available ({each.why})" for each in extensions.unavailable)
    unread = (f"not looked at: {why}" for why in extensions.unread)
    return (*broken, *map(describe, extensions.unreachable), *unread)
