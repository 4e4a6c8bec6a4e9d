"""What a command waits for before it goes on: the servers and workloads that it names. Pure."""

import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import PurePosixPath

from bootheal.discovery import addresses
from bootheal.model.inventory import Address, Box

_ENDS = re.compile(r"&&|\|\|?|;|\n|&(?!>|\d)|[(){}]|\$\(|`")
_LONGEST = 20_000
_LEADING = {
    "until", "while", "if", "elif", "do", "then", "else", "!", "exec", "time", "not", "sudo", "set", "command",
    "[", "[[",
}  # fmt: skip
_SILENT = {
    "echo", "printf", "sleep", "exit", "true", "false", "done", "fi", "export", "cd", "for", "test", "date", "return",
}  # fmt: skip
_SHELLS = {"sh", "bash", "ash", "dash", "busybox"}
_TIMEOUT = {"timeout", "gtimeout"}

# Programs that take a host by -h or --host, and the port that they ask by themselves.
_ASKS = {
    "pg_isready": 5432, "psql": 5432, "pg_dump": 5432, "pg_dumpall": 5432, "pg_basebackup": 5432,
    "mysqladmin": 3306, "mysql": 3306, "mariadb-admin": 3306, "mariadb": 3306,
    "redis-cli": 6379, "valkey-cli": 6379, "mongosh": 27017, "mongo": 27017, "rabbitmqadmin": 15672,
}  # fmt: skip
_NETCAT = {"nc", "ncat", "netcat"}
_NAMES = {"nslookup", "getent", "dig", "host", "ping"}
_FETCHES = {"curl", "wget"}
_KINDS = {
    "deploy": "deployment", "deployment": "deployment", "deployments": "deployment", "deployment.apps": "deployment",
    "sts": "statefulset", "statefulset": "statefulset", "statefulsets": "statefulset",
    "statefulset.apps": "statefulset",
    "ds": "daemonset", "daemonset": "daemonset", "daemonsets": "daemonset", "job": "job", "jobs": "job",
    "svc": "service", "service": "service", "services": "service", "pod": "pod", "pods": "pod", "po": "pod",
}  # fmt: skip
# Short options of these programs that take a value.
_WITH_VALUE = {
    "-p",
    "-U",
    "-d",
    "-t",
    "-w",
    "-i",
    "-u",
    "-a",
    "-n",
    "-c",
    "-q",
    "-G",
    "-k",
    "-s",
    "-x",
    "-o",
    "-e",
    "-f",
}


@dataclass(frozen=True, slots=True)
class Waited:
    """What is waited for: an address, or an object of this kind and name; or pods by their labels."""

    told: str
    address: Address | None = None
    kind: str = ""
    name: str = ""
    namespace: str = ""
    labels: tuple[tuple[str, str], ...] = ()


def waited_for(box: Box, words: Sequence[str]) -> tuple[Waited, ...]:
    """Return what a container waits for; `words` is its command line with all variables filled in."""
    if "k8s-wait-for" in box.image or any(PurePosixPath(word).name == "wait_for.sh" for word in words[:2]):
        return tuple(_wait_for(words))
    return tuple(dict.fromkeys(_commands(words)))


def loops(words: Sequence[str]) -> bool:
    """Whether a main container's command waits before it begins its work."""
    return any(re.search(r"\b(?:until|while)\b|wait-for|wait4|wait_for|dockerize|pg_isready", word) for word in words)


def _commands(words: Sequence[str]) -> Iterator[Waited]:
    script = _script(words) if len(words) > 1 else words[0] if words else ""
    script = script[:_LONGEST] if script else script
    for text in _ENDS.split(script) if script is not None else [shlex.join(words)]:
        # host/port as bash has it, wherever it stands
        for found in re.finditer(r"/dev/tcp/([-\w.]{1,300})/(\d{1,5})", text):
            yield Waited("/dev/tcp", Address(found[1].lower(), int(found[2])))
        try:
            parts = shlex.split(text, comments=True)
        except ValueError:  # a quote that another piece closes
            parts = text.replace('"', " ").replace("'", " ").split()
        yield from _command(parts)


def _script(words: Sequence[str]) -> str | None:
    """Return what a shell is given, None where the command is no shell."""
    for index, word in enumerate(words):
        if PurePosixPath(word).name in _SHELLS:
            for at in range(index + 1, len(words)):
                if re.fullmatch(r"-\w*c\w*", words[at]):
                    return next((each for each in words[at + 1 :] if each != "--"), None)
        elif not word.startswith("-"):
            break
    return next((word for word in words if "\n" in word), None)


def _command(parts: list[str]) -> Iterator[Waited]:
    parts = _bare(parts)
    if not parts or parts[0] in _SILENT:
        return
    program = PurePosixPath(parts[0]).name
    arguments = [word for word in parts[1:] if not re.match(r"\d?>|<", word)]
    if program in _SHELLS:
        script = _script(parts)
        yield from _commands([script]) if script else ()
    elif program in _ASKS:
        yield from _by_option(program, arguments)
    elif program in _NAMES:
        plain = [word for word in arguments if not word.startswith(("-", "+", "@"))]
        yield from (Waited(program, Address(word.rstrip(".").lower())) for word in plain[-1:])
    elif program in _FETCHES:
        yield from _addresses(program, arguments, plain=True)
    else:
        special = {"kubectl": _kubectl} | dict.fromkeys(_NETCAT, partial(_netcat, program))
        yield from special.get(program, partial(_general, program))(arguments)


def _bare(parts: list[str]) -> list[str]:
    """Leave out a shell's words, variables that are set, and timeout with its options."""
    while parts and (parts[0] in _LEADING or re.fullmatch(r"\w+=\S*", parts[0])):
        parts = parts[1:]
    if parts and PurePosixPath(parts[0]).name in _TIMEOUT:
        parts = parts[1:]
        while parts and (parts[0].startswith("-") or re.fullmatch(r"[\d.]+[smhd]?", parts[0])):
            parts = parts[1:]
    return parts


def _by_option(program: str, arguments: list[str]) -> Iterator[Waited]:
    host, port = _option(arguments, "-h", "--host"), _option(arguments, *_port_names(program))
    if host and "://" not in host:
        name, _, after = host.partition(":")
        number = port or after
        yield Waited(program, Address(name.lower(), addresses.port_number(number) or _ASKS[program]))
    yield from _addresses(program, arguments, plain=False)


def _port_names(program: str) -> tuple[str, str]:
    return ("-P" if program.startswith(("mysql", "mariadb")) else "-p", "--port")


def _option(arguments: Sequence[str], *names: str) -> str:
    for index, word in enumerate(arguments):
        for name in names:
            if word == name and index + 1 < len(arguments):
                return arguments[index + 1]
            if name.startswith("--") and word.startswith(f"{name}="):
                return word.partition("=")[2]
            if not name.startswith("--") and word.startswith(name) and len(word) > len(name) and word[1] != "-":
                return word[len(name) :].lstrip("=")
    return ""


def _plain(arguments: list[str], takes_value: Callable[[str], bool]) -> list[str]:
    """Return what is neither an option nor an option's value."""
    plain: list[str] = []
    skip = False
    for word in arguments:
        if skip:
            skip = False
        elif word.startswith("-"):
            skip = takes_value(word)
        else:
            plain.append(word)
    return plain


def _netcat(program: str, arguments: list[str]) -> Iterator[Waited]:
    plain = _plain(arguments, lambda option: re.fullmatch(r"-[a-zA-Z]*[wiqsp]", option) is not None)
    if len(plain) >= 2 and (port := addresses.port_number(plain[1])):  # noqa: PLR2004 - host and port
        yield Waited(program, Address(plain[0].rstrip(".").lower(), port))
    elif plain and ":" in plain[0]:
        yield from (Waited(program, each) for each in addresses.pairs(plain[0]))


def _addresses(program: str, arguments: Sequence[str], *, plain: bool) -> Iterator[Waited]:
    for word in arguments:
        if "=" in word and word.startswith("-"):
            word = word.partition("=")[2]  # noqa: PLW2901 - an option's value
        found = addresses.in_text(word) or addresses.pairs(word)
        if not found and plain and re.fullmatch(r"[A-Za-z][-\w.]*(?:/\S*)", word):
            found = addresses.in_value(word)
        yield from (Waited(program, each) for each in found)


def _general(program: str, arguments: list[str]) -> Iterator[Waited]:
    """wait-for-it, wait-for, wait4x, dockerize, and whatever else is given host:port or URLs."""
    waits = program.startswith(("wait", "dockerize")) or any("wait" in word for word in arguments[:2])
    if waits and (host := _option(arguments, "-h", "--host")):
        port = _option(arguments, "-p", "--port")
        yield Waited(program, Address(host.lower(), addresses.port_number(port)))
    yield from _addresses(program, arguments, plain=False)


def _kubectl(arguments: list[str]) -> Iterator[Waited]:
    plain = _plain(arguments, {"-n", "--namespace", "--for", "--timeout", "-l", "--selector", "-o"}.__contains__)
    if not plain or plain[0] not in ("wait", "rollout"):
        return
    names = plain[1:] if plain[0] == "wait" else plain[2:]
    if len(names) == 2 and "/" not in names[0]:  # noqa: PLR2004 - kind and name
        names = ["/".join(names)]
    yield from _objects(f"kubectl {plain[0]}", names, arguments)


def _wait_for(words: Sequence[str]) -> Iterator[Waited]:
    """k8s-wait-for KIND NAME [-n NAMESPACE], or KIND -lLABEL=VALUE."""
    rest = [word for part in words for word in part.split()]
    while rest and rest[0].split("-")[0] not in _KINDS:
        rest = rest[1:]
    if not rest:
        return
    kind = rest[0].split("-")[0]  # pod-r and job-we are kinds with a condition
    plain = [word for before, word in pairwise(rest) if not word.startswith("-") and before not in ("-n", "-l")]
    names = [f"{kind}/{plain[0]}"] if plain else [f"{kind}/"]
    yield from _objects("k8s-wait-for", names, rest)


def _objects(told: str, names: Sequence[str], arguments: Sequence[str]) -> Iterator[Waited]:
    namespace = _option(arguments, "-n", "--namespace")
    labels = tuple(
        (key, value)
        for part in _option(arguments, "-l", "--selector").split(",")
        for key, sign, value in [part.partition("=")]
        if sign
    )
    for each in names:
        kind, _, name = each.partition("/")
        if kind in _KINDS and (name or labels):
            yield Waited(told, None, _KINDS[kind], name, namespace, labels)
