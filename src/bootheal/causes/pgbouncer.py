"""What PgBouncer says when it does not let a client through: each of its refusals with its own cause and cure.

All its words of a client's own login, from src/client.c, objects.c, janitor.c, admin.c, pam.c and ldapauth.c of 1.16 to
1.26. It gives 08P01 for nearly everything, so its words decide.
"""

from bootheal.causes.catalogue import Catalogue, Harmless
from bootheal.causes.cause import Cause, Gravity, Sign, Source
from bootheal.causes.commands import DESCRIBE, LOGS
from bootheal.causes.pgbouncer_server import INI, SERVER, answers
from bootheal.causes.pgbouncer_start import START
from bootheal.causes.signs import log

# PostgreSQL was not even asked: PostgreSQL was not even asked.
CLIENT = (
    Cause(
        id="pgbouncer-no-such-database",
        means="it has no such database",
        gravity=Gravity.PERSON,
        signs=answers("no such database"),
        next_step=f"see [databases] in {INI}, or the dbname of the pooler in bootheal's configuration; SHOW DATABASES "
        "on its console names those that it has",
    ),
    Cause(
        id="pgbouncer-no-such-user",
        means="it knows no such user: neither its auth_file nor its auth_query has one",
        gravity=Gravity.HEALED,
        restart_helps=True,
        signs=answers("no such user", '"trust" authentication failed'),
        next_step=f"add the user to its auth_file, or set auth_query; SHOW CONFIG on its console names them; {LOGS}",
    ),
    Cause(
        id="pgbouncer-other-authority",
        means="it has passwords checked by PAM or LDAP, which says no or is not to be had",
        gravity=Gravity.PERSON,
        signs=answers(
            "PAM authentication failed",
            "LDAP authentication failed",
            "auth_ldap_options is null",
            "ldap is not supported by this build",
        ),
        next_step=f"see that authority, and auth_type in {INI}; {LOGS}",
    ),
    Cause(
        id="pgbouncer-certificate-required",
        means="it wants a client certificate",
        gravity=Gravity.PERSON,
        signs=answers("certificate authentication failed", "TLS client certificate required"),
        next_step=f"give the client a certificate for its role, or change auth_type in {INI}: SHOW CONFIG on its "
        "console shows it",
    ),
    Cause(
        id="pgbouncer-client-password",
        means="it knows another password of the user than the client has",
        gravity=Gravity.HEALED,
        restart_helps=True,
        signs=answers("SASL authentication failed", "password authentication failed", "^auth failed"),
        next_step=f"compare its auth_file or auth_query with the client's Secret; {LOGS}",
    ),
    Cause(
        id="pgbouncer-tls-required",
        means="it wants TLS of its clients",
        gravity=Gravity.PERSON,
        signs=answers("SSL required", "TLS connection required"),
        next_step=f"let the client use TLS, or lower client_tls_sslmode in {INI}: SHOW CONFIG on its console shows it",
    ),
    Cause(
        id="pgbouncer-unix-only",
        means="it lets this user in over its Unix socket only (auth_type or its auth_hba_file says peer)",
        gravity=Gravity.PERSON,
        signs=answers("unix socket login rejected"),
        next_step=f"change auth_type in {INI} to scram-sha-256: SHOW CONFIG on its console shows it",
    ),
    Cause(
        id="pgbouncer-hba",
        means="its auth_hba_file does not let this client in",
        gravity=Gravity.PERSON,
        signs=answers("no authentication method is found", "login rejected", "not allowed to connect"),
        next_step="add a line for this user, database and address to its auth_hba_file, then RELOAD on its console; "
        f"{LOGS}",
    ),
    Cause(
        id="pgbouncer-mechanism",
        means="client and pooler have no way of proving a password in common",
        gravity=Gravity.PERSON,
        signs=answers(
            "client selected an invalid SASL", "empty password returned", "^(?:user ?name|password) too long"
        ),
        next_step=f"let auth_type be scram-sha-256 in {INI}: SHOW CONFIG on its console shows it",
    ),
    Cause(
        id="pgbouncer-configuration-error",
        means="its configuration contradicts itself for this client, and its log says how",
        gravity=Gravity.PERSON,
        signs=(
            *answers("bouncer config error"),
            *log(
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
        signs=answers(r'authentication database "[^"]*" is disabled'),
        next_step="on its console: ENABLE that database",
    ),
    Cause(
        id="pgbouncer-disabled",
        means="somebody has disabled the database in the pooler",
        gravity=Gravity.PERSON,
        signs=answers(r'database "[^"]*" is disabled', "does not allow connections"),
        next_step="on its console: ENABLE that database",
    ),
    Cause(
        id="pgbouncer-crowded",
        means="a limit on connections is reached",
        gravity=Gravity.PASSES,
        signs=answers("no more connections allowed", "client connections exceeded"),
        next_step="raise max_client_conn or the limit that it names; SHOW CLIENTS on its console says who holds them",
    ),
    Cause(
        id="pgbouncer-startup-parameter",
        means="the client sends a startup parameter that it does not accept",
        gravity=Gravity.PERSON,
        signs=answers("unsupported (?:options )?startup parameter"),
        next_step=f"name it in ignore_startup_parameters of {INI}; SHOW CONFIG on its console shows that",
    ),
    Cause(
        id="pgbouncer-statement-mode",
        means="it does not let this client ask what it asks: disable_pqexec, or statement pooling",
        gravity=Gravity.PERSON,
        signs=answers("PQexec disallowed", "transaction blocks not allowed in statement pooling"),
        next_step=f"see disable_pqexec and pool_mode in {INI}: SHOW CONFIG on its console shows them",
    ),
    Cause(
        id="pgbouncer-console-not-allowed",
        means="its console does not let this user in",
        gravity=Gravity.PERSON,
        signs=answers("^not allowed$"),
        next_step=f"name the user in admin_users or stats_users of {INI}: {LOGS}",
    ),
    Cause(
        id="pgbouncer-exhausted",
        means="it has no memory left",
        gravity=Gravity.HEALED,
        restart_helps=True,
        signs=answers("bouncer resources exhaustion", "^no memory for", "^out of memory"),
        next_step=f"raise the container's memory limit: {DESCRIBE}",
    ),
    Cause(
        id="pgbouncer-shutting-down",
        means="it is being stopped, and takes no new clients",
        gravity=Gravity.PASSES,
        signs=answers("pooler is shutting down", "server shutting down", "^suspend_timeout", "^pause failed"),
        next_step="see who stopped it (SHUTDOWN on its console, or a rollout): kubectl -n {namespace} get pods",
    ),
    Cause(
        id="pgbouncer-closed-by-admin",
        means="somebody closed this connection from its console",
        gravity=Gravity.PASSES,
        signs=answers(
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
