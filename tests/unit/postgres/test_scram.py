"""SCRAM without a server: RFC 7677's own example, PostgreSQL's verifier format, SASLprep."""

import base64
import hashlib
import hmac

import pytest

from bootheal.postgres.scram import Exchange, is_verifier, matches

NONCE = "rOprNGfwEbeRWgbNEkqO"
SERVER_FIRST = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"


def verifier(password: bytes, salt: bytes = b"0123456789abcdef", iterations: int = 4096) -> str:
    """Make what PostgreSQL stores, as its documentation of pg_authid describes it."""
    salted = hashlib.pbkdf2_hmac("sha256", password, salt, iterations)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    parts = (base64.b64encode(part).decode() for part in (salt, stored, server))
    return "SCRAM-SHA-256${}:{}${}:{}".format(iterations, *parts)


def test_the_proof_is_what_a_server_computes() -> None:
    """The server's side of RFC 5802, computed from the stored key alone, accepts our proof and signature."""
    final, signature = Exchange(NONCE).final(SERVER_FIRST, "pencil")
    salted = hashlib.pbkdf2_hmac("sha256", b"pencil", base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096)
    stored_key = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    without_proof, proof = final.rsplit(",p=", 1)
    message = f"n=,r={NONCE},{SERVER_FIRST},{without_proof}".encode()
    client_signature = hmac.digest(stored_key, message, "sha256")
    client_key = bytes(a ^ b for a, b in zip(base64.b64decode(proof), client_signature, strict=True))
    assert hashlib.sha256(client_key).digest() == stored_key
    assert signature == hmac.digest(hmac.digest(salted, b"Server Key", "sha256"), message, "sha256")


@pytest.mark.parametrize("challenge", ["r=other,s=W22ZaJ0=,i=4096", f"r={NONCE}x,i=4096", "rubbish=1"])
def test_a_malformed_challenge_is_refused(challenge: str) -> None:
    """A nonce that is not ours, or a missing salt."""
    with pytest.raises(ValueError, match="malformed"):
        Exchange(NONCE).final(challenge, "pencil")


def test_a_verifier_tells_right_from_wrong() -> None:
    """Whatever the salt and the iterations; the role plays no part in SCRAM."""
    assert matches(verifier(b"pencil"), "anyone", "pencil") is True
    assert matches(verifier(b"pencil", iterations=1), "anyone", "pencil") is True
    assert matches(verifier(b"pencil"), "anyone", "Pencil") is False


def test_md5_verifiers_are_known_too() -> None:
    """They are salted with the role's name."""
    stored = "md5" + hashlib.md5(b"pencilpooler", usedforsecurity=False).hexdigest()
    assert matches(stored, "pooler", "pencil") is True
    assert matches(stored, "other", "pencil") is False


@pytest.mark.parametrize("stored", ["pencil", "SCRAM-SHA-512$1:x$y:z", "md5short", ""])
def test_an_unknown_kind_is_unknown_not_wrong(stored: str) -> None:
    """None: nobody may conclude a difference from it."""
    assert matches(stored, "pooler", "pencil") is None


@pytest.mark.parametrize(
    "spoilt",
    [
        verifier(b"pencil")[:-1],  # cut off: no base64 any more
        verifier(b"pencil")[:-4],  # cut off: too short a key
        verifier(b"pencil", iterations=1).replace("$1:", "$0:"),
        verifier(b"pencil", iterations=1).replace("$1:", "$99999999999:"),
    ],
)
def test_a_spoilt_verifier_is_none(spoilt: str) -> None:
    """Somebody edited userlist.txt by hand: PostgreSQL and PgBouncer take such a text for a password."""
    assert not is_verifier(spoilt)
    assert matches(spoilt, "anyone", "pencil") is None


@pytest.mark.parametrize(
    ("typed", "prepared"),
    [
        ("ⅸ", "ix"),  # compatibility composition
        ("a\u00a0b", "a b"),  # a non-ASCII space
        ("I\u00adX", "IX"),  # mapped to nothing
        ("\u0007bell", "\u0007bell"),  # prohibited: PostgreSQL takes the bytes as they are
        ("\u0627\u0031", "\u0627\u0031"),  # right-to-left text must end so: taken as it is
        ("pässword", "pässword"),
    ],
)
def test_passwords_are_prepared_as_postgresql_does(typed: str, prepared: str) -> None:
    """SASLprep (RFC 4013), and the raw bytes where it refuses."""
    assert matches(verifier(prepared.encode()), "pooler", typed) is True
