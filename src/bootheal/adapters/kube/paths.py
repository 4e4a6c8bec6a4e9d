"""Paths of the API, which names of objects are part of, and that an answer is about the object which was asked for."""

import json
import re
from typing import Any

from bootheal.errors import MissingError, UnreachableError
from bootheal.model.quoted import quoted

# The path of one object in a namespace.
_OBJECT = re.compile(r"/apis?/(?:[^/]+/){1,2}namespaces/([^/]+)/[a-z]+/([^/]+)")

# Names come from objects, too, and the API server checks few of the fields that name another object: "../../secrets/x".
_PATH = re.compile(r"(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._:-]+)+")


def check(path: str) -> None:
    """Raise MissingError where a name in the path would lead elsewhere: no object can have such a one."""
    if not _PATH.fullmatch(path):
        raise MissingError(f"cannot ask for {quoted(path)}: a name in it can be no object's")


def parsed(data: bytes, about: str, path: str) -> Any:
    """Return the object that it is; where `path` names one, it must be that very one."""
    try:
        said = json.loads(data)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise UnreachableError(f"cannot get {about}: what answers is not an API server, or not yet")
    asked, metadata = _OBJECT.fullmatch(path), said.get("metadata")
    if asked and said.get("kind") != "Status":
        named = (metadata.get("namespace"), metadata.get("name")) if isinstance(metadata, dict) else ()
        if named != asked.groups():
            raise UnreachableError(f"cannot get {about}: the API server answers with another object")
    return said
