"""Small values that several parts of the demo share: Secret encoding, SCRAM verifiers, durations. Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import random
from typing import TypeAlias

Seconds: TypeAlias = float | tuple[float, float]
"""A duration, or the range from which one is drawn."""


def drawn(seconds: Seconds, source: random.Random) -> float:
    """A duration in seconds."""
    return source.uniform(*seconds) if isinstance(seconds, tuple) else seconds


def encoded(text: str) -> str:
    """As a Secret's `data` holds it."""
    return base64.b64encode(text.encode()).decode()


def decoded(text: str) -> str:
    """As a container's environment holds it."""
    return base64.b64decode(text).decode()


def scram_verifier(password: str, salt: bytes | None = None, iterations: int = 4096) -> str:
    """What PostgreSQL stores for an ASCII password: RFC 5802 keys in the form of `pg_authid.rolpassword`."""
    salt = salt or os.urandom(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    parts = (base64.b64encode(part).decode() for part in (salt, stored, server))
    salt_text, stored_text, server_text = parts
    return f"SCRAM-SHA-256${iterations}:{salt_text}${stored_text}:{server_text}"
