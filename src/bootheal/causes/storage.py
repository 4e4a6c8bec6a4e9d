"""What storage drivers, and the servers behind them, say of a volume that is not attached, or not mounted.

Texts: of Longhorn's csi/, ceph-csi, democratic-csi, Mayastor and Synology's; iscsiadm(8), rbd(8), mount.nfs(8),
mount.cifs(8); gRPC's codes as CSI uses them.
"""

from bootheal.causes.cause import Cause, Gravity, Sign
from bootheal.causes.commands import DESCRIBE_POD
from bootheal.causes.signs import condition, event, log

LONGHORN = "kubectl -n longhorn-system get volumes.longhorn.io,replicas.longhorn.io"
REASONS = ("FailedMount", "FailedAttachVolume", "FailedMapVolume")


def mount(*texts: str) -> tuple[Sign, ...]:
    """Return the signs of what is said of a volume that is not attached, or not mounted."""
    return tuple(sign for reason in REASONS for sign in event(reason, *texts))


STORAGE: tuple[Cause, ...] = (
    # pkg/controller/volume/attachdetach/reconciler: Multi-Attach
    Cause(
        id="volume-attached-elsewhere",
        means="a volume is still attached to another node, or used by another pod: {said}",
        gravity=Gravity.PASSES,
        signs=mount(
            "Multi-Attach error",
            "already exclusively attached",
            "is already used by",
            # longhorn#2445, #569, rook#11372; CSI's code FailedPrecondition
            "(?:already|currently) (?:attached|published|mapped) (?:to|on|at) ",
            "different from previous spec",
            r"(?:volume|image|disk) \S+ is (?:still being used|in use)",
        ),
        next_step="kubectl get volumeattachments; what holds it must end: "
        + DESCRIBE_POD
        + "; of Longhorn: its spec.nodeID is where it believes it to be, perhaps this machine under a former name: "
        + LONGHORN,
    ),
    # longhorn#963: its action to attach is not offered where only that to salvage is; mayastor#1108
    Cause(
        id="volume-replicas-failed",
        means="none of a volume's replicas is well, as far as its driver knows: {said}",
        gravity=Gravity.PERSON,
        signs=mount(
            r"not available on .*action=salvage",
            r"volume \S+ is (?:faulted|in faulted state)",
            "[Nn]o (?:online|healthy|available) replicas",
        ),
        next_step="see why, before one of them is salvaged; of Longhorn: "
        + LONGHORN
        + "; of Mayastor: kubectl mayastor get volumes; kubectl mayastor get pools",
    ),
    # longhorn#1465, #376, #4188, #10476, #7313, ceph-csi#2075: what Kubernetes or the driver believes is of the boot
    # before. Whoever makes the pod anew has it detached and attached again.
    Cause(
        id="volume-not-staged",
        means="a volume is believed to be attached to this node, and is not there in this boot: {said}",
        gravity=Gravity.PASSES,
        signs=mount(
            "no block device frontend",
            "attach failed: ",  # of Mayastor, over NVMe
            r"special device (?:/dev/(?:longhorn|rbd|nbd|drbd|nvme-fabrics)|/var/lib/kubelet/)\S+ does not exist",
            r"[Ss]taging target path \S+ is no longer valid",
            r"(?:hasn't|has not|is not|not yet) been (?:attached|staged|published)",
            r"volume \S+ is not (?:attached|staged)",
            r"has GET error for volume attachment",
            r"failed to attach to node \S+ with attachmentID",
            "failed to find (?:the )?(?:device|disk) for",
            "Unable to find device path out of attempted paths",  # linode-blockstorage-csi-driver#390
        ),
        next_step="where it lasts: kubectl get volumeattachments; of Longhorn: "
        + LONGHORN
        + "; then kubectl -n {namespace} delete pod {name}, so that it is detached, and attached anew",
        restart_helps=True,
    ),
    # longhorn#1513, #1516, its csi/controller_server.go; CSI's code Aborted
    Cause(
        id="volume-attaching",
        means="a volume is still being attached or detached by its storage driver: {said}",
        gravity=Gravity.PASSES,
        signs=mount(
            "volume attachment is being deleted",
            "code = Aborted",
            "is (?:attaching|detaching)$",
            "is not ready for workloads",
            "is not ready: Replicas yet to connect",  # of cStor: openebs#3517
            "operation .* already exists",
            # democratic-csi#232: gRPC's words for one who takes too long
            r"code = DeadlineExceeded|Volume\.\w+ failed .*context deadline exceeded",
        ),
        next_step="where it lasts: kubectl get volumeattachments; of Longhorn: " + LONGHORN,
    ),
    # longhorn#1210, #1819, #3583: multipathd takes the device before the kubelet does
    Cause(
        id="volume-device-busy",
        means="something on this node holds the device of a volume, as multipathd does with Longhorn's: {said}",
        gravity=Gravity.PERSON,
        signs=mount(
            "already mounted or mount point busy",
            "it already contains mpath_member|: Can't open blockdev",  # libmount since 2.39
            "is apparently in use by the system",
            "device or resource busy",
        ),
        next_step="on the node: lsblk; multipath -ll; findmnt; blacklist its devices in /etc/multipath.conf, and "
        "restart multipathd; never format it",
    ),
    # longhorn#2398: open-iscsi
    Cause(
        id="volume-iscsi-stopped",
        means="iscsid, by which its driver attaches a volume, is not on this node, or does not run: {said}",
        gravity=Gravity.PERSON,
        signs=(
            *mount("can not connect to iSCSI daemon", "could not connect to iscsid"),
            *log("make sure you have iscsiadm/open-iscsi installed on the host"),  # of longhorn-manager
        ),
        next_step="apt-get install open-iscsi; systemctl enable --now iscsid",
    ),
    # pkg/volume/csi/csi_client.go
    Cause(
        id="volume-driver-absent",
        means="the storage driver of a volume has not registered with this node, or does not serve there: {said}",
        gravity=Gravity.PASSES,
        signs=(
            *mount(
                "not found in the list of registered CSI drivers",
                r"CSINode \S+ does not contain driver",
                "driver name .* not found",
                "no volume plugin matched",
                r"csi\S*\.sock: connect: ",
                "code = Unavailable",  # mayastor#1753, #1894
                r"statusCode \[503\].* from \[http://longhorn-backend",
                "waiting for external-attacher",
                "timed out waiting for external-attacher",
            ),
            # plugins/nodevolumelimits
            *condition("Unschedulable", "CSI driver is not installed on the node"),
            *event("FailedScheduling", "CSI driver is not installed on the node"),
        ),
        next_step="see the driver's pods: kubectl get csinodes; kubectl get pods -A | grep -i csi",
    ),
    # the manuals of mount.nfs and mount.cifs
    Cause(
        id="volume-server-silent",
        means="the server of a network volume does not answer: {said}",
        gravity=Gravity.PASSES,
        signs=mount(
            "mount.nfs4?: .*(?:timed out|refused|No route to host|unreachable)",
            "mount error\\(1[01]\\d\\)",
            "[Cc]onnection timed out",
            "[Nn]o route to host",
            "[Hh]ost is down",
            r"dial tcp \S+: (?:connect: |i/o timeout)",
            "mount.nfs4?: .*(?:Failed to resolve server|Program not registered|Port mapper failure|prog. not avail)",
            "mount error: could not resolve address",
            # openebs-docs#513; open-iscsi's include/iscsi_err.h: 4 no connection, 8 no answer in time
            "Connection to Discovery Address \\S+ failed",
            r"initiator reported error \((?:4|8) ",
        ),
        next_step="see that the server is up and reachable from the node: showmount -e SERVER",
    ),
    # csi-driver-nfs#178, rancher/os#2456
    Cause(
        id="volume-statd-stopped",
        means="statd, which NFS 3 needs for its locks, does not run on this node: {said}",
        gravity=Gravity.PERSON,
        signs=mount("rpc.statd is not running"),
        next_step="systemctl enable --now rpc-statd (package nfs-common or nfs-utils), or mountOptions: [nfsvers=4.1]",
    ),
    Cause(
        id="volume-server-refuses",
        means="the server of a network volume refuses: {said}",
        gravity=Gravity.PERSON,
        signs=mount(
            "access denied by server",
            "mount error\\((?:13|126|127|128|129)\\)",  # EACCES; ENOKEY and its like, of Kerberos
            "Protocol not supported",
            "bad option; for several filesystems",
            "bad superblock on (?!/dev/)",
            # what is exported has another name, or is for others; democratic-csi#395, ceph-csi#5150
            "mount.nfs4?: .*(?:No such file or directory|Permission denied|Operation not permitted)",
            "mount error\\(2\\)",
            r"initiator reported error \((?:19|24) ",
            r"map failed: \((?:1|13)\)",
            r"rbd: error: \((?:1|13)\) ",
            "requested NFS version or transport protocol is not supported",
            r'exec: \\?"mount\.\w+\\?": executable file not found',
        ),
        next_step="see what the server offers to this node, and to whom (showmount -e SERVER; the log of its target); "
        "or install its client on the node (nfs-common, cifs-utils)",
    ),
    # csi-driver-host-path#251; after what is more particular
    Cause(
        id="volume-unknown-to-driver",
        means="the storage driver of a volume does not know it: {said}",
        gravity=Gravity.PERSON,
        signs=mount("code = NotFound desc = ", "VolumeID is not found"),  # topolvm#1064
        next_step="make nothing anew: see whether the driver has found its disks, and its own list of volumes: "
        "kubectl get persistentvolumes; kubectl get pods -A | grep -i csi",
    ),
)
