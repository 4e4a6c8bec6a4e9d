"""What PgBouncer says of its logins to PostgreSQL: to its clients, in a "cached error", and in its log.

src/server.c, objects.c, janitor.c, proto.c and scram.c of 1.16 to 1.26, and PostgreSQL's own words, which it passes on.
Before 1.17 "pgbouncer cannot connect to server" was all that it said of a server; since 1.24 it quotes the last error.
"""

from bootheal.causes.cause import Cause, Gravity, Sign, Source
from bootheal.causes.commands import LOGS
from bootheal.causes.signs import log
from bootheal.model.sqlstates import WHO_HAS_THEM

INI = "pgbouncer.ini (its ConfigMap, or the operator's settings)"


def answers(*texts: str) -> tuple[Sign, ...]:
    """Recognise what it answers, or says in its log as the reason why it closes a connection."""
    return tuple(Sign(source, text) for text in texts for source in (Source.ANSWER, Source.LOG))


SERVER = (
    Cause(
        id="pgbouncer-server-name-unknown",
        means="it could not look PostgreSQL's name up, and believes so for dns_nxdomain_ttl",
        gravity=Gravity.HEALED,
        restart_helps=True,
        # Bitnami's image waits for its server before it starts PgBouncer: bitnami/containers#12912
        signs=(
            *answers("server (?:DNS|dns) lookup failed"),
            *log(r"\b(?:DNS )?lookup failed: ", '^cannot resolve host "'),
        ),
        next_step=f"see the host in [databases], and CoreDNS: kubectl -n kube-system get pods; {LOGS}",
    ),
    Cause(
        id="pgbouncer-server-starting",
        means="PostgreSQL is not ready yet",
        gravity=Gravity.PASSES,
        signs=answers("the database system is"),
        next_step=LOGS,
    ),
    Cause(
        id="pgbouncer-server-refuses-tls",
        means="it is to use TLS with PostgreSQL, and PostgreSQL offers none",
        gravity=Gravity.PERSON,
        signs=answers("server refused SSL"),
        next_step=f"turn ssl on in PostgreSQL, or lower server_tls_sslmode in {INI}; {LOGS}",
    ),
    Cause(
        id="pgbouncer-server-tls",
        means="its TLS with PostgreSQL fails: a certificate is not trusted, is for another name, or is over",
        gravity=Gravity.PERSON,
        signs=(
            *answers("TLS startup failed", "sslreq processing failed", "bad sslreq answer"),
            *log(r"TLS (?:connect|handshake) error: (?!.*(?:peer|[Ee][Oo][Ff]))", "tls client config failed: "),
        ),
        next_step=f"see server_tls_ca_file and server_tls_sslmode in {INI}; its log says more: {LOGS}",
    ),
    Cause(
        id="pgbouncer-server-hba",
        means="PostgreSQL's pg_hba.conf does not let it in",
        gravity=Gravity.PERSON,
        signs=answers(r"no pg_hba\.conf entry for", r"pg_hba\.conf rejects connection"),
        next_step=f"add a line for its role and address to pg_hba.conf, or let it use TLS: {LOGS}",
    ),
    Cause(
        id="pgbouncer-server-role-missing",
        means="the role that it logs in as does not exist in PostgreSQL, or may not log in",
        gravity=Gravity.PERSON,
        signs=answers(
            r'role "[^"]*" does not exist',
            r'role "[^"]*" is not permitted to log in',
            r'permission denied for database "',
        ),
        next_step=f"see user= in [databases] and auth_user of {INI}; make the role in PostgreSQL; {LOGS}",
    ),
    Cause(
        id="pgbouncer-server-database-missing",
        means="PostgreSQL has no database of the name that it asks for",
        gravity=Gravity.DATA,
        signs=answers(r'^database "[^"]*" does not exist'),
        next_step=f"is dbname= right in [databases]? If it is, data is gone: restore from a backup; {LOGS}",
    ),
    Cause(
        id="pgbouncer-server-crowded",
        means="PostgreSQL has no connection left for it",
        gravity=Gravity.PASSES,
        signs=answers(
            "sorry, too many clients already",
            "remaining connection slots are reserved",
            "too many connections for (?:role|database)",
        ),
        next_step=f"{WHO_HAS_THEM}; where it is the pooler itself, lower default_pool_size: {LOGS}",
    ),
    Cause(
        id="pgbouncer-auth-query",
        means="it cannot ask PostgreSQL for the application's password: its auth_query fails",
        gravity=Gravity.PERSON,
        # Before 1.17 its name was "login query": pgbouncer#649
        signs=(
            *answers("(?:error|unexpected) response from (?:auth_|login )query"),
            *log(
                r"S: error in auth_query: ",
                r"expected 2 columns from auth_query",
                r"auth_query response contained null user name",
                r"unable to send auth_query",
            ),
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
            *answers(r'password authentication failed for user "', "wrong password type", "failed to answer authreq"),
            *log(
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
        signs=log(r"ERROR +==> Backend \S+ not accessible")  # Bitnami's image, before it starts PgBouncer
        + answers(
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
        signs=answers(
            "server login has been failing",
            "cannot connect to server",
            r"client_login_timeout(?: \(server down\))?",
            "query_wait_timeout",
        ),
        next_step=LOGS,
    ),
)
