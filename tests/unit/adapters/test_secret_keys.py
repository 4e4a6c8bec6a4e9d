"""Which keys of a Secret are taken where none is declared, and what is said where none fits."""

import pytest

from bootheal.adapters.kube.keys import chosen, in_url
from bootheal.errors import MissingError
from bootheal.model import Login, Ref

SECRET = Ref("secret", "shop", "db")


@pytest.mark.parametrize(
    ("login", "keys", "taken"),
    [
        (Login(SECRET), ["username", "password"], ("username", "password", "")),
        (
            Login(SECRET),
            ["POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_DB"],
            ("POSTGRES_USER", "POSTGRES_PASSWORD", ""),
        ),
        (Login(SECRET), ["user", "password", "uri"], ("user", "password", "")),
        (Login(SECRET), ["uri", "ca.crt"], ("", "", "uri")),
        (Login(SECRET), ["DATABASE_URL", "password"], ("", "", "DATABASE_URL")),
        (Login(SECRET, user="postgres"), ["password"], ("", "password", "")),
        (Login(SECRET, user_key="who", password_key="what"), ["who", "what"], ("who", "what", "")),
        (Login(SECRET, url_key="dsn"), ["dsn", "username", "password"], ("", "", "dsn")),
    ],
)
def test_the_usual_keys_are_taken(login: Login, keys: list[str], taken: tuple[str, str, str]) -> None:
    """What is declared wins; a user and a password win over a URL."""
    assert chosen(login, keys) == taken


@pytest.mark.parametrize(
    ("login", "keys", "said", "hint"),
    [
        (Login(SECRET), ["a", "b"], "cannot find a password in secret/shop/db: it has a, b", "password_key"),
        (Login(SECRET), ["password"], "cannot find a user in secret/shop/db: it has password", "user_key"),
        (
            Login(SECRET, password_key="pw"),
            ["pwd"],
            "cannot find key pw in secret/shop/db: it has pwd",
            "describe secret db",
        ),
        (Login(SECRET, url_key="uri"), [], "cannot find key uri in secret/shop/db: it is empty", "describe secret db"),
    ],
)
def test_what_does_not_fit_is_told_with_what_there_is(login: Login, keys: list[str], said: str, hint: str) -> None:
    """The Secret exists: so nobody is told to make it."""
    with pytest.raises(MissingError, match=said) as error:
        chosen(login, keys)
    assert hint in error.value.hint
    assert "create" not in error.value.hint


@pytest.mark.parametrize(
    "text",
    [
        "postgres://app:p%40ss%2Fword@db:5432/shop?sslmode=require",
        "postgresql+psycopg://app:p%40ss%2Fword@db/shop",
        "jdbc:postgresql://db:5432/shop?user=app&password=p%40ss%2Fword",
    ],
)
def test_a_url_holds_user_and_password(text: str) -> None:
    """As they are: what was escaped is no longer."""
    assert in_url(text, "key uri") == ("app", "p@ss/word")


@pytest.mark.parametrize("text", ["postgres://db:5432/shop", "canary", "postgres://app:canary@[::1/shop"])
def test_a_url_without_them_is_refused_unseen(text: str) -> None:
    """What stands there may be a password: it is not repeated."""
    with pytest.raises(MissingError, match="cannot use key uri: it is no URL with a user and a password") as error:
        in_url(text, "key uri")
    assert "canary" not in f"{error.value} {error.value.hint}"
