"""What the datastores of k3s say: etcd, kine with SQLite or an external server, dqlite. Texts: lines of its journal."""

from bootheal.causes.cause import Cause, Gravity
from bootheal.causes.signs import unit

DB = "/var/lib/rancher/k3s/server/db"
RESTORE = (
    f"stop k3s, keep a copy of {DB} as it is, and restore the newest snapshot: k3s server --cluster-reset "
    f"--cluster-reset-restore-path={DB}/snapshots/NAME (k3s etcd-snapshot ls)"
)

# With these etcd ends, or bbolt in whoever holds its files: what a controller says of a snapshot is another matter.
_ENDS = r'(?:^panic: |"level": ?"(?:panic|fatal)"|level=(?:fatal|panic) ).*'

# What is said before any error in reading or writing: whose disk is full, or whose file is another's, has no damage.
_DAMAGE = r"(?!.*(?:[Nn]o space left on device|[Pp]ermission denied|[Tt]oo many open files|already (?:in use|locked)))"

# bbolt's own checks of its file, of etcd's as of containerd's: containerd#9929
BOLT_DAMAGE = (
    r"invalid database(?![ \w])|invalid freelist|file size too small|checksum error|invalid page type: "
    r"|page \d+:? (?:already freed|duplicate free|multiple references)"
    r"|slice bounds out of range \[:+\d+\] with length 2147483647"  # bbolt's unsafe.go, of a length that it has read
    r"|Page expected to be: \d+, but self identifies as|freepages: failed to get all reachable pages"
)
BOLT = (f"{_ENDS}(?:{BOLT_DAMAGE})",)

# etcd's raft, wal and snap of their own files, whoever runs it.
ETCD_DAMAGE = (
    r"tocommit\(\d+\) is out of range|[Ww]as the raft log corrupted|wal(?:pb)?: crc mismatch"
    r"|wal: (?:max entry size limit exceeded|file not found)|failed to find (?:a )?database snapshot file"
    r"|database snapshot file path error: snap: "  # until 3.3: etcd#12492
    r"|snap: (?:no available snapshot|crc mismatch|empty snapshot)"
)

DATASTORES: tuple[Cause, ...] = (
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
    # apiserver/pkg/storage/value: of `k3s secrets-encrypt`, where the configuration with its keys is not the one of its
    # datastore any more, as after one of both was restored
    Cause(
        id="k3s-secrets-unreadable",
        means="its Secrets were encrypted by a key that it does not have any more: {said}",
        gravity=Gravity.PERSON,
        signs=unit(r'unable to transform key \\?"/registry/'),
        next_step="keep copies as they are; bring back /var/lib/rancher/k3s/server/cred/encryption-config.json of the "
        "same time as its datastore: k3s secrets-encrypt status",
    ),
    Cause(
        id="k3s-etcd-damaged",
        means="its datastore, etcd, is damaged: {said}",
        gravity=Gravity.DATA,
        signs=unit(
            ETCD_DAMAGE,
            f"failed to read WAL, cannot be repaired{_DAMAGE}",
            f"read wal error {_DAMAGE}.*cannot be repaired",
            f"failed to recover v3 backend from snapshot{_DAMAGE}",
            f"recovering backend from snapshot error{_DAMAGE}",
            *BOLT,
            # etcd server/storage, server/etcdserver: what it has read of its files cannot be understood
            _ENDS
            + r"failed to (?:unmarshal (?:member|mvccpb\.KeyValue|'authpb\.|confChange)|restore (?:mvcc|alarm) store)",
            _ENDS
            + "(?:cannot find latest rev|range failed to find revision pair|failed to recover store from backend)",
            _ENDS + r"(?:walpb?|snap|snapshot|raft|mvcc)\b: .*(?:corrupt|mismatch|not found)",
            "alarm:CORRUPT",
            _ENDS + "etcdserver: (?:corrupt cluster|data corruption detected)",
            r"database file .* (?:is corrupt|corrupted)",
        ),
        next_step=RESTORE,
    ),
    # dqlite, of k3s before 1.19, of microk8s and LXD: k3s#1403, #1639, microk8s#3485
    Cause(
        id="k3s-dqlite-damaged",
        means="its datastore, dqlite, is damaged: {said}",
        gravity=Gravity.DATA,
        signs=unit(rf"raft_start\(\): io: {_DAMAGE}", "LZ4F_decompress", r"vfsDatabaseWrite: Assertion"),
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
            r"^\[signal SIGBUS: bus error",  # of a file that it has mapped, and that cannot be read
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
            "couldn't find local name .* in the initial cluster configuration",
            "failed to update; member unknown",
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
        signs=unit(
            r"prober detected unhealthy status.*dial tcp \S+:2380: ",
            "cannot fetch cluster info from peer urls",
            # pkg/etcd of k3s
            r"(?:ETCD|etcd cluster) join failed: .*(?:deadline exceeded|unhealthy cluster|too many learner members)",
        ),
        next_step="start them; where they are gone for good: systemctl stop k3s, k3s server --cluster-reset, systemctl "
        "start k3s",
    ),
    # client-go leaderelection, in the controllers that k3s runs in its process; k3s#2615
    Cause(
        id="k3s-too-slow",
        means="its datastore was too slow for its controllers, which lost their lease, so that it ended: {said}",
        gravity=Gravity.PASSES,
        # each controller says so, too, when it is told to end
        signs=unit(
            r"[Ll]eader ?election lost",
            r"failed to renew lease \S+: (?!context canceled)",
            r'"Failed to renew lease" lock=(?!.*context canceled)',
        ),
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
    # kine: two processes at one file of sqlite, or a card that is too slow; k3s#4044. etcd: client/pkg/fileutil
    Cause(
        id="k3s-database-locked",
        means="another process holds its database, as an earlier k3s that has not ended, or its disk is too slow",
        gravity=Gravity.PASSES,
        signs=unit(
            r"(?:building kine|creating storage endpoint).*database is locked",
            r"Transaction (?:commit|rollback) failed: database is locked",
            "fileutil: file already locked",
        ),
        next_step=f"fuser -v {DB}/state.db {DB}/etcd/member/wal/* shows who holds it; where nobody does: iostat -x 5",
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
            r"(?:building kine|creating storage endpoint).*(?:database \S+ does not exist|Unknown database)",
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
            r"(?:building kine|creating storage endpoint).*SQLSTATE 57P03",
            "failed to ping connection: dial tcp ",
            "building kine.*(?:too many clients|Too many connections|no servers available)",
            "pq: the database system is (?:starting up|in recovery mode|shutting down)",
        ),
        next_step="see that its database server is up; --datastore-endpoint names it",
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
)
