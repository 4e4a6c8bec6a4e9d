"""Why a volume is not mounted, or not made. Texts: Events FailedMount, FailedAttachVolume, ProvisioningFailed.

Kubernetes pkg/kubelet/volumemanager, pkg/volume, pkg/controller/volume; mount(8); the kernel.
"""

from collections.abc import Iterable

from bootheal.causes.catalogue import Harmless
from bootheal.causes.cause import Cause, Gravity, Sign, Source
from bootheal.causes.signs import event

DESCRIBE = "kubectl -n {namespace} describe pod {name}"
_REASONS = ("FailedMount", "FailedAttachVolume", "FailedMapVolume")


def _mount(*texts: str) -> tuple[Sign, ...]:
    return tuple(sign for reason in _REASONS for sign in event(reason, *texts))


# A mount whose other end is gone, or whose directory outlived it: the kubelet finds something there, and cannot use it.
STALE = (
    "[Ss]tale (?:NFS )?file handle",
    "[Tt]ransport endpoint is not connected",
    r"mkdir /\S*/(?:pods|plugins)/\S+: file exists",
)


def _any(reasons: Iterable[str]) -> tuple[Sign, ...]:
    return tuple(sign for reason in reasons for sign in event(reason))


VOLUMES: tuple[Cause, ...] = (
    # the kernel, e2fsprogs, k8s.io/mount-utils
    Cause(
        id="volume-filesystem-damaged",
        means="the file system of a volume is damaged: {said}",
        gravity=Gravity.DATA,
        signs=_mount(
            "Structure needs cleaning",
            "'fsck' found errors on device",
            "can't read superblock",
            "bad superblock",
            "[Ii]nput/output error",
            "UNEXPECTED INCONSISTENCY",
        ),
        next_step="keep a copy of the device as it is before it is repaired (dd, ddrescue); dmesg shows what failed",
    ),
    # k8s.io/mount-utils: a volume whose mount point is read-only
    Cause(
        id="volume-read-only",
        means="a volume is read-only, as the kernel makes a file system that fails: {said}",
        gravity=Gravity.DATA,
        signs=_mount("[Rr]ead-only file system"),
        next_step="dmesg | grep -iE 'i/o error|remount' shows why; save what can be read before anything else",
        consequence_of=("disk-read-only",),
    ),
    # pkg/volume/local/local.go: "MountVolume.NewMounter initialization failed for volume %q : path %q does not exist"
    Cause(
        id="volume-directory-missing",
        means="the directory of a volume is not on this node: its disk may not be mounted: {said}",
        gravity=Gravity.PERSON,
        signs=_mount(
            r'path \\?"\S+\\?" does not exist',
            r"special device \S+ does not exist",
            r"hostPath type check failed",
            r"lstat \S+: no such file or directory",
            "exit status 32.*No such file or directory",
        ),
        next_step="mount the disk (findmnt, /etc/fstab); make no empty directory instead: a database would begin anew",
    ),
    # longhorn#3502; hpe-storage/csi-driver#355: before a new mount the old one must go
    Cause(
        id="volume-mount-stale",
        means="what is left of an earlier mount of a volume is in the way on this node: {said}",
        gravity=Gravity.PERSON,
        signs=_mount(*STALE),
        next_step="on the node: findmnt -R /var/lib/kubelet shows it; umount -l PATH, then "
        "kubectl -n {namespace} delete pod {name}",
    ),
    # pkg/volume/configmap, secret
    Cause(
        id="volume-objects-not-synced",
        means="the kubelet has not read the Secrets and ConfigMaps of this pod yet, as just after its start",
        gravity=Gravity.PASSES,
        signs=_mount(
            "failed to sync (?:configmap|secret) cache",
            r'object \\?"\S+?\\?"/\\?"\S+?\\?" not registered',
            "failed to fetch token",
            "the server is currently unable to handle the request",
            r"https://\S+: dial tcp \S+: connect: connection refused",
        ),
        next_step=DESCRIBE,
    ),
    Cause(
        id="volume-secret-missing",
        means="a volume needs a Secret, or a key in it, that is not there: {said}",
        gravity=Gravity.PERSON,
        signs=_mount(r'secrets? \\?"\S+?\\?" not found', "references non-existent secret key"),
        next_step="make what it names, or correct the workload: its pods then start by themselves",
    ),
    Cause(
        id="volume-configmap-missing",
        means="a volume needs a ConfigMap, or a key in it, that is not there: {said}",
        gravity=Gravity.PERSON,
        signs=_mount(r'configmaps? \\?"\S+?\\?" not found', "references non-existent config key"),
        next_step="make what it names, or correct the workload: its pods then start by themselves",
    ),
    # pkg/controller/volume/attachdetach/reconciler: Multi-Attach
    Cause(
        id="volume-attached-elsewhere",
        means="a volume is still attached to another node, or used by another pod: {said}",
        gravity=Gravity.PASSES,
        signs=_mount(
            "Multi-Attach error",
            "already exclusively attached",
            "is already used by",
        ),
        next_step="kubectl get volumeattachments; what holds it must end: " + DESCRIBE,
    ),
    # longhorn#1513, #1516, its csi/controller_server.go; CSI's code Aborted
    Cause(
        id="volume-attaching",
        means="a volume is still being attached or detached by its storage driver: {said}",
        gravity=Gravity.PASSES,
        signs=_mount(
            "volume attachment is being deleted",
            "code = Aborted",
            "is (?:attaching|detaching)$",
            "is not ready for workloads",
            "operation .* already exists",
        ),
        next_step="where it lasts: kubectl get volumeattachments; of Longhorn: kubectl -n longhorn-system get "
        "volumes.longhorn.io,replicas.longhorn.io",
    ),
    # longhorn#1210, #1819, #3583: multipathd takes the device before the kubelet does
    Cause(
        id="volume-device-busy",
        means="something on this node holds the device of a volume, as multipathd does with Longhorn's: {said}",
        gravity=Gravity.PERSON,
        signs=_mount(
            "already mounted or mount point busy",
            "is apparently in use by the system",
            "device or resource busy",
        ),
        next_step="on the node: lsblk; multipath -ll; findmnt; blacklist its devices in /etc/multipath.conf, and "
        "restart multipathd; never format it",
    ),
    # longhorn#2398: open-iscsi
    Cause(
        id="volume-iscsi-stopped",
        means="iscsid, by which its driver attaches a volume, does not run on this node: {said}",
        gravity=Gravity.PERSON,
        signs=_mount("can not connect to iSCSI daemon", "could not connect to iscsid"),
        next_step="systemctl enable --now iscsid",
    ),
    # pkg/volume/csi/csi_client.go
    Cause(
        id="volume-driver-absent",
        means="the storage driver of a volume has not registered with this node: {said}",
        gravity=Gravity.PASSES,
        signs=_mount(
            "not found in the list of registered CSI drivers",
            r"CSINode \S+ does not contain driver",
            "driver name .* not found",
            "no volume plugin matched",
            r"csi\S*\.sock: connect: ",
            "waiting for external-attacher",
            "timed out waiting for external-attacher",
        ),
        next_step="see the driver's pods: kubectl get csinodes; kubectl get pods -A | grep -i csi",
    ),
    # the manuals of mount.nfs and mount.cifs
    Cause(
        id="volume-server-silent",
        means="the server of a network volume does not answer: {said}",
        gravity=Gravity.PASSES,
        signs=_mount(
            "mount.nfs4?: .*(?:timed out|refused|No route to host|unreachable)",
            "mount error\\(1\\d\\d\\)",
            "Connection timed out",
            "No route to host",
            "Host is down",
        ),
        next_step="see that the server is up and reachable from the node: showmount -e SERVER",
    ),
    # csi-driver-nfs#178, rancher/os#2456
    Cause(
        id="volume-statd-stopped",
        means="statd, which NFS 3 needs for its locks, does not run on this node: {said}",
        gravity=Gravity.PERSON,
        signs=_mount("rpc.statd is not running"),
        next_step="systemctl enable --now rpc-statd (package nfs-common or nfs-utils), or mountOptions: [nfsvers=4.1]",
    ),
    Cause(
        id="volume-server-refuses",
        means="the server of a network volume refuses: {said}",
        gravity=Gravity.PERSON,
        signs=_mount(
            "access denied by server",
            "mount error\\(13\\)",
            "Protocol not supported",
            "bad option; for several filesystems",
        ),
        next_step="correct the server's exports, or install its client on the node (nfs-common, cifs-utils)",
    ),
    Cause(
        id="volume-unknown-filesystem",
        means="this kernel does not know the file system of a volume: {said}",
        gravity=Gravity.PERSON,
        signs=_mount("unknown filesystem type", "wrong fs type"),
        next_step="load its module (modprobe), or see dmesg",
    ),
    Cause(
        id="volume-owner-not-set",
        means="the owner of a volume's files cannot be set: {said}",
        gravity=Gravity.PERSON,
        signs=_mount("applyFSGroup failed", "operation not permitted"),
        next_step="fsGroupChangePolicy: OnRootMismatch, or correct the rights on the volume: " + DESCRIBE,
    ),
    Cause(
        id="volume-disk-full",
        means="there is no room for a volume: {said}",
        gravity=Gravity.PERSON,
        signs=_mount("no space left on device"),
        next_step="make room on the disk of /var/lib/kubelet (df -h)",
        consequence_of=("disk-full",),
    ),
    # kubelet volume_manager.go: what could not be mounted; why stands in an Event of its own
    Cause(
        id="volume-not-mounted",
        means="a volume is not mounted: {said}",
        gravity=Gravity.PASSES,
        signs=_any(_REASONS),
        next_step=DESCRIBE,
        consequence_of=(
            "volume-directory-missing",
            "volume-secret-missing",
            "volume-configmap-missing",
            "volume-driver-absent",
            "volume-server-silent",
            "volume-attached-elsewhere",
            "volume-attaching",
            "volume-device-busy",
            "volume-mount-stale",
        ),
    ),
    # pkg/controller/volume/persistentvolume/pv_controller.go
    Cause(
        id="claim-class-missing",
        means="a claim names a storage class that is not there: {said}",
        gravity=Gravity.PERSON,
        signs=event("ProvisioningFailed", r'storageclass\S* \\?"\S+\\?" not found', "no storage class is set"),
        next_step="kubectl get storageclass; kubectl -n {namespace} get persistentvolumeclaims",
    ),
    Cause(
        id="claim-not-provisioned",
        means="a volume is not made for its claim: {said}",
        gravity=Gravity.PASSES,
        signs=(*event("ProvisioningFailed"), *event("FailedBinding", "no persistent volumes available")),
        next_step="see the provisioner: kubectl -n kube-system logs deployment/local-path-provisioner",
    ),
)

HARMLESS: tuple[Harmless, ...] = (
    Harmless(Sign(Source.EVENT, reason="WaitForFirstConsumer"), "local-path makes a volume when a pod wants it"),
    Harmless(Sign(Source.EVENT, reason="ExternalProvisioning"), "said of each volume while it is made"),
    Harmless(Sign(Source.EVENT, reason="VolumeResizeFailed"), "the volume serves as it is"),
)
