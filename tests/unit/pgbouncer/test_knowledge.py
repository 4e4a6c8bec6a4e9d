"""The tables of what is known of PgBouncer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootheal.pgbouncer.knowledge import Meaning, bug, harms, quoted, understand, userlist_entry, version


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("pgbouncer cannot connect to server", Meaning.BACKS_OFF),
        ("server login has been failing, try again later (server_login_retry)", Meaning.BACKS_OFF),
        ("server login has been failing, cached error: something new (server_login_retry)", Meaning.BACKS_OFF),
        ("server login has been failing, cached error: connect failed (server_login_retry)", Meaning.NO_WAY),
        (
            (
                'server login has been failing, cached error: password authentication failed for user "p" '
                "(server_login_retry)"
            ),
            Meaning.REFUSED,
        ),
        (
            "server login has been failing, cached error: server DNS lookup failed (server_login_retry)",
            Meaning.NO_NAME,
        ),
        (
            "server login has been failing, cached error: the database system is starting up (server_login_retry)",
            Meaning.STARTING,
        ),
        ('password authentication failed for user "pooler"', Meaning.REFUSED),
        ("server login failed: wrong password type", Meaning.REFUSED),
        ("the database system is in recovery mode", Meaning.STARTING),
        ("client_login_timeout (server down)", Meaning.BACKS_OFF),
        ("query_wait_timeout", Meaning.BACKS_OFF),
        ("server conn crashed?", Meaning.NO_WAY),
        ("password authentication failed", Meaning.CLIENT),
        ("SASL authentication failed", Meaning.CLIENT),
        ("no such user", Meaning.CLIENT),
        ("no such user: app", Meaning.CLIENT),
        ("no such database: shop", Meaning.CONFIGURED),
        ("bouncer config error", Meaning.CONFIGURED),
        ("no more connections allowed (max_client_conn)", Meaning.CROWDED),
        ("client connections exceeded (max_db_client_connections)", Meaning.CROWDED),
        ('database "shop" is disabled', Meaning.DISABLED),
        ("database does not allow connections: shop", Meaning.DISABLED),
        ("no answer in time", Meaning.UNKNOWN),
    ],
)
def test_every_wording_is_understood(text: str, meaning: Meaning) -> None:
    """Before 1.17, from 1.17 to 1.23, and since 1.24, which quotes the cause."""
    assert meaning == understand(text)


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
    found = bug(version(of), Meaning.REFUSED)
    assert known in found.source if known and found else (known, found) == ("", None)
    assert bug(version(of), Meaning.NO_WAY) is None


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
