"""The tables of what is known of PgBouncer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootheal.pgbouncer.knowledge import Says, bug, harms, quoted, understand, userlist_entry, version


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("pgbouncer cannot connect to server", Says.BACKS_OFF),
        ("server login has been failing, try again later (server_login_retry)", Says.BACKS_OFF),
        ("server login has been failing, cached error: something new (server_login_retry)", Says.BACKS_OFF),
        ("server login has been failing, cached error: connect failed (server_login_retry)", Says.NO_WAY),
        (
            (
                'server login has been failing, cached error: password authentication failed for user "p" '
                "(server_login_retry)"
            ),
            Says.REFUSED,
        ),
        (
            "server login has been failing, cached error: server DNS lookup failed (server_login_retry)",
            Says.NO_NAME,
        ),
        (
            "server login has been failing, cached error: the database system is starting up (server_login_retry)",
            Says.STARTING,
        ),
        ('password authentication failed for user "pooler"', Says.REFUSED),
        ("server login failed: wrong password type", Says.REFUSED),
        ("the database system is in recovery mode", Says.STARTING),
        ("client_login_timeout (server down)", Says.BACKS_OFF),
        ("query_wait_timeout", Says.BACKS_OFF),
        ("server conn crashed?", Says.NO_WAY),
        ("password authentication failed", Says.CLIENT),
        ("SASL authentication failed", Says.CLIENT),
        ("no such user", Says.CLIENT),
        ("no such user: app", Says.CLIENT),
        ("no such database: shop", Says.CLIENT),
        ("bouncer config error", Says.CLIENT),
        ("no more connections allowed (max_client_conn)", Says.CROWDED),
        ("client connections exceeded (max_db_client_connections)", Says.CROWDED),
        ('database "shop" is disabled', Says.DISABLED),
        ("database does not allow connections: shop", Says.DISABLED),
        ("no answer in time", Says.UNKNOWN),
    ],
)
def test_every_wording_is_understood(text: str, says: Says) -> None:
    """Before 1.17, from 1.17 to 1.23, and since 1.24, which quotes the cause."""
    assert says == understand(text)


@given(st.text().filter(lambda text: not any(word in text for word in ("login", "connect", "auth"))))
def test_a_cached_error_is_quoted_whatever_it_is(cause: str) -> None:
    """Also where it holds line ends and brackets."""
    assert cause == quoted(f"server login has been failing, cached error: {cause} (server_login_retry)")


@pytest.mark.parametrize(
    ("text", "number"),
    [("PgBouncer 1.18.0", (1, 18, 0)), ("PgBouncer 1.25.1-dev", (1, 25, 1)), ("1.26", (1, 26, 0)), ("?", ())],
)
def test_versions_are_read(text: str, number: tuple[int, ...]) -> None:
    """Whatever is around them."""
    assert number == version(text)


@pytest.mark.parametrize(
    ("of", "known"),
    [
        ("1.18.0", ""),
        ("1.24.1", ""),
        ("1.25.0", "1432"),
        ("1.25.1", "1504"),
        ("1.25.2", "1504"),
        ("1.26.0", ""),
        ("?", ""),
    ],
)
def test_bugs_belong_to_versions(of: str, known: str) -> None:
    """Those after which only a new process logs in; a version that is not known has none."""
    found = bug(version(of), Says.REFUSED)
    assert known in found.source if known and found else (known, found) == ("", None)
    assert bug(version(of), Says.NO_WAY) is None


@pytest.mark.parametrize(
    ("key", "value", "harmful"),
    [
        ("server_login_retry", "60", True),
        ("server_login_retry", "15", False),
        ("server_login_retry", "0", True),
        ("server_login_retry", "a while", False),
        ("query_wait_timeout", "0", True),
        ("query_wait_timeout", "120", False),
        ("client_login_timeout", "5", True),
        ("client_login_timeout", "60", False),
        ("server_lifetime", "0", True),
        ("server_lifetime", "3600", False),
        ("dns_nxdomain_ttl", "60", True),
        ("no_such_setting", "0", False),
    ],
)
def test_harmful_values_are_told_with_the_reason(key: str, value: str, *, harmful: bool) -> None:
    """They are the owner's to keep."""
    found = dict(harms({key: value}))
    assert found.keys() == ({key} if harmful else set())
    assert all(why.startswith(f"{value} ") for why in found.values())


WORDS = st.text(st.characters(exclude_characters="\n\r\0", exclude_categories=["Cs"]), min_size=1)


def quoted_entry(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


@given(WORDS, WORDS)
def test_a_userlist_gives_back_what_was_written(user: str, secret: str) -> None:
    """Quotes in it are doubled; comments and other users don't matter."""
    text = f'; "x" "y"\n"{"x" + user.replace(chr(34), "")}" "z"\n{quoted_entry(user)} {quoted_entry(secret)}\n'
    assert userlist_entry(text, user) == secret
    assert userlist_entry(text, user + "?") is None
