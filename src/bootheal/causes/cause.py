"""What a cause is: how it shows itself, what it means, how grave it is, and what a person does about it. Pure."""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from bootheal.model import Ref
from bootheal.model.quoted import logged, quoted


class Gravity(StrEnum):
    """What becomes of it, the gravest last."""

    PASSES = "passes by itself"
    HEALED = "bootheal heals it"
    PERSON = "needs a person"
    DATA = "data is at risk"

    @property
    def rank(self) -> int:
        """Return a number that is greater for what is graver."""
        return list(Gravity).index(self)


class Source(StrEnum):
    """Where it shows itself."""

    WAITING = "state.waiting of a container"
    TERMINATED = "state.terminated of a container, its present or last one"
    CONDITION = "a condition of an object"
    EVENT = "an Event of an object"
    LOG = "a line of a container's log"
    ANSWER = "what a server answers"
    UNIT = "a line of a unit's journal, or of a node container's log"
    HOST = "the host itself"
    OBJECT = "what an object declares, beside what there is"


# As much as the kubelet keeps of what a container has left. Patterns with two gaps take the square of it.
LONGEST_TEXT = 4_096


@dataclass(frozen=True, slots=True)
class Sign:
    """How a cause is recognised: the source, a regular expression for the message or line, and the reason word.

    `reason` is the whole word of a status, condition or Event, or an SQLSTATE; "" stands for any, as "" does in `text`.
    """

    source: Source
    text: str = ""
    reason: str = ""

    def fits(self, evidence: "Evidence") -> bool:
        """Tell whether it is what was seen."""
        if self.source is not evidence.source or (self.reason and self.reason != evidence.reason):
            return False
        return not self.text or _compiled(self.text).search(evidence.text[:LONGEST_TEXT]) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One entry of the catalogue.

    `id` is stable: scripts and people keep it. `means` is one sentence without a full stop; `next_step` is what a
    person does, with the exact command. Both may name `{namespace}`, `{name}`, `{kind}`, `{container}` and `{image}`
    of what it was seen on, and what was `{said}` there, quoted. `restart_helps`: starting it again can cure it.
    `since` is the version of the program that first shows it. It is told beneath one of `consequence_of` where that was
    found, too.
    """

    id: str
    means: str
    gravity: Gravity
    signs: tuple[Sign, ...]
    next_step: str = ""
    restart_helps: bool = False
    since: str = ""
    consequence_of: tuple[str, ...] = ()


# Then its message is the runtime's.
_NEVER_BEGAN = ("StartError", "ContainerCannotRun")


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Something that was seen, as it was said: not yet quoted, and on whom. `at` is when, None where nobody tells.

    `from_log`: it was said in a log, although that is not where the trouble was seen.
    """

    source: Source
    text: str = ""
    reason: str = ""
    about: Ref | None = None
    container: str = ""
    image: str = ""
    at: float | None = None
    from_log: bool = False

    @property
    def said(self) -> str:
        """Return what was said in one line that is fit to be told; a line of a log is marked as that."""
        return logged(self.text) if self.of_a_log else quoted(self.text)

    @property
    def quote(self) -> str:
        """Return that, and the reason word, which never stands without it."""
        return ": ".join(filter(None, (quoted(self.reason), self.said)))

    @property
    def of_a_log(self) -> bool:
        """Whether a pod's own words are in it, which are not for everybody's eyes.

        A container's message may be the end of its log (terminationMessagePolicy), unless it never began.
        """
        return (
            self.from_log
            or self.source is Source.LOG
            or (self.source is Source.TERMINATED and self.reason not in _NEVER_BEGAN)
        )


@dataclass(frozen=True, slots=True)
class Finding:
    """A cause, and what it was recognised by."""

    cause: Cause
    evidence: Evidence

    @property
    def about(self) -> Ref:
        """Return on what it was seen: the machine, where that is no object."""
        return self.evidence.about or Ref("machine", "", "")

    @property
    def means(self) -> str:
        """Say what it means, with the names of what it was seen on."""
        return _filled(self.cause.means, self.evidence)

    @property
    def next_step(self) -> str:
        """Say what a person does next, with the names of what it was seen on."""
        return _filled(self.cause.next_step, self.evidence)


# One pass over the template: what is filled in is not looked at again, whatever it says.
_PLACE = re.compile(r"\{(namespace|name|kind|container|image|said)\}")


def _filled(template: str, evidence: Evidence) -> str:
    """Fill in the names; a place for which there is no name keeps a word in capitals that a person replaces."""
    about = evidence.about
    names = {
        "namespace": about.namespace if about else "",
        "name": about.name if about else "",
        "kind": about.kind if about else "",
        "container": evidence.container,
        "image": quoted(evidence.image),
        "said": evidence.said or quoted(evidence.reason),
    }
    return _PLACE.sub(lambda place: names[place[1]] or place[1].upper(), template)
