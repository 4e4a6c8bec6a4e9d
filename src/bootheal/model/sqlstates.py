"""What SQLSTATEs mean that decide something: each set in one place. See PostgreSQL's appendix of error codes."""

RECOVERING = frozenset({"57P03"})
"""cannot_connect_now: starting up, in recovery, shutting down."""

RECOVERS_WITHIN_SECONDS = 6 * 3600.0
"""For so long what says that is believed to be at work, and no clock runs meanwhile, where nothing better tells."""

WRONG_PASSWORD = frozenset({"28P01"})
NOT_ALLOWED = frozenset({"28000"})
REFUSED = WRONG_PASSWORD | NOT_ALLOWED
"""The password, or pg_hba.conf, or the role itself."""

NO_CONNECT = frozenset({"42501"})
"""insufficient_privilege: of a login, that the role is who it says, and may not CONNECT to this database."""

NOT_PRIMARY = frozenset({"25006"})
"""read_only_sql_transaction: a standby."""

CROWDED = frozenset({"53300"})
"""too_many_connections."""

WHO_HAS_THEM = "SELECT usename, count(*) FROM pg_stat_activity GROUP BY 1 says who has them; or raise max_connections"
"""What to do where none is left: a superuser is still let in while not all of those kept for them are taken."""

NO_DATABASE = frozenset({"3D000"})
MISSING = NO_DATABASE | {"3F000", "42883"}
"""A database, schema or function is not there."""

DAMAGED = frozenset({"XX001", "XX002", "58P01"})
"""data_corrupted, index_corrupted, undefined_file."""

GONE = MISSING | DAMAGED | {"42P01"}
"""What could be asked once, and is not there any more."""

ALIVE = RECOVERING | REFUSED | NO_CONNECT | NOT_PRIMARY | CROWDED | GONE
"""What a server that answers so would not be rid of by a restart: it is at work, or full, or who asks is at fault."""
