"""Why the kubelet does not start a container, or how one ended: the message decides, not the reason word.

Reasons: pkg/kubelet/kuberuntime/kuberuntime_container.go and pkg/kubelet/container/sync_result.go of Kubernetes 1.21
to 1.36. Messages: the same, containerd's internal/cri/server, and runc's libcontainer.
"""

from bootheal.causes.catalogue import Harmless
from bootheal.causes.cause import Cause, Gravity, Sign, Source
from bootheal.causes.signs import ended, event, log, starting, waiting
from bootheal.causes.volumes import STALE

DESCRIBE = "kubectl -n {namespace} describe pod {name}"
LOGS = "kubectl -n {namespace} logs --previous {name} -c {container}"

_CREATE = ("CreateContainerError", "RunContainerError", "CreateContainerConfigError")


def _create(*texts: str) -> tuple[Sign, ...]:
    """What is said where a container cannot be made or begun, in whichever of three words, or in an Event."""
    found = [sign for reason in _CREATE for sign in waiting(reason, *texts)]
    return (*found, *event("Failed", *texts), *(sign for text in texts for sign in ended("StartError", text)))


KUBELET: tuple[Cause, ...] = (
    # --- what it passes over by itself ---------------------------------------------------------------
    # kubelet/kubelet_pods.go: "services have not yet been read at least once, cannot construct envvars"
    Cause(
        id="kubelet-not-synced",
        means="the kubelet has not read the cluster's objects yet, as just after its start",
        gravity=Gravity.PASSES,
        signs=_create(
            "services have not yet been read at least once",
            "failed to sync (?:configmap|secret) cache",
            # kubernetes#105204: no pod that names a volume that it has not is accepted
            r"cannot find volume \S+ to mount into container",
        ),
        next_step=DESCRIBE,
    ),
    # containerd internal/cri/server/container_create.go, internal/registrar; k3s#2312, containerd#12438; dockershim
    Cause(
        id="container-name-reserved",
        means="the container runtime still holds the name of container {container} for one that it has lost",
        gravity=Gravity.HEALED,
        signs=_create(
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
        signs=_create(
            "context deadline exceeded",
            "DeadlineExceeded",
            "context canceled",
            "code = Unavailable",
            "containerd.sock: connect: ",
            "error reading from server: ",
            "transport is closing",
            "ttrpc: closed",
            "shim task .*(?:timed out|i/o timeout)",
            "can't get final child's PID from pipe",
        ),
        next_step="where it lasts, see the runtime: journalctl -u k3s -e; " + DESCRIBE,
        restart_helps=True,
    ),
    # --- the node's own ------------------------------------------------------------------------------
    Cause(
        id="cgroups-used-up",
        means="the kernel makes no more cgroups on this node",
        gravity=Gravity.PERSON,
        signs=starting(r"(?:mkdir|cgroup).{0,200}/sys/fs/cgroup.{0,300}no space left on device"),
        next_step="on the node: cat /proc/cgroups; dead cgroups that pile up go with a reboot",
    ),
    Cause(
        id="node-inotify-used-up",
        means="the node has used up its inotify watches",
        gravity=Gravity.PERSON,
        signs=starting(r"inotify\S*.*(?:no space left on device|too many open files)"),
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
        signs=(*_create("no space left on device"), *starting("write .*: no space left on device")),
        next_step="make room on the disk of /var/lib/rancher (df -h; k3s crictl rmi --prune, if a registry has them)",
        consequence_of=("disk-full",),
    ),
    Cause(
        id="node-read-only",
        means="a disk of the node is read-only, as the kernel makes one that fails",
        gravity=Gravity.DATA,
        signs=_create(r"/var/lib/(?:rancher|kubelet|containerd)\S*: read-only file system", "input/output error"),
        next_step="dmesg | grep -iE 'i/o error|remount' shows which; save what can be read before anything else",
        consequence_of=("disk-read-only",),
    ),
    # containerd#5854, #10457: an unpacked layer that was not on the disk at a cut of power. What ran before is damaged.
    Cause(
        id="exec-format-error",
        means="what image {image} starts is no program that this node can run: built for another processor, or, where "
        "it ran before, damaged on this node's disk",
        gravity=Gravity.PERSON,
        signs=(*starting("exec format error"), *log(r"exec (?:user process caused: |\S+: )?.*exec format error")),
        next_step="where it ran before: k3s crictl rmi {image}, then kubectl -n {namespace} delete pod {name}",
    ),
    # --- the workload's own --------------------------------------------------------------------------
    # kubelet/kuberuntime/security_context.go
    Cause(
        id="container-must-not-be-root",
        means="container {container} must not run as root, and its image would",
        gravity=Gravity.PERSON,
        signs=_create("runAsNonRoot", "cannot verify user is non-root", "invalid runAsUser"),
        next_step="set securityContext.runAsUser: " + DESCRIBE,
    ),
    # kubelet_pods.go makeEnvironmentVariables; client-go
    Cause(
        id="secret-missing",
        means="container {container} needs a Secret, or a key in it, that is not there: {said}",
        gravity=Gravity.PERSON,
        signs=_create(r'[Ss]ecrets? \\?"?\S+?\\?"? not found', r"couldn't find key \S+ in Secret"),
        next_step="make what it names, or correct the workload: its pods then start by themselves",
    ),
    Cause(
        id="configmap-missing",
        means="container {container} needs a ConfigMap, or a key in it, that is not there: {said}",
        gravity=Gravity.PERSON,
        signs=_create(r'[Cc]onfig[Mm]aps? \\?"?\S+?\\?"? not found', r"couldn't find key \S+ in ConfigMap"),
        next_step="make what it names, or correct the workload: its pods then start by themselves",
    ),
    # csi-driver-smb#419, external-storage#1128: the volume is there for the kubelet, and gone for who opens it
    Cause(
        id="mount-stale",
        means="a volume of container {container} is a mount whose other end is gone: {said}",
        gravity=Gravity.PERSON,
        signs=(*_create(*STALE), *(sign for text in STALE for sign in ended("ContainerCannotRun", text))),
        next_step="see that its server is up; then on the node: umount -l PATH, and kubectl -n {namespace} delete pod "
        "{name}",
    ),
    # kubelet volume/util/subpath: bind mounts of the pod, which a cut of power may leave half made; kubernetes#61178,
    # #85261, #68211
    Cause(
        id="subpath-not-mounted",
        means="a part of a volume (subPath) is not mounted for container {container}: {said}",
        gravity=Gravity.PERSON,
        signs=_create(
            "failed to prepare subPath",
            r"error mounting \\?\"/\S+/volume-subpaths/.*: no such file or directory",
        ),
        next_step="what an earlier start left behind goes with its pod: kubectl -n {namespace} delete pod {name}; "
        "where it comes again, correct the volume or its subPath: " + DESCRIBE,
    ),
    Cause(
        id="mount-read-only",
        means="container {container} is to write to a file system that is read-only: {said}",
        gravity=Gravity.PERSON,
        signs=_create("read-only file system"),
        next_step="findmnt shows how it is mounted, and dmesg | grep -i remount whether the kernel made it so, as it "
        "does with a disk that fails; else correct the volume or its mountPath: " + DESCRIBE,
        consequence_of=("disk-read-only",),
    ),
    # containerd pkg/oci, runc libcontainer
    Cause(
        id="mount-not-possible",
        means="a mount of container {container} cannot be made: {said}",
        gravity=Gravity.PERSON,
        signs=_create(
            "error mounting",
            "are you trying to mount a directory onto a file",
            "not a directory",
            "is not a shared (?:or slave )?mount",
            "failed to mkdir",
            r"failed to (?:generate|apply).* failed to stat",
            "failed to create subPath",
            "failed to (?:mount|stat) ",
            r"(?:^|[\s:])l?stat \S+: no such file or directory$",
        ),
        next_step="correct the volume or its mountPath: " + DESCRIBE,
    ),
    Cause(
        id="command-not-found",
        means="container {container} cannot begin: its command is not in image {image}, or cannot be run: {said}",
        gravity=Gravity.PERSON,
        signs=_create(
            "no command specified",
            "executable file not found",
            r"exec: .*: (?:stat \S+: )?no such file or directory",
            r"exec: .*: (?:stat \S+: )?permission denied",
            r"chdir to cwd .*(?:no such file|permission denied)",
        ),
        next_step="correct command, args or image of the workload; where it ran before, the image on the node may be "
        "damaged: k3s crictl rmi {image}",
    ),
    Cause(
        id="device-not-ready",
        means="a device of the node is not ready for container {container}: {said}",
        gravity=Gravity.PASSES,
        signs=starting("nvidia-container-cli", "driver not loaded", "failed to inject CDI devices", "unresolvable CDI"),
        next_step="on the node: nvidia-smi, or dmesg for the device's driver; " + DESCRIBE,
    ),
    Cause(
        id="profile-not-loaded",
        means="a seccomp or AppArmor profile of container {container} is not on the node: {said}",
        gravity=Gravity.PERSON,
        signs=_create("apparmor", "seccomp"),
        next_step="load the profile on the node: " + DESCRIBE,
    ),
    Cause(
        id="memory-limit-too-low",
        means="the memory limit of container {container} is too low even to begin",
        gravity=Gravity.PERSON,
        signs=starting("init was OOM-killed", "memory limit too low", "minimum memory limit"),
        next_step="raise resources.limits.memory: " + DESCRIBE,
    ),
    Cause(
        id="container-out-of-memory",
        means="container {container} was killed for want of memory (OOMKilled)",
        gravity=Gravity.PERSON,
        signs=ended("OOMKilled"),
        next_step="raise its resources.limits.memory, or see what takes it: " + DESCRIBE,
        restart_helps=True,
    ),
    # kubelet/lifecycle/handlers.go
    Cause(
        id="hook-failed",
        means="the hook of container {container} fails: {said}",
        gravity=Gravity.PERSON,
        signs=(
            *waiting("PostStartHookError"),
            *waiting("PreCreateHookError"),
            *waiting("PreStartHookError"),
            *event("FailedPostStartHook"),
        ),
        next_step=LOGS,
        restart_helps=True,
    ),
    Cause(
        id="container-cannot-start",
        means="container {container} cannot be started: {said}",
        gravity=Gravity.PASSES,
        signs=(
            *ended("StartError"),
            *ended("ContainerCannotRun"),
            *waiting("RunContainerError"),
            *waiting("CreateContainerError"),
            *waiting("RunInitContainerError"),
        ),
        next_step=DESCRIBE,
        restart_helps=True,
    ),
    Cause(
        id="container-misconfigured",
        means="container {container} is not configured as it should be: {said}",
        gravity=Gravity.PERSON,
        signs=waiting("CreateContainerConfigError"),
        next_step="make what it names, or correct the workload: its pods then start by themselves",
    ),
    Cause(
        id="crash-loop",
        means="container {container} ends again and again",
        gravity=Gravity.HEALED,
        signs=waiting("CrashLoopBackOff"),
        next_step=LOGS,
        restart_helps=True,
    ),
)

HARMLESS: tuple[Harmless, ...] = (
    Harmless(
        Sign(Source.EVENT, r"probe errored.*(?:CONTAINER_EXITED|container not running|container \S+ not found)"),
        "a probe was asked of a container that had just ended: why stands in its status",
    ),
    Harmless(Sign(Source.WAITING, reason="ContainerCreating"), "each container begins so"),
    Harmless(Sign(Source.WAITING, reason="PodInitializing"), "each container after an init container begins so"),
    Harmless(Sign(Source.TERMINATED, reason="Completed"), "it ended well"),
    # kubelet/kuberuntime: after each reboot, for each pod that has run before
    Harmless(Sign(Source.EVENT, reason="SandboxChanged"), "a sandbox does not survive a reboot"),
    Harmless(Sign(Source.EVENT, reason="NodeNotReady"), "a node is that for seconds of each boot"),
    Harmless(Sign(Source.EVENT, reason="TaintManagerEviction"), "cancelled where the node comes back in time"),
)
