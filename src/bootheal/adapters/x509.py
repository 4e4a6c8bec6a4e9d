"""Certificates: element by element of their DER, when one ends (too little for a library), which are taken, why not."""

import base64
import re
import ssl
from datetime import UTC, datetime

from bootheal.model.quoted import quoted

_PEM = re.compile(rb"-----BEGIN (?:TRUSTED )?CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END ")

_SEQUENCE, _VERSION, _UTC_TIME, _TIME = 0x30, 0xA0, 0x17, 0x18
_LONG_FORM, _MOST_LENGTH_BYTES = 0x80, 4

MOST_IN_A_TEXT = 20
MOST_WRAPPED = 10


def earliest(pem: bytes) -> float:
    """Return when the first of some certificates ends. ValueError where there is none, or one is none."""
    found = [ends(base64.b64decode(each[1])) for each in list(_PEM.finditer(pem))[:MOST_IN_A_TEXT]]
    if not found:
        raise ValueError("it holds no certificate")
    return min(found)


def ends(der: bytes) -> float:
    """Return the end of a certificate's validity (RFC 5280, 4.1). ValueError where it is none."""
    whole = memoryview(der)
    _, body, _ = element(element(whole, _SEQUENCE)[1], _SEQUENCE)
    tag, _, rest = element(body)
    if tag == _VERSION:
        _, _, rest = element(rest)
    for _ in ("the algorithm", "the issuer"):
        _, _, rest = element(rest)
    _, validity, _ = element(rest, _SEQUENCE)
    _, _, rest = element(validity)
    tag, said, _ = element(rest)
    return _time(tag, bytes(said))


def element(data: memoryview, wanted: int | None = None) -> tuple[int, memoryview, memoryview]:
    """Take the first element: its tag, what it holds, and what comes after it. ValueError where there is none."""
    try:
        tag, length, begin = data[0], data[1], 2
        if length & _LONG_FORM:
            count = length & ~_LONG_FORM
            begin += count
            length = int.from_bytes(data[2:begin], "big") if count <= _MOST_LENGTH_BYTES else len(data)
    except IndexError:
        raise ValueError("it is no certificate") from None
    if begin + length > len(data) or wanted not in (None, tag):
        raise ValueError("it is no certificate")
    return tag, data[begin : begin + length], data[begin + length :]


def _time(tag: int, said: bytes) -> float:
    text = said.decode("ascii", errors="replace")
    if tag == _UTC_TIME:  # two digits of a year: before 1950 there were none
        text = ("19" if text[:2] >= "50" else "20") + text
    elif tag != _TIME:
        raise ValueError("it is no certificate")
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC).timestamp()


def as_others_do(context: ssl.SSLContext) -> ssl.SSLContext:
    """Take certificates that say less than RFC 5280 wants, as curl and libpq do, and Python until 3.13.

    Then it began to refuse those without an Authority Key Identifier, which many an owner's own authority has signed.
    Who has signed them is proven all the same.
    """
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


# OpenSSL's numbers for what may be wrong with a certificate (X509_V_ERR_…), and what to do about it.
NOT_YET_VALID, HAS_EXPIRED = 9, 10
UNKNOWN_AUTHORITY = frozenset({18, 19, 20, 21})
_ADVICE = {
    NOT_YET_VALID: "is this host's clock right?",
    HAS_EXPIRED: "renew it",
    22: "let it show fewer between it and its authority",
    24: "one of those that have signed it is no authority",
    26: "let it be made for a server",
    62: "ask by a name that it is for",
    64: "ask by an address that it is for",
    66: "make it anew, with a longer key",
    68: "make it anew, signed with SHA-256",
}


def why_refused(error: ssl.SSLError, authority: str) -> str:
    """Say why there is no TLS with somebody, and what to do; `authority` is that where it is not known who has signed.

    Without OpenSSL's own file and line, which say nothing to anybody.
    """
    match error:
        case ssl.SSLCertVerificationError():
            advice = authority if error.verify_code in UNKNOWN_AUTHORITY else _ADVICE.get(error.verify_code, "")
            said = quoted(error.verify_message.rstrip("."))
            return f"its certificate is not trusted: {said}" + (advice and f"; {advice}")
        case ssl.SSLEOFError() | ssl.SSLZeroReturnError():
            return "connection closed"
        case _:
            return "it does not speak TLS as it should"


def within(error: BaseException | None) -> ssl.SSLError | None:
    """Find what TLS says in what clients make of it: they wrap it, one in the other."""
    for _ in range(MOST_WRAPPED):
        if error is None or isinstance(error, ssl.SSLError):
            break
        inner = (getattr(error, "reason", None), *error.args, error.__cause__, error.__context__)
        error = next((each for each in inner if isinstance(each, BaseException)), None)
    return error if isinstance(error, ssl.SSLError) else None
