"""A front door: a URL taken apart, how it is shown, and which redirects lead on to itself. Pure.

Whoever answers may be somebody else, and a redirect is his word: it is followed to what was declared, and no further.
"""

from dataclasses import dataclass, replace
from typing import Self
from urllib.parse import parse_qsl, quote, unquote, urljoin, urlsplit

from bootheal.model.quoted import quoted

PORTS = {"http": 80, "https": 443}

# Where a redirect leads is a request line of ours; servers take no longer ones.
LONGEST_LOCATION = 8192
LONGEST_SHOWN = 120

# What of a query is hidden where a server sends it back; shorter words stand anywhere.
SECRET_LETTERS = 8

# What may stand in a request line as it is: all that is printable ASCII but the space.
_AS_IS = "".join(map(chr, range(ord("!"), ord("~") + 1)))


class AstrayError(ValueError):
    """A URL that cannot be asked, or a redirect that is not followed; says why."""


@dataclass(frozen=True, slots=True)
class Door:
    """Where to connect, and what to ask for: `target` is path and query. Shown without a query: it may hold a token."""

    scheme: str
    host: str
    port: int
    target: str
    hidden: tuple[str, ...] = ()

    @classmethod
    def at(cls, url: str) -> Self:
        """Take a URL apart. AstrayError, which says what it is instead, where it is none of http(s)."""
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").encode("idna").decode(), parts.port
            target = sendable((parts.path or "/") + (f"?{parts.query}" if parts.query else ""))
        except ValueError:  # brackets without end, a port that is none, an empty label, and what else there is
            raise AstrayError("something that is no URL") from None
        if parts.scheme not in PORTS:
            raise AstrayError("something that is not http(s)")
        if not host:
            raise AstrayError("a URL without a host")
        return cls(parts.scheme, host, PORTS[parts.scheme] if port is None else port, target, _secrets(parts.query))

    def onward(self, location: str) -> Self | None:
        """Return where a redirect leads on this host; None to another one. AstrayError where it is not to be followed.

        `location` is Latin-1, as headers are.
        """
        if len(location) > LONGEST_LOCATION:
            raise AstrayError(f"redirects to a URL of {len(location)} characters")
        if any(character < " " or character == "\x7f" for character in location):
            raise AstrayError("redirects to a URL with control characters in it")
        try:
            door = replace(type(self).at(urljoin(self._url, _meant(location))), hidden=self.hidden)
        except AstrayError as error:
            raise AstrayError(f"redirects to {error}") from None
        except ValueError:
            raise AstrayError("redirects to something that is no URL") from None
        if door.host != self.host:
            return None
        if (self.scheme, door.scheme) == ("https", "http"):
            raise AstrayError("redirects from https to plain http")
        if door.port != self.port and not (self.usual and door.usual):
            raise AstrayError(f"redirects to another port: declare {door} if that is the front door")
        return door

    @property
    def usual(self) -> bool:
        """Say whether its port is the one that goes without saying."""
        return self.port == PORTS[self.scheme]

    def __str__(self) -> str:
        path = self.target.partition("?")[0]
        reflected = any(secret in text for secret in self.hidden for text in (path, unquote(path)))
        return quoted(f"{self._origin}{'/***' if reflected else path}", LONGEST_SHOWN)

    @property
    def _url(self) -> str:
        return f"{self._origin}{self.target}"

    @property
    def _origin(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.usual else f":{self.port}")


def sendable(target: str) -> str:
    """Return a path, perhaps with a query, as it goes into a request line. ValueError for half a character."""
    return quote(target, safe=_AS_IS)


def shown(target: str) -> str:
    """Return a path without its query, which may be long or hold a token."""
    return quoted(target.partition("?")[0], LONGEST_SHOWN)


def _meant(location: str) -> str:
    """Read a header's bytes as UTF-8, as browsers do, where they are that."""
    try:
        return location.encode("latin-1").decode()
    except ValueError:
        return location


def _secrets(query: str) -> tuple[str, ...]:
    values = [value for _, value in parse_qsl(query)]
    return tuple(sorted(text for text in {query, unquote(query), *values} if len(text) >= SECRET_LETTERS))
