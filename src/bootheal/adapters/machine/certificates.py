"""When certificates end: k3s' own, and what a kubeconfig shows the API server."""

import base64
import binascii
import json
from collections.abc import Iterator
from pathlib import Path

from bootheal.adapters import bounded_yaml
from bootheal.adapters.files import read_file
from bootheal.adapters.x509 import earliest
from bootheal.model.machine import Certificate

K3S = Path("var/lib/rancher/k3s")
PLACES = ("server/tls", "server/tls/etcd", "agent")

LONGEST, MOST_FILES = 1 << 18, 100
LONGEST_KUBECONFIG = 1 << 20

# The year 10000, which no date has.
FAR = 253402300800.0


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
