"""Whose trouble a line of a node's journal tells of: its own, or that of a pod, a webhook or a client. Pure.

One process, or one journal, holds the kubelet and the API server. What keeps one pod back they repeat there word by
word, so that a read-only file system of a container looks like the node's disk, and a registry's certificate like
that of k3s. Each has its own place where it is told: the pod's status, its Events, the webhook's configuration.
"""

import re

# Structured fields of klog (pkg/kubelet), the names of what is asked of the runtime, and the handlers of the API
# server: apiserver's webhook dispatcher, authentication, kube-aggregator's availability; net/http's listener.
_OTHERS = re.compile(
    r"""\bpod="[^"/\s]+/[^"\s]+"|\bpods=\[|"Error syncing pod|\bstart failed in pod \S+_"""
    r"""|\b(?:podUID|podSandboxID|containerID|image)="|&(?:PodSandboxMetadata|ContainerMetadata|PodSandboxConfig)\{"""
    r"""|\b(?:(?:Run|Stop|Remove)PodSandbox|(?:Create|Start|Stop|Remove)Container|PullImage) (?:for|from|within|\\?")"""
    r"""|\bOperation for "\{volumeName:|"Event occurred" object=|\] Event\(v1\.ObjectReference\{"""
    r"""|[Ff]ailed calling webhook|[Uu]nable to authenticate the request|available_controller\.go:\d+\]"""
    r"""|loading OpenAPI spec for "|TLS handshake error from """
)

# What such a line shows is the node's all the same: each of its pods meets it, and none is to blame.
EVERYBODYS = frozenset(
    {
        "pod-addresses-used-up",
        "sandbox-name-reserved",
        "flannel-not-ready",
        "containerd-socket",
        "containerd-loads",
        "node-cgroups-used-up",
        "node-inotify-watches-used-up",
        "kernel-modules-missing",
        "foreign-firewall-rules",
    }
)


def of_others(line: str, cause: str) -> bool:
    """Tell whether a line that shows this cause, by its id, is about somebody else's trouble than the node's."""
    return cause not in EVERYBODYS and _OTHERS.search(line) is not None
