"""Where the usual servers keep what must not be lost. Pure."""

import re

_DATA = re.compile(
    r"/var/lib/(?:postgresql|mysql|rabbitmq|redis|mongodb)(?:/|$)|/(?:home/postgres/pgdata|pgdata|data/db|bitnami)(?:/|$)"
)


def holds_data(path: str) -> bool:
    """Tell whether a directory of a container is a database's."""
    return _DATA.match(path) is not None
