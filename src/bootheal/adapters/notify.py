"""Telling the targets: one HTTPS request each, bounded, its certificate checked, and never redirected.

A URL holds a token, in whatever part of it: no text names more of it than its host. What answers is heard as far as its
status, and not quoted.
"""

import base64
import http.client
import json
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from bootheal import __version__, notices
from bootheal.adapters.bounded import Line, connect
from bootheal.adapters.files import read_file
from bootheal.adapters.front_door import AstrayError, Door
from bootheal.adapters.systemd_credentials import given
from bootheal.adapters.web import HEAD_BYTES, SILENT, trust, words
from bootheal.errors import PermanentError, TransientError
from bootheal.model import Notice, Occasion

TIMEOUT_SECONDS = 15.0
LONGEST_URL = 4096

# What a server says when the same request may be right a little later.
_PASSES = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS)

# From a boot's names, so that the start and the end of one run are known to belong together.
RUN_IDS = uuid.UUID("8f0c2f0e-53cb-4b14-9f93-2f6a2f6f0c11")

URGENT, PLAIN = 8, 4  # Gotify's priorities; ntfy's go from 1 to 5
NTFY_URGENT, NTFY_PLAIN = 4, 3


@dataclass(frozen=True, slots=True)
class Address:
    """Where a target's URL stands, and how its server is believed. `credential` is of systemd's."""

    url_file: Path | None = None
    credential: str = ""
    ca: str = ""
    plain_http: bool = False

    def read(self) -> str:
        """Return the URL. PermanentError says why it cannot be had, and never quotes it."""
        path = given(self.credential) if self.credential else self.url_file
        if path is None:
            raise PermanentError(
                f"cannot read its URL: systemd has given no credential {self.credential}",
                hint=f"systemctl edit bootheal: LoadCredential={self.credential}:/path/to/the/file",
            )
        try:
            first = read_file(path, LONGEST_URL).decode().partition("\n")[0].strip()
        except OSError as error:
            raise PermanentError(f"cannot read its URL in {path}: {error.strerror}", hint="see url_file") from None
        except ValueError:
            raise PermanentError(f"cannot read its URL in {path}: it is no text of one line") from None
        if not first:
            raise PermanentError(f"cannot read its URL in {path}: its first line is empty")
        return first


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent to one target."""

    method: str
    url: str
    body: bytes = b""
    kind: str = ""


Maker = Callable[[str, Notice, bool], Request | None]


def send(kind: str, address: Address, notice: Notice, *, full: bool) -> str:
    """Send it, and say what came back; "" where this target is not told of such an occasion.

    TransientError where trying again may help, PermanentError where not.
    """
    url = address.read()
    if kind == "apprise":
        from bootheal.adapters.notify_apprise import send as send_by_apprise

        return send_by_apprise(url, notices.title(notice), notices.text(notice, full=full), urgent=_urgent(notice))
    request = MAKERS[kind](url, notice, full)
    return "" if request is None else _sent(request, address)


def _sent(request: Request, address: Address) -> str:
    try:
        door = Door.at(_without_login(request.url))
    except AstrayError as error:
        raise PermanentError(f"cannot use its URL: it is {error}") from None
    if door.scheme == "http" and not address.plain_http:
        raise PermanentError("cannot use its URL: it is plain http", hint="use https, or say plain_http: true")
    who = f"{door.scheme}://{door.host}"
    try:
        status, again = _asked(door, request, address)
    except SILENT as error:
        raise TransientError(f"cannot tell {who}: {words(error)}") from None
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return f"{who} says {status}"
    if status in _PASSES or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise TransientError(f"cannot tell {who}: it says {status}", again=again)
    moved = status < HTTPStatus.BAD_REQUEST
    hint = "it redirects: give it the URL that it redirects to" if moved else "is its URL right, with its token?"
    raise PermanentError(f"cannot tell {who}: it says {status}", hint=hint)


def _asked(door: Door, request: Request, address: Address) -> tuple[int, float | None]:
    """Return the status, and after how many seconds to ask again, where that was said."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    context = trust(door, address.ca, insecure=False)
    with Line(connect(door.host, door.port, TIMEOUT_SECONDS), deadline, HEAD_BYTES) as line:
        if context:
            line.encrypt(context, door.host)
        connection = http.client.HTTPConnection(door.host, door.port)
        connection.sock = line
        connection.default_port = http.client.HTTPS_PORT if context else http.client.HTTP_PORT
        with closing(connection):
            connection.request(request.method, door.target, body=request.body or None, headers=_headers(request))
            response = connection.getresponse()
            if line.ended:
                raise ConnectionError("connection closed")
            return response.status, _seconds(response.headers.get("Retry-After"))


def _headers(request: Request) -> Mapping[str, str]:
    headers = {"User-Agent": f"bootheal/{__version__}"}
    parts = urlsplit(request.url)
    if parts.password is not None or parts.username:
        login = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
        headers["Authorization"] = f"Basic {base64.b64encode(login.encode()).decode()}"
    return headers | ({"Content-Type": request.kind} if request.kind else {})


def _without_login(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return url  # whose fault that is, is told by whoever takes it apart
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _seconds(header: str | None) -> float | None:
    text = (header or "").strip()
    return min(float(text), 600.0) if text.isascii() and text.isdecimal() else None


def _urgent(notice: Notice) -> bool:
    return notice.exit_code != 0


# --- the kinds ------------------------------------------------------------------------------------


def _healthchecks(url: str, notice: Notice, full: bool) -> Request:  # noqa: FBT001 - of one table
    """Ping: /start, success, /fail or the exit code, with an id that start and end share; the body is kept there."""
    run = uuid.uuid5(RUN_IDS, f"{notice.machine} {notice.boot}")
    ending = {Occasion.STARTED: "/start", Occasion.HEALED: "", Occasion.UNWELL_AGAIN: "/fail"}
    path = ending.get(notice.occasion, f"/{notice.exit_code}")
    body = notices.text(notice, full=full).encode()
    return Request("POST", f"{_extended(url, path)}{'&' if '?' in url else '?'}rid={run}", body, TEXT)


def _ntfy(url: str, notice: Notice, full: bool) -> Request:  # noqa: FBT001
    """As JSON, to the server's root: headers could hold nothing but Latin."""
    parts = urlsplit(url)
    said = {
        "topic": unquote(parts.path.rpartition("/")[2]),
        "title": notices.title(notice),
        "message": notices.text(notice, full=full),
        "priority": NTFY_URGENT if _urgent(notice) else NTFY_PLAIN,
        "tags": ["rotating_light" if _urgent(notice) else "white_check_mark"],
    }
    root = parts._replace(path=f"{parts.path.rpartition('/')[0]}/").geturl()
    return Request("POST", root, json.dumps(said).encode(), JSON)


def _gotify(url: str, notice: Notice, full: bool) -> Request:  # noqa: FBT001
    """A message of an application: the URL is that of /message, with its token."""
    said = {
        "title": notices.title(notice),
        "message": notices.text(notice, full=full),
        "priority": URGENT if _urgent(notice) else PLAIN,
    }
    return Request("POST", url, json.dumps(said).encode(), JSON)


def _uptime_kuma(url: str, notice: Notice, full: bool) -> Request | None:  # noqa: FBT001
    """A push: up or down. It knows no beginning."""
    if notice.occasion is Occasion.STARTED:
        return None
    parts = urlsplit(url)
    kept = [(name, value) for name, value in parse_qsl(parts.query) if name not in ("status", "msg", "ping")]
    first = notices.text(notice, full=full).partition("\n")[0]
    said = [*kept, ("status", "down" if _urgent(notice) else "up"), ("msg", first)]
    return Request("GET", parts._replace(query=urlencode(said, quote_via=quote)).geturl())


def _webhook(url: str, notice: Notice, full: bool) -> Request:  # noqa: FBT001
    """Facts, for a program."""
    said = {**notices.facts(notice, full=full), "text": notices.text(notice, full=full)}
    return Request("POST", url, json.dumps(said).encode(), JSON)


def _extended(url: str, path: str) -> str:
    parts = urlsplit(url)
    return parts._replace(path=f"{parts.path.rstrip('/')}{path}").geturl()


TEXT, JSON = "text/plain; charset=utf-8", "application/json"

MAKERS: Mapping[str, Maker] = {
    "healthchecks": _healthchecks,
    "ntfy": _ntfy,
    "gotify": _gotify,
    "uptime-kuma": _uptime_kuma,
    "webhook": _webhook,
}
