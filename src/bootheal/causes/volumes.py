"""Why a volume is not mounted, or not made. Texts: Events FailedMount, FailedAttachVolume, ProvisioningFailed.

Kubernetes pkg/kubelet/volumemanager, pkg/volume, pkg/controller/volume; mount(8); the kernel.
"""

from collections.abc import Iterable

from bootheal.causes.catalogue import Harmless
from bootheal.causes.cause import Cause, Gravity, Sign, Source
from bootheal.causes.commands import DESCRIBE_POD
from bootheal.causes.signs import event
from bootheal.causes.storage import REASONS, STORAGE, mount

# A mount whose other end is gone, or whose directory outlived it: the kubelet finds something there, and cannot use it.
STALE = (
    "[Ss]tale (?:NFS )?file handle",
    "[Tt]ransport endpoint is not connected",
    r"mkdir /\S*/(?:pods|plugins)/\S+: file exists",
    r"stat /\S*/volumes/\S+/mount: permission denied",  # root is denied it only where a network's file system is away
)


# A directory of the pod's own choice (hostPath), which is none of the kubelet's.
_ELSEWHERE = r" : mkdir /(?!var/lib/(?:kubelet|rancher))\S*: read-only file system"


def _any(reasons: Iterable[str]) -> tuple[Sign, ...]:
    return tuple(sign for reason in reasons for sign in event(reason))


VOLUMES: tuple[Cause, ...] = (
    # the kernel, e2fsprogs, k8s.io/mount-utils
    Cause(
        id="volume-filesystem-damaged",
        means="the file system of a volume is damaged: {said}",
        gravity=Gravity.DATA,
        signs=mount(
            "[Ss]tructure needs cleaning",  # of mount, or of what is written in Go
            "'fsck' found errors on device",
            "can't read superblock",
            # libmount: of a server it is the helper that is missing, of a device what it looks for at its beginning
            "bad superblock on /dev/",
            "probably corrupted filesystem on",
            # e2fsprogs, of a driver that makes the file system larger before it is mounted: democratic-csi#85
            "Superblock checksum does not match superblock",
            "Bad magic number in super-block",
            "Couldn't find valid filesystem superblock",
            "[Bb]ad message",
            r"^(?!.*attach failed).*[Ii]nput/output error",  # mayastor#1724: of a target that is not reached
            "UNEXPECTED INCONSISTENCY",
        ),
        next_step="keep a copy of the device as it is before it is repaired (dd, ddrescue); dmesg shows what failed",
    ),
    # k8s.io/mount-utils, FormatAndMount: blkid finds something else than what is to be mounted
    Cause(
        id="volume-holds-something-else",
        means="what is on the device of a volume is not the file system that it should be: {said}",
        gravity=Gravity.DATA,
        signs=mount(r'failed to mount the volume as \\?"\w+\\?", it already contains (?!mpath_member)'),
        next_step="never format it: lsblk -f on the node shows whether it is the right device, and what is on it; keep "
        "a copy (dd, ddrescue) before it is repaired",
    ),
    # e2fsprogs: it was mounted, or has failed, since it was looked through last; longhorn#5171
    Cause(
        id="volume-unchecked",
        means="the file system of a volume must be looked through before it is made larger: {said}",
        gravity=Gravity.PERSON,
        signs=mount("Please run 'e2fsck -f"),
        next_step="let no pod have the volume, keep a copy of it as it is (dd), then run what it asks for on the node",
    ),
    # k8s.io/mount-utils: a volume whose mount point is read-only
    Cause(
        id="volume-read-only",
        means="a volume is read-only, as the kernel makes a file system that fails: {said}",
        gravity=Gravity.DATA,
        signs=mount(rf"^(?!.*{_ELSEWHERE}).*[Rr]ead-only file system"),
        next_step="dmesg | grep -iE 'i/o error|remount' shows why; save what can be read before anything else",
        consequence_of=("disk-read-only",),
    ),
    # pkg/volume/hostpath: systems that are read-only by design, as Talos, Flatcar and Fedora CoreOS are
    Cause(
        id="volume-place-read-only",
        means="a directory is to be made where this node's file system is read-only: {said}",
        gravity=Gravity.PERSON,
        signs=mount(_ELSEWHERE),
        next_step="findmnt shows whether it is so by design: then choose another path (/var, /mnt); else dmesg | grep "
        "-i remount",
        consequence_of=("disk-read-only",),
    ),
    # pkg/volume/hostpath: of Docker, containerd, multipathd
    Cause(
        id="host-socket-missing",
        means="the socket of a service of this node, which the pod is to have, is not there: {said}",
        gravity=Gravity.PASSES,
        signs=mount(r"hostPath type check failed: \S+ is not a socket"),
        next_step="systemctl list-sockets --all; start what makes it, or correct the path",
    ),
    # pkg/volume/local/local.go: "MountVolume.NewMounter initialization failed for volume %q : path %q does not exist"
    Cause(
        id="volume-directory-missing",
        means="the directory of a volume is not on this node: its disk may not be mounted: {said}",
        gravity=Gravity.PERSON,
        signs=mount(
            r'path \\?"\S+\\?" does not exist',
            r"special device (?!/dev/(?:longhorn|rbd|nbd|drbd|nvme-fabrics)|/var/lib/kubelet/)\S+ does not exist",
            r"hostPath type check failed",
            r"lstat \S+: no such file or directory",
            r"exit status 32(?!.*(?:mount\.nfs|mount error)).*No such file or directory",
        ),
        next_step="mount the disk (findmnt, /etc/fstab); make no empty directory instead: a database would begin anew",
    ),
    # longhorn#3502; hpe-storage/csi-driver#355: before a new mount the old one must go
    Cause(
        id="volume-mount-stale",
        means="what is left of an earlier mount of a volume is in the way on this node: {said}",
        gravity=Gravity.PERSON,
        signs=mount(*STALE),
        next_step="on the node: findmnt -R /var/lib/kubelet shows it; umount -l PATH, then "
        "kubectl -n {namespace} delete pod {name}",
    ),
    # pkg/volume/projected: a token is asked for by the ServiceAccount's name
    Cause(
        id="volume-account-missing",
        means="the pod's ServiceAccount is not there, so that it gets no token: {said}",
        gravity=Gravity.PERSON,
        signs=mount(r'failed to fetch token: serviceaccounts? \\?"\S+?\\?" not found'),
        next_step="make it again: kubectl -n {namespace} get serviceaccounts; " + DESCRIBE_POD,
    ),
    # pkg/controller/certificates/rootcacertpublisher
    Cause(
        id="volume-authority-missing",
        means="the cluster's controllers have not written its certificate authority into namespace {namespace} yet: "
        "{said}",
        gravity=Gravity.PASSES,
        signs=mount(r'configmaps? \\?"kube-root-ca\.crt\\?" not found'),
        next_step="where it lasts, its controllers stand still: kubectl -n {namespace} get configmap kube-root-ca.crt; "
        "journalctl -u k3s -e",
        consequence_of=("controllers-stand-still",),
    ),
    # pkg/volume/configmap, secret
    Cause(
        id="volume-objects-not-synced",
        means="the kubelet has not read the Secrets and ConfigMaps of this pod yet, as just after its start",
        gravity=Gravity.PASSES,
        signs=mount(
            "failed to sync (?:configmap|secret) cache",
            r'object \\?"\S+?\\?"/\\?"\S+?\\?" not registered',
            "failed to fetch token",
            "no relationship found between node",  # the node authorizer has not seen the pod yet
            "the server is currently unable to handle the request",
            r"https://\S+: dial tcp \S+: connect: connection refused",
        ),
        next_step=DESCRIBE_POD,
    ),
    # pkg/node of k3s writes it once the node is registered; k3d#1221; seen on k3d 5.8.3
    Cause(
        id="dns-node-hosts-missing",
        means="the names of the node are not in CoreDNS' ConfigMap (NodeHosts): k3s has not written them yet, or they "
        "were taken out: {said}",
        gravity=Gravity.HEALED,
        signs=mount("non-existent config key: NodeHosts"),
        next_step="systemctl restart k3s writes them; of k3d: k3d cluster start, or cluster.node_hosts in bootheal's "
        "configuration; kubectl -n kube-system get configmap coredns -o yaml",
        restart_helps=True,
    ),
    Cause(
        id="volume-secret-missing",
        means="a volume needs a Secret, or a key in it, that is not there: {said}",
        gravity=Gravity.PERSON,
        signs=mount(r'secrets? \\?"\S+?\\?" not found', "references non-existent secret key"),
        next_step="make what it names, or correct the workload: its pods then start by themselves",
    ),
    Cause(
        id="volume-configmap-missing",
        means="a volume needs a ConfigMap, or a key in it, that is not there: {said}",
        gravity=Gravity.PERSON,
        signs=mount(r'configmaps? \\?"\S+?\\?" not found', "references non-existent config key"),
        next_step="make what it names, or correct the workload: its pods then start by themselves",
    ),
    *STORAGE,
    Cause(
        id="volume-unknown-filesystem",
        means="this kernel does not know the file system of a volume: {said}",
        gravity=Gravity.PERSON,
        # ENODEV, where a helper mounts it: mount.nfs(8), mount.cifs(8)
        signs=mount("unknown filesystem type", "wrong fs type", r"mount\.\w+: No such device", r"mount error\(19\)"),
        next_step="uname -r; ls /lib/modules: where the two differ, as after an upgrade of the kernel, reboot; else "
        "load its module (modprobe nfs, cifs), or see dmesg",
    ),
    Cause(
        id="volume-owner-not-set",
        means="the owner of a volume's files cannot be set: {said}",
        gravity=Gravity.PERSON,
        signs=mount("applyFSGroup failed", "operation not permitted"),
        next_step="fsGroupChangePolicy: OnRootMismatch, or correct the rights on the volume: " + DESCRIBE_POD,
    ),
    Cause(
        id="volume-disk-full",
        means="there is no room for a volume: {said}",
        gravity=Gravity.PERSON,
        signs=mount("no space left on device"),
        next_step="make room on the disk of /var/lib/kubelet (df -h)",
        consequence_of=("disk-full",),
    ),
    # kubelet volume_manager.go: what could not be mounted; why stands in an Event of its own
    Cause(
        id="volume-not-mounted",
        means="a volume is not mounted: {said}",
        gravity=Gravity.PASSES,
        signs=_any(REASONS),
        next_step=DESCRIBE_POD,
        consequence_of=(
            "volume-directory-missing",
            "volume-secret-missing",
            "volume-configmap-missing",
            "volume-driver-absent",
            "volume-server-silent",
            "volume-attached-elsewhere",
            "volume-attaching",
            "volume-not-staged",
            "volume-unknown-to-driver",
            "volume-replicas-failed",
            "volume-server-refuses",
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
    # pv_controller.go: the claim names its volume itself
    Cause(
        id="claim-volume-differs",
        means="the volume that the claim names is not one that it can have: {said}",
        gravity=Gravity.PERSON,
        signs=(*event("VolumeMismatch"), *event("FailedBinding", "already bound to a different claim")),
        next_step="kubectl get persistentvolumes; compare size, class, modes and claimRef with the claim",
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
