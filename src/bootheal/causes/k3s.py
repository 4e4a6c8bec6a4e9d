"""What k3s, its etcd or kine, its containerd and its kubelet end with, or complain of. Texts: lines of its journal."""

from bootheal.causes.catalogue import Harmless
from bootheal.causes.cause import Cause, Gravity, Sign, Source
from bootheal.causes.signs import unit

DB = "/var/lib/rancher/k3s/server/db"
RESTORE = (
    f"stop k3s, keep a copy of {DB} as it is, and restore the newest snapshot: k3s server --cluster-reset "
    f"--cluster-reset-restore-path={DB}/snapshots/NAME (k3s etcd-snapshot ls)"
)

K3S: tuple[Cause, ...] = (
    # --- its datastore: k3s#2623, #9787 (sqlite); etcd#11220, #15699, #13509, k3s#13197 (etcd) -------------
    Cause(
        id="k3s-database-damaged",
        means="its database is damaged (database disk image is malformed)",
        gravity=Gravity.DATA,
        signs=unit("database disk image is malformed", "file is not a database", r"database corruption at line \d+"),
        next_step=f"stop k3s, keep a copy of {DB} as it is, and restore the newest backup",
    ),
    Cause(
        id="k3s-etcd-damaged",
        means="its datastore, etcd, is damaged: {said}",
        gravity=Gravity.DATA,
        signs=unit(
            r"tocommit\(\d+\) is out of range",
            "[Ww]as the raft log corrupted, truncated, or lost",
            "failed to read WAL, cannot be repaired",
            "read wal error .*cannot be repaired",
            r"wal(?:pb)?: crc mismatch",
            "wal: max entry size limit exceeded",
            "wal: file not found",
            "failed to recover v3 backend from snapshot",
            "failed to find (?:a )?database snapshot file",
            "snap: (?:no available snapshot|crc mismatch|empty snapshot)",
            "failed to (?:open|load) .*(?:invalid database|file size too small)",
            "(?:bbolt|boltdb|panic): .*(?:invalid database|invalid freelist|file size too small|checksum error)",
            r"page \d+ already freed",
            "freepages: failed to get all reachable pages",
            "invalid page type: ",
            "failed to (?:unmarshal|restore).*mvcc",
            "panic: .*(?:snapshot|wal|raft|mvcc).*(?:corrupt|mismatch|not found)",
            "alarm:CORRUPT",
            r"database file .* (?:is corrupt|corrupted)",
        ),
        next_step=RESTORE,
    ),
    Cause(
        id="k3s-disk-fails",
        means="the disk of its datastore fails, or was made read-only: {said}",
        gravity=Gravity.DATA,
        signs=unit(
            "disk I/O error",
            "attempt to write a readonly database",
            r"(?:/var/lib/rancher|wal|snap)\S*.*(?:input/output error|read-only file system)",
            "structure needs cleaning",
        ),
        next_step="dmesg | grep -iE 'i/o error|remount' shows which disk; save what can be read before anything else",
    ),
    Cause(
        id="k3s-etcd-full",
        means="its datastore, etcd, has reached its size limit and takes no more writes",
        gravity=Gravity.PERSON,
        signs=unit("mvcc: database space exceeded", "alarm:NOSPACE"),
        next_step="etcdctl compact, defrag and alarm disarm; a start of k3s defragments, too",
    ),
    Cause(
        id="k3s-etcd-member-removed",
        means="this server was removed from its etcd cluster, or is not the one it knows: {said}",
        gravity=Gravity.PERSON,
        signs=unit(
            "permanently removed from the cluster",
            "has already been bootstrapped",
            "duplicate node name found",
            "cluster ID mismatch",
            "member count is unequal",
        ),
        next_step="on the others: kubectl get nodes; see docs.k3s.io on joining a server anew",
    ),
    Cause(
        id="k3s-datastore-unreachable",
        means="its external datastore does not answer: {said}",
        gravity=Gravity.PASSES,
        signs=unit(
            r"(?:building kine|creating storage endpoint|kine).*(?:dial tcp|connection refused|no such host|timeout)",
            "pq: the database system is (?:starting up|in recovery mode|shutting down)",
        ),
        next_step="see that its database server is up; --datastore-endpoint names it",
    ),
    Cause(
        id="k3s-database-file",
        means="its database file cannot be opened: {said}",
        gravity=Gravity.PERSON,
        signs=unit("unable to open database file", "extracting data: no such file or directory"),
        next_step=f"see that the disk of {DB} is mounted (findmnt) and belongs to root",
    ),
    # --- who it is, what it was given -------------------------------------------------------------------
    # k3s#663, #802
    Cause(
        id="k3s-node-password",
        means="it does not know this node any more (Node password rejected)",
        gravity=Gravity.PERSON,
        signs=unit("Node password rejected"),
        next_step="if no other machine has this name: kubectl -n kube-system delete secret NODE.node-password.k3s",
    ),
    # k3k#278
    Cause(
        id="k3s-token",
        means="its token is not the one that its data was made with",
        gravity=Gravity.PERSON,
        signs=unit(
            "encrypted with different token",
            "token CA hash does not match",
            "failed to normalize (?:server )?token",
            "invalid token CA hash length",
        ),
        next_step="give k3s the token it was installed with",
    ),
    # rke2#4034
    Cause(
        id="k3s-newer-than-datastore",
        means="files on its disk are newer than in its datastore, so that it does not start: {said}",
        gravity=Gravity.PERSON,
        signs=unit("newer than datastore and could cause a cluster outage"),
        next_step="keep a copy of the files that it names, remove them, and start k3s: it makes them anew",
    ),
    Cause(
        id="k3s-configuration",
        means="{said}",
        gravity=Gravity.PERSON,
        signs=unit(
            "flag provided but not defined",
            r"unknown (?:shorthand )?flag",
            r"invalid (?:argument|value) .* for (?:flag|\")",
            r"error (?:converting|unmarshaling|parsing) (?:YAML|yaml)",
            "yaml: (?:line|unmarshal)",
            r"unrecognized feature gate",
        ),
        next_step="correct /etc/rancher/k3s/config.yaml, or ExecStart of its unit",
    ),
    # --- certificates and the clock: crypto/x509; k3s#6152, #5163 --------------------------------------
    Cause(
        id="k3s-clock-behind",
        means="a certificate is not valid yet by this machine's clock: the clock is wrong",
        gravity=Gravity.PASSES,
        signs=unit(r"x509: certificate has expired or is not yet valid: current time \S+ is before"),
        next_step="timedatectl shows whether the clock is synchronised; where it is right again: systemctl restart k3s",
        restart_helps=True,
    ),
    Cause(
        id="k3s-certificate-expired",
        means="a certificate has expired",
        gravity=Gravity.PERSON,
        signs=unit("x509: certificate has expired"),
        next_step="where the clock is right (timedatectl): systemctl restart k3s renews what expires; else "
        "k3s certificate rotate, then systemctl start k3s",
        restart_helps=True,
    ),
    # --- the kernel: field-notes N4; k3d#853 ----------------------------------------------------------
    Cause(
        id="kubelet-cgroup-v1",
        means="this kubelet does not run on cgroup v1, which this machine has",
        gravity=Gravity.PERSON,
        signs=unit("configured to not run on a host using cgroup v1"),
        next_step="boot with systemd.unified_cgroup_hierarchy=1; until then a kubelet drop-in with failCgroupV1: false",
        since="1.35",
    ),
    Cause(
        id="k3s-memory-cgroup",
        means="this kernel offers it no memory cgroup",
        gravity=Gravity.PERSON,
        signs=unit("failed to find memory cgroup"),
        next_step="boot with cgroup_enable=memory cgroup_memory=1",
    ),
    Cause(
        id="k3s-cpuset-cgroup",
        means="this kernel offers it no cpuset cgroup",
        gravity=Gravity.PERSON,
        signs=unit("failed to find cpuset cgroup"),
        next_step="boot with cgroup_enable=cpuset, or upgrade k3d, which knows cgroup v2 since 5.1",
    ),
    # --- its kubelet and its containerd --------------------------------------------------------------
    # kubernetes#118371
    Cause(
        id="kubelet-checkpoint-corrupt",
        means="the kubelet's record of what it gave to pods is damaged: {said}",
        gravity=Gravity.PERSON,
        signs=unit("could not restore state from checkpoint", "checkpoint is corrupted"),
        next_step="move the file that it names out of the way (/var/lib/kubelet/*_manager_state), and start k3s",
    ),
    Cause(
        id="kubelet-swap",
        means="the kubelet refuses to run while swap is on",
        gravity=Gravity.PERSON,
        signs=unit("running with swap on is not supported"),
        next_step="swapoff -a and /etc/fstab, or kubelet-arg fail-swap-on=false",
    ),
    # k3s#11973, containerd#10848; fixed in containerd 2.0.4
    Cause(
        id="containerd-state-damaged",
        means="its containerd cannot read what it ran before: {said}",
        gravity=Gravity.PERSON,
        signs=unit(
            "failed to recover state: ",
            "failed to get metadata for stored sandbox",
            r"containerd.*(?:metadata|meta\.db|bolt).*(?:invalid|corrupt|file size too small|timeout)",
        ),
        next_step="upgrade k3s (containerd 2.0.4 has the cure); moving /var/lib/rancher/k3s/agent/containerd away "
        "makes it pull all images anew",
    ),
    Cause(
        id="containerd-snapshotter",
        means="the file system of its containerd is not one that it can use: {said}",
        gravity=Gravity.PERSON,
        signs=unit("snapshotter cannot be enabled for"),
        next_step="k3s --snapshotter=native, or see that the right disk is mounted at /var/lib/rancher",
    ),
    Cause(
        id="containerd-socket",
        means="containerd's socket is missing",
        gravity=Gravity.HEALED,
        signs=unit("containerd.sock: connect: "),
        next_step="where it lasts: systemctl restart k3s",
        restart_helps=True,
    ),
    # --- the network -------------------------------------------------------------------------------
    Cause(
        id="k3s-port-taken",
        means="another process has its port",
        gravity=Gravity.PERSON,
        signs=unit("bind: address already in use"),
        next_step="ss -ltnp shows which",
    ),
    Cause(
        id="k3s-no-route",
        means="this machine has no network yet: no default route",
        gravity=Gravity.PASSES,
        signs=unit(
            "no default routes found",
            "unable to select an IP from default routes",
            "no such network interface",
            "failed to find (?:the )?interface",
            "unable to find suitable network address",
        ),
        next_step="ip route; systemctl status systemd-networkd NetworkManager",
        restart_helps=True,
    ),
)

# With these it gets no further, whatever it calls them: it says them again and again while its unit starts.
HOLD_UP = frozenset({"k3s-node-password", "k3s-token", "kubelet-cgroup-v1", "k3s-memory-cgroup", "k3s-cpuset-cgroup"})

HARMLESS: tuple[Harmless, ...] = (
    Harmless(
        Sign(Source.UNIT, "Failed to load kernel module (?:nf_conntrack_ipv4|iptable_\\w+|ip6table_\\w+)"),
        "built in, or not there in newer kernels",
    ),
    Harmless(Sign(Source.UNIT, "failed to check local etcd status for learner management"), "at each start of etcd"),
    Harmless(Sign(Source.UNIT, "apply request took too long"), "a slow disk after a boot; it was done"),
    Harmless(
        Sign(Source.UNIT, "error while range on /registry/health: context canceled"), "a probe that was cut short"
    ),
    Harmless(Sign(Source.UNIT, "Nameserver limits (?:were )?exceeded"), "the first three are used"),
    Harmless(
        Sign(Source.UNIT, r"TLS handshake error from \S+: remote error: tls: bad certificate"),
        "a client with a copy of another kubeconfig",
    ),
    Harmless(
        Sign(Source.UNIT, r'level=(?:info|warning).*repair(?:ed|ing) WAL|"repaired"'), "etcd mended a torn last entry"
    ),
)
