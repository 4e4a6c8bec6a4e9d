"""What became of the members of a database while the power was away: who leads, and who has to begin anew. Pure.

Nothing is done about it, and nothing waits for it: a person should know.
"""

from collections.abc import Iterator, Mapping

from bootheal.model.quoted import quoted
from bootheal.postgres.primary import Servers
from bootheal.step import Past

# Who led when all was last well, who before, and in which boot that changed.
PRIMARY, BEFORE, CHANGED = "primary", "primary before", "primary changed in"

# What Patroni writes of a member that is not on its way to serve: it copies all data anew, cannot begin, or has no
# whole data, as where a copy was cut short.
_AMISS = {
    "creating replica": ": its data is copied anew from the primary",
    "uninitialized": ": it has no whole copy of the data; if it stays so, patronictl reinit makes one",
    "start failed": "",
    "crashed": "",
    "failed": "",
}


def leaders(servers: Servers, good: Mapping[str, str], epoch: str) -> dict[str, str]:
    """Return what is worth remembering of who leads, where it may be another: {} where there is one server only."""
    if len(servers.all) == 1 and not servers.managed:
        return {}
    name, before = servers.writable[0].name, good.get(PRIMARY, "")
    if before and before != name:
        return {PRIMARY: name, BEFORE: before, CHANGED: epoch}
    return {PRIMARY: name} | {key: good[key] for key in (BEFORE, CHANGED) if key in good}


def remarks(servers: Servers, known: Mapping[str, str], past: Past) -> Iterator[str]:
    """Tell of a failover in this boot, and of each member that does not follow."""
    if BEFORE in known and past.lasts(known.get(CHANGED, "")):
        yield f"{known[PRIMARY]} is the primary since this boot: before it was {known[BEFORE]}"
    for server in servers.all:
        said = server.pod.patroni if server.pod and not (server.writable or server.stale) else ""
        if amiss := next((word for word in _AMISS if word in said), ""):
            yield f"{server.name} does not follow, Patroni says {quoted(said)}{_AMISS[amiss]}"
