"""What the next boot would bring to light: a cause of the catalogue, on what it was seen, and how sure. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from bootheal.causes import Evidence, Finding, Gravity, Source
from bootheal.causes.reboot import by_reason
from bootheal.exit_codes import ExitCode
from bootheal.model import Ref
from bootheal.model.durations import day

# What ends so soon needs somebody, unless it is made anew by itself.
SOON_DAYS = 14.0

_CAUSES = by_reason()


class Sure(StrEnum):
    """What would become of it, the worst first. What cannot be shown to come true is no more than "may"."""

    BREAKS = "will break"
    MAY_BREAK = "may break"
    CHANGES = "will change"
    SLOWS = "will be slower than need be"


# How sure each rule is, by its word; what is not here breaks.
_SURE: Mapping[str, Sure] = {
    "LoginExpires": Sure.MAY_BREAK,
    # What bootheal could not do, the next boot may not need.
    "StateNotWritable": Sure.MAY_BREAK,
    "RightMissing": Sure.MAY_BREAK,
    "LoginMd5": Sure.MAY_BREAK,
    # It may be that nobody comes by a way on which a password is asked for.
    "LoginStoredOtherwise": Sure.MAY_BREAK,
    "LoginThroughRefused": Sure.MAY_BREAK,
    # The application may use another database of that server, as where `dbname` was guessed.
    "LoginNoConnect": Sure.MAY_BREAK,
    # An entrypoint may write the list anew.
    "ListLacks": Sure.MAY_BREAK,
    "ListChanges": Sure.CHANGES,
    "SettingUnsaved": Sure.CHANGES,
    "PoolerFileChanged": Sure.CHANGES,
    # An entrypoint may write the file anew.
    "PoolerFileBroken": Sure.MAY_BREAK,
    "PoolerEntryLost": Sure.MAY_BREAK,
    "ServerPending": Sure.CHANGES,
    "SlotHoldsWal": Sure.MAY_BREAK,
    # Images' entrypoints may set it right before they start the server.
    "DataTooOpen": Sure.MAY_BREAK,
    "CollationDiffers": Sure.MAY_BREAK,
    "BackupOld": Sure.MAY_BREAK,
    "StartLacksAccount": Sure.MAY_BREAK,
    "StartOtherValues": Sure.CHANGES,
    "EndsForGood": Sure.CHANGES,
    # Nothing need be rolled out; and a pod need not be made anew.
    "RolloutPaused": Sure.MAY_BREAK,
    # Who led may still find its process running, as after a restart of k3s alone.
    "PatroniPaused": Sure.MAY_BREAK,
    "RevisionWaits": Sure.CHANGES,
    "ImageNotHere": Sure.MAY_BREAK,
    "ImageAlwaysPulled": Sure.MAY_BREAK,
    # Who keeps nothing but a cache there loses nothing.
    "DataInMemory": Sure.MAY_BREAK,
    # It is made anew only where its pod is.
    "DataInEmptyDir": Sure.MAY_BREAK,
    "LivenessImpatient": Sure.MAY_BREAK,
    "WebhookGuardsItself": Sure.MAY_BREAK,
    "ClockAlone": Sure.MAY_BREAK,
    "BootIsUpgrade": Sure.CHANGES,
    "DiskNearlyFull": Sure.MAY_BREAK,
    "RepairedEachBoot": Sure.MAY_BREAK,
    "ImageRegistryDown": Sure.MAY_BREAK,
    "ImageFromOwnPods": Sure.MAY_BREAK,
    "InitWaitsInCircle": Sure.MAY_BREAK,
    "InitWaitsForLater": Sure.MAY_BREAK,
    # Its plugin `loop` looks for it, where that is on.
    "NamesAskItself": Sure.MAY_BREAK,
    "HostPortTwice": Sure.MAY_BREAK,
    "ClaimTwice": Sure.MAY_BREAK,
    "LivenessTooShort": Sure.MAY_BREAK,
    # How fast a log is read again, its disk says.
    "LivenessShortForLog": Sure.MAY_BREAK,
    "IngressCertificateEnds": Sure.MAY_BREAK,
    "AuthorityEnds": Sure.MAY_BREAK,
    "CertificateMadeAnew": Sure.CHANGES,
    "KubeconfigEnds": Sure.MAY_BREAK,
    "SnapshotOld": Sure.MAY_BREAK,
    "MountNotKept": Sure.MAY_BREAK,
    "DeviceGone": Sure.MAY_BREAK,
    "DiskComplains": Sure.MAY_BREAK,
    "OldCgroups": Sure.MAY_BREAK,
    "SwapRefused": Sure.MAY_BREAK,
    "SwapChanges": Sure.CHANGES,
    "ClockWithoutBattery": Sure.CHANGES,
    "AddressesShort": Sure.MAY_BREAK,
    "NodeNameDiffers": Sure.MAY_BREAK,
    "ShutdownNotGraceful": Sure.SLOWS,
    "CrashBackOffLong": Sure.SLOWS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """`facts` are fields and their values, by which it was seen. `now`: it is so already, and a boot cures it not."""

    finding: Finding
    sure: Sure
    facts: tuple[tuple[str, str], ...] = ()
    now: bool = False

    @property
    def id(self) -> str:
        """Return the rule's stable name: that of its cause."""
        return self.finding.cause.id

    @property
    def about(self) -> Ref:
        """Return on what it was seen."""
        return self.finding.about

    @property
    def gravity(self) -> Gravity:
        """Return how grave it would be."""
        return self.finding.cause.gravity

    @property
    def key(self) -> str:
        """Return what is the same when it is seen again."""
        return f"{self.id} {self.about}"


def foreseen(
    reason: str, about: Ref, said: str = "", *, image: str = "", facts: Sequence[tuple[str, str]] = ()
) -> Foreseen:
    """Return what the rule of this word says of an object; KeyError where there is no such rule."""
    evidence = Evidence(source=Source.OBJECT, reason=reason, text=said, about=about, image=image)
    return Foreseen(finding=Finding(_CAUSES[reason], evidence), sure=_SURE.get(reason, Sure.BREAKS), facts=tuple(facts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What would become of a reboot now. `well` says what was looked at and is well, `gaps` what could not be.

    `blind`: of the cluster nothing could be seen, so that nobody can say whether it would come back.
    """

    found: tuple[Foreseen, ...] = ()
    well: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()
    blind: bool = False

    def code(self, *, strict: bool = False) -> ExitCode:
        """Return 3 where data would be at risk, 1 where something would break, `strict`: also where it may.

        1 as well where that cannot be said: a script must not reboot for it.
        """
        if any(each.gravity is Gravity.DATA for each in self.found):
            return ExitCode.PERSON
        if self.blind:
            return ExitCode.NOT_HEALED
        breaking = (Sure.BREAKS, Sure.MAY_BREAK) if strict else (Sure.BREAKS,)
        return ExitCode.NOT_HEALED if any(each.sure in breaking for each in self.found) else ExitCode.HEALED

    def count(self, sure: Sure) -> int:
        """Count what is as sure as that."""
        return sum(1 for each in self.found if each.sure is sure)


def ordered(found: Iterator[Foreseen]) -> tuple[Foreseen, ...]:
    """Put data first, then what breaks, and each thing once."""
    once: dict[str, Foreseen] = {}
    for each in found:
        known = once.setdefault(each.key, each)
        if known is not each:
            once[each.key] = replace(known, facts=tuple(dict.fromkeys((*known.facts, *each.facts))))
    ranks = list(Sure)
    return tuple(sorted(once.values(), key=lambda each: (each.gravity is not Gravity.DATA, ranks.index(each.sure))))


def ending(ends: float, now: float) -> str:
    """Say on which day something ends, or has ended."""
    return f"until {day(ends)}" if ends > now else f"it has ended on {day(ends)}"
