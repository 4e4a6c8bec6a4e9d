"""The engine: look, judge, act, look again, over a graph, until nothing is left to do.

`plan` orders the steps; `loop` is the loop; `transitions` what becomes of a step by its judgement; `node` what is
known of a step, `graph` of all of them; `places` bounds the restarts under way, `bounds` the repetitions of an
action; `executor` is how an action is done so that a crash at any moment leaves a record; `memory` the rules of what is
remembered, `folding` how it stays small, `recorder` who keeps it, `recall` what a judgement is told of it; `messages`
what may reach it.
"""

from bootheal.engine.loop import Engine
from bootheal.engine.messages import Inbox, Limits, Renew
from bootheal.engine.recall import recall
from bootheal.engine.recorder import Recorder

__all__ = ["Engine", "Inbox", "Limits", "Recorder", "Renew", "recall"]
