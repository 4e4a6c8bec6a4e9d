"""The manual page bootheal.yaml(5), made from the schema, so that it forgets no key.

`python -m bootheal.config.manual` prints it as mdoc(7), which `man` reads; scripts/install puts it in place.
"""

import inspect
import re
import sys
from collections.abc import Iterator
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from bootheal.config.file import File

HEAD = """\
.Dd November 21, 2026
.Dt BOOTHEAL.YAML 5
.Os
.Sh NAME
.Nm bootheal.yaml
.Nd what bootheal brings back after a reboot
.Sh DESCRIPTION
.Xr bootheal 8
reads
.Pa /etc/bootheal/bootheal.yaml ,
or the file that
.Fl -config
names.
It declares what must serve, and what comes after what; everything else has a default that is safe.
No secret belongs into it: it names the Secrets of Kubernetes that hold them.
.Pp
Durations are seconds, or like 90s, 30m, 2h. Paths are absolute.
What versions of YAML read differently, such as yes, 010 or 2:30, stands in quotes where it is meant as it is written.
.Sq bootheal check
says what is wrong with a file, with line and column, and
.Sq bootheal check --schema
prints its JSON Schema.
.Ss "Files"
More files may lie beside it in conf.d: all *.yaml, in the order of their names.
Each may add databases, poolers, dependencies, workloads and hooks; any other key stands in one file, and cluster and
state_directory in the main one.
What is said twice is an error that names both places.
.Ss "Names"
The key after names what must serve first: database/NAME, pooler/NAME, dependency/NAME, by the NAME that this file
gives it, or a workload as kind/namespace/name, such as deployment/shop/web.
A kind is deployment, statefulset or daemonset; deploy, sts, ds and Deployment will do.
What all comes after is the gate: the API server, and this boot's node.
.Ss "Annotations"
With discover, a workload itself may say what a line here would, by the annotations bootheal/after, bootheal/restart,
bootheal/strategy, bootheal/probe, bootheal/soak and bootheal/patience, with the same values.
The annotation bootheal/ignore, with the value true in quotes, leaves it out.
.Sh KEYS
"""
TAIL = """\
.Sh EXAMPLES
With nothing but this, all workloads of a namespace are found and healed in order:
.Bd -literal
discover: {namespaces: [media]}
.Ed
.Pp
With a database, and one workload:
.Bd -literal
cluster: {kind: k3s}
databases:
  shop: {namespace: shop, service: postgres, dbname: shop, admin: {secret: postgres-admin}}
workloads:
  deployment/shop/web: {after: [database/shop], probe: {http: /health, port: 8000}}
.Ed
.Pp
A home server with a PostgreSQL, its pooler, Redis, RabbitMQ, a dozen services, a registry of its own, and Flux.
The services need not be listed; the one that is listed has a probe of its own:
.Bd -literal
cluster: {kind: k3s}
registry: {url: "http://127.0.0.1:5000", container: registry, start: when-down}
databases:
  main:
    namespace: home
    service: postgres
    dbname: app
    admin: {secret: postgres}
    client: {secret: app}
    backup: {cronjob: postgres-dump}
    checks: [{name: users kept, sql: select count(*) from users, at_least: 1}]
poolers:
  main:
    database: main
    deployment: pgbouncer
    service: pgbouncer
    credential: {secret: pgbouncer}
    client: {secret: app}
dependencies:
  redis: {namespace: home, service: redis, probe: {port: 6379, send: "PING\\er\\en", expect: +PONG}}
  rabbitmq: {namespace: home, service: rabbitmq, probe: {exec: [rabbitmq-diagnostics, -q, check_running]}}
discover: {namespaces: [home]}
workloads:
  deploy/home/api: {after: [pooler/main, dependency/redis], probe: {http: /health, port: 8000}}
hooks: {flux: {after: [deploy/home/api], reconcile: kustomization/flux-system/apps}}
.Ed
.Pp
.Sq bootheal init
writes such a file, with a comment in each line that says by what that is known.
.Sh SEE ALSO
.Xr bootheal 8
"""


def manual() -> str:
    """Return the page."""
    return HEAD + "".join(f"{line}\n" for model in _models(File, []) for line in _section(model)) + TAIL


def _models(model: type[BaseModel], known: list[type[BaseModel]]) -> list[type[BaseModel]]:
    """Return the model and all that its fields refer to, in the order in which a reader meets them."""
    if model not in known:
        known.append(model)
        for field in model.model_fields.values():
            for other in _referred(field.annotation):
                _models(other, known)
    return known


def _referred(annotation: Any) -> Iterator[type[BaseModel]]:
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _referred(argument)


def _section(model: type[BaseModel]) -> Iterator[str]:
    yield f'.Ss "{_title(model)}"'
    yield _text(inspect.getdoc(model) or "")
    yield ".Bl -tag -width indent"
    for name, field in model.model_fields.items():
        yield f".It Sy {name}"
        yield from _key(field)
    yield ".El"


def _title(model: type[BaseModel]) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", model.__name__)


def _key(field: FieldInfo) -> Iterator[str]:
    described = field.description or next((item.description for item in field.metadata if _describes(item)), "")
    facts = [described, _choice(field.annotation), _default(field, described)]
    if told := "; ".join(fact for fact in facts if fact):
        yield _text(f"{told}.")
    for other in _referred(field.annotation):
        yield f'See\n.Sx "{_title(other)}" .'


def _describes(item: object) -> bool:
    return isinstance(item, FieldInfo) and bool(item.description)


def _choice(annotation: Any) -> str:
    return "one of " + ", ".join(map(str, get_args(annotation))) if get_origin(annotation) is Literal else ""


def _default(field: FieldInfo, described: str) -> str:
    if field.is_required():
        return "required"
    if "default" in described or field.default_factory or isinstance(field.default, BaseModel | NoneType):
        return ""
    value = field.default
    if isinstance(value, list):
        value = ", ".join(value)
    if isinstance(value, bool):
        value = str(value).lower()
    return f"default {value:g}" if isinstance(value, float) else f"default {value}" if value != "" else ""


def _text(text: str) -> str:
    """Return it as mdoc reads it: no line begins with a request, no backslash is an escape."""
    escaped = text.replace("\\", "\\e").replace("\n\n", "\n.Pp\n")
    return re.sub(r"^(?=[.'](?!Pp))", r"\\&", escaped, flags=re.MULTILINE)


if __name__ == "__main__":
    sys.stdout.write(manual())
