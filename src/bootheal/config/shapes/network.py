"""Hosts, and URLs that lead to them."""

import ipaddress
import re
from urllib.parse import urlsplit

from bootheal.config import passwords
from bootheal.config.shapes import texts
from bootheal.config.shapes.kubernetes import LONGEST_LABEL, LONGEST_SUBDOMAIN, matches

WEB_ADDRESS = r"https?://[!-~]+"

LONGEST_URL = 4095

_HOST_LABEL = r"[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?"


def host(text: str) -> str:
    """A name by RFC 1123, or the address of a host."""
    if ":" in text or text.startswith("["):
        if not _is_address(text) or "%" in text:
            raise ValueError(
                "it should be a host alone, like db.example.org, 10.0.0.5 or fd00::5: no port, no brackets"
            )
        return text
    labels = text.removesuffix(".").split(".")
    if labels[-1].isdecimal() and not _is_address(text):
        raise ValueError("it should be an address like 10.0.0.5: four numbers of at most 255, without leading zeros")
    if len(text) > LONGEST_SUBDOMAIN or not all(matches(_HOST_LABEL, each, LONGEST_LABEL) for each in labels):
        words = "letters, digits and - between dots, 63 at most in a row"
        raise ValueError(f"it should be the name or address of a host, like db.example.org or 10.0.0.5: {words}")
    return text


def address(text: str) -> str:
    """A host, or "" for the one that the name leads to."""
    return host(text) if text else text


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def registry(text: str) -> str:
    """A host and perhaps a port, as the names of images begin."""
    name, colon, port = text.partition(":")
    try:
        if not colon or _is_port(port):
            host(name)
            return text
    except ValueError:
        pass
    raise ValueError(
        "it should be how an image names its registry, like localhost:5000: a host, and a port if it has one"
    )


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdecimal() and not text.startswith("0") and len(text) <= 5 and int(text) <= 65535  # noqa: PLR2004


def url(text: str) -> str:
    """A web address: http or https, a host, perhaps a port, no user and no password."""
    like = "it should look like https://shop.local:8443/health"
    if passwords.in_url(text):
        raise ValueError(passwords.IN_URL)
    if not matches(WEB_ADDRESS, text, LONGEST_URL):
        raise ValueError(f"{like}: http or https, and no character that a URL needs to escape")
    authority = text.split("://", 1)[1]
    authority = re.split(r"[/?#]", authority, maxsplit=1)[0]
    try:
        parts = urlsplit(text)
        name, port = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError(f"{like}: its port is a number from 1 to 65535, an IPv6 address stands in brackets") from None
    bracketed = f"[{name}]" if ":" in name else name
    try:
        host(name)
    except ValueError:
        raise ValueError(f"{like}: it names no host") from None
    if authority.lower() not in (bracketed, f"{bracketed}:{port}") or port == 0:
        raise ValueError(f"{like}: its port is a number from 1 to 65535, an IPv6 address stands in brackets")
    return text


def registry_url(text: str) -> str:
    """A web address without a path."""
    parts = urlsplit(url(text))
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ValueError("it should look like http://127.0.0.1:5000: nothing comes after the port")
    return text


def docker(text: str) -> str:
    """Where Docker's API is."""
    scheme, separator, rest = text.partition("://")
    if separator and scheme == "unix" and rest.startswith("/"):
        texts.path(rest)
        return text
    if separator and scheme in ("tcp", "ssh"):
        user, _, server = rest.rpartition("@")
        try:
            url(f"http://{server}")
            if (not user or scheme == "ssh") and re.fullmatch(r"[-\w.]*", user, re.ASCII):
                return text
        except ValueError:
            pass
    raise ValueError("it should look like unix:///var/run/docker.sock, tcp://10.0.0.5:2376 or ssh://me@shop.local")
