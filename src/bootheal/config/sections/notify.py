"""`notify:` -> whom to tell how a boot went. The URLs, which hold tokens, stand in files of their own."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from bootheal.config.document import KeyPath
from bootheal.config.section import Finding, Section
from bootheal.config.shapes import texts
from bootheal.config.types import FilePath, Truth
from bootheal.model import Occasion
from bootheal.notices import Wish

When = Literal["started", "healed", "repaired", "needs-person", "not-healed", "unwell-again", "foretold"]
CredentialName = Annotated[str, AfterValidator(texts.credential)]

BAD: tuple[When, ...] = ("needs-person", "not-healed", "unwell-again")

# Before a boot, what it would break; no monitor shows that, whose state is the present one.
EARLY: tuple[When, ...] = ("foretold",)

# Monitors want to hear of the good end, too: that it does not come is what they warn of.
MONITORS = ("healthchecks", "uptime-kuma")


class Notify(Section):
    """One target: a monitor, a phone, a program."""

    kind: Literal["healthchecks", "ntfy", "gotify", "uptime-kuma", "webhook", "apprise"] = Field(
        description="how it is spoken to; apprise speaks to mail, Slack, Matrix and many others, "
        "and needs bootheal[notify]"
    )
    url_file: FilePath | None = Field(
        None, description="a file whose first line is the target's URL; it holds a token: let only bootheal read it"
    )
    credential: CredentialName | None = Field(
        None, description="instead: the name of a systemd credential (LoadCredential=) that holds the URL"
    )
    when: list[When] | None = Field(
        None,
        description="started, healed, repaired (healed, and something had to be done), needs-person, not-healed, "
        "unwell-again, foretold (what the next boot would break); default: the last four; for "
        "healthchecks and uptime-kuma, which cannot be told of foretold, all the others",
    )
    details: Literal["full", "short"] = Field(
        "short", description="full: also steps, reasons and the last ten lines of the run, where strangers don't read"
    )
    ca: FilePath | None = Field(None, description="the authority of its certificate; default: this host's")
    plain_http: Truth = Field(
        default=False, description="whether the URL may be http://, over which its token can be read on the way"
    )

    def problems(self, path: KeyPath) -> Iterator[Finding]:
        """The URL stands in one place."""
        if (self.url_file is None) == (self.credential is None):
            yield path, "cannot be told where its URL stands: it needs either url_file or credential"
        if self.kind == "apprise" and self.ca is not None:
            yield (*path, "ca"), "cannot be given to apprise: it trusts what Python trusts"
        if self.kind in MONITORS and self.when and "foretold" in self.when:
            yield (*path, "when"), f"cannot be foretold to {self.kind}: it shows how all is now"

    def wish(self) -> Wish:
        """Say of which occasions it is told."""
        monitor = self.kind in MONITORS
        chosen = set(self.when if self.when is not None else ("started", "healed", *BAD) if monitor else (*BAD, *EARLY))
        repaired = "repaired" in chosen and "healed" not in chosen
        occasions = {Occasion("healed" if word == "repaired" else word) for word in chosen}
        return Wish(frozenset(occasions), repaired=repaired, changes=monitor)
