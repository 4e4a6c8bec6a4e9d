"""SCRAM-SHA-256 as PostgreSQL speaks it (RFC 5802, RFC 7677; PostgreSQL's "SASL Authentication").

Pure. Two uses: proving a password to a server, and telling whether the verifier that
a server has stored belongs to a password, so that a right one is never reset (a new
salt would break poolers that pass SCRAM keys through).
"""

import base64
import hashlib
import hmac
import re
import stringprep
import unicodedata
from dataclasses import dataclass

# PostgreSQL's default is 4096; a stranger on its port must not keep us busy for hours.
MOST_ITERATIONS = 10_000_000

MECHANISM = "SCRAM-SHA-256"

_KEY_SIZE = hashlib.sha256().digest_size
_VERIFIER = re.compile(r"SCRAM-SHA-256\$(\d{1,9}):([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+):([A-Za-z0-9+/=]+)")
_MD5 = re.compile(r"md5[0-9a-f]{32}")

_PROHIBITED = (
    stringprep.in_table_c12,
    stringprep.in_table_c21_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4,
    stringprep.in_table_c5,
    stringprep.in_table_c6,
    stringprep.in_table_c7,
    stringprep.in_table_c8,
    stringprep.in_table_c9,
)


def is_verifier(text: str) -> bool:
    """Tell a verifier, as PostgreSQL stores it, from a password."""
    return bool(_MD5.fullmatch(text) or _parsed(text))


def matches(verifier: str, role: str, password: str) -> bool | None:
    """Tell whether a `pg_authid.rolpassword` belongs to `password`; None for a kind we don't know."""
    if _MD5.fullmatch(verifier):
        digest = hashlib.md5((password + role).encode(), usedforsecurity=False).hexdigest()
        return hmac.compare_digest(verifier, f"md5{digest}")
    if found := _parsed(verifier):
        iterations, salt, stored_key = found
        return hmac.compare_digest(_stored_key(_salted(password, salt, iterations)), stored_key)
    return None


def _parsed(text: str) -> tuple[int, bytes, bytes] | None:
    """Return iterations, salt and stored key. What is cut off is no verifier: PostgreSQL takes it for a password."""
    found = _VERIFIER.fullmatch(text)
    if found is None or not 0 < int(found[1]) <= MOST_ITERATIONS:
        return None
    try:
        salt, stored_key, server_key = (base64.b64decode(part) for part in found.groups()[1:])
    except ValueError:
        return None
    return (int(found[1]), salt, stored_key) if len(stored_key) == len(server_key) == _KEY_SIZE else None


@dataclass(frozen=True, slots=True)
class Exchange:
    """The client's half of one login, without channel binding. `nonce` must be fresh and printable."""

    nonce: str

    def first(self) -> str:
        """Return client-first-message. PostgreSQL takes the user from the StartupMessage."""
        return f"n,,n=,r={self.nonce}"

    def final(self, server_first: str, password: str) -> tuple[str, bytes]:
        """Return client-final-message and the signature the server must answer with.

        ValueError where the server's message is not one.
        """
        fields = dict(part.split("=", 1) for part in server_first.split(","))
        if not fields.get("r", "").startswith(self.nonce) or not {"s", "i"} <= fields.keys():
            raise ValueError("the server's SCRAM challenge is malformed")
        iterations = int(fields["i"])
        if not 0 < iterations <= MOST_ITERATIONS:
            raise ValueError("the server's SCRAM challenge asks for too much work")
        salted = _salted(password, base64.b64decode(fields["s"]), iterations)
        without_proof = f"c=biws,r={fields['r']}"
        message = f"n=,r={self.nonce},{server_first},{without_proof}".encode()
        client_key = _hmac(salted, b"Client Key")
        signature = _hmac(_stored_key(salted), message)
        proof = bytes(a ^ b for a, b in zip(client_key, signature, strict=True))
        return (
            f"{without_proof},p={base64.b64encode(proof).decode()}",
            _hmac(_hmac(salted, b"Server Key"), message),
        )


def _salted(password: str, salt: bytes, iterations: int) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", _prepare(password), salt, iterations)


def _stored_key(salted: bytes) -> bytes:
    return hashlib.sha256(_hmac(salted, b"Client Key")).digest()


def _hmac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")


def _prepare(password: str) -> bytes:
    """SASLprep (RFC 4013); like PostgreSQL, take the password as it is where SASLprep refuses it."""
    if password.isascii():
        return password.encode()
    mapped = "".join(" " if stringprep.in_table_c12(c) else c for c in password if not stringprep.in_table_b1(c))
    prepared = unicodedata.ucd_3_2_0.normalize("NFKC", mapped)
    refused = any(table(c) for c in prepared for table in _PROHIBITED)
    refused = refused or any(stringprep.in_table_a1(c) for c in prepared)
    if not prepared or refused or not _bidirectional(prepared):
        return password.encode()
    return prepared.encode()


def _bidirectional(text: str) -> bool:
    """RFC 3454, section 6: right-to-left text must begin and end so, and hold no left-to-right letters."""
    right_to_left = [stringprep.in_table_d1(c) for c in text]
    if not any(right_to_left):
        return True
    return right_to_left[0] and right_to_left[-1] and not any(stringprep.in_table_d2(c) for c in text)
