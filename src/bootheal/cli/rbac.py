"""`bootheal rbac`: the least rights that a configuration needs, to be applied, or compared with the cluster's."""

import argparse
import sys
import time

import yaml

from bootheal.adapters.kube import inventory as inventories
from bootheal.adapters.kube import prospects, scenes
from bootheal.adapters.kube.api import Api
from bootheal.adapters.kube.lists import list_rights
from bootheal.adapters.kube.roles import roles
from bootheal.adapters.scope import Scope
from bootheal.backoff import trying_for
from bootheal.cli import service_account
from bootheal.cli.discovering import look_around
from bootheal.cli.streams import warn
from bootheal.cli.wiring import administrator, is_direct, open_api
from bootheal.config import Configuration, load
from bootheal.config.discovered import completed
from bootheal.config.rbac import grants, manifests, told
from bootheal.config.rights import Need, key_of, needs, of_any, of_lease
from bootheal.errors import TransientError, UnreachableError
from bootheal.model import Right
from bootheal.model.inventory import Inventory


def main(options: argparse.Namespace) -> int:
    """Print them, or make them so. Exit code 0; with --diff 1 where the cluster has others."""
    configuration = load(options.config)
    if options.apply or options.withdraw or options.credential:
        for attempt in trying_for(TransientError, options.patience, _Pause()):
            with attempt, Scope(warn) as scope:
                _change(configuration, scope, options)
        return 0
    with Scope(warn) as scope:
        text = _text(configuration, scope, options)
        if not options.diff:
            sys.stdout.write(text)
            return 0
        wanted = grants(list(yaml.safe_load_all(text)))
        namespaces = sorted({namespace for namespace, *_ in wanted if namespace})
        given = grants(roles(open_api(configuration.file.cluster, scope), options.account, namespaces))
    for grant in sorted(wanted - given):
        print(f"needed, and not given: {told(grant)}")
    for grant in sorted(given - wanted):
        print(f"given, and not needed: {told(grant)}")
    if wanted == given:
        print(f"the roles {options.account} give what the configuration needs, and nothing else")
    return 0 if wanted == given else 1


def _text(configuration: Configuration, scope: Scope, options: argparse.Namespace) -> str:
    found = look_around(configuration, scope, warn)
    if options.apply and found is None and configuration.file.discover:  # else what is needed would be taken away
        raise UnreachableError("cannot tell which rights what discover finds needs")
    return manifests(needed(configuration, found), options.account, options.namespace)


def _change(configuration: Configuration, scope: Scope, options: argparse.Namespace) -> None:
    """Do what was asked for, as the cluster's administrator."""
    cluster = configuration.file.cluster
    api = Api(administrator(cluster), scope)
    if options.credential:  # before anything is changed for it
        service_account.find_room(options.credential)
    if options.withdraw:
        service_account.withdraw(api, options)
        return
    if options.apply:
        service_account.apply(api, list(yaml.safe_load_all(_text(configuration, scope, options))), options)
    if options.credential:
        service_account.write_credential(api, cluster, options)


class _Pause:
    """Sleeps between two attempts; says once that there will be others."""

    said = False

    def __call__(self, seconds: float) -> None:
        if not self.said:
            warn("the cluster is not ready for this yet: tries again")
            self.said = True
        time.sleep(seconds)


def needed(configuration: Configuration, inventory: Inventory | None = None) -> dict[str, frozenset[Need]]:
    """Return what each key of the file needs; `inventory` tells what its `discover` finds now."""
    direct, found = is_direct(configuration.file.cluster), dict[str, frozenset[Need]]()
    full, _ = completed(configuration, inventory) if inventory else (configuration, ())
    if discover := configuration.file.discover:
        around = inventories.rights(configuration.file.namespaces(), inventory or Inventory())
        found["discover"] = frozenset(
            {*of_any(discover.namespaces, list_rights, direct=direct), *(Need(*each) for each in around)}
        )
    for step in full.plan.steps.values():
        key = key_of(step.name) if step.name in configuration.plan.steps else "discover"
        found[key] = found.get(key, frozenset()) | needs(step, list_rights, direct=direct)
    # What nothing is healed by, and something is told by: the reason, after a pass that does not heal, and Events.
    looked = {Need(right, "", optional=True) for right in scenes.rights(configuration.file.namespaces())}
    found["cluster"] = found.get("cluster", frozenset()) | looked
    if configuration.file.preflight_every:
        ahead = prospects.rights(configuration.file.namespaces())
        names = Need(Right("get", "configmaps", prospects.COREDNS.namespace), prospects.COREDNS.name, optional=True)
        found["preflight_every"] = frozenset({names, *(Need(right, "", optional=True) for right in ahead)})
    told_by = frozenset(Need(right, "", optional=True) for right in configuration.file.wishes())
    lease = configuration.file.lease
    held = {"lease": of_lease(lease.ref)} if lease else {}
    return found | held | ({"events": told_by} if told_by else {})
