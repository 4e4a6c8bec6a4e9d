"""The values that several sections hold; a type that only one of them knows is in its file."""

import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from bootheal.config.shapes import kubernetes, network, texts
from bootheal.model import WORKLOADS

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([smh])?")
_UNITS = {None: 1, "s": 1, "m": 60, "h": 3600}
UNITS = ("s", "m", "h")
_TRUTHS = {"true": True, "false": False}
_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,18})?")


def seconds(value: Any) -> Any:
    """Return the seconds that a text like 90s means; ValueError where it means none."""
    if isinstance(value, bool | str):  # Python takes true for 1
        found = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
        if not found:
            raise ValueError("it should be seconds, or like 90s, 30m, 2h")
        return float(found[1]) * _UNITS[found[2]]
    return value


def whole(value: Any) -> Any:
    """Return a whole number, which may stand in quotes. true is none, though Python takes it for one."""
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    if isinstance(value, bool | float | str):
        raise ValueError("it should be a whole number, like 8080")  # noqa: TRY004 - pydantic makes a problem of it
    return value


def number(value: Any) -> Any:
    """Return a number, which may stand in quotes."""
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return float(value)
    if isinstance(value, bool | str):
        raise ValueError("it should be a number")  # noqa: TRY004 - likewise
    return value


def truth(value: Any) -> Any:
    """Return true or false, which may stand in quotes; no other word means them, and no number."""
    if isinstance(value, str) and value in _TRUTHS:
        return _TRUTHS[value]
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        raise ValueError("it should be true or false")  # noqa: TRY004 - likewise
    return value


def _pattern(pattern: str) -> Any:
    """Tell editors what the function before it checks; a person is told in words."""
    return Field(json_schema_extra={"pattern": f"^{pattern}$"})


def _path(path: Path) -> Path:
    texts.path(str(path))
    return path


# For editors, which read the schema.
DURATION = Field(json_schema_extra={"type": ["number", "string"], "pattern": f"^{_DURATION.pattern}$"})

Truth = Annotated[bool, BeforeValidator(truth)]
Count = Annotated[int, Field(ge=1, le=1_000_000), BeforeValidator(whole)]
Port = Annotated[int, Field(ge=1, le=65535), BeforeValidator(whole)]
HttpStatus = Annotated[int, Field(ge=100, le=599), BeforeValidator(whole)]
Number = Annotated[float, Field(allow_inf_nan=False), BeforeValidator(number)]
Duration = Annotated[
    float,
    Field(gt=0, le=30 * 86400, allow_inf_nan=False, description="seconds, or like 90s, 30m, 2h"),
    BeforeValidator(seconds),
    DURATION,
]
Patience = Annotated[
    Duration, Field(description="for how long it is waited for, once what comes before it serves, until it has failed")
]

# What this file gives a name, and what Kubernetes does. A Deployment, a ConfigMap or a CronJob is called by an
# ObjectName, a namespace, a Service or a container by a Label.
Name = Annotated[str, AfterValidator(kubernetes.subdomain), _pattern(kubernetes.SUBDOMAIN)]
ObjectName = Name
Label = Annotated[str, AfterValidator(kubernetes.label), _pattern(kubernetes.LABEL)]
SecretName = Annotated[str, AfterValidator(kubernetes.secret_name), _pattern(kubernetes.SUBDOMAIN)]
SecretKey = Annotated[str, AfterValidator(kubernetes.secret_key), _pattern(kubernetes.DATA_KEY)]
Selector = dict[
    Annotated[str, AfterValidator(kubernetes.label_key)],
    Annotated[str, AfterValidator(kubernetes.label_value), _pattern(kubernetes.LABEL_VALUE)],
]
WorkloadName = Annotated[str, AfterValidator(kubernetes.workload), _pattern(rf"({'|'.join(WORKLOADS)})/.+/.+")]

Host = Annotated[str, AfterValidator(network.host)]
Address = Annotated[str, AfterValidator(network.address)]
UrlText = Annotated[str, AfterValidator(network.url), _pattern(network.WEB_ADDRESS)]
FilePath = Annotated[Path, AfterValidator(_path), _pattern(texts.ABSOLUTE)]
PodPath = Annotated[str, AfterValidator(texts.path), _pattern(texts.ABSOLUTE)]
AnyPath = Annotated[str, Field(min_length=1, max_length=4096)]
PostgresName = Annotated[str, AfterValidator(texts.postgres_name)]
DatabaseName = Annotated[PostgresName, Field(min_length=1)]
Line = Annotated[str, AfterValidator(texts.line)]
Text = Annotated[str, AfterValidator(texts.text_without_nul)]
Words = Annotated[list[Text], Field(min_length=1)]
