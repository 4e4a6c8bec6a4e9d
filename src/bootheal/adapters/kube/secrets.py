"""Credentials and certificates: read seldom, and whatever is a password is kept out of every text from then on."""

import base64
import binascii
import threading
import time
from collections.abc import Callable
from pathlib import Path

from bootheal.adapters.files import read_file
from bootheal.adapters.kube import keys, objects
from bootheal.adapters.kube.api import Api
from bootheal.adapters.kube.errors import understood
from bootheal.adapters.redaction import Redaction
from bootheal.errors import MissingError
from bootheal.model import Credentials, Document, Login, Ref, Secret

# Looks come several times a second while something is repaired; a Secret changes once in months.
KEPT_SECONDS = 2.0

LONGEST_FILE = 1 << 20


class KubeSecrets:
    """The CredentialReader port. `redact` learns the passwords; `document` reads a key of a ConfigMap."""

    def __init__(self, api: Api, redact: Redaction, document: Callable[[Ref, str], Document]) -> None:
        self._api, self._redact, self._document = api, redact, document
        self._read: dict[Ref, tuple[float, objects.Raw]] = {}
        self._lock = threading.Lock()

    def credentials(self, login: Login, *, fresh: bool = False) -> Credentials:
        """Return user and password; `fresh` insists on asking the API server."""
        raw, secret = self._get(login.secret, fresh=fresh), login.secret
        with understood(str(secret)):
            user_key, password_key, url_key = keys.chosen(login, (raw.get("data") or {}).keys())
            if url_key:
                user, password = keys.in_url(_value(raw, secret, url_key), f"key {url_key} of {secret}")
                user = login.user or user
            else:
                user = login.user or _value(raw, secret, user_key)
                password = _value(raw, secret, password_key)
            self._redact.learn(password, user, secret.namespace, secret.name)
            taken = tuple(key for key in (user_key, password_key, url_key) if key)
            return Credentials(user, Secret(password), str(raw["metadata"].get("resourceVersion", "")), taken)

    def certificate(self, where: Ref, key: str) -> str:
        """Read a certificate, which is no secret; MissingError where there is none."""
        if where.kind == "file":
            text = _read_file(where.name)
        elif where.kind == "secret":
            with understood(str(where)):
                text = _value(self._get(where, fresh=False), where, key)
        else:
            text = self._document(where, key).text
        if "-----BEGIN CERTIFICATE-----" not in text:
            name = f"key {key} of {where}" if key else str(where)
            raise MissingError(f"cannot use {name}: it holds no certificate in PEM form", hint="see the database's tls")
        return text

    def _get(self, ref: Ref, *, fresh: bool) -> objects.Raw:
        with self._lock:
            at, known = self._read.get(ref, (float("-inf"), {}))
        if not fresh and time.monotonic() - at < KEPT_SECONDS:
            return known
        raw: objects.Raw = self._api.get(f"/api/v1/namespaces/{ref.namespace}/secrets/{ref.name}", about=str(ref))
        with self._lock:
            self._read[ref] = (time.monotonic(), raw)
        return raw


def _value(raw: objects.Raw, ref: Ref, key: str) -> str:
    encoded = (raw.get("data") or {}).get(key)
    if encoded is None:
        hint = f"name the right key: kubectl -n {ref.namespace} describe secret {ref.name} lists them"
        raise MissingError(f"cannot find key {key} in {ref}", hint=hint)
    if not encoded:
        raise MissingError(f"cannot use key {key} in {ref}: it is empty", hint="whoever makes the Secret fills it")
    try:
        value = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        value = "\0"
    if "\0" in value:  # PostgreSQL's protocol ends a text there
        raise MissingError(f"cannot use key {key} in {ref}: it is not text", hint="make the Secret anew")
    return value


def _read_file(path: str) -> str:
    try:
        return read_file(Path(path), LONGEST_FILE).decode()
    except (OSError, ValueError) as error:
        reason = "it is not text" if isinstance(error, UnicodeDecodeError) else getattr(error, "strerror", "") or error
        raise MissingError(f"cannot read {path}: {reason}", hint="see the database's tls") from None
