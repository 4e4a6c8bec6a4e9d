"""Of all processes of one cluster exactly one acts: by a Lease, in the terms of Kubernetes' own leader election.

`standing` is the judgement, pure; `elector` asks and writes by it. What runs it beside the engine is in `cli`.
"""
