"""PostgreSQL: find it, judge it, wait for it.

`database` is the step; `primary` finds the writable member; `server_log` knows what a server writes before it ends;
`data_checks` what must still be there; `disk` the volume below it; `scram` verifiers of passwords.
"""
