"""The values that several sections hold; a type that only one of them knows is in its file."""

import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h)?")
_UNITS = {None: 1, "s": 1, "m": 60, "h": 3600}


def seconds(value: Any) -> Any:
    """Return the seconds that a text like 90s means; ValueError where it means none. What is no text stays as it is."""
    if not isinstance(value, str):
        return value
    if not (found := _DURATION.fullmatch(value.strip())):
        raise ValueError("it should be seconds, or like 90s, 30m, 2h")
    return float(found[1]) * _UNITS[found[2]]


def _no_nul(path: Path) -> Path:
    if "\0" in str(path):
        raise ValueError("a path cannot hold NUL")
    return path


Duration = Annotated[
    float, BeforeValidator(seconds), Field(gt=0, le=30 * 86400, description="seconds, or like 90s, 30m, 2h")
]
Patience = Annotated[
    Duration, Field(description="for how long it is waited for, once what comes before it serves, until it has failed")
]
Name = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", max_length=253)]
WorkloadName = Annotated[str, Field(pattern=r"^(deployment|statefulset|daemonset)/[a-z0-9.-]+/[a-z0-9.-]+$")]
Host = Annotated[str, Field(pattern=r"^[A-Za-z0-9.:-]+$")]
Port = Annotated[int, Field(ge=1, le=65535)]
HttpStatus = Annotated[int, Field(ge=100, le=599)]
UrlText = Annotated[str, Field(pattern=r"^https?://[!-~]+$")]
FilePath = Annotated[Path, AfterValidator(_no_nul)]
Words = Annotated[list[str], Field(min_length=1)]
