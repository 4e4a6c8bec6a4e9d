"""Deployments, StatefulSets and DaemonSets: restarted where they must be, never where they must not.

`workload` is the step, `restore` the one that gives replicas back after a crash; `observation` what a look finds;
`strategy` which way of restarting ends, and what it could harm; `restart` the restart itself, once for each reason;
`actions` what is done.
"""
