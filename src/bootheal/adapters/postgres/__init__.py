"""All that speaks PostgreSQL's protocol: `server` and `console` are the ports for PostgreSQL and PgBouncer.

`wire` logs in by the bare protocol, for the SQLSTATE; `libpq` holds sessions through psycopg.
"""
