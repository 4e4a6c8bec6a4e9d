"""How a workload is restarted, and when it must not be: what its step is made of.

`seen` is what a look finds; `shapes` which way of restarting ends, and what it could harm; `ways` the
restart itself, once for each reason; `actions` what is done; `lastwords` why a program ended.
"""
