"""Why the kubelet does not start a container, or how one ended: the message decides, not the reason word.

Reasons: pkg/kubelet/kuberuntime/kuberuntime_container.go and pkg/kubelet/container/sync_result.go of Kubernetes 1.21
to 1.36. Messages: the same, containerd's internal/cri/server, and runc's libcontainer.
"""

from bootheal.causes.catalogue import Harmless
from bootheal.causes.cause import Cause, Gravity, Sign, Source
from bootheal.causes.commands import DESCRIBE_POD
from bootheal.causes.runtime import RUNTIME, create
from bootheal.causes.sandboxes import sandbox
from bootheal.causes.signs import ended, event, log, starting, waiting
from bootheal.causes.storage import mount
from bootheal.causes.volumes import STALE

LOGS = "kubectl -n {namespace} logs --previous {name} -c {container}"


KUBELET: tuple[Cause, ...] = (
    *RUNTIME,
    # kubelet/kuberuntime/security_context.go
    Cause(
        id="container-must-not-be-root",
        means="container {container} must not run as root, and its image would",
        gravity=Gravity.PERSON,
        signs=create("runAsNonRoot", "cannot verify user is non-root", "invalid runAsUser", "breaks? non-root policy"),
        next_step="set securityContext.runAsUser: " + DESCRIBE_POD,
    ),
    # kubelet_pods.go makeEnvironmentVariables; client-go
    Cause(
        id="secret-missing",
        means="container {container} needs a Secret, or a key in it, that is not there: {said}",
        gravity=Gravity.PERSON,
        signs=create(r'[Ss]ecrets? \\?"?\S+?\\?"? not found', r"couldn't find key \S+ in Secret"),
        next_step="make what it names, or correct the workload: its pods then start by themselves",
    ),
    Cause(
        id="configmap-missing",
        means="container {container} needs a ConfigMap, or a key in it, that is not there: {said}",
        gravity=Gravity.PERSON,
        signs=create(r'[Cc]onfig[Mm]aps? \\?"?\S+?\\?"? not found', r"couldn't find key \S+ in ConfigMap"),
        next_step="make what it names, or correct the workload: its pods then start by themselves",
    ),
    # csi-driver-smb#419, external-storage#1128: the volume is there for the kubelet, and gone for who opens it
    Cause(
        id="mount-stale",
        means="a volume of container {container} is a mount whose other end is gone: {said}",
        gravity=Gravity.PERSON,
        signs=(*create(*STALE), *(sign for text in STALE for sign in ended("ContainerCannotRun", text))),
        next_step="see that its server is up; then on the node: umount -l PATH, and kubectl -n {namespace} delete pod "
        "{name}",
    ),
    # kubelet volume/util/subpath: bind mounts of the pod, which a cut of power may leave half made; kubernetes#61178,
    # #85261, #68211
    Cause(
        id="subpath-not-mounted",
        means="a part of a volume (subPath) is not mounted for container {container}: {said}",
        gravity=Gravity.PERSON,
        signs=create(
            "failed to prepare subPath",
            r"error mounting \\?\"/\S+/volume-subpaths/.*: no such file or directory",
        ),
        next_step="what an earlier start left behind goes with its pod: kubectl -n {namespace} delete pod {name}; "
        "where it comes again, correct the volume or its subPath: " + DESCRIBE_POD,
    ),
    # containerd pkg/cri/opts, moby's daemon/devices.go, kubelet volume/hostpath: a USB stick that is not plugged in, or
    # that the kernel counts anew at each boot; zigbee2mqtt and Home Assistant have such
    Cause(
        id="device-missing",
        means="a device of the node, which the pod is to have, is not there or has another name: {said}",
        gravity=Gravity.PERSON,
        signs=(
            *create(
                "failed to set privileged device",
                r"(?:l?stat|stat-ing) \\?\"?/dev/\S+: no such file or directory",
                "error gathering device information while adding custom device",
            ),
            *mount(r"hostPath type check failed: /dev/\S+ is not a (?:character|block) device"),
            # node-serialport, pyserial, of who opens it by a path in a volume
            *log(
                r"[Nn]o such file or directory, cannot open /dev/", r"could not open port /dev/\S+: .*[Nn]o such file"
            ),
        ),
        next_step="on the node: ls -l /dev/serial/by-id /dev/disk/by-id; dmesg | tail; name it by such a path, which "
        "stays the same: " + DESCRIBE_POD,
    ),
    Cause(
        id="mount-read-only",
        means="container {container} is to write to a file system that is read-only: {said}",
        gravity=Gravity.PERSON,
        signs=create("read-only file system"),
        next_step="findmnt shows how it is mounted, and dmesg | grep -i remount whether the kernel made it so, as it "
        "does with a disk that fails; else correct the volume or its mountPath: " + DESCRIBE_POD,
        consequence_of=("disk-read-only",),
    ),
    # containerd pkg/oci, runc libcontainer
    Cause(
        id="mount-not-possible",
        means="a mount of container {container} cannot be made: {said}",
        gravity=Gravity.PERSON,
        signs=create(
            "error mounting",
            "are you trying to mount a directory onto a file",
            "not a directory",
            "is not a shared (?:or slave )?mount",
            "failed to mkdir",
            r"failed to (?:generate|apply).* failed to stat",
            "failed to create subPath",
            "error while creating mount source path",  # Docker's
            "failed to (?:mount|stat) ",
            r"^(?!.*exec: ).*(?:^|[\s:])l?stat \S+: no such file or directory$",
        ),
        next_step="correct the volume or its mountPath: " + DESCRIBE_POD,
    ),
    # containerd contrib/apparmor: the kernel has AppArmor on, and nobody to load the profile; k3s#5246
    Cause(
        id="apparmor-parser-missing",
        means="this node has AppArmor switched on, and not the program that loads its profiles: {said}",
        gravity=Gravity.PERSON,
        signs=(
            *create(r'exec: \\?"apparmor_parser\\?": executable file not found'),
            *sandbox(r'exec: \\?"apparmor_parser\\?": executable file not found'),
        ),
        next_step="apt-get install apparmor (zypper install apparmor-parser), then systemctl restart k3s; or boot with "
        "apparmor=0",
    ),
    # moby/sys/user, in containerd and runc: an image whose /etc/passwd was not on the disk at a cut of power has none
    Cause(
        id="user-not-in-image",
        means="container {container} is to run as a user or group that image {image} does not have: {said}",
        gravity=Gravity.PERSON,
        signs=create(r"unable to find (?:user|group) \S+: ", "no (?:users|groups) found"),
        next_step="correct securityContext, or the image's USER; where it ran before, the image on the node may be "
        "damaged: k3s crictl rmi {image}",
    ),
    Cause(
        id="command-not-named",
        means="container {container} cannot begin: neither its workload nor image {image} names a command: {said}",
        gravity=Gravity.PERSON,
        signs=create("no command specified"),
        next_step="name one in the workload (command), or in the image (CMD); where it ran before, the image on the "
        "node may be damaged: k3s crictl rmi {image}",
    ),
    Cause(
        id="command-not-found",
        means="container {container} cannot begin: its command is not in image {image}, or cannot be run: {said}",
        gravity=Gravity.PERSON,
        signs=create(
            "executable file (?:`[^`]+` )?not found",
            r"exec: .*: (?:stat \S+: )?no such file or directory",
            r"exec: .*: (?:stat \S+: )?permission denied",
            r"chdir to cwd .*(?:no such file|permission denied)",
        )
        + log(r"^exec (?:user process caused: |\S+: )(?:no such file or directory|permission denied)$"),
        next_step="correct command, args or image of the workload; where it ran before, the image on the node may be "
        "damaged: k3s crictl rmi {image}",
    ),
    # nvidia-container-toolkit: what was upgraded beside a module that runs on, and what an image asks of its driver;
    # k8s-device-plugin#1431, gpu-operator#679
    Cause(
        id="device-driver-unfit",
        means="the driver of a device is not the one that container {container}, or its own library, needs: {said}",
        gravity=Gravity.PERSON,
        signs=starting(
            "nvml error: (?:driver/library version mismatch|insufficient permissions)",
            r"nvidia-container-cli\S*: requirement error: ",
            r"load library failed: libnvidia-\S+: cannot open shared object file",
            "nvidia-container-cli\\S*: ldcache error: ",
        ),
        next_step="on the node: nvidia-smi; cat /proc/driver/nvidia/version: where the module is older than its "
        "library, reboot; else install the driver that it asks for, for the kernel that runs (dkms status); "
        + DESCRIBE_POD,
        restart_helps=True,
    ),
    Cause(
        id="device-not-ready",
        means="a device of the node is not ready for container {container}: {said}",
        gravity=Gravity.PASSES,
        signs=(
            *starting("nvidia-container-cli", "driver not loaded", "failed to inject CDI devices", "unresolvable CDI"),
            *event("FailedPrepareDynamicResources"),  # cm/dra: its driver registers when its own pod runs
        ),
        next_step="on the node: nvidia-smi, or dmesg for the device's driver; " + DESCRIBE_POD,
    ),
    Cause(
        id="profile-not-loaded",
        means="a seccomp or AppArmor profile of container {container} is not on the node: {said}",
        gravity=Gravity.PERSON,
        signs=create("apparmor", "seccomp profile"),
        next_step="load the profile on the node: " + DESCRIBE_POD,
    ),
    # runc and libseccomp, containerd's contrib/seccomp: containerd#4901, #6203; 524 is ENOTSUPP of the kernel's BPF
    Cause(
        id="seccomp-not-possible",
        means="the node's kernel or container runtime cannot set the seccomp filter of container {container}: {said}",
        gravity=Gravity.PERSON,
        signs=create("seccomp"),
        next_step="upgrade runc and libseccomp on the node, or its kernel; where it names errno 524: sysctl "
        "net.core.bpf_jit_limit (raise it); " + DESCRIBE_POD,
        restart_helps=True,
    ),
    Cause(
        id="memory-limit-too-low",
        means="the memory limit of container {container} is too low even to begin",
        gravity=Gravity.PERSON,
        signs=starting("init was OOM-killed", "possibly OOM-killed", "memory limit too low", "minimum memory limit"),
        next_step="raise resources.limits.memory: " + DESCRIBE_POD,
    ),
    Cause(
        id="container-out-of-memory",
        means="container {container} was killed for want of memory (OOMKilled)",
        gravity=Gravity.PERSON,
        signs=ended("OOMKilled"),
        next_step="raise its resources.limits.memory, or see what takes it: " + DESCRIBE_POD,
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
        next_step=DESCRIBE_POD,
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
