"""The commands that causes send a person to: `{namespace}`, `{name}` and so on are filled in by a finding.

Each can be typed as it is told; what only a person knows stands in capitals.
"""

LOGS = "kubectl -n {namespace} logs {name} -c {container}"
PREVIOUS_LOGS = "kubectl -n {namespace} logs --previous {name} -c {container}"
DESCRIBE = "kubectl -n {namespace} describe {kind} {name}"
DESCRIBE_POD = "kubectl -n {namespace} describe pod {name}"

# A copy of the pod with the same volumes and a shell in place of its program: no Service sends there, since the copy
# has no labels. A container in a crash loop cannot be entered otherwise.
SHELL = "kubectl -n {namespace} debug -it {name} --copy-to={name}-look --same-node --container={container} -- sh"

# What a backup is made of, before anybody touches it.
VOLUMES = "kubectl -n {namespace} get pvc -o wide"
