"""What the steps of a section are called: `after:` names them so, and so do reports, the journal and the state file."""

DATABASE = "database/"
DISK = "disk/"
PRIMARY = "primary/"
CREDENTIAL = "credential/"
POOLER = "pooler/"
DEPENDENCY = "dependency/"
HOOK = "hook/"

# What comes first of a section whose last step is named, and what belongs to no section: nothing is told to follow it.
INNER = frozenset(
    {
        *(prefix.rstrip("/") for prefix in (DISK, PRIMARY, CREDENTIAL)),
        *("cleanup", "discover", "dns", "images", "leases", "names", "registry", "restore", "scheduling"),
    }
)
LEADING = (f"{DATABASE}…", f"{POOLER}…", f"{DEPENDENCY}…")

# By section; a workload's step is called as the workload is.
PREFIXES = {
    "databases": DATABASE,
    "poolers": POOLER,
    "dependencies": DEPENDENCY,
    "workloads": "",
    "hooks": HOOK,
}
