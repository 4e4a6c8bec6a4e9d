"""Why Docker's daemon on this machine does not answer: what systemd and its own journal say of its unit."""

from typing import NamedTuple

from bootheal.adapters import log_signatures
from bootheal.adapters.docker.engine import SOCKET
from bootheal.adapters.systemctl import Commands, Unit, as_component
from bootheal.adapters.ttl_cache import TtlCache
from bootheal.causes.docker import DOCKER
from bootheal.model import ComponentState

UNIT = "docker.service"

# Where its unit listens; whoever asks elsewhere has a daemon of another machine, or of a user.
OURS = frozenset({SOCKET, "unix:///run/docker.sock"})

# Asking costs some milliseconds of CPU, which a booting machine has better uses for.
KEEPS_SECONDS = 2.0

# systemd gives it up after a few attempts: what it said of the last of them may be old.
ALL_OF_IT = float("inf")

# While it starts, and once somebody has stopped it, its last line is no word about why.
_ENDED = frozenset({ComponentState.FAILED, ComponentState.RESTARTING})


class Silence(NamedTuple):
    """Why it is silent, in its own words at the end, and what a person does about it; "" where nobody tells."""

    why: str = ""
    hint: str = ""


class Daemon:
    """docker.service, while nobody answers at its socket."""

    def __init__(self, commands: Commands | None = None) -> None:
        self._unit = Unit(UNIT, commands or Commands())
        self._silence = TtlCache[Silence](lambda _: KEEPS_SECONDS)

    def silence(self) -> Silence:
        """Return why it does not answer."""
        return self._silence.get((), self._look)

    def _look(self) -> Silence:
        shown = self._unit.properties()
        if not shown:
            return Silence()
        component = as_component(UNIT, "docker", shown)
        if component.state is ComponentState.RUNNING:
            return Silence()
        invocation = shown.get("InvocationID", "")
        lines = (self._unit.lines(invocation, ALL_OF_IT) if invocation else None) or []
        known = log_signatures.last_known(lines, DOCKER)
        ended = component.state in _ENDED
        said = known.evidence.text if known else log_signatures.last_words(lines, DOCKER) if ended else ""
        state = f"{UNIT} is {component.state}" + (f" ({component.why})" if component.why else "")
        return Silence(": ".join(filter(None, (state, said))), known.next_step if known else "")
