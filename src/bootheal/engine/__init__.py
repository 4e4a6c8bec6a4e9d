"""The engine: look, judge, act, look again, over a graph, until nothing is left to do.

`loop` is the loop; `course` what becomes of a step by its judgement; `node` what is known
of a step, `nodes` of all of them; `hands` how an action is done so that a crash at any
moment leaves a record; `past` what is remembered; `inbox` what may reach it.
"""

from bootheal.engine.inbox import Inbox, Limits, Renew, Stop
from bootheal.engine.loop import Engine
from bootheal.engine.past import recall

__all__ = ["Engine", "Inbox", "Limits", "Renew", "Stop", "recall"]
