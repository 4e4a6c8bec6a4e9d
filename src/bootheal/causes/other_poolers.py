"""What poolers beside PgBouncer say when nobody gets through them: PgCat, Odyssey, Pgpool.

PgCat 1.3: src/config.rs, pool.rs, client.rs, server.rs, main.rs. Odyssey 1.4: sources/rules.c, system.c, backend.c,
frontend.c, auth_query.c; its lines have the form that log_format gives them. Pgpool 4.2 to 4.6: src/main, src/auth,
src/config; that all its servers are down is in `applications`.
"""

from bootheal.causes.cause import Cause, Gravity
from bootheal.causes.commands import LOGS
from bootheal.causes.signs import log

_PGCAT = r"(?:ERROR|WARN) .*\bpgcat(?:::\w+)?: "
_ODYSSEY = r"\berror \[\S+ \S+\] \(\w+\) "
# PostgreSQL's own errors, which applications write down, begin alike, but for this.
_PGPOOL = r"\bpid \d+: (?:FATAL|ERROR):  "

OTHER_POOLERS = (
    Cause(
        id="pgcat-settings-broken",
        means="PgCat cannot use its configuration: {said}",
        gravity=Gravity.PERSON,
        signs=log(
            rf"{_PGCAT}(?:Could not (?:open|read|parse) |Config parse error: |Listener socket error: )",
            rf"{_PGCAT}.*(?:has no servers configured|contains duplicate server configs|is incorrectly configured|"
            r"but the tls_private_key is not|is not a valid (?:number|Regex)|must be greater than 0|default_role must|"
            r"only valid when query_parser_enabled|Invalid shard|Can't have more than|Could not setup query router)",
        ),
        next_step=f"correct pgcat.toml (its ConfigMap or Secret), then let it start again; {LOGS}",
    ),
    Cause(
        id="pgcat-server-password",
        means="PostgreSQL refuses the role that PgCat logs in as: {said}",
        gravity=Gravity.PERSON,
        signs=log(
            rf"{_PGCAT}server error: FATAL: (?:password authentication failed|no pg_hba\.conf entry|"
            r"role \S+ does not exist|pg_hba\.conf rejects)",
            rf"{_PGCAT}Unsupported (?:SCRAM version|authentication mechanism)",
        ),
        next_step=f"compare its users in pgcat.toml with the roles' Secrets; {LOGS}",
    ),
    Cause(
        id="pgcat-auth-query",
        means="PgCat does not get its clients' passwords from PostgreSQL: {said}",
        gravity=Gravity.PERSON,
        signs=log(rf"{_PGCAT}(?:Could not obtain password hashes using auth_query|.*\bClientAuthImpossible\()"),
        next_step=f"see auth_query, auth_query_user and auth_query_password in pgcat.toml; {LOGS}",
    ),
    Cause(
        id="pgcat-no-server",
        means="PgCat gets no connection to its servers, and asks them again: {said}",
        gravity=Gravity.PASSES,
        restart_helps=True,  # it ends where none answers as it starts
        signs=log(
            rf"{_PGCAT}(?:Could not connect to server: |Error trying to resolve |Pool error: AllServersDown|"
            r"Could not validate connection pool|Shard \S+ down or misconfigured|Banning instance |"
            r"Connection checkout error |Failed health check on |Health check timeout on )",
            rf"{_PGCAT}server error: FATAL: (?:the database system is|sorry, too many clients)",
        ),
        next_step=f"kubectl -n {{namespace}} get pods,endpointslices; {LOGS}",
    ),
    Cause(
        id="odyssey-settings-broken",
        means="Odyssey cannot use its configuration: {said}",
        gravity=Gravity.PERSON,
        signs=log(
            rf"{_ODYSSEY}rule '[^']*': (?!.*makes no sense)",
            rf"{_ODYSSEY}(?:no (?:rules|storage|listen servers) defined|storage '[^']*': no |log_format is not defined|"
            r"bad (?:workers|resolvers|coroutine_stack_size) number|unix_socket_\w+ is not set|listen host is not set|"
            r"failed to open log file|failed to create pid file|unknown storage)",
            rf"{_ODYSSEY}\S+\.conf:\d+ ",
            r"^error: \S+\.conf:\d+:\d+: ",
        ),
        next_step=f"correct odyssey.conf (its ConfigMap or Secret), then let it start again; {LOGS}",
    ),
    Cause(
        id="odyssey-cannot-listen",
        means="Odyssey cannot listen: its port is taken, or its address is not this pod's",
        gravity=Gravity.PERSON,
        signs=log(rf"{_ODYSSEY}failed to bind any listen address"),
        next_step=f"see `listen` in odyssey.conf; {LOGS}",
    ),
    Cause(
        id="odyssey-no-route",
        means="Odyssey has no route for a client's database and user: {said}",
        gravity=Gravity.PERSON,
        signs=log(rf"{_ODYSSEY}route for '[^']*' is not found"),
        next_step=f"see the blocks `database` and `user` of odyssey.conf; {LOGS}",
    ),
    Cause(
        id="odyssey-auth-query",
        means="Odyssey does not get its clients' passwords from PostgreSQL: {said}",
        gravity=Gravity.PERSON,
        signs=log(
            rf"{_ODYSSEY}(?:frontend auth: )?(?:failed to make auth_query|can't run auth query|auth query returned)"
        ),
        next_step=f"see auth_query, auth_query_db and auth_query_user in odyssey.conf; {LOGS}",
    ),
    Cause(
        id="odyssey-no-server",
        means="Odyssey gets no connection to its server, and asks it again with the next client: {said}",
        gravity=Gravity.PASSES,
        signs=log(rf"{_ODYSSEY}failed to (?:connect to|resolve) \S+"),
        next_step=f"kubectl -n {{namespace}} get pods,endpointslices; {LOGS}",
    ),
    # In an emptyDir both outlive the container, and not the pod.
    Cause(
        id="pgpool-files-left",
        means="Pgpool takes what its former life has left for another one that runs: {said}",
        gravity=Gravity.PERSON,
        restart_helps=True,
        signs=log(
            r"pid file found\. is another pgpool\(\d+\) is running",
            r'failed to bind a socket: "/\S*\.s\.PGSQL\.\d+"',
            r"bind socket failed with error: \"?Address already in use",
        ),
        next_step="kubectl -n {namespace} delete pod {name}; for good, let its command remove its pid file and sockets "
        "before it starts",
    ),
    Cause(
        id="pgpool-passwords",
        means="Pgpool does not know a client's password, and so lets nobody of that name in: {said}",
        gravity=Gravity.PERSON,
        signs=log(
            r"pool_passwd file does not contain (?:an|valid \w+) entry for",
            r"DETAIL:  (?:valid password not found|unable to (?:get the|decrypt) password)",
            r"initializing pool password, failed to open file",
        ),
        next_step=f"see pool_passwd, and the key that it is encrypted with (.pgpoolkey); {LOGS}",
    ),
    Cause(
        id="pgpool-hba",
        means="Pgpool's pool_hba.conf does not let a client in: {said}",
        gravity=Gravity.PERSON,
        signs=log(r"no pool_hba\.conf entry for host"),
        next_step=f"see pool_hba.conf; {LOGS}",
    ),
    Cause(
        id="pgpool-settings-broken",
        means="Pgpool cannot use its configuration: {said}",
        gravity=Gravity.PERSON,
        signs=log(
            rf"{_PGPOOL}(?:syntax error in configuration file|unrecognized configuration parameter|"
            r"invalid value for parameter|invalid (?:watchdog|life-check) configuration|invalid configuration for )",
            rf'{_PGPOOL}unable to open configuration file "',
        ),
        next_step=f"correct pgpool.conf (its ConfigMap, or the image's variables), then let it start again; {LOGS}",
    ),
)
