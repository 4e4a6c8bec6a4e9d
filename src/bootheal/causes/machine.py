"""What of the machine itself is not well: the API server, nodes, the parts of the cluster, the disks. Pure."""

from bootheal.causes.catalogue import Catalogue
from bootheal.causes.cause import Cause, Evidence, Finding, Gravity, Sign, Source
from bootheal.causes.signs import condition
from bootheal.model import Node, Ref


def _host(reason: str) -> tuple[Sign, ...]:
    return (Sign(Source.HOST, reason=reason),)


MACHINE: tuple[Cause, ...] = (
    Cause(
        id="disk-read-only",
        means="its file system is read-only, as the kernel makes one whose disk fails: {said}",
        gravity=Gravity.DATA,
        signs=_host("DiskReadOnly"),
        next_step="dmesg | grep -iE 'i/o error|remount'; save what can be read before anything else",
    ),
    Cause(
        id="disk-full",
        means="its disk is full: {said}",
        gravity=Gravity.PERSON,
        signs=_host("DiskFull"),
        next_step="df -h; du -xh --max-depth=2 /var/lib/rancher | sort -h | tail; "
        "k3s crictl rmi --prune, if a registry has them",
    ),
    Cause(
        id="disk-inodes-used-up",
        means="its file system has no inodes left, however much room there is: {said}",
        gravity=Gravity.PERSON,
        signs=_host("DiskInodes"),
        next_step="df -i; du -x --inodes --max-depth=3 / | sort -n | tail",
    ),
    Cause(
        id="component-stopped",
        means="it does not run: {said}",
        gravity=Gravity.PERSON,
        signs=_host("ComponentStopped"),
        next_step="systemctl status {name} --no-pager; of a container: docker start {name}",
    ),
    Cause(
        id="component-paused",
        means="somebody has paused it, and nothing in it runs on: {said}",
        gravity=Gravity.PERSON,
        signs=_host("ComponentPaused"),
        next_step="docker unpause {name}",
    ),
    Cause(
        id="component-starved",
        means="it is ended for want of memory, again and again: {said}",
        gravity=Gravity.PERSON,
        signs=_host("ComponentStarved"),
        next_step="free -m; journalctl -k -g oom; give the machine memory or swap, or its pods limits",
    ),
    Cause(
        id="component-starts",
        means="it is not up yet: {said}",
        gravity=Gravity.PASSES,
        signs=_host("ComponentStarts"),
        next_step="journalctl -u {name} -e; of a container: docker logs --tail=50 {name}",
    ),
    Cause(
        id="component-complains",
        means="{said}",
        gravity=Gravity.PASSES,
        signs=_host("ComponentComplains"),
        next_step="journalctl -u {name} -e; of a container: docker logs --tail=50 {name}",
    ),
    Cause(
        id="host-not-read",
        means="what this host knows of the cluster could not be read: {said}",
        gravity=Gravity.PASSES,
        signs=_host("HostSilent"),
        next_step="systemctl status docker --no-pager",
    ),
    Cause(
        id="api-silent",
        means="the API server does not answer as it should: {said}",
        gravity=Gravity.PASSES,
        signs=_host("ApiSilent"),
        next_step="kubectl get --raw '/readyz?verbose'; journalctl -u k3s -e",
        consequence_of=("component-stopped", "component-paused", "component-starved", "component-starts"),
    ),
    Cause(
        id="kubeconfig-unusable",
        means="the API server was not asked, for want of a kubeconfig that can be used: {said}",
        gravity=Gravity.PERSON,
        signs=_host("KubeconfigUnusable"),
        next_step="kubectl config view --minify; on k3s the live one is /etc/rancher/k3s/k3s.yaml",
    ),
    Cause(
        id="api-refuses",
        means="the API server does not let us in: {said}",
        gravity=Gravity.PERSON,
        signs=_host("ApiRefuses"),
        next_step="kubectl auth whoami; kubectl auth can-i --list",
    ),
    Cause(
        id="node-not-heard",
        means="its kubelet has not been heard of in this boot: {said}",
        gravity=Gravity.PASSES,
        signs=_host("NodeNotHeard"),
        next_step="journalctl -u k3s -e; kubectl describe node {name}",
    ),
    Cause(
        id="node-unready",
        means="it is not Ready, so nothing begins on it: {said}",
        gravity=Gravity.PASSES,
        signs=_host("NodeUnready"),
        next_step="kubectl describe node {name}; journalctl -u k3s -e",
    ),
    Cause(
        id="node-former-name",
        means="this machine is registered by another name in this boot; what is bound to it stays away: {said}",
        gravity=Gravity.PERSON,
        signs=_host("NodeFormerName"),
        next_step="give the machine its old name back (hostnamectl, or k3s --node-name {name}) and restart k3s",
    ),
    Cause(
        id="node-under-pressure",
        means="it is short of something, so that it takes no pods or ends some: {said}",
        gravity=Gravity.PASSES,
        signs=_host("NodePressure"),
        next_step="kubectl describe node {name}; df -h; free -m",
    ),
    Cause(
        id="webhook-unanswered",
        means="it must be asked before objects are made or changed, and nobody answers: {said}",
        gravity=Gravity.PASSES,
        signs=_host("WebhookUnanswered"),
        next_step="kubectl -n {namespace} get pods,endpointslices; see why its pods do not serve",
    ),
    # a policy engine whose namespace is not exempt, after all of its pods went with the power
    Cause(
        id="webhook-blocks-itself",
        means="it must be asked before its own pods are made, and none of them runs that could answer: {said}",
        gravity=Gravity.PERSON,
        signs=_host("WebhookBlocksItself"),
        next_step="kubectl edit that configuration: failurePolicy: Ignore until its pods run, and for good a "
        "namespaceSelector that leaves namespace {namespace} out",
    ),
    # kyverno#1780, #2869, cert-manager's FAQ: who is removed without his chart leaves it behind
    Cause(
        id="webhook-orphaned",
        means="it must be asked before objects are made or changed, and whom it names is not there any more: {said}",
        gravity=Gravity.PERSON,
        signs=_host("WebhookOrphaned"),
        next_step="where what it belongs to was removed: kubectl delete {kind} {name}; else install that again",
    ),
    Cause(
        id="api-group-unavailable",
        means="an API that others serve is not to be had: {said}",
        gravity=Gravity.PASSES,
        signs=_host("ApiGroupUnavailable"),
        next_step="kubectl describe apiservice {name}",
    ),
    # kube-aggregator pkg/controllers/status: ServiceNotFound; kubernetes#60807
    Cause(
        id="api-group-orphaned",
        means="an API is not to be had, since the Service that is to serve it is not there: {said}",
        gravity=Gravity.PERSON,
        signs=_host("ApiGroupOrphaned"),
        next_step="where what it belongs to was removed: kubectl delete apiservice {name}; else install that again",
    ),
)

# Why a node is not Ready, as its kubelet words it: pkg/kubelet/nodestatus, pkg/kubelet/runtime.go, the node controller.
NODES: tuple[Cause, ...] = (
    Cause(
        id="node-starts",
        means="its kubelet has just started: {said}",
        gravity=Gravity.PASSES,
        signs=condition(
            "KubeletNotReady",
            "status check may not have completed yet",
            "pleg has yet to be successful",
            "CSINode is not yet initialized",
            "failed to initialize CSINode",
        ),
        next_step="where it lasts: journalctl -u k3s -e",
    ),
    # kubernetes#45419, #72533, #77728: the runtime hangs or is away, and no pod of the node gets on
    Cause(
        id="node-runtime-down",
        means="its container runtime does not answer: {said}",
        gravity=Gravity.PASSES,
        signs=condition(
            "KubeletNotReady", "container runtime is down", "PLEG is not healthy", r"runtime .*not ready: Runtime"
        ),
        next_step="systemctl restart k3s (its containers run on); iostat -x 5 and dmesg show whether the disk is why",
        restart_helps=True,
    ),
    Cause(
        id="node-network-not-ready",
        means="its pod network is not set up: {said}",
        gravity=Gravity.PASSES,
        signs=condition("KubeletNotReady", "network not ready", "cni plugin not initialized", "NetworkPluginNotReady"),
        next_step="journalctl -u k3s | grep -i flannel; of another plugin: kubectl -n kube-system get pods -o wide",
    ),
    # pkg/kubelet/nodeshutdown; what was cancelled (shutdown -c) stands there until the kubelet starts again
    Cause(
        id="node-shuts-down",
        means="it is being shut down, or was to be: {said}",
        gravity=Gravity.PASSES,
        signs=condition("KubeletNotReady", "node is shutting down"),
        next_step="where the shutdown was cancelled: systemctl restart k3s",
        restart_helps=True,
    ),
    Cause(
        id="node-silent",
        means="its kubelet has fallen silent: {said}",
        gravity=Gravity.PASSES,
        signs=condition("NodeStatusUnknown"),
        next_step="on it: systemctl status k3s --no-pager; journalctl -u k3s -e",
    ),
)


def of_node(node: Node) -> Finding | None:
    """Return why a node is not Ready, by its own condition; None where that is not known."""
    reason, _, text = node.why.partition(": ")
    about = Ref("node", "", node.name)
    return Catalogue(NODES).recognise(Evidence(source=Source.CONDITION, reason=reason, text=text, about=about))
