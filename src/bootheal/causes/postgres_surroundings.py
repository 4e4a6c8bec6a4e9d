"""What PostgreSQL says when it does not start: what it asks of the kernel, of its disk's room and of its image.

Texts of PostgreSQL 11 to 18: port/sysv_shmem.c and posix_sema.c, libpq/pqcomm.c, postmaster/, utils/init/postinit.c.
"""

from bootheal.causes.cause import Cause, Gravity
from bootheal.causes.commands import DESCRIBE, LOGS, PREVIOUS_LOGS
from bootheal.causes.signs import EADDRNOTAVAIL, ENOMEM, FULL, log

SURROUNDINGS = (
    Cause(
        id="postgres-shm-small",
        means="/dev/shm is too small for its dynamic shared memory",  # noqa: S108 - not ours
        gravity=Gravity.PERSON,
        signs=log(
            r"could not (?:resize|map|create) shared memory segment \"/PostgreSQL\.[^\n]*: No space left on device"
        ),
        next_step=f"mount an emptyDir with medium: Memory at /dev/shm; {DESCRIBE}",
    ),
    Cause(
        id="postgres-semaphores",
        means="the kernel has no semaphore left for it",
        gravity=Gravity.PERSON,
        signs=log(r"^FATAL: could not create semaphores?:"),
        next_step="see `sysctl kernel.sem` and `ipcs -s` on the node",
    ),
    Cause(
        id="postgres-shared-memory",
        means="it does not get the shared memory that shared_buffers asks for",
        gravity=Gravity.PERSON,
        signs=log(
            r"^FATAL: could not (?:map anonymous|create|attach to|get) shared memory",
            r"^FATAL: could not (?:allocate|reserve) .*shared memory",
            r"^FATAL: not enough shared memory",
            r"^FATAL: huge pages not supported",
        ),
        next_step="lower shared_buffers or max_connections, or raise the container's memory limit; where huge_pages is "
        f"on, give hugepages in its resources: {DESCRIBE}",
    ),
    Cause(
        id="postgres-disk-full",
        means="its disk is full",
        gravity=Gravity.PERSON,
        signs=log(
            rf"^(?:FATAL|PANIC|LOG|ERROR): .*: {FULL}",
            rf"^(?:initdb|mkdir|cp|pg_ctl|tee|\S+\.sh): [^\n]*: {FULL}",
            r"^OSError: \[Errno (?:28|122)\] ",  # Patroni's
        ),
        next_step="make room on the volume, or enlarge its claim (never remove anything below pg_wal): "
        "kubectl -n {namespace} get pvc; on the node: df -h",
        consequence_of=("disk-full",),
    ),
    Cause(
        id="postgres-huge-pages",
        means="it is killed when it touches huge pages that the node has but its container may not use",
        gravity=Gravity.PERSON,
        # initdb says so behind what it was doing: 128 + 7 is a shell's way of saying it.
        signs=log(
            r"^(?:Bus error|child process was terminated by signal 7)",
            r"terminated by signal 7: Bus error",
            r"^[^\n]* \.\.\. Bus error",
            r"^child process exited with exit code 135$",
        ),
        next_step="set huge_pages = off, or give hugepages in the container's resources: "
        "kubectl -n {namespace} get pod {name} -o yaml",
    ),
    # aio/method_io_uring.c
    Cause(
        id="postgres-io-uring",
        means="it is to use io_uring, which its container or the kernel does not let it",
        gravity=Gravity.PERSON,
        since="18",
        signs=log(r"^FATAL: could not setup io_uring queue"),
        next_step="set io_method = worker, or allow io_uring in the pod's seccompProfile and raise its limit on locked "
        "memory: kubectl -n {namespace} get pod {name} -o yaml",
    ),
    Cause(
        id="postgres-out-of-memory",
        means="it gets no memory",
        gravity=Gravity.PERSON,
        restart_helps=True,
        signs=log(
            r"^(?:FATAL|PANIC): out of memory",
            rf"^(?:FATAL|LOG): could not fork [^\n]*: {ENOMEM}",
            r"^LOG: (?:startup process|server process) \(PID \d+\) was terminated by signal 9",
        ),
        next_step=f"raise the container's memory limit, or free memory on the node: {DESCRIBE}",
    ),
    # postmaster.c, LogChildExit: a fault of the program or of a library of somebody's, or of what it reads
    Cause(
        id="postgres-process-crashes",
        means="one of its processes crashes, and it begins anew each time",
        gravity=Gravity.PERSON,
        restart_helps=True,
        signs=log(r"^LOG: (?!startup process)[^\n]*\(PID \d+\) was terminated by signal (?:4|6|8|11)\b"),
        next_step=f"its log names the process and what it did: {LOGS}; see the "
        "extensions that it loads (shared_preload_libraries)",
    ),
    Cause(
        id="postgres-port-taken",
        means="another server listens on its port already",
        gravity=Gravity.PERSON,
        signs=log(r"could not bind [^\n]*: Address (?:already )?in use"),
        next_step="find who has the port (hostNetwork?): `ss -ltnp` on the node; kubectl -n {namespace} get pod {name} "
        "-o yaml",
    ),
    Cause(
        id="postgres-address-unknown",
        means="it is to listen on an address or name that is not there",
        gravity=Gravity.PERSON,
        restart_helps=True,
        signs=log(
            rf'could not bind (?!IPv6 address "::1?")[^\n]*: {EADDRNOTAVAIL}',  # no IPv6 is no trouble
            r"^(?:LOG|WARNING|FATAL): could not translate (?:host name|service)",
            r"^(?:LOG|FATAL): could not create (?:IPv4|Unix) socket for address",
        ),
        next_step=f"see listen_addresses ('*' is right in a pod); {PREVIOUS_LOGS}",
    ),
    # postmaster/pgstat.c, until 14; docker-library/postgres#1275
    Cause(
        id="postgres-stats-directory",
        means="the directory of its statistics (stats_temp_directory) is not there: it is emptied with each container",
        gravity=Gravity.PERSON,
        signs=log(r'^(?:FATAL|PANIC): could not open directory "/[^"]*(?:stat_tmp|stats_te?mp)[^"]*"'),
        next_step="take stats_temp_directory out of its configuration, or mount an emptyDir there: kubectl -n "
        "{namespace} get pod {name} -o yaml",
    ),
    # utils/init/postinit.c, CheckMyDatabase
    Cause(
        id="postgres-locale",
        means="the locale that its data was made with is not in its image",
        gravity=Gravity.PERSON,
        signs=log(
            r"^FATAL: database locale is incompatible with operating system",
            r"^FATAL: could not open collator for locale ",
        ),
        next_step="run the image that wrote the data, or one that has that locale: kubectl -n {namespace} get pod "
        "{name} -o yaml shows which runs now",
    ),
    Cause(
        id="postgres-socket-directory",
        means="it cannot make its socket: the directory is missing or not writable",
        gravity=Gravity.PERSON,
        signs=log(
            r'^FATAL: could not (?:create|open|write) lock file "[^"]*\.s\.PGSQL\.\d+\.lock"',
            r"^(?:FATAL|LOG|WARNING): could not create (?:any )?Unix-domain sockets?",
            r"^(?:FATAL|LOG): could not bind Unix address",
        ),
        next_step="mount an emptyDir at /var/run/postgresql (readOnlyRootFilesystem?), or see "
        "unix_socket_directories: kubectl -n {namespace} get pod {name} -o yaml",
    ),
)
