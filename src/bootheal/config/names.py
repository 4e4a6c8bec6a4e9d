"""What the steps of a section are called: `after:` names them so, and so do reports, the journal and the state file."""

DATABASE = "database/"
DISK = "disk/"
PRIMARY = "primary/"
CREDENTIAL = "credential/"
POOLER = "pooler/"
DEPENDENCY = "dependency/"
HOOK = "hook/"

# By section; a workload's step is called as the workload is.
PREFIXES = {
    "databases": DATABASE,
    "poolers": POOLER,
    "dependencies": DEPENDENCY,
    "workloads": "",
    "hooks": HOOK,
}
