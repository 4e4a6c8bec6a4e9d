"""Names of objects in Kubernetes, of keys and of labels."""

import re

from bootheal.dependencies import flux as of_flux
from bootheal.model import WORKLOADS

LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
SUBDOMAIN = rf"{LABEL}(\.{LABEL})*"
DATA_KEY = r"[-._a-zA-Z0-9]+"
LABEL_VALUE = r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?"

LONGEST_LABEL, LONGEST_SUBDOMAIN = 63, 253
ALPHABET = "small letters, digits and -, a letter or digit at both ends"


def matches(pattern: str, text: str, longest: int) -> bool:
    """Whether the whole text is of this pattern, and no longer than that."""
    return len(text) <= longest and re.fullmatch(pattern, text) is not None


def label(text: str) -> str:
    """A namespace, a Service, a container: one label of DNS."""
    if not matches(LABEL, text, LONGEST_LABEL):
        raise ValueError(f"it should be {ALPHABET}, {LONGEST_LABEL} at most, like shop-db")
    return text


def subdomain(text: str) -> str:
    """Most other objects of Kubernetes, and what this file gives a name."""
    if not matches(SUBDOMAIN, text, LONGEST_SUBDOMAIN):
        raise ValueError(f"it should be {ALPHABET}, {LONGEST_SUBDOMAIN} at most, dots between such words, like shop.db")
    return text


def secret_name(text: str) -> str:
    """A Secret: who has typed a password here is told that it is one."""
    if not matches(SUBDOMAIN, text, LONGEST_SUBDOMAIN):
        raise ValueError("it should be the name of a Secret of Kubernetes, like shop-db.credentials, never a password")
    return text


def secret_key(text: str) -> str:
    """A key of a Secret or a ConfigMap."""
    if not matches(DATA_KEY, text, LONGEST_SUBDOMAIN) or text == "." or text.startswith(".."):
        raise ValueError("it should be a key of a Secret or ConfigMap: letters, digits, -, _ and ., like pgbouncer.ini")
    return text


def label_key(text: str) -> str:
    """The name of a label, such as app.kubernetes.io/name."""
    prefix, slash, name = text.rpartition("/")
    good = name and matches(LABEL_VALUE, name, LONGEST_LABEL)
    if not good or (slash and not matches(SUBDOMAIN, prefix, LONGEST_SUBDOMAIN)):
        raise ValueError("it should be the name of a label, like app or app.kubernetes.io/name")
    return text


def label_value(text: str) -> str:
    """The value of a label, which may be empty."""
    if not matches(LABEL_VALUE, text, LONGEST_LABEL):
        raise ValueError(f"it should be what a label can be: letters, digits, -, _ and ., {LONGEST_LABEL} at most")
    return text


def workload(text: str) -> str:
    """kind/namespace/name of what runs pods."""
    return _object(text, WORKLOADS, "deployment/shop/web")


def flux(text: str) -> str:
    """kind/namespace/name of what Flux reconciles."""
    return _object(text, tuple(of_flux.RESOURCES), "kustomization/flux-system/shop")


def _object(text: str, kinds: tuple[str, ...], example: str) -> str:
    kind, *rest = text.split("/")
    if kind not in kinds or len(rest) != 2:  # noqa: PLR2004 - namespace and name
        raise ValueError(f"it should be kind/namespace/name, like {example}; a kind is one of {', '.join(kinds)}")
    namespace, name = rest
    if not matches(LABEL, namespace, LONGEST_LABEL) or not matches(SUBDOMAIN, name, LONGEST_SUBDOMAIN):
        raise ValueError(f"it should be {kind}/namespace/name, both of {ALPHABET}, like {example}")
    return text
