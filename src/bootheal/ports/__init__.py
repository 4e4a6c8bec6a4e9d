"""What the steps and the engine ask of the outside: narrow interfaces, implemented in `adapters`. A public interface.

What holds for every method, unless it says otherwise:

* Errors: a TransientError (it may pass: look again) or a PermanentError (a person is needed), and no other; no text
  of an error could hold a secret. That something is not well is an answer, not an error.
* Threads: what reads may be called on any thread, and on several at once, since looks run on workers. What changes
  something is called on the loop's thread, one thing at a time; while it lasts nothing else is judged.
* Shapes: times are seconds since the epoch, durations are seconds, both float. "" stands for what is not there, or is
  not said; None for what cannot be known, where that differs.
"""

from bootheal.ports.cluster import ClusterReader, ClusterWatcher, ClusterWriter, CredentialReader, PodAccess
from bootheal.ports.host import Containers, Host
from bootheal.ports.interest import Interest
from bootheal.ports.lock import Lock, Mandate, Unquestioned
from bootheal.ports.partial import Partial
from bootheal.ports.runtime import Clock, Store, Workers
from bootheal.ports.servers import Pooler, Postgres, Web
from bootheal.ports.world import World

__all__ = [
    "Clock",
    "ClusterReader",
    "ClusterWatcher",
    "ClusterWriter",
    "Containers",
    "CredentialReader",
    "Host",
    "Interest",
    "Lock",
    "Mandate",
    "Partial",
    "PodAccess",
    "Pooler",
    "Postgres",
    "Store",
    "Unquestioned",
    "Web",
    "Workers",
    "World",
]
