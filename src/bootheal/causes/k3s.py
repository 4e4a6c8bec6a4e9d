"""What k3s, its etcd or kine, its containerd and its kubelet end with, or complain of. Texts: lines of its journal."""

from bootheal.causes.catalogue import Harmless
from bootheal.causes.cause import Cause, Gravity, Sign, Source
from bootheal.causes.k3s_host import HOST
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
    # apiserver/pkg/storage/cacher: what was stored cannot be decoded; after pulled plugs, k3s#7837
    Cause(
        id="k3s-object-damaged",
        means="an object in its database cannot be read: {said}",
        gravity=Gravity.DATA,
        signs=unit(r"cacher \(.*failed to list \*\w+\.\w+: (?:unexpected EOF|proto: |illegal base64)"),
        next_step="stop k3s, keep a copy of /var/lib/rancher/k3s/server/db as it is, and restore the newest backup",
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
            "recovering backend from snapshot error",
            "failed to find (?:a )?database snapshot file",
            "snap: (?:no available snapshot|crc mismatch|empty snapshot)",
            "failed to (?:open|load) .*(?:invalid database|file size too small)",
            "(?:bbolt|boltdb|panic): .*(?:invalid database|invalid freelist|file size too small|checksum error)",
            r"page \d+ already freed",
            # bbolt's own checks: containerd#9929
            r"Page expected to be: \d+, but self identifies as",
            r"invalid freelist page: |page \d+: multiple references",
            "freepages: failed to get all reachable pages",
            "invalid page type: ",
            "failed to (?:unmarshal|restore).*mvcc",
            "panic: .*(?:snapshot|wal|raft|mvcc).*(?:corrupt|mismatch|not found)",
            "alarm:CORRUPT",
            r"database file .* (?:is corrupt|corrupted)",
        ),
        next_step=RESTORE,
    ),
    # dqlite, of k3s before 1.19, of microk8s and LXD: k3s#1403, #1639, microk8s#3485
    Cause(
        id="k3s-dqlite-damaged",
        means="its datastore, dqlite, is damaged: {said}",
        gravity=Gravity.DATA,
        signs=unit(r"raft_start\(\): io: ", "LZ4F_decompress", r"vfsDatabaseWrite: Assertion"),
        next_step=f"stop it, keep a copy of {DB} as it is, and restore the newest backup",
    ),
    Cause(
        id="k3s-disk-fails",
        means="the disk of its datastore fails, or was made read-only: {said}",
        gravity=Gravity.DATA,
        signs=unit(
            "disk I/O error(?!: no such file)",  # kine#135: of that a file beside the database is missing
            "attempt to write a readonly database",
            # its own files, and not those of a snapshot that it saves elsewhere
            r"(?:/var/lib/rancher|member/(?:wal|snap)|\b(?:wal|snap): ).*(?:input/output error|read-only file system)",
            "structure needs cleaning",
        ),
        next_step="dmesg | grep -iE 'i/o error|remount' shows which disk; save what can be read before anything else",
        consequence_of=("disk-read-only",),
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
    # pkg/etcd of k3s: MembershipError; k3s#9879
    Cause(
        id="k3s-address-changed",
        means="this machine has another address than the one that its etcd knows: {said}",
        gravity=Gravity.PERSON,
        signs=unit("this server is a not a member of the etcd cluster"),
        next_step="give the machine its former address (ip -br address); or, where it is to keep the new one: "
        "systemctl stop k3s, k3s server --cluster-reset, systemctl start k3s",
    ),
    # etcd's client/pkg/transport: servers have got each other's addresses, as containers do; k3d#550
    Cause(
        id="k3s-peer-address",
        means="another server of its etcd comes from an address that is not the one of its certificate: {said}",
        gravity=Gravity.PERSON,
        signs=unit(r"rejected connection.*tls: .*does not match any of DNSNames"),
        next_step="give each server its former address; of k3d: docker network inspect, then k3d cluster stop and k3d "
        "cluster start, which starts them in the order in which they were made",
    ),
    # etcd's rafthttp: most of its members must be there
    Cause(
        id="k3s-peers-away",
        means="other servers of its etcd do not answer; without most of them it does not start: {said}",
        gravity=Gravity.PASSES,
        signs=unit(r"prober detected unhealthy status.*dial tcp \S+:2380: "),
        next_step="start them; where they are gone for good: systemctl stop k3s, k3s server --cluster-reset, systemctl "
        "start k3s",
    ),
    # client-go leaderelection, in the controllers that k3s runs in its process; k3s#2615
    Cause(
        id="k3s-too-slow",
        means="its datastore was too slow for its controllers, which lost their lease, so that it ended: {said}",
        gravity=Gravity.PASSES,
        signs=unit(r"leader ?election lost", r"failed to renew lease \S+: "),
        next_step="it is started again; where it comes again and again, the disk is too slow or busy: iostat -x 5",
        restart_helps=True,
    ),
    # pkg/cluster of k3s: rke2#11056
    Cause(
        id="k3s-etcd-silent",
        means="its datastore, etcd, did not answer in time as it was asked what it holds",
        gravity=Gravity.PASSES,
        signs=unit("failed to reconcile with local datastore: context deadline exceeded"),
        next_step="ss -ltnp 'sport = :2379' shows whether an etcd of before still runs: k3s-killall.sh (it stops every "
        "pod), and start it; else iostat -x 5, and see its other servers",
        restart_helps=True,
    ),
    # kine: two processes at one file of sqlite, or a card that is too slow; k3s#4044
    Cause(
        id="k3s-database-locked",
        means="another process holds its database, as an earlier k3s that has not ended, or its disk is too slow",
        gravity=Gravity.PASSES,
        signs=unit(r"(?:building kine|creating storage endpoint).*database is locked"),
        next_step=f"fuser -v {DB}/state.db shows who holds it; where nobody does: iostat -x 5",
        restart_helps=True,
    ),
    # lib/pq, pgx, go-sql-driver
    Cause(
        id="k3s-datastore-refuses",
        means="its external datastore does not let it in: {said}",
        gravity=Gravity.PERSON,
        signs=unit(
            r"(?:building kine|creating storage endpoint).*(?:password authentication failed|no pg_hba\.conf entry)",
            r"(?:building kine|creating storage endpoint).*Access denied for user",
        ),
        next_step="compare --datastore-endpoint (config.yaml, or the unit's environment) with what that server knows",
    ),
    # dqlite of microk8s: of its nodes most must be there, at the addresses that it has noted; microk8s#3227
    Cause(
        id="k3s-dqlite-without-leader",
        means="its datastore, dqlite, finds no leader: its other nodes, or its own former address, do not answer",
        gravity=Gravity.PASSES,
        signs=unit("no available dqlite leader server found"),
        next_step="start its other nodes; cat "
        "/var/snap/microk8s/current/var/kubernetes/backend/cluster.yaml, and compare it with ip -br address",
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
    # pkg/clientaccess, pkg/daemons/agent: who joins asks for the certificates first
    Cause(
        id="k3s-server-unreachable",
        means="the server that it joins does not answer yet: {said}",
        gravity=Gravity.PASSES,
        signs=unit(r"failed to get CA certs: (?:starting|Get (?!.*x509))"),
        next_step="see k3s on that server; --server, or K3S_URL in the unit's environment, names it",
    ),
    Cause(
        id="k3s-database-file",
        means="its database file cannot be opened: {said}",
        gravity=Gravity.PERSON,
        signs=unit(
            "unable to open database file",
            "extracting data: no such file or directory",
            "disk I/O error: no such file or directory",
        ),
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
            r"/cacerts: 401 Unauthorized",
        ),
        next_step="give k3s the token it was installed with",
    ),
    # etcd's server/etcdserver/api/membership: an upgrade that was taken back
    Cause(
        id="k3s-older-than-datastore",
        means="its datastore was written by a newer version than this one: {said}",
        gravity=Gravity.PERSON,
        signs=unit("invalid downgrade; server version is lower"),
        next_step="install the version that ran last (k3s --version; ls -lt /var/lib/rancher/k3s/data), or restore a "
        "snapshot that this one has written",
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
            "is no longer supported; use ",
            "critical configuration value mismatch",
            r"[Ii]nvalid node ?[Nn]ame",
        ),
        next_step="correct what it names, in /etc/rancher/k3s/config.yaml or ExecStart of its unit; of kubeadm: in "
        "/var/lib/kubelet/kubeadm-flags.env or config.yaml",
    ),
    *HOST,
)

# With these it gets no further, whatever it calls them: it says them again and again while its unit starts.
HOLD_UP = frozenset(
    {
        "k3s-node-password",
        "k3s-token",
        "k3s-address-changed",
        "kubelet-cgroup-v1",
        "k3s-memory-cgroup",
        "k3s-cpuset-cgroup",
    }
)

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
        Sign(Source.UNIT, r"Failed to set sysctl: |\(running in UserNS, ignoring\)|, disabling OOM events: "),
        "tried in a container, and gone on without: what cannot go on says so once more, and ends",
    ),
    Harmless(
        Sign(Source.UNIT, r"TLS handshake error from \S+: remote error: tls: bad certificate"),
        "a client with a copy of another kubeconfig",
    ),
    Harmless(
        Sign(Source.UNIT, r'level=(?:info|warning).*repair(?:ed|ing) WAL|"repaired"'), "etcd mended a torn last entry"
    ),
)
