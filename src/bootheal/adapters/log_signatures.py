"""What k3s, its kubelet and its containerd are known to say when they are in trouble, and what it means.

The texts are theirs; only our own words about them go on, and how k3s itself calls what it ends with.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bootheal.adapters.redaction import Redaction
from bootheal.cluster.log_excerpt import LONGEST
from bootheal.model import Symptom

# As logrus writes it, quoted where it has to be.
_WORDS = r'("(?:[^"\\]|\\.)*"|\S+)'
_FATAL = re.compile(rf"\blevel=fatal msg={_WORDS}(?: error={_WORDS})?")


@dataclass(frozen=True, slots=True)
class Known:
    """A text, and what we say instead."""

    needle: str
    kind: str
    text: str
    hint: str = ""
    fatal: bool = False
    restart: bool = False


# Order matters: a line tells of the first that fits.
K3S = (
    Known(
        "database disk image is malformed",
        "database",
        "its database is damaged (database disk image is malformed)",
        "stop k3s, keep a copy of /var/lib/rancher/k3s/server/db as it is, and restore the newest backup",
        fatal=True,
    ),
    Known(
        "Node password rejected",
        "node-password",
        "it does not know this node any more (Node password rejected)",
        "if no other machine has this name: kubectl -n kube-system delete secret NODE.node-password.k3s",
        fatal=True,
    ),
    Known(
        "encrypted with different token",
        "token",
        "its token is not the one that its data was made with",
        "give k3s the token it was installed with",
        fatal=True,
    ),
    Known(
        "failed to find memory cgroup",
        "cgroup",
        "this kernel offers it no memory cgroup",
        "boot with cgroup_enable=memory cgroup_memory=1",
        fatal=True,
    ),
    Known("no space left on device", "disk-full", "the disk is full", "make room on the disk of /var/lib/rancher"),
    Known("certificate has expired or is not yet valid", "certificate", "a certificate does not fit the clock"),
    Known("is reserved for", "reserved-name", "names of lost sandboxes are still reserved", restart=True),
    Known("containerd.sock: connect: ", "containerd", "containerd's socket is missing", restart=True),
    Known("/run/flannel/subnet.env: no such file", "flannel", "the pod network is not set up yet"),
    Known("bind: address already in use", "port", "another process has its port", "ss -ltnp shows which"),
)


def find(component: str, lines: Iterable[str], table: Sequence[Known] = K3S) -> tuple[Symptom, ...]:
    """Return each known trouble once, in the order of the table: the fatal ones first."""
    found = {known.kind for line in lines if (known := _recognise(line, table))}
    return tuple(
        Symptom(known.kind, component, known.text, known.hint, fatal=known.fatal, restart=known.restart)
        for known in table
        if known.kind in found
    )


def fatal_words(lines: Sequence[str]) -> str:
    """Return what k3s called fatal last, in our words where it is known, without passwords; "" where it did not."""
    said = next((found for line in reversed(lines) if (found := _FATAL.search(line))), None)
    if said is None:
        return ""
    if known := _recognise(said[0], K3S):
        return ": ".join(filter(None, (known.text, known.hint)))
    return Redaction()(": ".join(_unquoted(words) for words in said.groups() if words))[:LONGEST]


def _unquoted(words: str) -> str:
    return words.strip('"').replace(r"\"", '"').replace(r"\n", " ")


def _recognise(line: str, table: Sequence[Known]) -> Known | None:
    return next((known for known in table if known.needle in line), None)
