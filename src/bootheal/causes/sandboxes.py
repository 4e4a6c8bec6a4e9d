"""Why a pod has no sandbox: what its node lacks. Texts: Event FailedCreatePodSandBox as containerd and runc word it."""

from bootheal.causes.cause import Cause, Gravity, Sign
from bootheal.causes.commands import DESCRIBE_POD
from bootheal.causes.runtime import SLOW
from bootheal.causes.signs import event

# The kubelet ends what is left of a pod's former sandbox before it makes a new one.
_REASONS = (
    "FailedCreatePodSandBox",
    "FailedCreatePodSandbox",
    "FailedPodSandBoxStatus",
    "NetworkNotReady",
    "FailedSync",
    "FailedKillPod",
)


def sandbox(*texts: str) -> tuple[Sign, ...]:
    """Return the signs of what is said of a sandbox that is not made, or not removed."""
    return tuple(sign for reason in _REASONS for sign in event(reason, *texts))


SANDBOXES: tuple[Cause, ...] = (
    Cause(
        id="sandbox-cgroups-used-up",
        means="the kernel makes no more cgroups on this node",
        gravity=Gravity.PERSON,
        signs=sandbox(r"/sys/fs/cgroup.{0,300}no space left on device", "cgroup.*cannot allocate memory"),
        next_step="cat /proc/cgroups; dead cgroups that pile up go with a reboot",
    ),
    Cause(
        id="sandbox-disk-fails",
        means="a disk of the node cannot be read or written, or was made read-only: {said}",
        gravity=Gravity.DATA,
        signs=sandbox(
            "[Ii]nput/output error",
            "[Ss]tructure needs cleaning",
            r"^(?!.*/(?:proc|sys)/\S*: read-only).*[Rr]ead-only file system",  # of those it is the kernel's settings
        ),
        next_step="dmesg | grep -iE 'i/o error|remount' shows which; save what can be read before anything else",
        consequence_of=("disk-read-only",),
    ),
    # containerd internal/cri/config, containerd-shim-runc
    Cause(
        id="sandbox-runtime-missing",
        means="the node's containerd has not the runtime that the pod asks for: {said}",
        gravity=Gravity.PERSON,
        signs=sandbox(
            r"no runtime for \S+ is configured",
            r"fork/exec \S+: (?:no such file|permission denied)",
            r'runtime \\?"\S+\\?" binary not installed',
            r'exec: \\?"(?:runc|crun)\\?": executable file not found',
        ),
        next_step="install it on the node (nvidia-container-toolkit and the like), and restart k3s, "
        "which finds it then; kubectl get runtimeclasses",
    ),
    # kubelet runtime_manager, of pods with hostUsers: false
    Cause(
        id="sandbox-user-namespaces",
        means="the pod asks for a user namespace of its own, which its runtime on this node does not make: {said}",
        gravity=Gravity.PERSON,
        signs=sandbox(r"hostUsers: false.{0,300}does not support user namespaces"),
        next_step="kubectl get node -o jsonpath='{.items[*].status.runtimeHandlers}' says which runtime does: "
        "containerd from 2.0 on, over runc 1.2, on a kernel with idmapped mounts for the filesystem of its volumes",
    ),
    # plugins/meta/portmap
    Cause(
        id="sandbox-port-taken",
        means="another program of the node has the host port that the pod wants: {said}",
        gravity=Gravity.PERSON,
        signs=sandbox("cannot open hostport", "bind: address already in use"),
        next_step="ss -ltnp on the node shows which; " + DESCRIBE_POD,
    ),
    # plugins/meta/portmap, firewall; of k3s they are in its own /var/lib/rancher/k3s/data
    Cause(
        id="sandbox-iptables-missing",
        means="the program by which the network plugin sets its firewall rules is not on the node: {said}",
        gravity=Gravity.PERSON,
        signs=sandbox(r'exec: \\?"ip6?tables\\?": executable file not found'),
        next_step="apt-get install iptables, or start k3s again, which brings its own",
    ),
    # libcni: a file in its directory that a cut of power has left empty
    Cause(
        id="network-configuration-damaged",
        means="the network plugin's configuration cannot be read: {said}",
        gravity=Gravity.PERSON,
        signs=sandbox(
            "error parsing configuration(?: list)?: ",
            r"failed \(add\): .*failed to parse netconf: ",
            "error loading config file .*kubeconfig",  # multus-cni#1283
        ),
        next_step="ls -l /var/lib/rancher/k3s/agent/etc/cni/net.d /etc/cni/net.d: remove what is empty, and restart "
        "k3s, or the network plugin's pod, which writes it anew",
        restart_helps=True,
    ),
    Cause(
        id="sandbox-kernel-settings",
        means="what the pod is to have of the kernel's settings cannot be set on this node, as in a container without "
        "privileges: {said}",
        gravity=Gravity.PERSON,
        signs=sandbox(
            r"(?:open|write) /proc/sys/\S+: (?:permission denied|read-only file system|no such file)",
            # runc since 1.2.8 and 1.3.3, in an LXC that may not: k3s#13293
            r"open sysctl \S+ file: .*(?:permission denied|not permitted)",
        ),
        next_step="take the sysctl out of the pod's securityContext, load the module that has it, or give the node its "
        "privileges: " + DESCRIBE_POD,
    ),
    Cause(
        id="sandbox-kernel-modules",
        means="the kernel that runs has no module for the pod network, as after its upgrade: {said}",
        gravity=Gravity.PERSON,
        signs=sandbox(
            "operation not supported",
            r"can't initialize ip6?tables table",
            r"Couldn't (?:find|load) (?:match|target)",
        ),
        next_step="uname -r; ls /lib/modules: where the two differ, reboot",
    ),
    # iptables-nft, to which rules of nft's own are unreadable
    Cause(
        id="sandbox-foreign-rules",
        means="another program's firewall rules are such that the network plugin cannot read its own beside them: "
        "{said}",
        gravity=Gravity.PERSON,
        signs=sandbox(r"is incompatible, use 'nft' tool"),
        next_step="nft list ruleset shows whose they are (a VPN, a firewall): let them have a table of their own; then "
        "kubectl -n {namespace} delete pod {name}",
        restart_helps=True,
    ),
    Cause(
        id="sandbox-disk-full",
        means="the node's disk is full",
        gravity=Gravity.PERSON,
        signs=sandbox("no space left on device"),
        next_step="make room on the disk of /var/lib/rancher (df -h; k3s crictl rmi --prune, if a registry has them)",
        consequence_of=("disk-full",),
    ),
    # containerd core/mount; k3s#19
    Cause(
        id="sandbox-snapshotter",
        means="the file system of the node's containerd is not one that it can use: {said}",
        gravity=Gravity.PERSON,
        signs=sandbox(
            r"failed to mount rootfs component.*(?:invalid argument|not supported|no such device)",
        ),
        next_step="see that the right disk is mounted at /var/lib/rancher (findmnt), then systemctl restart k3s; on "
        "ZFS: k3s --snapshotter=native",
        restart_helps=True,
    ),
    # containerd/cgroups; k3s#660
    Cause(
        id="sandbox-cgroups-broken",
        means="the cgroups of this node are not set up as its container runtime needs them: {said}",
        gravity=Gravity.PERSON,
        signs=sandbox("cgroups: cgroup deleted", r"mountpoint for \w+ not found", "cgroup mountpoint does not exist"),
        next_step="k3s check-config says what is missing; boot with cgroup_enable=memory cgroup_memory=1, or cgroup v2",
    ),
    # containerd internal/cri/server; k3s#1940
    Cause(
        id="sandbox-runtime-busy",
        means="the node's container runtime is busy, or does not answer: the pod is tried again: {said}",
        gravity=Gravity.PASSES,
        signs=sandbox(
            "ttrpc: closed",
            "DeadlineExceeded|deadline exceeded",
            "code = Unavailable",
            "containerd.sock: connect: ",
            "error reading from server: EOF",
            "shim task .*timed out",
            *SLOW,
        ),
        next_step="where it lasts, see the runtime: journalctl -u k3s -e; free -m; " + DESCRIBE_POD,
    ),
    # kubernetes#133081, talos#374
    Cause(
        id="sandbox-not-removed",
        means="what is left of the pod's former sandbox cannot be removed, and it gets no new one before that: {said}",
        gravity=Gravity.PASSES,
        signs=event("FailedKillPod"),
        next_step="where it lasts: see the pods of the network plugin (kubectl -n kube-system get pods -o wide); "
        + DESCRIBE_POD,
    ),
    Cause(
        id="sandbox-not-made",
        means="the pod has no sandbox yet: {said}",
        gravity=Gravity.PASSES,
        signs=sandbox(""),
        next_step=DESCRIBE_POD,
    ),
)
