"""Why a pod whose containers run is not ready, or is ended by its kubelet. Texts: the kubelet's Events, its conditions.

pkg/kubelet/prober, pkg/kubelet/kuberuntime and pkg/kubelet/status of Kubernetes.
"""

from bootheal.causes.cause import Cause, Gravity
from bootheal.causes.commands import DESCRIBE_POD
from bootheal.causes.signs import condition, event

PROBES: tuple[Cause, ...] = (
    # kubelet/kuberuntime: "Container %s failed liveness probe, will be restarted". PostgreSQL begins its crash recovery
    # anew each time: cagriekin/charts#141, deploy-sourcegraph#4136, cloudnative-pg#11024
    Cause(
        id="probe-kills",
        means="the kubelet ends container {container} again and again, since its probe fails: {said}",
        gravity=Gravity.PERSON,
        signs=event("Killing", r"failed (?:liveness|startup) probe"),
        next_step="give it a startupProbe that allows for its slowest start (failureThreshold x periodSeconds), or "
        "raise those of its livenessProbe: " + DESCRIBE_POD,
        restart_helps=True,
    ),
    # hashicorp/vault, openbao: who starts is sealed until somebody, or its auto-unseal, gives it its key
    Cause(
        id="vault-sealed",
        means="it is sealed, as after each start, and serves nobody until it is given its key: {said}",
        gravity=Gravity.PERSON,
        signs=event("Unhealthy", r"\\nSealed\s+true\b", "Vault is sealed"),
        next_step="kubectl -n {namespace} exec -it {name} -- vault operator unseal, as often as its threshold says; "
        "auto-unseal spares that",
    ),
    # kubelet/prober: Unhealthy names probe and answer
    Cause(
        id="probe-fails",
        means="its probe fails: {said}",
        gravity=Gravity.PASSES,
        signs=event("Unhealthy"),
        next_step=DESCRIBE_POD,
        restart_helps=True,
    ),
    # kubelet/status/generate.go: "the status of pod readiness gate %q is not \"True\", but False"
    Cause(
        id="readiness-gate",
        means="its containers are ready, but a readiness gate is not: {said}",
        gravity=Gravity.PASSES,
        signs=condition("ReadinessGatesNotReady"),
        next_step="whoever answers for the gate (a load balancer's controller, a mesh) must set it: " + DESCRIBE_POD,
    ),
)
