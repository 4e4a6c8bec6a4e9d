"""The machines whose power `scripts/cuts` cuts: embedded clusters, and one of the user's."""

import argparse
import contextlib
import errno
import http.client
import itertools
import random
import shlex
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from bench.observer import Ask
from bench.stories import MISFORTUNES, Story
from bootheal.demo.stack import Stack, StackOptions
from support.command import start_anew

POLL_SECONDS = 3.0
HEALING_SECONDS = 900.0

PORTS = range(12_000, 32_000)
"""The source ports of the polls of a user's cluster: below those that Linux gives out."""


class Target(Protocol):
    """A machine whose power can be cut."""

    @property
    def config(self) -> Path:
        """Where bootheal's configuration for it is."""

    @property
    def doors(self) -> Mapping[str, Ask]:
        """Its front doors, by their names."""

    def cut(self) -> None:
        """Cut its power."""

    def restore(self) -> None:
        """Give it back; returns at once."""

    def settle(self) -> None:
        """Put right what the cut was to find wrong, once its verdict is known, so that the next finds all well."""


class Demo:
    """Embedded clusters, one of each kind that was asked for, each with its own story at each cut."""

    def __init__(self, stack: Stack) -> None:
        self._stack, self.config = stack, stack.config
        self.doors = {name: partial(_get, stack, name) for name in ("django", "nginx")}
        self.story: Story

    def cut(self) -> None:
        """Let the password drift where the story says so, then cut."""
        if self.story.drift:
            self._stack.postgres.drift_password()
        if self.story.misfortune:
            MISFORTUNES[self.story.misfortune].begin(self._stack)
        self._stack.power_cut()

    def restore(self) -> None:
        """Boot by the story's times."""
        self._stack.boot(self.story.script)

    def settle(self) -> None:
        """End the misfortune, and heal what it left."""
        if self.story.misfortune:
            MISFORTUNES[self.story.misfortune].end(self._stack)
        if not all(self._stack.serving().values()):
            start_anew("run", "--once", "--config", self.config).communicate(timeout=HEALING_SECONDS)
            self._stack.wait_until("all to serve", lambda: all(self._stack.serving().values()), 300)


def _get(stack: Stack, name: str) -> str:
    service = stack.find("services", name)
    if service is None:
        return "no Service"
    connection = http.client.HTTPConnection(
        service["spec"]["clusterIP"], service["spec"]["ports"][0]["port"], timeout=POLL_SECONDS
    )
    with contextlib.closing(connection):
        try:
            connection.request("GET", "/health")
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            return f"{name}: {type(error).__name__}: {error}"
    return "" if status == HTTPStatus.OK else f"{name}: {status}"


class Real:
    """A cluster of the user's, whose power commands cut and restore."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.config, self._cut, self._restore = options.config, options.cut, options.restore
        opener = urllib.request.build_opener(NewPorts())
        self.doors = {url: partial(ask, opener, url) for url in options.url}

    def cut(self) -> None:
        """Run the command that cuts."""
        subprocess.run(shlex.split(self._cut), check=True)

    def restore(self) -> None:
        """Run the command that restores, and do not wait for it."""
        subprocess.Popen(shlex.split(self._restore))

    def settle(self) -> None:
        """Nothing was made wrong."""


class NewPorts(urllib.request.HTTPSHandler):
    """Asks each time from a port that none of the last half hour's questions came from: each is another client's.

    What was tried in vain while a Service led to a pod of the boot before is kept by the kernel's connection tracking
    for two minutes, with that pod's address, and nobody forgets it for kube-proxy. Ten polls a second from one address
    leave hundreds of these, and Linux gives the same ports out again: on Kubernetes 1.36 a second of polls went to an
    address of nobody, seconds after everybody else was served.
    """

    handler_order = urllib.request.HTTPHandler.handler_order - 1

    def __init__(self) -> None:
        super().__init__()
        first = random.randrange(len(PORTS))  # noqa: S311 - two observers are to begin at different ones
        self._ports = itertools.cycle([*PORTS[first:], *PORTS[:first]])

    def http_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        """Ask without TLS."""
        return self.do_open(http.client.HTTPConnection, request, source_address=("", next(self._ports)))

    def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        """Ask with TLS."""
        return self.do_open(http.client.HTTPSConnection, request, source_address=("", next(self._ports)))


def ask(opener: urllib.request.OpenerDirector, url: str) -> str:
    """Ask one front door; return what was wrong, "" where it serves."""
    try:
        with opener.open(url, timeout=POLL_SECONDS) as answer:
            return "" if answer.status == HTTPStatus.OK else str(answer.status)
    except (OSError, http.client.HTTPException) as error:
        taken = isinstance(error, urllib.error.URLError) and getattr(error.reason, "errno", None) == errno.EADDRINUSE
        return ask(opener, url) if taken else f"{type(error).__name__}: {error}"


@contextmanager
def demos() -> Iterator["Demos"]:
    """Yield what starts embedded clusters, and ends them."""
    with ExitStack() as context, TemporaryDirectory(prefix="bootheal-cuts-") as directory:
        yield Demos(context, Path(directory))


class Demos:
    """One embedded cluster for each layout and number of poolers, started when a story first needs it."""

    def __init__(self, context: ExitStack, directory: Path) -> None:
        self._context, self._directory = context, directory
        self._started: dict[str, Demo] = {}

    def of(self, drawn: Story) -> Demo:
        """Return the one for a story, which it will play next."""
        name = f"{drawn.layout}-{drawn.replicas}"
        if name not in self._started:
            options = StackOptions(pooler_layout=drawn.layout, pooler_replicas=drawn.replicas, drift=False, fsync=False)
            stack = self._context.enter_context(Stack(self._directory / name, options))
            stack.configure({"deadline": 180})
            self._started[name] = Demo(stack)
        demo = self._started[name]
        demo.story = drawn
        return demo
