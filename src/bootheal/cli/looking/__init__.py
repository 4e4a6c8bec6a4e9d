"""What `doctor`, `preflight` and `bundle` look at: the whole of a machine and its cluster, once."""
