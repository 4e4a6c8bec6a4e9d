"""What applications say of the servers that they ask: no address, no answer yet, no login.

Texts: libpq, psycopg, JDBC, Npgsql, pgx, go-sql-driver, redis-py, PyMongo; resolvers of several languages;
commands/prepare.c of PostgreSQL, protocol/child.c of Pgpool.
"""

from bootheal.causes.cause import Cause, Gravity
from bootheal.causes.signs import IN_EARNEST, NO_NAME, NO_RESOLVER, log

# Pgpool asks a server that it has found down again only where auto_failback says so: pgpool2#140.
PGPOOL = Cause(
    id="pgpool-no-backend",
    means="Pgpool takes all its servers for down, and does not ask them again by itself",
    gravity=Gravity.HEALED,
    restart_helps=True,
    signs=log(
        r"FATAL:  pgpool is not accepting any new connections",
        r"all backend nodes are down, pgpool requires at least one valid node",
        r"find_primary_node(?:_repeatedly)?: all of the backends are down",
    ),
    next_step="once PostgreSQL serves: kubectl -n {namespace} delete pod {name}; for good: auto_failback = on",
)

POOLED_STATEMENT = Cause(
    id="prepared-statement-pooled",
    means="it prepares statements, and its pooler gives it another connection for each transaction",
    gravity=Gravity.PERSON,
    restart_helps=True,  # its own may have ended with the pooler, or with the server, of before
    signs=log(r'prepared statement "[^"]*" (?:does not exist|already exists)'),
    next_step="raise max_prepared_statements in pgbouncer.ini (1.21 and later), or let the application prepare none",
)

# As libpq, PgBouncer, MySQL, Redis, MongoDB and RabbitMQ tell their clients; PgBouncer's own reasons are its own causes
LOGIN = Cause(
    id="application-login-refused",
    means="the server that it logs in to refuses its password: {said}",
    gravity=Gravity.PERSON,
    restart_helps=True,  # where the server, or a pooler before it, was the one that had another one
    signs=log(
        r"password authentication failed for user \\?\"|FATAL:  ?SASL authentication failed",
        r"Access denied for user '[^']*'@'[^']*' \(using password: ",
        # of Redis; redis-py leaves the first word out
        "(?:WRONGPASS |AuthenticationError: )invalid username-password pair|NOAUTH Authentication required",
        # of MongoDB, by Node.js, PyMongo and Go
        r"MongoServerError: Authentication failed|OperationFailure: Authentication failed\.|\(AuthenticationFailed\) "
        "|MongoSecurityException: Exception authenticating",
        # of RabbitMQ
        r"ACCESS_REFUSED - Login was refused|Exception \(403\) Reason: \"username or password not allowed",
    ),
    next_step="compare the password in its Secret with the one that the server has: kubectl -n {namespace} get pod "
    "{name} -o yaml names the Secret; where the volume was restored or made anew, it may have an older one",
    consequence_of=(
        "pgbouncer-client-password",
        "pgbouncer-no-such-user",
        "pgbouncer-server-password",
        "pgbouncer-backs-off",
    ),
)

# SQLSTATE 57P03; Redis and Valkey, MySQL, Elasticsearch, which are there and do not serve yet
STARTS = Cause(
    id="application-server-starts",
    means="the server that it asks was starting, or recovering, when it asked last: {said}",
    gravity=Gravity.PASSES,
    restart_helps=True,
    signs=log(
        "the database system is (?:starting up|shutting down|in recovery mode|not (?:yet )?accepting connections)",
        r"\b57P03\b",
        "(?:Redis|Valkey) is loading the dataset in memory",
        r"SERVICE_UNAVAILABLE/1/state not recovered / initialized",
    ),
    next_step="see that server's own pod, and how far it has got: kubectl -n {namespace} get pods; a crash loop of "
    "those that ask it ends by itself once it serves, or by: kubectl -n {namespace} delete pod {name}",
)

# What PgBouncer answers while it has no server: objects.c; why it has none, its own log says
POOLER = Cause(
    id="application-pooler-refuses",
    means="the pooler that it asks had no connection to its server when it asked last: {said}",
    gravity=Gravity.PASSES,
    restart_helps=True,
    signs=log(
        "server login has been failing",
        r"\bquery_wait_timeout\b(?! ?=)",
        "pgbouncer cannot connect to server",
        r"FATAL:  ?(?:server DNS lookup failed|client_login_timeout|server conn crashed\?)",
    ),
    next_step="see the pooler's own log, and its server: kubectl -n {namespace} get pods",
)

# SQLSTATE 53300, MySQL's 1040: all that a boot begins ask at once
CROWDED = Cause(
    id="application-server-crowded",
    means="the server that it asks had as many connections as it may have when it asked last: {said}",
    gravity=Gravity.PASSES,
    restart_helps=True,
    signs=log(
        "sorry, too many clients already",
        "remaining connection slots are reserved for ",
        r"too many connections for (?:role|database) ",
        r"(?:ER_CON_COUNT_ERROR: |\b1040\b.{0,20})Too many connections",
        "ERR max number of clients reached",
        r"no more connections allowed \(max_client_conn\)",  # PgBouncer
    ),
    next_step="where it lasts, see who holds them (SELECT usename, count(*) FROM pg_stat_activity GROUP BY 1; of "
    "Redis: CLIENT LIST): let them ask by a pooler, or raise max_connections",
)

# getaddrinfo(3) as libc, Node.js, libpq, PHP, Java and Go word it; a name of the cluster is found once its DNS serves.
NAMES = Cause(
    id="name-not-resolved",
    means="it does not find an address for a name: {said}",
    gravity=Gravity.PASSES,
    restart_helps=True,
    signs=log(
        r"getaddrinfo (?:EAI_AGAIN|ENOTFOUND) ",
        NO_RESOLVER,
        NO_NAME,
        r"\[Errno -3\] Try again",  # musl, in Python
        r"getaddrinfo (?:failed|for \S+ failed): ",
        r"\[Errno -5\] No address associated with hostname",
        r"Unknown (?:MySQL )?server host '",
        r"^(?:curl: \(6\) Could not resolve host: |(?:nc|wget|ping|nslookup|telnet): bad address ')",  # BusyBox
        r'could not translate host name "\S+" to address',
        r"\[emerg\] (?:\d+#\d+: )?host not found in (?:upstream|resolver) ",
        "could not resolve address '",  # HAProxy
        "No resolvable bootstrap urls given in bootstrap.servers",  # Kafka's clients
        "cURL error 6: Could not resolve host",
        r"java\.net\.UnknownHostException: ",
        r"\): non-existing domain - :nxdomain",
        r"epmd error for host \S+: nxdomain",
        r"SocketException \((?:00000001, )?11\): Resource temporarily unavailable",  # .NET's EAI_AGAIN
        r"(?:dial (?:tcp|udp): |hostname resolving error\W+)lookup \S+?(?: on \S+)?: "
        "(?:no such host|server misbehaving|i/o timeout|read udp |Try again)",
    ),
    next_step="kubectl -n kube-system logs deployment/coredns --tail=20; of a Service: kubectl -n {namespace} get "
    "services",
)

# SQLSTATE 3D000; MySQL's 1049; Rails
MISSING = Cause(
    id="application-database-missing",
    means="the server that it asks does not have its database: {said}",
    gravity=Gravity.PERSON,
    restart_helps=True,  # who makes it may be late, too
    signs=log(
        rf'{IN_EARNEST}.*\bdatabase \\?"[^"]+" does not exist\b(?! yet)',
        rf"{IN_EARNEST}.*(?:\bUnknown database '|NoDatabaseError: We could not find your database)",
    ),
    next_step="make nothing anew: see whether the server has the volume of before, which would then be empty: kubectl "
    "-n {namespace} get persistentvolumeclaims; else correct the name that it asks for",
    consequence_of=("postgres-volume-empty", "pgbouncer-server-database-missing"),
)

# stop-writes-on-bgsave-error, of Redis and Valkey: immich#3525
CANNOT_SAVE = Cause(
    id="application-redis-cannot-save",
    means="the Redis that it asks takes no writes, since it cannot save them to its own disk: {said}",
    gravity=Gravity.PERSON,
    restart_helps=True,
    signs=log(r"MISCONF (?:Redis|Valkey|Errors)\b"),
    next_step="see the log of that Redis, which says why: its volume is full, read-only, or not its user's: kubectl -n "
    "{namespace} get pods,persistentvolumeclaims; df -h on the node",
    consequence_of=(
        "disk-full",
        "disk-read-only",
        "application-disk-fails",
        "application-disk-full",
        "application-disk-read-only",
        "application-files-denied",
    ),
)

# crypto/x509, OpenSSL by Python and Node.js, Java's security.cert, rustls: not of who asks it, or is only watched
_ASKED = rf"{IN_EARNEST}(?!.*(?:TLS handshake error from |Failing: ))"
CLOCK = Cause(
    id="application-clock-behind",
    means="a certificate is not valid yet by this node's clock: the clock is wrong, or was as it began: {said}",
    gravity=Gravity.PASSES,
    restart_helps=True,
    signs=log(
        rf"{_ASKED}.*x509: certificate has expired or is not yet valid: current time \S+ is before",
        rf"{_ASKED}.*(?:certificate is not yet valid|CERT_NOT_YET_VALID|CertificateNotYetValidException)",
    ),
    next_step="timedatectl on the node; where the clock is right again: kubectl -n {namespace} delete pod {name}",
)
EXPIRED = Cause(
    id="application-certificate-expired",
    means="a certificate by which it talks to another server has expired: {said}",
    gravity=Gravity.PERSON,
    restart_helps=True,
    signs=log(
        rf"{_ASKED}.*x509: certificate has expired",
        rf"{_ASKED}.*(?:\bcertificate has expired\b|CERT_HAS_EXPIRED|CertificateExpiredException)",
        rf"{_ASKED}.*invalid peer certificate: (?:certificate expired|Expired)",
    ),
    next_step="where the clock is right (timedatectl on the node), renew it: kubectl -n {namespace} get "
    "certificates.cert-manager.io,secrets; of kubeadm's own: kubeadm certs check-expiration; kubeadm certs renew all",
)

CLIENTS: tuple[Cause, ...] = (
    LOGIN,
    PGPOOL,
    POOLED_STATEMENT,
    STARTS,
    POOLER,
    CROWDED,
    MISSING,
    CANNOT_SAVE,
    CLOCK,
    EXPIRED,
)
