"""What PgBouncer says when it does not let a client through: to the client, and of its servers in its own log.

All its words from src/client.c, objects.c, janitor.c, server.c, proto.c, admin.c, pam.c and ldapauth.c of 1.16 to 1.26
(before 1.17 "pgbouncer cannot connect to server" was all that it said of a server). It gives 08P01 for nearly
everything, so its words decide. What a server said to it is passed on, or quoted in a "cached error" since 1.24.
"""

from bootheal.causes.catalogue import Catalogue, Harmless
from bootheal.causes.cause import Cause, Gravity, Sign, Source
from bootheal.causes.commands import DESCRIBE, LOGS
from bootheal.causes.pgbouncer_start import START

_INI = "pgbouncer.ini (its ConfigMap, or the operator's settings)"


def _answers(*texts: str) -> tuple[Sign, ...]:
    """Recognise what it answers, or says of itself as the reason why it closes a connection."""
    return tuple(Sign(source, text) for text in texts for source in (Source.ANSWER, Source.LOG))


def _logs(*texts: str) -> tuple[Sign, ...]:
    """Recognise what only its log tells."""
    return tuple(Sign(Source.LOG, text) for text in texts)


# What it says of its logins to PostgreSQL.
SERVER = (
    Cause(
        id="pgbouncer-server-name-unknown",
        means="it could not look PostgreSQL's name up, and believes so for dns_nxdomain_ttl",
        gravity=Gravity.HEALED,
        restart_helps=True,
        signs=(*_answers("server DNS lookup failed"), *_logs(r"DNS lookup failed: ")),
        next_step=f"see the host in [databases], and CoreDNS: kubectl -n kube-system get pods; {LOGS}",
    ),
    Cause(
        id="pgbouncer-server-starting",
        means="PostgreSQL is not ready yet",
        gravity=Gravity.PASSES,
        signs=_answers("the database system is"),
        next_step=LOGS,
    ),
    Cause(
        id="pgbouncer-server-refuses-tls",
        means="it is to use TLS with PostgreSQL, and PostgreSQL offers none",
        gravity=Gravity.PERSON,
        signs=_answers("server refused SSL"),
        next_step=f"turn ssl on in PostgreSQL, or lower server_tls_sslmode in {_INI}; {LOGS}",
    ),
    Cause(
        id="pgbouncer-server-tls",
        means="its TLS with PostgreSQL fails: a certificate is not trusted, is for another name, or is over",
        gravity=Gravity.PERSON,
        signs=(
            *_answers("TLS startup failed", "sslreq processing failed", "bad sslreq answer"),
            *_logs(r"TLS (?:connect|handshake) error: (?!.*peer|.*eof)", "tls client config failed: "),
        ),
        next_step=f"see server_tls_ca_file and server_tls_sslmode in {_INI}; its log says more: {LOGS}",
    ),
    Cause(
        id="pgbouncer-server-hba",
        means="PostgreSQL's pg_hba.conf does not let it in",
        gravity=Gravity.PERSON,
        signs=_answers(r"no pg_hba\.conf entry for", r"pg_hba\.conf rejects connection"),
        next_step=f"add a line for its role and address to pg_hba.conf, or let it use TLS: {LOGS}",
    ),
    Cause(
        id="pgbouncer-server-role-missing",
        means="the role that it logs in as does not exist in PostgreSQL, or may not log in",
        gravity=Gravity.PERSON,
        signs=_answers(
            r'role "[^"]*" does not exist',
            r'role "[^"]*" is not permitted to log in',
            r'permission denied for database "',
        ),
        next_step=f"see user= in [databases] and auth_user of {_INI}; make the role in PostgreSQL; {LOGS}",
    ),
    Cause(
        id="pgbouncer-server-database-missing",
        means="PostgreSQL has no database of the name that it asks for",
        gravity=Gravity.DATA,
        signs=_answers(r'^database "[^"]*" does not exist'),
        next_step=f"is dbname= right in [databases]? If it is, data is gone: restore from a backup; {LOGS}",
    ),
    Cause(
        id="pgbouncer-server-crowded",
        means="PostgreSQL has no connection left for it",
        gravity=Gravity.PASSES,
        signs=_answers(
            "sorry, too many clients already",
            "remaining connection slots are reserved",
            "too many connections for (?:role|database)",
        ),
        next_step=f"lower default_pool_size, or raise max_connections: {LOGS}",
    ),
    Cause(
        id="pgbouncer-auth-query",
        means="it cannot ask PostgreSQL for the application's password: its auth_query fails",
        gravity=Gravity.PERSON,
        signs=_logs(
            r"S: error in auth_query: ",
            r"(?:error|unexpected) response from auth_query",
            r"expected 2 columns from auth_query",
            r"auth_query response contained null user name",
            r"unable to send auth_query",
        ),
        next_step="make the function that auth_query calls in that database, and let auth_user execute it: "
        f"SHOW CONFIG on its console names both; {LOGS}",
    ),
    Cause(
        id="pgbouncer-server-password",
        means="PostgreSQL does not accept the password or keys that it has",
        gravity=Gravity.HEALED,
        restart_helps=True,
        signs=(
            *_answers(
                r'password authentication failed for user "', "server login failed: ", "failed to answer authreq"
            ),
            *_logs(
                r"cannot do (?:SCRAM|MD5) authentication: ",
                "invalid server signature",
                "none of the server's SASL authentication mechanisms are supported",
                "unknown/unsupported auth method",
            ),
        ),
        next_step=f"compare its auth_file and [databases] with the role's password; {LOGS}",
    ),
    Cause(
        id="pgbouncer-server-unreachable",
        means="it got no connection to PostgreSQL, or lost it before the login was done",
        gravity=Gravity.PASSES,
        signs=_answers(
            "^connect failed",
            "^cannot connect$",
            "connect timeout",
            "server conn crashed\\?",
            "server closed the connection",
            "^login failed",
            "query failed$",
            "broken ParameterStatus",
            "failed to store ParameterStatus",
            "bad cancel key",
            "unknown pkt from server",
            "startup pkt failed",
            "terminating connection due to",
            "^server connection closed",
            "the connection was closed",
            "unexpected eof$",
            "received unencrypted data after SSL response",
        ),
        next_step=f"see the host and port in [databases], and the Service there; {LOGS}",
    ),
    Cause(
        id="pgbouncer-backs-off",
        means="its last login to PostgreSQL failed, and it does not try again for server_login_retry",
        gravity=Gravity.HEALED,
        signs=_answers(
            "server login has been failing",
            "cannot connect to server",
            r"client_login_timeout(?: \(server down\))?",
            "query_wait_timeout",
        ),
        next_step=LOGS,
    ),
)

# What it says of the client's own login: PostgreSQL was not even asked.
CLIENT = (
    Cause(
        id="pgbouncer-no-such-database",
        means="it has no such database",
        gravity=Gravity.PERSON,
        signs=_answers("^no such database"),
        next_step=f"see [databases] in {_INI}, or the dbname of the pooler in bootheal's configuration; SHOW DATABASES "
        "on its console names those that it has",
    ),
    Cause(
        id="pgbouncer-no-such-user",
        means="it knows no such user: neither its auth_file nor its auth_query has one",
        gravity=Gravity.HEALED,
        restart_helps=True,
        signs=_answers("^no such user", '^"trust" authentication failed'),
        next_step=f"add the user to its auth_file, or set auth_query; SHOW CONFIG on its console names them; {LOGS}",
    ),
    Cause(
        id="pgbouncer-client-password",
        means="it knows another password of the user than the client has",
        gravity=Gravity.HEALED,
        restart_helps=True,
        signs=_answers("^SASL authentication failed", "^password authentication failed$", "^auth failed"),
        next_step=f"compare its auth_file or auth_query with the client's Secret; {LOGS}",
    ),
    Cause(
        id="pgbouncer-tls-required",
        means="it wants TLS of its clients",
        gravity=Gravity.PERSON,
        signs=_answers("^SSL required", "^TLS connection required"),
        next_step=f"let the client use TLS, or lower client_tls_sslmode in {_INI}: SHOW CONFIG on its console shows it",
    ),
    Cause(
        id="pgbouncer-hba",
        means="its auth_hba_file does not let this client in",
        gravity=Gravity.PERSON,
        signs=_answers("^no authentication method is found", "^login rejected", "^not allowed to connect"),
        next_step="add a line for this user, database and address to its auth_hba_file, then RELOAD on its console; "
        f"{LOGS}",
    ),
    Cause(
        id="pgbouncer-certificate-required",
        means="it wants a client certificate",
        gravity=Gravity.PERSON,
        signs=_answers("^certificate authentication failed", "^TLS client certificate required"),
        next_step=f"give the client a certificate for its role, or change auth_type in {_INI}: SHOW CONFIG on its "
        "console shows it",
    ),
    Cause(
        id="pgbouncer-unix-only",
        means="it lets this user in over its Unix socket only (auth_type or its auth_hba_file says peer)",
        gravity=Gravity.PERSON,
        signs=_answers("^unix socket login rejected"),
        next_step=f"change auth_type in {_INI} to scram-sha-256: SHOW CONFIG on its console shows it",
    ),
    Cause(
        id="pgbouncer-mechanism",
        means="client and pooler have no way of proving a password in common",
        gravity=Gravity.PERSON,
        signs=_answers(
            "^client selected an invalid SASL", "^empty password returned", "^(?:user ?name|password) too long"
        ),
        next_step=f"let auth_type be scram-sha-256 in {_INI}: SHOW CONFIG on its console shows it",
    ),
    Cause(
        id="pgbouncer-other-authority",
        means="it has passwords checked by PAM or LDAP, which says no or is not to be had",
        gravity=Gravity.PERSON,
        signs=_answers(
            "^PAM authentication failed",
            "^LDAP authentication failed",
            "^auth_ldap_options is null",
            "^ldap is not supported by this build",
        ),
        next_step=f"see that authority, and auth_type in {_INI}; {LOGS}",
    ),
    Cause(
        id="pgbouncer-configuration-error",
        means="its configuration contradicts itself for this client, and its log says how",
        gravity=Gravity.PERSON,
        signs=(
            *_answers("^bouncer config error"),
            *_logs(
                r"authentication database \"[^\"]*\" is not configured",
                r"cannot use the reserved \"[^\"]*\" database",
                "auth_type=any requires forced user",
                "can't be used together with database authentication",
            ),
        ),
        next_step=f"see what its log says (auth_dbname, auth_user, auth_type): {LOGS}",
    ),
    Cause(
        id="pgbouncer-auth-database-disabled",
        means="somebody has disabled the database that it looks passwords up in",
        gravity=Gravity.PERSON,
        signs=_answers(r'^authentication database "[^"]*" is disabled'),
        next_step="on its console: ENABLE that database",
    ),
    Cause(
        id="pgbouncer-disabled",
        means="somebody has disabled the database in the pooler",
        gravity=Gravity.PERSON,
        signs=_answers(r'^database "[^"]*" is disabled', "does not allow connections"),
        next_step="on its console: ENABLE that database",
    ),
    Cause(
        id="pgbouncer-crowded",
        means="a limit on connections is reached",
        gravity=Gravity.PASSES,
        signs=_answers("no more connections allowed", "client connections exceeded"),
        next_step="raise max_client_conn or the limit that it names; SHOW CLIENTS on its console says who holds them",
    ),
    Cause(
        id="pgbouncer-startup-parameter",
        means="the client sends a startup parameter that it does not accept",
        gravity=Gravity.PERSON,
        signs=_answers("^unsupported (?:options )?startup parameter"),
        next_step=f"name it in ignore_startup_parameters of {_INI}; SHOW CONFIG on its console shows that",
    ),
    Cause(
        id="pgbouncer-statement-mode",
        means="it does not let this client ask what it asks: disable_pqexec, or statement pooling",
        gravity=Gravity.PERSON,
        signs=_answers("^PQexec disallowed", "^transaction blocks not allowed in statement pooling"),
        next_step=f"see disable_pqexec and pool_mode in {_INI}: SHOW CONFIG on its console shows them",
    ),
    Cause(
        id="pgbouncer-console-not-allowed",
        means="its console does not let this user in",
        gravity=Gravity.PERSON,
        signs=_answers("^not allowed$"),
        next_step=f"name the user in admin_users or stats_users of {_INI}: {LOGS}",
    ),
    Cause(
        id="pgbouncer-exhausted",
        means="it has no memory left",
        gravity=Gravity.HEALED,
        restart_helps=True,
        signs=_answers("bouncer resources exhaustion", "^no memory for", "^out of memory"),
        next_step=f"raise the container's memory limit: {DESCRIBE}",
    ),
    Cause(
        id="pgbouncer-shutting-down",
        means="it is being stopped, and takes no new clients",
        gravity=Gravity.PASSES,
        signs=_answers("pooler is shutting down", "server shutting down", "^suspend_timeout", "^pause failed"),
        next_step="see who stopped it (SHUTDOWN on its console, or a rollout): kubectl -n {namespace} get pods",
    ),
    Cause(
        id="pgbouncer-closed-by-admin",
        means="somebody closed this connection from its console",
        gravity=Gravity.PASSES,
        signs=_answers(
            "^admin forced disconnect",
            "^database configuration changed",
            "^connect string changed",
            "^obsolete connection",
        ),
        next_step=LOGS,
    ),
)

HARMLESS = tuple(
    Harmless(Sign(source, text), why)
    for text, why in (
        (r"^client (?:close request|unexpected eof|disconnect)", "clients come and go"),
        (
            r"^(?:close req|server (?:idle timeout|lifetime over)|client_idle_timeout|evicted|query.?timeout$)",
            "by its settings",
        ),
        (r"^client_login_timeout$", "a client, or a scanner, that never logged in"),
    )
    for source in (Source.LOG,)
)

# What a server says comes first: "password authentication failed for user" is PostgreSQL's, without "for" its own.
PGBOUNCER = Catalogue((*START, *SERVER, *CLIENT), HARMLESS)
