"""When certificates end: k3s' own, and what a kubeconfig shows the API server.

Of a certificate nothing is wanted but its last day, so its DER is walked that far, and no library is needed for it.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from bootheal.adapters import bounded_yaml
from bootheal.adapters.files import read_file
from bootheal.model.machine import Certificate

K3S = Path("var/lib/rancher/k3s")
K3S_KUBECONFIG = Path("/etc/rancher/k3s/k3s.yaml")
PLACES = ("server/tls", "server/tls/etcd", "agent")

LONGEST, MOST_FILES, MOST_IN_A_FILE = 1 << 18, 100, 20
LONGEST_KUBECONFIG = 1 << 20

# The year 10000, which no date has.
FAR = 253402300800.0

_PEM = re.compile(rb"-----BEGIN (?:TRUSTED )?CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END ")

_SEQUENCE, _VERSION, _UTC_TIME, _TIME = 0x30, 0xA0, 0x17, 0x18
_LONG_FORM, _MOST_LENGTH_BYTES = 0x80, 4


def of_k3s(root: Path, gaps: list[str]) -> Iterator[Certificate]:
    """Yield those under k3s' own directories; what is not ours to read is a gap, what is no certificate is not one."""
    for place in PLACES:
        directory = root / K3S / place
        try:
            files = sorted(path for path in directory.iterdir() if path.suffix == ".crt")[:MOST_FILES]
        except FileNotFoundError:
            continue
        except OSError as error:
            gaps.append(f"certificates in /{K3S / place}: {error.strerror}")
            return
        for path in files:
            if (ends := _of_file(path, gaps)) is not None:
                authority = "-ca." in path.name
                shown = f"/{path.relative_to(root)}"
                yield Certificate(shown, ends, authority=authority, renewed=not authority)


def _of_file(path: Path, gaps: list[str]) -> float | None:
    try:
        return earliest(read_file(path, LONGEST))
    except FileNotFoundError:
        return None
    except OSError as error:
        gaps.append(f"certificate {path}: {error.strerror}")
    except ValueError as error:
        gaps.append(f"certificate {path}: {error}")
    return None


def earliest(pem: bytes) -> float:
    """Return when the first of some certificates ends. ValueError where there is none, or one is none."""
    found = [ends(base64.b64decode(each[1])) for each in list(_PEM.finditer(pem))[:MOST_IN_A_FILE]]
    if not found:
        raise ValueError("it holds no certificate")
    return min(found)


def ends(der: bytes) -> float:
    """Return the end of a certificate's validity (RFC 5280, 4.1). ValueError where it is none."""
    whole = memoryview(der)
    _, body, _ = _element(_element(whole, _SEQUENCE)[1], _SEQUENCE)
    tag, _, rest = _element(body)
    if tag == _VERSION:
        _, _, rest = _element(rest)
    for _ in ("the algorithm", "the issuer"):
        _, _, rest = _element(rest)
    _, validity, _ = _element(rest, _SEQUENCE)
    _, _, rest = _element(validity)
    tag, said, _ = _element(rest)
    return _time(tag, bytes(said))


def _element(data: memoryview, wanted: int | None = None) -> tuple[int, memoryview, memoryview]:
    """Take one element from the front: its tag, what it holds, and what comes after it."""
    try:
        tag, length, begin = data[0], data[1], 2
        if length & _LONG_FORM:
            count = length & ~_LONG_FORM
            begin += count
            length = int.from_bytes(data[2:begin], "big") if count <= _MOST_LENGTH_BYTES else len(data)
    except IndexError:
        raise ValueError("it is no certificate") from None
    if begin + length > len(data) or wanted not in (None, tag):
        raise ValueError("it is no certificate")
    return tag, data[begin : begin + length], data[begin + length :]


def _time(tag: int, said: bytes) -> float:
    text = said.decode("ascii", errors="replace")
    if tag == _UTC_TIME:  # two digits of a year: before 1950 there were none
        text = ("19" if text[:2] >= "50" else "20") + text
    elif tag != _TIME:
        raise ValueError("it is no certificate")
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC).timestamp()


def of_kubeconfig(path: Path, *, renewed: bool, context: str = "") -> Certificate | None:
    """Return when what a kubeconfig shows ends: its client certificate, or a token that says so itself (a JWT).

    `renewed`: k3s writes the file anew. None where it shows nothing of that kind. OSError, or ValueError.
    """
    said = bounded_yaml.load(read_file(path, LONGEST_KUBECONFIG).decode(errors="replace"))
    try:
        named = {each["name"]: each["context"] for each in said["contexts"]}
        user = named[context or said["current-context"]]["user"]
        shown = {each["name"]: each["user"] for each in said["users"]}[user]
        last: float | None
        if data := shown.get("client-certificate-data"):
            last = earliest(base64.b64decode(data))
        elif file := shown.get("client-certificate"):
            last = earliest(read_file(path.parent / file, LONGEST))
        else:
            last = _token(str(shown.get("token") or ""))
    except (KeyError, TypeError, AttributeError, binascii.Error):
        raise ValueError("it says in no way that we know who comes") from None
    return None if last is None else Certificate(str(path), last, renewed=renewed)


def _token(token: str) -> float | None:
    """Return when a JWT ends; nobody needs to trust it for that. None of any other token."""
    parts = token.split(".")
    if len(parts) != 3:  # noqa: PLR2004 - header, claims, signature
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        last = float(claims["exp"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return last if last < FAR else None
