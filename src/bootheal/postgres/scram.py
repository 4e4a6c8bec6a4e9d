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

# PostgreSQL's default is 4096, and RFC 7677's least: with fewer, who listens finds the password too soon. A stranger
# on its port must not keep us busy for minutes either.
LEAST_ITERATIONS = 4096
MOST_ITERATIONS = 1_000_000

MECHANISM = "SCRAM-SHA-256"

# How a client begins that binds the login to the server's certificate (RFC 5929).
BINDING = "p=tls-server-end-point,,"

_KEY_SIZE = hashlib.sha256().digest_size
_VERIFIER = re.compile(r"SCRAM-SHA-256\$(\d{1,9}):([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+):([A-Za-z0-9+/=]+)")
_SERVER_FIRST = re.compile(
    r"r=(?P<nonce>[\x21-\x2b\x2d-\x7e]+),s=(?P<salt>[A-Za-z0-9+/]+={0,2}),i=(?P<iterations>[1-9][0-9]{0,9})"
)
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
    """The client's half of one login. `nonce` must be fresh and printable.

    `header` says whether the login is bound to a channel: "n,," if not, "y,," if only the server cannot, `BINDING`
    if it is; then `binding` is the certificate's hash.
    """

    nonce: str
    header: str = "n,,"
    binding: bytes = b""

    def first(self) -> str:
        """Return client-first-message. PostgreSQL takes the user from the StartupMessage."""
        return f"{self.header}n=,r={self.nonce}"

    def final(self, server_first: str, password: str) -> tuple[str, bytes]:
        """Return client-final-message and the signature the server must answer with.

        ValueError where the server's message is not one.
        """
        found = _SERVER_FIRST.fullmatch(server_first)
        if found is None or not found["nonce"].startswith(self.nonce) or found["nonce"] == self.nonce:
            raise ValueError("its SCRAM challenge is malformed")
        iterations = int(found["iterations"])
        if not LEAST_ITERATIONS <= iterations <= MOST_ITERATIONS:
            bounds = f"{LEAST_ITERATIONS} to {MOST_ITERATIONS}"
            raise ValueError(f"its SCRAM challenge asks for {iterations} iterations; {bounds} are answered")
        salted = _salted(password, base64.b64decode(found["salt"], validate=True), iterations)
        bound = base64.b64encode(self.header.encode() + self.binding).decode()
        without_proof = f"c={bound},r={found['nonce']}"
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
    """SASLprep (RFC 4013) as PostgreSQL does it (src/common/saslprep.c): what it refuses is taken as it is.

    It looks for what is prohibited before it normalises, and normalises by the Unicode of today.
    """
    if password.isascii():
        return password.encode()
    mapped = "".join(map(_mapped, password))
    refused = not mapped or any(stringprep.in_table_a1(c) or any(table(c) for table in _PROHIBITED) for c in mapped)
    if refused or not _bidirectional(mapped):
        return password.encode()
    return unicodedata.normalize("NFKC", mapped).encode()


def _mapped(character: str) -> str:
    if stringprep.in_table_c12(character):  # before B.1, which has U+200B as well
        return " "
    return "" if stringprep.in_table_b1(character) else character


def _bidirectional(text: str) -> bool:
    """RFC 3454, section 6: right-to-left text must begin and end so, and hold no left-to-right letters."""
    right_to_left = [stringprep.in_table_d1(c) for c in text]
    if not any(right_to_left):
        return True
    return right_to_left[0] and right_to_left[-1] and not any(stringprep.in_table_d2(c) for c in text)
