"""What everything else stands on.

`gate` is the first step: nothing is believed before it; `components` the units and containers that the cluster is made
of; `scheduling`, `dns`, `node_hosts` and `registry` are a step each.
"""
