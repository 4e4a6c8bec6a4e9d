"""What keeps the node's container runtime from making or beginning a container, whosever it is.

Messages: the kubelet's pkg/kubelet/kuberuntime, containerd's internal/cri/server, CRI-O's server, runc's libcontainer.
"""

from bootheal.causes.cause import Cause, Gravity, Sign
from bootheal.causes.commands import DESCRIBE_POD
from bootheal.causes.signs import ended, event, log, starting, waiting

# A process of runc's was ended before it had said who it is; CRI-O is asked again while it still does the first.
# minikube#9770, kubernetes#112105
SLOW = (
    "(?:can't get|getting the) final child's (?:PID|pid) from pipe(?!.*OOM-killed)",
    "etrying requests that are timing out in CRI-O",
    r"error reserving (?:ctr|pod) name .*: name is reserved",
    r"dial unix \S*containerd/s/\S+: connect: ",  # the socket of a container's own shim: arktos#973
)

_NO_FORK = r"fork/exec \S+: resource temporarily unavailable"
_NEVER = ("StartError", "ContainerCannotRun")
_CREATE = ("CreateContainerError", "RunContainerError", "CreateContainerConfigError")


def create(*texts: str) -> tuple[Sign, ...]:
    """What is said where a container cannot be made or begun, in whichever of three words, or in an Event."""
    found = [sign for reason in _CREATE for sign in waiting(reason, *texts)]
    return (*found, *event("Failed", *texts), *(sign for text in texts for why in _NEVER for sign in ended(why, text)))


RUNTIME: tuple[Cause, ...] = (
    # --- what it passes over by itself ---------------------------------------------------------------
    # kubelet/kubelet_pods.go: "services have not yet been read at least once, cannot construct envvars"
    Cause(
        id="kubelet-not-synced",
        means="the kubelet has not read the cluster's objects yet, as just after its start",
        gravity=Gravity.PASSES,
        signs=create(
            "services have not yet been read at least once",
            "failed to sync (?:configmap|secret) cache",
            # kubernetes#105204: no pod that names a volume that it has not is accepted
            r"cannot find volume \S+ to mount into container",
        ),
        next_step=DESCRIBE_POD,
    ),
    # containerd internal/cri/server/container_create.go, internal/registrar; k3s#2312, containerd#12438; dockershim
    Cause(
        id="container-name-reserved",
        means="the container runtime still holds the name of container {container} for one that it has lost",
        gravity=Gravity.HEALED,
        signs=create(
            r"failed to reserve container name",
            r"name \\?\"\S+\\?\" is reserved for",
            r"container name \\?\"\S+\\?\" is already in use by container",
        ),
        next_step="delete the pod once, its successor has another name: kubectl -n {namespace} delete pod {name}; "
        "where it lasts: systemctl restart k3s",
        restart_helps=True,
    ),
    # grpc: the runtime is busy (a slow disk after a boot), or away while it restarts
    Cause(
        id="runtime-busy",
        means="the node's container runtime is busy, or does not answer: container {container} is tried again",
        gravity=Gravity.PASSES,
        signs=create(
            "context deadline exceeded",
            "DeadlineExceeded",
            "context canceled",
            "code = Unavailable",
            "containerd.sock: connect: ",
            "error reading from server: ",
            "transport is closing",
            "ttrpc: closed",
            "shim task .*(?:timed out|i/o timeout)",
            *SLOW,
        ),
        next_step="where it lasts, see the runtime: journalctl -u k3s -e; " + DESCRIBE_POD,
        restart_helps=True,
    ),
    # --- the node's own ------------------------------------------------------------------------------
    Cause(
        id="cgroups-used-up",
        means="the kernel makes no more cgroups on this node",
        gravity=Gravity.PERSON,
        signs=starting(
            r"(?:mkdir|cgroup).{0,200}/sys/fs/cgroup.{0,300}no space left on device",
            r"mkdir /sys/fs/cgroup\S*: cannot allocate memory",
        ),
        next_step="on the node: cat /proc/cgroups; dead cgroups that pile up go with a reboot",
    ),
    # keyrings(7): each container has a key of its own, and EDQUOT is no disk's
    Cause(
        id="kernel-keys-used-up",
        means="the kernel gives this node's containers no more session keys: {said}",
        gravity=Gravity.PERSON,
        signs=starting(r"session key(?:ring)?: .*(?:quota exceeded|cannot allocate memory)"),
        next_step="on the node: sysctl -w kernel.keys.maxkeys=2000 kernel.keys.maxbytes=200000, and for good in "
        "/etc/sysctl.d; cat /proc/key-users",
        restart_helps=True,
    ),
    # clone(2), unshare(2): ENOSPC is the kernel's limit of namespaces, and no disk's
    Cause(
        id="kernel-namespaces-used-up",
        means="the kernel makes no more namespaces for this node's containers: {said}",
        gravity=Gravity.PERSON,
        signs=starting(
            r"fork/exec \S+: no space left on device", r"\b(?:unshare|clone)\b[^:]*: [Nn]o space left on device"
        ),
        next_step="on the node: sysctl -a | grep namespaces; sysctl -w user.max_user_namespaces=28633, and for good in "
        "/etc/sysctl.d",
        restart_helps=True,
    ),
    # a tmpfs: the runtime's sockets, names of networks, and what a daemon has filled it with
    Cause(
        id="node-run-full",
        means="/run of this node, which is in its memory, is full: {said}",
        gravity=Gravity.PERSON,
        signs=starting(r"(?<![\w/])/run/(?!\S*/rootfs)\S*: no space left on device"),
        next_step="on the node: df -h /run; df -i /run; du -xsh /run/* shows whose it is; a reboot empties it",
        restart_helps=True,
    ),
    # fork(2): the limit of the unit, of the machine, or of the pods' own cgroup; kubernetes#43783
    Cause(
        id="processes-used-up",
        means="the node begins no more processes: {said}",
        gravity=Gravity.PERSON,
        signs=(*create(_NO_FORK), *event("FailedCreatePodSandBox", _NO_FORK)),
        next_step="on the node: ps -eLf | wc -l; sysctl kernel.pid_max kernel.threads-max",
        restart_helps=True,
    ),
    Cause(
        id="node-inotify-used-up",
        means="the node has used up its inotify watches",
        gravity=Gravity.PERSON,
        signs=starting(r"inotify.*(?:no space left on device|too many open files)"),
        next_step="sysctl fs.inotify.max_user_watches=1048576 fs.inotify.max_user_instances=1024",
    ),
    # runc: mount(2) says ENOSPC where there are too many mounts; k3s#2980
    Cause(
        id="node-mounts-full",
        means="the node makes no more mounts for container {container}: {said}",
        gravity=Gravity.PERSON,
        signs=starting(r"mounting .*no space left on device", r"error mounting .*no space left on device"),
        next_step="on the node: findmnt | wc -l, sysctl fs.mount-max (raise it); a reboot removes those that piled up",
    ),
    Cause(
        id="node-disk-full",
        means="the node's disk is full",
        gravity=Gravity.PERSON,
        signs=(*create("no space left on device"), *starting("write .*: no space left on device")),
        next_step="make room on the disk of /var/lib/rancher (df -h; k3s crictl rmi --prune, if a registry has them)",
        consequence_of=("disk-full",),
    ),
    Cause(
        id="node-read-only",
        means="a disk of the node is read-only, as the kernel makes one that fails",
        gravity=Gravity.DATA,
        signs=create(
            r"/var/(?:lib/(?:rancher|kubelet|containerd)|log/(?:pods|containers))\S*: read-only file system",
            "input/output error",
        ),
        next_step="dmesg | grep -iE 'i/o error|remount' shows which; save what can be read before anything else",
        consequence_of=("disk-read-only",),
    ),
    # containerd#5854, #10457: an unpacked layer that was not on the disk at a cut of power. What ran before is damaged.
    Cause(
        id="exec-format-error",
        means="what image {image} starts is no program that this node can run: built for another processor, or, where "
        "it ran before, damaged on this node's disk",
        gravity=Gravity.PERSON,
        signs=(*starting("[Ee]xec format error"), *log(r"exec (?:user process caused: |\S+: )?.*exec format error")),
        next_step="where it ran before: k3s crictl rmi {image}, then kubectl -n {namespace} delete pod {name}",
    ),
    # runc's libcontainer/specconv, CRI-O: systemd's slices against paths; containerd#4857, kubeadm#2499
    Cause(
        id="cgroup-drivers-differ",
        means="the kubelet and the container runtime of this node count by different cgroup drivers: {said}",
        gravity=Gravity.PERSON,
        signs=starting(
            "expected cgroupsPath to be of format",
            r"[Ii]nvalid unit name '?/?kubepods",
            "did not receive slice as parent",
        ),
        next_step="let both say systemd, or neither: cgroupDriver in the kubelet's configuration, SystemdCgroup in "
        "containerd's; then restart both",
    ),
    # nextcloud/all-in-one#4458, crun#704
    Cause(
        id="container-cgroups-broken",
        means="the cgroups of this node are not set up as its container runtime needs them: {said}",
        gravity=Gravity.PERSON,
        signs=starting(
            r"mounting \\?\"cgroup2?\\?\" to rootfs .*: (?:invalid argument|no such device|operation not permitted)",
            r"cgroup\.subtree_control.{0,10}: [Ii]nvalid argument",
            "cannot enter cgroupv2 .* invalid state",
        ),
        next_step="findmnt -t cgroup,cgroup2 on the node; k3s check-config says what is missing",
    ),
    # opencontainers/cgroups, kubelet's cm: systemd is asked for a slice or a scope, and is busy, starts itself anew, or
    # has one of that name from before
    Cause(
        id="systemd-makes-no-cgroup",
        means="systemd does not set up the cgroup of the pod: {said}",
        gravity=Gravity.PASSES,
        signs=starting(
            r'(?:error while starting|unable to start) unit \\?"\S+\.(?:slice|scope)\\?"',
            r"Unit \S+\.(?:slice|scope) (?:already exists|was already loaded)",
            r"failed to create container for \[kubepods.*(?:dbus: connection closed|/run/systemd/private|message bus)",
        ),
        next_step="where it lasts: systemctl list-units --all 'cri-containerd-*' 'kubepods*' --state=failed; systemctl "
        "reset-failed; systemctl daemon-reexec",
        restart_helps=True,
    ),
    # libcontainer's cgroups: as after a stop that was cut short
    Cause(
        id="cgroup-not-as-left",
        means="the cgroup that container {container} is to join is gone, or not empty: {said}",
        gravity=Gravity.PASSES,
        signs=starting("container's cgroup is not empty", r"/sys/fs/cgroup\S*: no such file or directory"),
        next_step="where it lasts: kubectl -n {namespace} delete pod {name}",
        restart_helps=True,
    ),
    # kubelet's pkg/kubelet/kubelet.go: "unable to ensure pod container exists"
    Cause(
        id="pod-cgroup-not-made",
        means="the kubelet cannot make the cgroup of the pod yet: {said}",
        gravity=Gravity.PASSES,
        signs=event("FailedCreatePodContainer"),
        next_step="where it lasts: journalctl -u k3s -e; " + DESCRIBE_POD,
    ),
    # containerd's snapshotters/overlay: a disk that was mounted over it, or taken away, after containerd had begun
    Cause(
        id="snapshots-away",
        means="the directory in which the node's containerd keeps its images is not there any more: {said}",
        gravity=Gravity.PERSON,
        signs=starting(r"failed to create prepare snapshot dir.*no such file or directory"),
        next_step="see that the right disk is mounted at /var/lib/rancher (findmnt), then systemctl restart k3s",
        restart_helps=True,
    ),
    # rke2#6814: labels without the policy that knows them
    Cause(
        id="selinux-label-refused",
        means="SELinux on this node does not know, or not allow, the label that the pod is to have: {said}",
        gravity=Gravity.PERSON,
        signs=starting(r"write /proc/(?:self|thread-self)(?:/task/\d+)?/attr/(?:keycreate|exec|fscreate|sockcreate): "),
        next_step="install the policy that belongs to it (k3s-selinux, container-selinux), or see `ausearch -m avc`",
    ),
    # cri-o#1927: the sandbox's own process has ended, and what is to join it finds nothing there
    Cause(
        id="sandbox-gone",
        means="the sandbox that container {container} is to join has ended: {said}",
        gravity=Gravity.PASSES,
        signs=create(
            r"/proc/\d+/ns/\w+.*no such (?:file or directory|process)",
            # containerd internal/cri/server
            r"failed to find sandbox id \S+: not found",
            "failed to get sandbox container task: no running task found",
            r"sandbox container \S+ is not running",
        ),
        next_step="its kubelet makes a new one; where it lasts: kubectl -n {namespace} delete pod {name}",
        restart_helps=True,
    ),
)
