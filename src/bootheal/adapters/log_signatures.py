"""Reads what k3s, its etcd, kubelet and containerd, and k3d's containers have said, by the catalogue of causes.

The texts are theirs; only our own words about them go on, and how they themselves call what they end with.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache

from bootheal.adapters.redaction import Redaction
from bootheal.causes import Catalogue, Evidence, Finding, Gravity, Source
from bootheal.causes.k3s import HOLD_UP
from bootheal.causes.tables import CONTAINERD, UNITS
from bootheal.causes.whose import of_others
from bootheal.cluster.log_excerpt import LONGEST
from bootheal.model import Symptom
from bootheal.model.quoted import quoted

# As logrus writes it, quoted where it has to be; on a terminal it shortens the level.
_WORDS = r'("(?:[^"\\]|\\.)*"|\S+)'
_LOGRUS = re.compile(rf"\blevel=(\w+) msg={_WORDS}(?: error={_WORDS})?")
_TERMINAL = re.compile(r"^(?:FATA|PANI)\[\d+\]\s*(.*)")
# Cobra's, with which k0s, kubeadm, the kubelet and others end; their usage may follow.
_COBRA = re.compile(r"^Error: (.*)")
# The runtime of Go, and klog, whose lines begin with the level and the date.
_GO = re.compile(r"^\s*(?:panic|fatal error): (.*)")
_ENDS = (
    "command failed|Kubelet failed to get node info"
    "|Failed to (?:run kubelet|listen and serve|start (?:ContainerManager|cAdvisor)|initialize internal modules)"
)
_KLOG = re.compile(rf'^(?:F\d{{4}} [^\]]*\] (.*)|E\d{{4}} .*\] "(?:{_ENDS})" err={_WORDS})')
_ESCAPE = re.compile(r'\\([\\"nt])')
_LAST = frozenset({"fatal", "panic", "dpanic"})
# Since 1.34 k3s asks itself to end where it called that fatal before: pkg/signals. No signal of anybody's has an error.
_ASKED = re.compile(r'^Shutdown request received: "?(.*?)"?$')
# containerd's main, in a unit of its own.
_CONTAINERD = re.compile(r"^containerd: (?!exit status)(.*)")
# k0s supervises what others run themselves, and hands on what those say; Rancher Desktop puts the time before it.
_HANDED_ON = re.compile(rf"\blevel=\w+ msg={_WORDS} component=\S+ stream=std(?:err|out)$")
_TIMED = re.compile(r"^\d{4}-\d\d-\d\dT[\d:.]+Z: ")
# What stands below the last words of a program in Go, and below those of a command: no words of theirs.
_BELOW = re.compile(r"^(?:\s|goroutine \d+ |created by |exit status \d|\S+\(.*\)$|$)")


def catalogue_of(unit: str) -> Catalogue:
    """Return what is known of who speaks in the journal of a unit."""
    return CONTAINERD if "containerd" in unit else UNITS


def find(component: str, lines: Iterable[str], catalogue: Catalogue = UNITS) -> tuple[Symptom, ...]:
    """Return each known trouble once, by what was said of it last: the fatal first, data at risk before all."""
    found: dict[str, tuple[Finding, bool]] = {}
    for line in map(_bare, lines):
        if finding := _recognised(line, catalogue):
            words, last = _said(line)
            before = found.get(finding.cause.id)
            ends = last or bool(before and before[1])
            found[finding.cause.id] = Finding(finding.cause, replace(finding.evidence, text=words)), ends
    order = {cause.id: number for number, cause in enumerate(catalogue.causes)}
    symptoms = [
        _symptom(component, found[cause][0], ends=found[cause][1])
        for cause in sorted(found, key=lambda cause: order[cause])
    ]
    return tuple(sorted(symptoms, key=lambda symptom: (not symptom.fatal, symptom.spares_data)))


def fatal_words(lines: Sequence[str], catalogue: Catalogue = UNITS) -> str:
    """Return what it ended with, in our words where that is known, without passwords; "" where it does not say."""
    for line in map(_bare, reversed(lines)):
        words, last = _said(line)
        if last:
            known = _recognised(line, catalogue)
            if known is None:
                return _plain(words)
            known = Finding(known.cause, replace(known.evidence, text=words))
            told = (known.means,) if "{said}" in known.cause.means else (known.means, known.next_step)
            return _plain(": ".join(filter(None, told)), longest=2 * LONGEST)
    return ""


def last_known(lines: Sequence[str], catalogue: Catalogue) -> Finding | None:
    """Return what is known of the last line that anything is known of, by the words of it."""
    for line in map(_bare, reversed(lines)):
        if finding := _recognised(line, catalogue):
            return Finding(finding.cause, replace(finding.evidence, text=_plain(_said(line)[0], longest=4 * LONGEST)))
    return None


def last_words(lines: Sequence[str], catalogue: Catalogue = UNITS) -> str:
    """Return what it ended with, else the last line of it, quoted as that: some distributions' programs mark none."""
    if said := fatal_words(lines, catalogue):
        return said
    texts = (_said(line)[0] for line in map(_bare, reversed(lines)) if not _BELOW.match(line))
    last = next((text for text in texts if not _BELOW.match(text)), "")
    return f'its last line: "{_plain(last)}"' if last else ""


def _bare(line: str) -> str:
    """Return a line as the program has said it whose line it is."""
    found = _HANDED_ON.search(line)
    return _unquoted(found[1]) if found else _TIMED.sub("", line)


def _recognised(line: str, catalogue: Catalogue) -> Finding | None:
    if catalogue is UNITS or catalogue is CONTAINERD:
        return _of_a_node(line, containerd=catalogue is CONTAINERD)
    return catalogue.recognise(Evidence(source=Source.UNIT, text=line))


@lru_cache(maxsize=4096)
def _of_a_node(line: str, *, containerd: bool) -> Finding | None:
    """A gate that is shut reads the same minute of a journal again and again: each line is looked up once."""
    found = (CONTAINERD if containerd else UNITS).recognise(Evidence(source=Source.UNIT, text=line))
    return None if found and of_others(line, found.cause.id) else found


def _symptom(component: str, finding: Finding, *, ends: bool) -> Symptom:
    """Tell a finding of a component; it is fatal where data is at risk, or it got no further because of it."""
    cause = finding.cause
    data = cause.gravity is Gravity.DATA
    fatal = data or (cause.gravity is Gravity.PERSON and (ends or cause.id in HOLD_UP))
    return Symptom(
        cause.id,
        component,
        _plain(finding.means, longest=2 * LONGEST),
        finding.next_step,
        fatal=fatal,
        restart=cause.gravity is Gravity.HEALED,  # what a person must see to is not restarted for it
        spares_data=not data,
    )


def _said(line: str) -> tuple[str, bool]:
    """Return what a line says without its frame, and whether a program says so that ends with it."""
    if line.lstrip().startswith("{") and (said := _zap(line)):
        return said
    if found := _LOGRUS.search(line):
        words = ": ".join(_unquoted(words) for words in found.groups()[1:] if words)
        if found[1] == "error" and (asked := _ASKED.search(words)):
            return _unquoted(f'"{asked[1]}"'), True
        return words, found[1] in _LAST
    for pattern in (_TERMINAL, _COBRA, _GO, _KLOG, _CONTAINERD):
        if found := pattern.search(line):
            return _unquoted(next(filter(None, found.groups()), "")), True
    return line, False


def _zap(line: str) -> tuple[str, bool] | None:
    """Understand a line of etcd's, which is an object of JSON."""
    try:
        entry = json.loads(line)
        words = [entry[key] for key in ("msg", "error") if entry.get(key)]
    except (ValueError, RecursionError, TypeError, AttributeError):
        return None
    return ": ".join(map(str, words)), entry.get("level") in _LAST


def _plain(text: str, longest: int = LONGEST) -> str:
    """Fit somebody else's words into a line of ours."""
    return quoted(Redaction()(text), longest)


def _unquoted(words: str) -> str:
    """Take off the quotes that Go has put round a text, with its escapes."""
    if len(words) > 1 and words[0] == words[-1] == '"':
        words = words[1:-1]
    return _ESCAPE.sub(lambda found: " " if found[1] in "nt" else found[1], words)
