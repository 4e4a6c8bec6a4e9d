"""The engine: look, judge, act, look again, over a graph, until nothing is left to do.

To be read in this order:

`plan`         orders the steps into a graph
`loop`         the loop: one turn after the other, in a pass and at rest
`messages`     what may reach the loop from other threads and from signals
`node`         what is known of one step while it runs; `graph`: of all of them
`transitions`  what becomes of a step by its judgement
`executor`     how an action is done, so that a crash at any moment leaves a record of it
`bounds`       the circuit breaker; `setbacks`: retries; `steadiness`: flap damping; `places`: restarts at once
`memory`       the rules of what is remembered; `folding`: how it stays small; `recorder`: who keeps it on the disk
`recall`       what a judgement is told of it
"""

from bootheal.engine.loop import Engine
from bootheal.engine.messages import Inbox, Limits, Renew
from bootheal.engine.recall import recall
from bootheal.engine.recorder import Recorder

__all__ = ["Engine", "Inbox", "Limits", "Recorder", "Renew", "recall"]
