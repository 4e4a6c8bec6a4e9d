"""What PgBouncer's log ends with when it does not start, or runs without what it was told to read.

src/main.c, loader.c, hba.c, pooler.c, sbuf.c and lib/usual/cfparser.c of 1.16 to 1.26.
"""

from bootheal.causes.cause import Cause, Gravity
from bootheal.causes.commands import DESCRIBE, PREVIOUS_LOGS
from bootheal.causes.signs import EMFILE, log

_POD = "kubectl -n {namespace} get pod {name} -o yaml"

START = (
    Cause(
        id="pgbouncer-runs-as-root",
        means="it is started as root, and refuses that",
        gravity=Gravity.PERSON,
        signs=log("PgBouncer should not (?:be )?run as root", "^@?fatal: .*should not run as root"),
        next_step=f"set runAsUser in the pod's securityContext, or user in pgbouncer.ini: {_POD}",
    ),
    Cause(
        id="pgbouncer-file-missing",
        means="a file that it is to read is not there, or may not be read",
        gravity=Gravity.PERSON,
        signs=log(
            r'could not load file "[^"]*": ',
            r"could not open (?:auth_file|hba config file|ident config file) ",
        ),
        next_step=f"see its mounts, and the Secret or ConfigMap behind them: {DESCRIBE}",
    ),
    Cause(
        id="pgbouncer-auth-file-broken",
        means="its auth_file cannot be understood",
        gravity=Gravity.PERSON,
        signs=log("^broken auth file", "^(?:username|password) too long in auth file"),
        next_step=f'write each line as "user" "password": {PREVIOUS_LOGS}',
    ),
    Cause(
        id="pgbouncer-hba-broken",
        means="its auth_hba_file has a line that it does not understand",
        gravity=Gravity.PERSON,
        signs=log(r"^could not parse (?:hba|ident) config line \d+", r"^(?:hba|ident) line \d+: "),
        next_step=f"its log names the line: {PREVIOUS_LOGS}",
    ),
    Cause(
        id="pgbouncer-tls-files",
        means="its own TLS key, certificate or authority cannot be used",
        gravity=Gravity.PERSON,
        signs=log(
            r"^TLS setup failed",
            r"^invalid \w+_tls?_?\w*(?:ca_file|key_file|cert_file|ciphers|protocols)",
            r"^invalid (?:client|server)_tls_\w+: ",
            r"client_tls_key_file and client_tls_cert_file must be set",
            r"^(?:client_tls_sslmode|auth_type=cert) requires client_tls",
        ),
        next_step=f"see client_tls_* and server_tls_* in pgbouncer.ini, and the Secret behind them: {DESCRIBE}",
    ),
    Cause(
        id="pgbouncer-settings-broken",
        means="its pgbouncer.ini has an error",
        gravity=Gravity.PERSON,
        signs=log(
            r"^(?:syntax error|invalid section|invalid value) .*in configuration",
            r'^invalid value "[^"]*" for parameter',
            r"^syntax error in configuration",
            r"^(?:unknown parameter|unknown section): ",
            r"^unrecognized (?:connection|user) parameter: ",
            r"^syntax error in (?:connection string|user settings)",
            r"^invalid (?:port|pool mode|load_balance_hosts): ",
            r'^database name "[^"]*" is reserved',
            r"main section missing from config file",
            r"value without section: ",
            r"include nesting level too deep",
            r"error processing include file",
            r"^cannot load config file",
            r"^could not find (?:user|group) '",
            r"^(?:LDAP|PAM) authentication is not supported",
            r"^daemon needs pidfile configured",
            r"^failed to parse track_extra_parameters in config",
            r"^so_reuseport not supported on this platform",
        ),
        next_step=f"its log names the line: {PREVIOUS_LOGS}; then correct its ConfigMap, or the operator's settings",
    ),
    Cause(
        id="pgbouncer-cannot-listen",
        means="it cannot listen on its address or port",
        gravity=Gravity.PERSON,
        signs=log(
            r"^cannot listen on ",
            "^failed to (?:parse|listen on any address in) listen_addr",
            "^nowhere to listen on",
            r"^unix (?:port \d+|socket) is in use",
            "^failed to create unix socket",
            r"^getaddrinfo\('",
        ),
        next_step=f"see listen_addr, listen_port and unix_socket_dir in pgbouncer.ini (hostNetwork?): {_POD}",
    ),
    Cause(
        id="pgbouncer-pidfile",
        means="its pidfile is there already, or cannot be written",
        gravity=Gravity.PERSON,
        restart_helps=True,
        signs=log(
            r"^pidfile (?:'[^']*' )?exists, another instance running",
            r"^could not (?:open|read|write|remove stale) "
            r"pidfile",
        ),
        next_step=f"let pidfile be empty in pgbouncer.ini, or on an emptyDir: {_POD}",
    ),
    # lib/usual/logging.c, log_fatal: what should never be; pgbouncer#822, #578
    Cause(
        id="pgbouncer-crashed",
        means="it ended over a fault of its own: {said}",
        gravity=Gravity.PERSON,
        restart_helps=True,
        signs=log(r"^@(?:src|lib)/\S+ in function "),
        next_step=f"see whether a later version has the cure; its log says what came before: {PREVIOUS_LOGS}",
    ),
    Cause(
        id="pgbouncer-too-many-files",
        means="it may open no more files",
        gravity=Gravity.PERSON,
        restart_helps=True,
        signs=log(EMFILE),
        next_step=f"raise the limit on open files, or lower max_client_conn: {PREVIOUS_LOGS}",
    ),
)
