"""What runs in containers: PostgreSQL, PgBouncer and little Python programs. Nothing here knows Kubernetes."""
