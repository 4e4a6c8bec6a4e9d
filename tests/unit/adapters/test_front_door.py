"""Which redirects lead on, and what is shown of a URL."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootheal.adapters.front_door import LONGEST_SHOWN, AstrayError, Door

# What URLs are made of, and what breaks them.
PIECES = ["http", "https", "javascript", ":", "//", "/", "[", "]", "::1", "@", "?", "#", "%", "\\", "..", ":8080"]
TEXTS = st.one_of(
    st.text(),
    st.text(st.characters(max_codepoint=255)),
    st.lists(st.one_of(st.sampled_from([*PIECES, "shop.local", ":443", ":99999"]), st.text(max_size=3))).map("".join),
)
DOORS = [
    "http://shop.local/",
    "https://shop.local:8443/a?token=canary-2b9e",
    "http://[::1]:8080/",
    "https://shop.local",
]


@pytest.mark.parametrize(
    ("door", "location", "leads"),
    [
        ("http://shop.local/a/b", "c", "http://shop.local/a/c"),
        ("http://shop.local/", "HTTP://Shop.Local:80/x#y", "http://shop.local/x"),
        ("http://shop.local/", "https://shop.local/", "https://shop.local/"),
        ("http://shop.local/", "https://shop.local:443/", "https://shop.local/"),
        ("http://shop.local:8080/", "https://shop.local:8080/", "https://shop.local:8080/"),
        ("https://shop.local:8443/", "//shop.local:8443/x", "https://shop.local:8443/x"),
        ("http://[::1]:8080/", "http://[::1]:8080/x", "http://[::1]:8080/x"),
        (
            "https://b\u00fccher.local/",
            "https://xn--bcher-kva.local/\u00c3\u00bc",
            "https://xn--bcher-kva.local/%C3%BC",
        ),
        ("http://shop.local/", "https://login.example.org/", "None"),
        ("http://shop.local/", "//shop.local.example.org/", "None"),
        ("http://shop.local/", "http://shop.local@example.org/", "None"),
    ],
)
def test_a_redirect_leads_on_to_the_same_door(door: str, location: str, leads: str) -> None:
    """Its host, and its port or the usual one with TLS; another host is somebody else's door."""
    assert str(Door.at(door).onward(location)) == leads


@pytest.mark.parametrize(
    ("door", "location", "why"),
    [
        ("https://shop.local/", "http://shop.local/", "from https to plain http"),
        ("https://shop.local:8443/", "http://shop.local:8443/", "from https to plain http"),
        ("http://shop.local/", "http://shop.local:6443/a", "to another port: declare http://shop.local:6443/a if"),
        ("http://shop.local:8080/", "https://shop.local/", "to another port: declare https://shop.local/ if"),
        ("http://shop.local/", "https://shop.local:8443/", "to another port: declare https://shop.local:8443/ if"),
        ("https://shop.local:8443/", "https://shop.local/", "to another port: declare https://shop.local/ if"),
        ("http://shop.local/", "javascript:alert(1)", "to something that is not http(s)"),
        ("http://shop.local/", "http://[::1/", "to something that is no URL"),
        ("http://shop.local/", "http://shop.local:99999/", "to something that is no URL"),
        ("http://shop.local/", "http://mail..example.org/", "to something that is no URL"),
        ("http://shop.local/", "/a\x00b", "to a URL with control characters in it"),
        ("http://shop.local/", "/" * 10_000, "to a URL of 10000 characters"),
    ],
)
def test_a_redirect_that_is_not_followed_says_why(door: str, location: str, why: str) -> None:
    """And what to declare, where somebody may want it."""
    with pytest.raises(AstrayError) as error:
        Door.at(door).onward(location)
    assert str(error.value).startswith(f"redirects {why}")


@given(st.sampled_from(DOORS), TEXTS)
def test_no_redirect_leads_astray(url: str, location: str) -> None:
    """Whatever it says: never to another host, never downwards, to no port but these; or it is refused in words."""
    door = Door.at(url)
    with suppress(AstrayError):
        onward = door.onward(location)
        assert onward is None or onward.host == door.host
        assert onward is None or (onward.scheme, onward.port) in {
            (door.scheme, door.port),
            ("https", door.port),
            *([("https", 443)] if (door.scheme, door.port) == ("http", 80) else []),
        }


@given(TEXTS)
def test_what_can_be_no_url_is_refused(url: str) -> None:
    """And what is one is shown as one short line, and can be sent."""
    with suppress(AstrayError):
        door = Door.at(url)
        assert str(door).isprintable()
        assert len(str(door)) <= LONGEST_SHOWN
        assert door.target.isascii()
        assert door.target.isprintable()
        assert " " not in door.target


@pytest.mark.parametrize(
    "location",
    ["/canary-2b9e/x", "/%63anary-2b9e", "/?again=canary-2b9e", "//root:canary-2b9e@shop.local/", "/token=canary-2b9e"],
)
def test_what_was_asked_is_not_shown_when_it_is_sent_back(location: str) -> None:
    """A query may hold a token, and a server that is asked with it may repeat it."""
    door = Door.at("https://shop.local/?token=canary-2b9e")
    assert str(door) == "https://shop.local/"
    assert "canary" not in str(door.onward(location))
    assert str(door.onward("/health")) == "https://shop.local/health"
