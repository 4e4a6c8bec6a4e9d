"""What `bootheal rbac` changes: the account in the cluster, and the kubeconfig by which a service is that account."""

import argparse
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bootheal.adapters.files import replace_file, spare_devices
from bootheal.adapters.kube import account
from bootheal.adapters.kube.api import Api
from bootheal.adapters.kube.kubeconfig import FetchedKubeconfig
from bootheal.adapters.kube.rights import rules
from bootheal.adapters.scope import Scope
from bootheal.cli.streams import warn
from bootheal.cli.wiring import administrator
from bootheal.config.sections.cluster import Cluster
from bootheal.errors import StateError

# Renewed once a day: a machine that was off for less than the rest of it heals without waiting for a new one.
TOKEN_SECONDS = 7 * 24 * 3600


def apply(api: Api, manifests: list[Mapping[str, Any]], options: argparse.Namespace) -> None:
    """Make account and roles what the configuration needs, and say what was changed."""
    changed = list(account.apply(api, manifests, options.account, options.namespace))
    print(*(changed or [f"the account {options.account} has what the configuration needs"]), sep="\n")


def withdraw(api: Api, options: argparse.Namespace) -> None:
    """Take account and roles away."""
    gone = list(account.withdraw(api, options.account, options.namespace))
    print(*(gone or [f"there is no account {options.account} in namespace {options.namespace}"]), sep="\n")


def find_room(path: Path) -> None:
    """Raise StateError where a credential could not be written to a path."""
    with _told(path):
        spare_devices(path)
        tempfile.TemporaryFile(dir=path.parent).close()


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        hint = "its directory must be there, and writable by whoever runs this"
        raise StateError(f"cannot write {path}: {error.strerror}", hint=hint) from None


def write_credential(api: Api, cluster: Cluster, options: argparse.Namespace) -> None:
    """Write a kubeconfig with a new token, once that is known to let us in; whoever reads the old one loses nothing."""
    secret, expires = account.token(api, options.account, options.namespace, TOKEN_SECONDS)
    text = account.kubeconfig(administrator(cluster).current(), options.account, secret)
    with Scope(warn) as scope:
        rules(Api(FetchedKubeconfig(f"of {options.account}", lambda: text), scope), options.namespace)
    path: Path = options.credential
    with _told(path):
        replace_file(path, text, durable=True, mode=0o600)
    until = time.strftime("%Y-%m-%d %H:%M", time.localtime(expires))
    print(f"wrote {path}: who reads it is {options.account} until {until}")
