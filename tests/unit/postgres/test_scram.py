"""SCRAM without a server: what PostgreSQL 15 and libpq said to each other, and the verifiers that the server stored."""

import base64
import stringprep

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from psycopg.pq import PGconn

from bootheal.postgres.scram import BINDING, Exchange, is_verifier, matches
from support.thorough import thorough

# A login with the password "pencil", as it went over the wire.
NONCE = "hy1ebQCt9VFkwx77hUDp0Oju"
SERVER_FIRST = "r=hy1ebQCt9VFkwx77hUDp0Oju1ml3+ZaX42Mh36eb3HzYiGd8,s=88YLELJjFTgVzAVhauXwgg==,i=4096"
FINAL = "c=biws,r=hy1ebQCt9VFkwx77hUDp0Oju1ml3+ZaX42Mh36eb3HzYiGd8,p=dx7EkygI0I4D6Uinmu3Fro90RAeoePJ9OqAyaN0GWRs="
SERVER_SIGNATURE = "Wks4U+xj51C2ieOObiKkFyvtolbLtyfxZq8qfcUlQqM="

# Two verifiers of "pencil"; the second was given to the server, which then let libpq in.
VERIFIER = (
    "SCRAM-SHA-256$4096:88YLELJjFTgVzAVhauXwgg=="
    "$IFyj65WnYmZaDB1tuI0l3KFgUIq3+VJD6xDjDZVjQ48=:0px/9m2X2XpLBRN8CA1x3ZFPWsq9epaXeKmqtHEZNzY="
)
OF_ONE_ITERATION = (
    "SCRAM-SHA-256$1:MDEyMzQ1Njc4OWFiY2RlZg=="
    "$6E6za7g9nQj7bvJ78b+hKOVaeRanit38xaWlCSvoB4Y=:+Xl/1j60mYw7IUJQ7cmQYlUgCDB0vLsvuw4MqpuAMaQ="
)
MD5_OF_POOLER = "md58a0f7785d4a3ff2048dce14b93ffd2d1"


def test_the_proof_and_the_signature_are_those_of_postgresql() -> None:
    """What libpq sent and the server accepted, and what the server then proved itself by."""
    assert Exchange(NONCE).first() == f"n,,n=,r={NONCE}"
    assert Exchange(NONCE).final(SERVER_FIRST, "pencil") == (FINAL, base64.b64decode(SERVER_SIGNATURE))


@pytest.mark.parametrize(
    "challenge",
    [
        "r=other,s=W22ZaJ0=,i=4096",
        f"r={NONCE},s=W22ZaJ0=,i=4096",
        f"r={NONCE}x,i=4096",
        f"r={NONCE}x,s=,i=4096",
        f"r={NONCE}x,s=W22Z aJ0=,i=4096",
        f"r={NONCE}x,s=W22ZaJ0=,i=-4096",
        f"r={NONCE}x,s=W22ZaJ0=,i=4096,m=must",
        f"m=must,r={NONCE}x,s=W22ZaJ0=,i=4096",
        f"r={NONCE}x,s=W22ZaJ0=,i={'9' * 5000}",
        "rubbish=1",
        "",
    ],
)
def test_a_malformed_challenge_is_refused(challenge: str) -> None:
    """A nonce that is not ours or has nothing of the server's, no salt, an extension that we do not know."""
    with pytest.raises(ValueError, match="malformed"):
        Exchange(NONCE).final(challenge, "pencil")


@pytest.mark.parametrize("iterations", [1, 4095, 1_000_001, 9_999_999_999])
def test_a_challenge_of_too_little_or_too_much_work_is_refused(iterations: int) -> None:
    """With few iterations whoever listens finds the password soon; with many we are kept busy."""
    with pytest.raises(ValueError, match="4096 to 1000000 are answered"):
        Exchange(NONCE).final(f"r={NONCE}x,s=W22ZaJ0=,i={iterations}", "pencil")


def test_a_login_that_is_bound_to_a_certificate_says_so_in_both_messages() -> None:
    """RFC 5802: the header of the first message, and with it the hash, come back in the last."""
    bound = Exchange(NONCE, BINDING, b"hash")
    assert bound.first() == f"p=tls-server-end-point,,n=,r={NONCE}"
    final, _ = bound.final(SERVER_FIRST, "pencil")
    channel = base64.b64decode(final.partition(",")[0].removeprefix("c="))
    assert channel == b"p=tls-server-end-point,,hash"


@pytest.mark.parametrize("stored", [VERIFIER, OF_ONE_ITERATION])
def test_a_verifier_tells_right_from_wrong(stored: str) -> None:
    """Whatever the salt and the iterations; the role plays no part in SCRAM."""
    assert matches(stored, "anyone", "pencil") is True
    assert matches(stored, "anyone", "Pencil") is False


def test_md5_verifiers_are_known_too() -> None:
    """They are salted with the role's name."""
    assert matches(MD5_OF_POOLER, "pooler", "pencil") is True
    assert matches(MD5_OF_POOLER, "other", "pencil") is False


@pytest.mark.parametrize("stored", ["pencil", "SCRAM-SHA-512$1:x$y:z", "md5short", ""])
def test_an_unknown_kind_is_unknown_not_wrong(stored: str) -> None:
    """None: nobody may conclude a difference from it."""
    assert matches(stored, "pooler", "pencil") is None


@pytest.mark.parametrize(
    "spoilt",
    [
        VERIFIER[:-1],  # cut off: no base64 any more
        VERIFIER[:-4],  # cut off: too short a key
        OF_ONE_ITERATION.replace("$1:", "$0:"),
        OF_ONE_ITERATION.replace("$1:", "$99999999999:"),
    ],
)
def test_a_spoilt_verifier_is_none(spoilt: str) -> None:
    """Somebody edited userlist.txt by hand: PostgreSQL and PgBouncer take such a text for a password."""
    assert not is_verifier(spoilt)
    assert matches(spoilt, "anyone", "pencil") is None


@pytest.mark.parametrize(
    ("typed", "salt", "keys"),
    [
        (
            "ⅸ",  # compatibility composition
            "Doz4GRzNyavY6too2CVuCw==",
            "rYz9c+dFzipJ/9sc9hgvFKgF5sSyOelAZWuTtq+IUfM=:h6/YFFkIS9nTaIYNV/BsULJzexvYAHPs1Ox5XyLt33s=",
        ),
        (
            "a\u00a0b",  # a non-ASCII space
            "MVA7U0B7OGEDqOqSjxjgMg==",
            "AaTHJ0RkDL6FI9dddSmqBJbcQ8SUGgGregrllSHq5ls=:CNevUUlFK0W4t9+dJTYgU7GORgk4TWEGwAHJv7+/M9c=",
        ),
        (
            "I\u00adX",  # mapped to nothing
            "0KLLbvQW0y6rJAjhFzUBhA==",
            "opr2L1vvOnJsK42WPIJipQpGtTkzXfzSc5B/I6JNhTE=:mcLwvAVJ970l5xqU4OBcYa3IrvaPWj5Lj3l7KTiMQ4g=",
        ),
        (
            "\u0007bell",  # prohibited: PostgreSQL takes the bytes as they are
            "GAwtJJcMtBN4NrZ8VGWY0Q==",
            "1QZA7P+ukm8PiTl0sSxaZzPTjc3cxwZ2d0NPwbMIkkU=:EsI0qjhaUNS4XS0admwSUgk720aAQgeCW+nrJFgcHoU=",
        ),
        (
            "\u0627\u0031",  # right-to-left text must end so: taken as it is
            "/wFgWpacu53wsrIRbTv+qw==",
            "u6p/jDFYuXUKo6zkpi7qHxe4zeZgrPKAvUG3FcNNTVM=:DiCOQPXkIThIGOA9qzURaXCCAgDKURHOC6MrML6TOVg=",
        ),
        (
            "pässword",
            "aCN8zsh6RBSU6o772t7Urg==",
            "dAoY5VnsmGlWj0FddyXMR4tuMrZq2ggif+2cXZC4PwY=:8Eqmc/wh6bNwnFF5mVW8TGjRupWuhvvIrJwVcLkPJZc=",
        ),
    ],
)
def test_passwords_are_prepared_as_postgresql_does(typed: str, salt: str, keys: str) -> None:
    """SASLprep (RFC 4013), and the raw bytes where it refuses: what the server stored of them."""
    assert matches(f"SCRAM-SHA-256$4096:{salt}${keys}", "pooler", typed) is True


def _alphabet() -> st.SearchStrategy[str]:
    """Characters of all the tables of SASLprep, the odd ones more often than they come."""
    tables = [stringprep.in_table_a1, stringprep.in_table_b1, stringprep.in_table_c12, stringprep.in_table_c8]
    tables += [stringprep.in_table_d1, stringprep.in_table_c21_c22]
    odd = [[chr(code) for code in range(1, 0x3100) if table(chr(code))] for table in tables]
    return st.one_of(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), *map(st.sampled_from, odd))


# Each is hashed 4,096 times, twice.
PASSWORDS = 10_000 if thorough() else 30


@settings(max_examples=PASSWORDS, deadline=None)
@given(st.text(_alphabet(), min_size=1, max_size=12))
@example("a\u200bb")  # a space, although RFC 3454 has it among what is mapped to nothing, too
@example("a\u0340b")  # prohibited as it is written, although it would be normalised away
def test_every_password_is_prepared_as_libpq_does(password: str) -> None:
    """libpq makes the verifier that PostgreSQL stores: whatever the password, ours is of the same."""
    libpq = PGconn.connect_start(b"host=/nowhere")  # it need not be connected for this
    made = libpq.encrypt_password(password.encode(), b"app", b"scram-sha-256").decode()
    assert matches(made, "app", password) is True
