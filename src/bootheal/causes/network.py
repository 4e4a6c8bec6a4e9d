"""Why a pod has no sandbox or address, and why the cluster's names are not found.

Texts: Event FailedCreatePodSandBox as containerd and the network plugins word it, CoreDNS' log.
"""

from bootheal.causes.catalogue import Harmless
from bootheal.causes.cause import Cause, Gravity, Sign, Source
from bootheal.causes.signs import event, log, unit

DESCRIBE = "kubectl -n {namespace} describe pod {name}"


def _sandbox(*texts: str) -> tuple[Sign, ...]:
    reasons = ("FailedCreatePodSandBox", "FailedCreatePodSandbox", "NetworkNotReady", "FailedSync")
    return tuple(sign for reason in reasons for sign in event(reason, *texts))


NETWORK: tuple[Cause, ...] = (
    # k3s#4682, #5885, containernetworking/plugins#252: leases of host-local that a hard stop leaves behind
    Cause(
        id="pod-addresses-used-up",
        means="the node has no pod address left: reservations outlive pods that a power cut has ended",
        gravity=Gravity.PERSON,
        signs=(*_sandbox("no IP addresses available in range set"), *unit("no IP addresses available in range set")),
        next_step="compare `ls /var/lib/cni/networks/cbr0` with the pods of this node; then stop k3s with "
        "k3s-killall.sh (it stops every pod), remove the files of addresses that no pod has, and start k3s",
    ),
    # containerd internal/cri/server/sandbox_run.go; k3s#2312, kubernetes#139097
    Cause(
        id="sandbox-name-reserved",
        means="names of lost sandboxes are still reserved",
        gravity=Gravity.HEALED,
        signs=(*_sandbox("failed to reserve sandbox name", "is reserved for"), *unit("is reserved for")),
        next_step="delete the pod once, its successor has another name: kubectl -n {namespace} delete pod {name}; "
        "where it lasts: systemctl restart k3s",
        restart_helps=True,
    ),
    # flannel#2437, k3s#122
    Cause(
        id="flannel-not-ready",
        means="the pod network is not set up yet",
        gravity=Gravity.PASSES,
        signs=(
            *_sandbox("/run/flannel/subnet.env: no such file"),
            *unit("/run/flannel/subnet.env: no such file"),
        ),
        next_step="where it lasts: journalctl -u k3s | grep -i flannel",
    ),
    # microk8s#5583, #3545: the token of calico-node is a day old
    Cause(
        id="calico-unauthorized",
        means="Calico's token is no longer accepted by the API server",
        gravity=Gravity.PERSON,
        signs=(
            *_sandbox(r"connection is unauthorized: Unauthorized", "error getting ClusterInformation"),
            *_sandbox("Multus: .*Unauthorized"),
        ),
        next_step="kubectl -n kube-system rollout restart daemonset/calico-node",
        restart_helps=True,
    ),
    Cause(
        id="network-plugin-not-ready",
        means="the network plugin does not serve yet: {said}",
        gravity=Gravity.PASSES,
        signs=_sandbox(
            "cni plugin not initialized",
            "no networks found in",
            "network is not ready",
            "/var/lib/calico/nodename: no such file",
            "[Cc]ilium.*(?:socket|daemon|agent|connect)",
            r"failed to (?:setup|set up).*connect: connection refused",
            "error dialing|transport: Error while dialing",
        ),
        next_step="see its pods: kubectl -n kube-system get pods -o wide",
    ),
    Cause(
        id="network-plugin-missing",
        means="a program of the network plugin is not on the node: {said}",
        gravity=Gravity.PERSON,
        signs=_sandbox(r"failed to find plugin \\?\"?\S+\\?\"? in path", "exec format error"),
        next_step="start k3s again: it unpacks its plugins; on other nodes install containernetworking-plugins",
        restart_helps=True,
    ),
    # flannel: the bridge is of another subnet, as after the node was given a new one
    Cause(
        id="bridge-of-another-subnet",
        means="the node's bridge has an address of another pod network: {said}",
        gravity=Gravity.PERSON,
        signs=_sandbox("already has an IP address different from"),
        next_step="ip link delete cni0, then start k3s again: it makes the bridge anew",
        restart_helps=True,
    ),
    # containerd internal/cri/server/sandbox_run.go: "failed to get sandbox image %q"
    Cause(
        id="sandbox-image-missing",
        means="the image that each pod begins with is not on the node, and cannot be pulled: {said}",
        gravity=Gravity.PERSON,
        signs=_sandbox("failed to get sandbox image", "failed to pull (?:and unpack )?(?:sandbox )?image"),
        next_step="let the node reach its registry, or put k3s' airgap images into /var/lib/rancher/k3s/agent/images",
    ),
    # kubelet network/dns
    Cause(
        id="resolver-file-missing",
        means="the node's resolv.conf is not where the kubelet looks for it: {said}",
        gravity=Gravity.PASSES,
        signs=_sandbox(r"open \S*resolv\.conf: no such file"),
        next_step="systemctl status systemd-resolved; or k3s --resolv-conf",
    ),
    Cause(
        id="sandbox-cgroups-used-up",
        means="the kernel makes no more cgroups on this node",
        gravity=Gravity.PERSON,
        signs=_sandbox(r"/sys/fs/cgroup.{0,300}no space left on device", "cgroup.*cannot allocate memory"),
        next_step="cat /proc/cgroups; dead cgroups that pile up go with a reboot",
    ),
    Cause(
        id="sandbox-disk-full",
        means="the node's disk is full",
        gravity=Gravity.PERSON,
        signs=_sandbox("no space left on device"),
        next_step="make room on the disk of /var/lib/rancher (df -h; k3s crictl rmi --prune)",
    ),
    Cause(
        id="sandbox-not-made",
        means="the pod has no sandbox yet: {said}",
        gravity=Gravity.PASSES,
        signs=_sandbox(""),
        next_step=DESCRIBE,
    ),
    # --- the cluster's names: coredns/coredns plugin/loop, plugin/forward, caddyfile ------------------
    Cause(
        id="dns-loop",
        means="CoreDNS asks itself: its forwarder leads back to it, as where the node's resolv.conf names 127.0.0.1",
        gravity=Gravity.PERSON,
        signs=log(r"plugin/loop: Loop .*detected"),
        next_step="give the node a resolv.conf with a real name server, or k3s --resolv-conf, then "
        "kubectl -n kube-system rollout restart deployment/coredns",
    ),
    Cause(
        id="dns-configuration-broken",
        means="CoreDNS does not understand its Corefile: {said}",
        gravity=Gravity.PERSON,
        signs=log(
            r"Corefile:\d+", r"plugin/\w+: .*(?:unknown|no such|not a valid|no valid|invalid)", "Unknown directive"
        ),
        next_step="kubectl -n kube-system edit configmap coredns (and coredns-custom)",
    ),
    Cause(
        id="dns-waits-for-the-api",
        means="CoreDNS cannot reach the API server: {said}",
        gravity=Gravity.PASSES,
        signs=log(r"dial tcp 10\.\d+\.\d+\.1:443: \S+", "plugin/kubernetes: .*(?:timeout|refused|no route)"),
        next_step="see the node's network: kubectl -n kube-system get pods; ip route",
    ),
    Cause(
        id="dns-port-taken",
        means="another process has CoreDNS' port",
        gravity=Gravity.PERSON,
        signs=log(r"listen (?:udp|tcp) \S*:53: bind: "),
        next_step="ss -lnup 'sport = :53' shows which",
    ),
)

HARMLESS: tuple[Harmless, ...] = (
    Harmless(Sign(Source.LOG, "plugin/ready: Still waiting on"), "CoreDNS says so for seconds of each start"),
    Harmless(Sign(Source.LOG, "No files matching import glob pattern"), "k3s' Corefile imports what need not be there"),
    Harmless(Sign(Source.LOG, "plugin/kubernetes: waiting for Kubernetes API"), "at each start"),
)
