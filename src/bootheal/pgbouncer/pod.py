"""One pod of a pooler, as its console and a login through it show it. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bootheal.causes import Finding
from bootheal.model import Answer, Console, Ref, Target
from bootheal.pgbouncer.knowledge import Bug, Version, bug, refusal, role_refused, understand, version

RETRY = "server_login_retry"
UNKNOWN_NAME = "dns_nxdomain_ttl"
NO_ANSWER = "server_connect_timeout"

# What is lent down while logins fail. A retry of 0 would be a storm of logins; clients may have caused a try just
# before PostgreSQL came, and wait for the next one. After a power cut CoreDNS comes late, and PgBouncer believes a
# failed lookup for dns_nxdomain_ttl: the next one should cost less. A connection that was begun while nodes still sent
# the Service's address to a pod that is gone goes there for ever (conntrack), and PgBouncer begins no other before
# server_connect_timeout is over: 14 s of a recovery on k3d. That is lent only while PostgreSQL lets ourselves in, in
# less than those four seconds, and not for long: what is only slow would never get through.
LOWERED = {RETRY: 0.2, UNKNOWN_NAME: 1.0, NO_ANSWER: 4.0}

_SECONDS = re.compile(r"[0-9]{1,6}(\.[0-9]{1,3})?")

# What says no more than that something fails.
VAGUE = (
    "pgbouncer-backs-off",
    "pgbouncer-server-unreachable",
    "pgbouncer-configuration-error",
    "pgbouncer-server-password",
)

# Where no console tells.
USUAL_RETRY_SECONDS = 15.0

STARVED = Answer(ok=False, spoke=True, text="clients wait while PgBouncer does not try to log in")


def noted(said: Mapping[str, str]) -> dict[str, str]:
    """Return of what is noted on a pod what can be a loan of ours: whoever may annotate it may have written it."""
    return {key: value for key, value in said.items() if key in LOWERED and _SECONDS.fullmatch(value)}


@dataclass(frozen=True, slots=True)
class PoolerPod:
    """One pooler pod; `login` is the application's through it.

    `console` is None where it could not be read: then `refused` says why, `transient` if it may pass, and `denied`
    that the pooler's own role was refused there: the fourth of the logins that `diagnosis` judges by.

    `same_file`: whether its auth_file is the declared one; None where that was not asked or cannot be known.
    `same_ini`: likewise for the file of its settings, asked only where there is no console.

    `noted` is what the pod itself says is lent to it, with the values to restore; None where nothing is noted on pods.

    `container` runs PgBouncer, from `image`; `log` is the cause that its own log tells of, where that was read.
    `kept_out` is why a successor would not come to be, asked only where a restart may be wanted.
    """

    ref: Ref
    uid: str
    target: Target
    login: Answer
    console: Console | None = None
    refused: str = ""
    hint: str = ""
    transient: bool = False
    denied: bool = False
    same_file: bool | None = None
    same_ini: bool | None = None
    container: str = ""
    image: str = ""
    log: Finding | None = None
    kept_out: str = ""
    noted: Mapping[str, str] | None = None
    node: str = ""

    def seconds(self, key: str) -> float:
        """Return a setting that is a duration, 0 where it is not known: then it is not lent."""
        try:
            return float(self.console.settings[key].value) if self.console else 0.0
        except (KeyError, ValueError):
            return 0.0

    @property
    def lendable(self) -> tuple[str, ...]:
        """The settings that are higher than what would be lent."""
        return tuple(key for key, lent in LOWERED.items() if self.seconds(key) > lent)

    @property
    def retry(self) -> float:
        """How many seconds it waits between two tries to log in."""
        if self.denied:
            return LOWERED[RETRY]  # that login is the pooler's own to judge: there is nothing to wait for
        return self.seconds(RETRY) if self.console else USUAL_RETRY_SECONDS

    @property
    def version(self) -> Version:
        """Its version, by its console or else by its image's tag; () where neither tells."""
        return version(self.console.version if self.console else self.image.rpartition(":")[2])

    @property
    def bug(self) -> Bug | None:
        """The bug that its version has and that shows itself so."""
        return bug(self.version, understand(self.login.text))

    @property
    def refusal(self) -> Finding | None:
        """The cause of what it answers; what its log says of it, where the answer is no more than that it fails."""
        said = refusal(self.login.text, self.ref, self.container)
        vague = said is None or said.cause.id in VAGUE
        return self.log if self.log and vague else said

    @property
    def logs_in_as(self) -> str:
        """As whom it logs in to PostgreSQL for everybody, or was refused there; "" where that is not known."""
        return role_refused(self.login.text) or (self.console.forced_user if self.console else "")

    @property
    def serves_others(self) -> bool:
        """Whether it has connections to the server, so that a restart would hurt somebody."""
        return bool(self.console and self.console.servers)
