"""What a step wants to be woken for."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Interest:
    """A `kind` of object ("pod") in a namespace ("" for the cluster): of any name, or of those that begin with `name`.

    `pulse`: it changes all the time, like a heartbeat, and is worth a look only to who waits for it.
    `sum`: it says in one object what many others come to, and is looked at soon, however often those change.
    """

    kind: str
    namespace: str = ""
    name: str = ""
    pulse: bool = False
    sum: bool = False
