"""PostgreSQL: find it, judge it, wait for it.

`database` is the step, `observation` its look; `primary` finds the server that takes writes; `server_log` knows what
a server writes before it ends; `data_checks` what must still be there; `disk` the volume below it; `scram` verifiers
of passwords.
"""
