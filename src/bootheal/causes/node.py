"""Why a node takes no pod, or does not come back. Texts: the scheduler's clauses, the node's conditions, the kernel.

The message of PodScheduled names how many nodes failed for which reason: pkg/scheduler/framework/plugins/*.
"""

from bootheal.causes.cause import Cause, Gravity, Sign
from bootheal.causes.commands import DESCRIBE_POD
from bootheal.causes.signs import condition, event, unit


def _clause(*texts: str) -> tuple[Sign, ...]:
    return (*condition("Unschedulable", *texts), *event("FailedScheduling", *texts))


NODE: tuple[Cause, ...] = (
    # plugins/schedulinggates
    Cause(
        id="pod-gated",
        means="the pod is held by a scheduling gate, which whoever set it takes off: {said}",
        gravity=Gravity.PERSON,
        signs=(*condition("SchedulingGated"), *_clause("scheduling gates?")),
        next_step="kubectl -n {namespace} get pod {name} -o jsonpath='{.spec.schedulingGates}'",
        since="1.27",
    ),
    # plugins/volumebinding, volumezone
    Cause(
        id="volume-of-another-node",
        means="a volume of the pod lies on another node, perhaps on this one under its former name: {said}",
        gravity=Gravity.PERSON,
        signs=_clause(
            "volume node affinity conflict",
            "didn't match PersistentVolume's node affinity",
            "had no available volume zone",
        ),
        next_step="kubectl get nodes; kubectl get persistentvolumes -o wide; give the node its former name "
        "(hostnamectl, or k3s --node-name)",
        consequence_of=("node-former-name", "volume-on-other-node"),
    ),
    Cause(
        id="claim-volume-gone",
        means="the volume of a claim of the pod is not there any more, as far as Kubernetes knows: {said}",
        gravity=Gravity.DATA,
        signs=_clause("bound to non-existent persistentvolume", r"pvc\(s\) bound to non-existent pv\(s\)"),
        next_step="make nothing anew: look for the volume's directory first, under /var/lib/rancher/k3s/storage; "
        "kubectl get persistentvolumes; kubectl -n {namespace} get persistentvolumeclaims",
        consequence_of=("claim-lost",),
    ),
    Cause(
        id="claim-missing",
        means="the pod names a claim that is not there, or goes away: {said}",
        gravity=Gravity.PERSON,
        signs=_clause(
            r'persistentvolumeclaims? \\?"\S+\\?" not found', r'persistentvolumeclaim \\?"\S+\\?" is being deleted'
        ),
        next_step="kubectl -n {namespace} get persistentvolumeclaims",
    ),
    Cause(
        id="claim-unbound",
        means="a claim of the pod has no volume yet: {said}",
        gravity=Gravity.PASSES,
        signs=_clause(
            "unbound immediate PersistentVolumeClaims",
            "didn't find available persistent volumes to bind",
            "waiting for ephemeral volume controller to create",
            "binding volumes",
            "provisioning volumes",
        ),
        next_step="kubectl -n {namespace} describe persistentvolumeclaims; see the provisioner: "
        "kubectl -n kube-system logs deployment/local-path-provisioner",
    ),
    # plugins/nodeunschedulable, tainttoleration
    Cause(
        id="node-cordoned",
        means="the node takes no new pods (cordoned): {said}",
        gravity=Gravity.PERSON,
        signs=_clause(r"were unschedulable", r"taint \{?node\.kubernetes\.io/unschedulable"),
        next_step="kubectl uncordon NODE; cluster.uncordon lets bootheal do it",
    ),
    Cause(
        id="node-not-ready",
        means="no node is Ready for the pod yet: {said}",
        gravity=Gravity.PASSES,
        signs=_clause(
            r"taint \{?node\.kubernetes\.io/(?:not-ready|unreachable|network-unavailable)",
            r"taint \{?node\.cloudprovider\.kubernetes\.io/uninitialized",
            # of storage drivers and network plugins: each takes its own off when it serves
            r"taint \{?\S+/(?:agent-not-ready|not-ready|startup-taint)",
            # of TrueNAS SCALE, until it has booted: cloudnative-pg#1946
            r"taint \{?ix-svc-(?:start|stop)",
            "no nodes available to schedule pods",
            "node\\(s\\) were not ready",  # until 1.16, as the two of pressure
        ),
        next_step="kubectl get nodes",
        consequence_of=(
            "node-unready",
            "node-not-heard",
            "node-network-not-ready",
            "node-runtime-down",
            "node-starts",
            "node-shuts-down",
            "node-silent",
        ),
    ),
    # pkg/kubelet/eviction: the kubelet removes what it can, and keeps the taint for five minutes more
    Cause(
        id="node-disk-pressure",
        means="the node is short of disk, so that it takes no pod and removes images: {said}",
        gravity=Gravity.PASSES,
        signs=_clause(r"taint \{?node\.kubernetes\.io/disk-pressure", "had disk pressure"),
        next_step="make room on the disk of /var/lib/rancher (df -h; k3s crictl rmi --prune, if a registry has them)",
        consequence_of=("disk-full", "node-under-pressure"),
    ),
    Cause(
        id="node-memory-pressure",
        means="the node is short of memory or processes, so that it takes no pod: {said}",
        gravity=Gravity.PASSES,
        signs=_clause(r"taint \{?node\.kubernetes\.io/(?:memory|pid)-pressure", "had (?:memory|pid) pressure"),
        next_step="free -m; ps --sort=-rss shows what takes it",
        consequence_of=("node-under-pressure",),
    ),
    # Since 1.36 the scheduler does not say which, nor did it before 1.19: it may be one that a boot takes off itself
    Cause(
        id="node-tainted-unnamed",
        means="the node has a taint that the pod does not tolerate, and nobody says which: {said}",
        gravity=Gravity.PASSES,
        signs=_clause(r"untolerated taint\(s\)", "had taints that the pod didn't tolerate"),
        next_step="kubectl get nodes -o custom-columns=NAME:.metadata.name,TAINTS:.spec.taints",
        consequence_of=("node-unready", "node-not-heard", "node-under-pressure"),
    ),
    Cause(
        id="node-tainted",
        means="the node has a taint that the pod does not tolerate: {said}",
        gravity=Gravity.PERSON,
        signs=_clause(r"untolerated taint \{", "that the pod didn't tolerate"),
        next_step="kubectl describe nodes | grep -A2 Taints",
    ),
    # plugins/noderesources: "Insufficient cpu"; extended resources as well, which a plugin reports later
    Cause(
        id="node-too-small",
        means="no node has room for what the pod asks: {said}",
        gravity=Gravity.PERSON,
        signs=_clause(
            r"Insufficient (?:cpu|memory|ephemeral-storage|hugepages\S*)\b",
            "Too many pods",
            "did not have enough free storage",
            "exceed max volume count",
        ),
        next_step="kubectl describe nodes shows what is asked for; lower resources.requests, or stop something",
    ),
    Cause(
        id="device-not-reported",
        means="a device that the pod asks for is not reported by the node, as before its plugin has started: {said}",
        gravity=Gravity.PASSES,
        signs=_clause(
            r"Insufficient \S+/\S+",
            # plugins/dynamicresources
            "(?:cannot|could not) allocate all claims",
            "[Rr]esource[Cc]laim",
            r"device class \S+ does not exist",
        ),
        next_step="kubectl describe nodes | grep -A9 Allocatable; see the device plugin's pods",
    ),
    # plugins/nodeports, nodeaffinity, interpodaffinity, podtopologyspread, volumerestrictions
    Cause(
        id="node-port-taken",
        means="another pod has the host port that the pod wants: {said}",
        gravity=Gravity.PERSON,
        signs=_clause("didn't have free ports"),
        next_step="kubectl get pods -A -o wide; a pod that is to go may hold it",
        consequence_of=("pod-not-ending",),
    ),
    Cause(
        id="volume-used-by-another-pod",
        means="another pod has the volume that only one may have: {said}",
        gravity=Gravity.PASSES,
        signs=_clause("ReadWriteOncePod"),
        next_step="kubectl -n {namespace} get pods -o wide",
        consequence_of=("pod-not-ending",),
    ),
    Cause(
        id="no-node-fits",
        means="no node is one that the pod may run on: {said}",
        gravity=Gravity.PERSON,
        signs=_clause(
            "didn't match Pod's node affinity",
            "didn't match node selector",
            "didn't match pod (?:anti-)?affinity",
            "didn't satisfy existing pods anti-affinity",
            "topology spread constraints",
            "didn't match the requested (?:node ?name|hostname)",
            "didn't match Pod's required features",
            "didn't match scheduler-enforced node affinity",
            r"didn't satisfy plugin(?:\(s\))? ",
        ),
        next_step="compare its nodeSelector and affinity with `kubectl get nodes --show-labels`: " + DESCRIBE_POD,
    ),
    Cause(
        id="not-scheduled",
        means="no node takes the pod: {said}",
        gravity=Gravity.PASSES,
        signs=_clause(""),
        next_step=DESCRIBE_POD,
    ),
    # --- what the node itself says, in the journal of its kubelet --------------------------------------
    # google/cadvisor#1581, #2650; kubernetes#10421: one errno for a disk, for inotify watches and for cgroups
    Cause(
        id="node-inotify-watches-used-up",
        means="inotify watches are used up",
        gravity=Gravity.PERSON,
        signs=unit("inotify(?:_add_watch| watch).*[Nn]o space left on device", "inotify.*resources exhausted"),
        next_step="sysctl fs.inotify.max_user_watches=1048576, and for good in /etc/sysctl.d",
    ),
    Cause(
        id="node-inotify-instances-used-up",
        means="there are not enough inotify instances for all nodes of this machine",
        gravity=Gravity.PERSON,
        # of a watch at the API server it is a socket that cannot be had
        signs=unit(r"(?:inotify|fsnotify|[Ww]atch(?:er)?)(?!.*(?:socket|accept4?): too).*too many open files"),
        next_step="sysctl fs.inotify.max_user_instances=1024, and for good in /etc/sysctl.d",
    ),
    # accept4(2), open(2): the limit of the unit, or of the machine
    Cause(
        id="node-files-used-up",
        means="no more files or connections can be opened: {said}",
        gravity=Gravity.PERSON,
        signs=unit("too many open files"),
        next_step="systemctl show k3s -p LimitNOFILE; sysctl fs.file-nr fs.file-max",
        restart_helps=True,
    ),
    Cause(
        id="node-cgroups-used-up",
        means="the kernel makes no more cgroups",
        gravity=Gravity.PERSON,
        signs=unit(
            "/sys/fs/cgroup.*[Nn]o space left on device",
            "cgroup.*(?:[Nn]o space left on device|[Cc]annot allocate memory)",
        ),
        next_step="cat /proc/cgroups; dead cgroups that pile up go with a reboot",
    ),
    # fork(2), as Go and its runtime word it
    Cause(
        id="node-processes-used-up",
        means="no more processes are begun",
        gravity=Gravity.PERSON,
        signs=unit(
            r"fork/exec \S+: resource temporarily unavailable",
            "failed to create new OS thread",
            "pthread_create failed: Resource temporarily unavailable",
            "may need to increase max user processes",
        ),
        next_step="ps -eLf | wc -l; sysctl kernel.pid_max kernel.threads-max; systemctl show k3s -p TasksMax",
    ),
    Cause(
        id="node-mounts-used-up",
        means="the kernel makes no more mounts",
        gravity=Gravity.PERSON,
        signs=unit(r"\bmount\b.*[Nn]o space left on device", r"too many (?:mounts|levels of)"),
        next_step="sysctl fs.mount-max=200000; findmnt | wc -l shows how many there are",
    ),
    Cause(
        id="node-journal-disk-fails",
        means="a disk that it must write to fails, or was made read-only: {said}",
        gravity=Gravity.DATA,
        signs=unit(
            r"(?:level=fatal|^F\d{4} |^panic: |command failed|Failed to initialize internal modules).*"
            r"(?:/var/lib/(?:kubelet|containerd|docker)|/var/log/pods)\S*: (?:read-only file system|input/output error)"
        ),
        next_step="dmesg | grep -iE 'i/o error|remount' shows which; save what can be read before anything else",
        consequence_of=("disk-read-only",),
    ),
    Cause(
        id="node-journal-disk-full",
        means="the disk is full: {said}",
        gravity=Gravity.PERSON,
        signs=unit("[Nn]o space left on device", r"\bENOSPC\b", "database or disk is full"),
        next_step="df -h; make room on the disk of what it names, most often that of /var/lib/rancher",
        consequence_of=("disk-full",),
    ),
    # pkg/kubelet/images/image_gc_manager.go; k3d#1057. Said once, it is the kubelet's first look.
    Cause(
        id="node-images-too-many",
        means="the disk of its images is fuller than it may be, and nothing of it can be removed: {said}",
        gravity=Gravity.PERSON,
        signs=unit("Image garbage collection failed multiple times", "failed to garbage collect required amount of"),
        next_step="make room on the disk of /var/lib/rancher (df -h), before its pods are evicted for it",
        consequence_of=("disk-full",),
    ),
    # kubernetes#125579: devices are not there before their plugins are
    Cause(
        id="node-kernel-out-of-memory",
        means="the kernel ends processes for want of memory",
        gravity=Gravity.PERSON,
        signs=unit(r"[Oo]ut of memory: Kill", r"System OOM encountered"),
        next_step="dmesg | grep -i oom shows which",
    ),
)
