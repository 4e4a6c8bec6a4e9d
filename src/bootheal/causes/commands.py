"""The commands that causes send a person to: `{namespace}`, `{name}` and so on are filled in by a finding.

Each can be typed as it is told; what only a person knows stands in capitals. They are worded for k3s on a host;
`in_container` words them for a node of k3d's.
"""

import re

LOGS = "kubectl -n {namespace} logs {name} -c {container}"
PREVIOUS_LOGS = "kubectl -n {namespace} logs --previous {name} -c {container}"
DESCRIBE = "kubectl -n {namespace} describe {kind} {name}"
DESCRIBE_POD = "kubectl -n {namespace} describe pod {name}"

# A copy of the pod with the same volumes and a shell in place of its program: no Service sends there, since the copy
# has no labels. A container in a crash loop cannot be entered otherwise.
SHELL = "kubectl -n {namespace} debug -it {name} --copy-to={name}-look --same-node --container={container} -- sh"

# What a backup is made of, before anybody touches it.
VOLUMES = "kubectl -n {namespace} get pvc -o wide"

# What is typed on a host of k3s', and for a container that k3s is all of: with it everything in it ends.
_OF_K3D = tuple(
    (re.compile(pattern), instead)
    for pattern, instead in (
        (r"k3s ctr images import FILE\.tar \((k3d image import [^)]*)\)", r"\1"),
        (r"\bjournalctl -u k3s(?![-.\w])(?: -e)?", "docker logs --tail=50 {server}"),
        (r"\bsystemctl status k3s(?![-.\w])(?: --no-pager)?", "docker ps -a --filter name={server}"),
        (r"\bsystemctl (restart|start|stop) k3s(?![-.\w])", r"docker \1 {server}"),
        (r"\bk3s (crictl|ctr|kubectl)\b", r"docker exec {server} \1"),
        (r"\((?:its )?containers run on\)", "(its pods begin anew, too)"),
        (r"(?<=; )pods run on", "its pods begin anew, too"),
    )
)


def in_container(text: str, server: str) -> str:
    """Word the commands in a text for a cluster whose k3s runs in a container of Docker's of this name."""
    for pattern, instead in _OF_K3D:
        text = pattern.sub(instead.replace("{server}", server), text)
    return text
