"""What the steps of a section are called: `after:` names them so, and so do reports, the journal and the state file."""

DATABASE = "database/"
DISK = "disk/"
CREDENTIAL = "credential/"
POOLER = "pooler/"
DEPENDENCY = "dependency/"
HOOK = "hook/"

# What may be named in `after:`, by section; a workload's step is called as the workload is.
REFERABLE = {"databases": DATABASE, "poolers": POOLER, "dependencies": DEPENDENCY, "workloads": ""}
