"""In which namespaces something is changed, and in which ones it is looked at."""

from pathlib import Path

from bootheal.adapters.scope import Scope
from bootheal.cli.discovering import look_around
from bootheal.config import load
from bootheal.model.inventory import Inventory
from bootheal.pods.cleanup import Cleanup

TEXT = """\
discover: {namespaces: [shop]}
events: true
dependencies: {redis: {namespace: data, service: redis, probe: {port: 6379}}, hub: {probe: {url: "https://hub/"}}}
"""


class Reader:
    """Notes where it was told to look."""

    def inventory(self, namespaces: object = ()) -> Inventory:
        self.asked = namespaces
        return Inventory()


def test_what_is_only_waited_for_is_looked_at_and_never_touched(tmp_path: Path) -> None:
    """Its pods are another's to delete; but what needs it is known by its Service, and why it does not serve by it."""
    path = tmp_path / "bootheal.yaml"
    path.write_text(TEXT)
    configuration = load(path)
    assert configuration.file.namespaces() == ("data", "shop")
    cleanup = configuration.plan.steps["cleanup"]
    assert isinstance(cleanup, Cleanup)
    assert cleanup.namespaces == ("shop",)
    assert {right.namespace for right in configuration.file.wishes()} == {"shop"}


def test_what_is_found_may_come_after_what_is_waited_for_in_another_namespace(tmp_path: Path) -> None:
    """An address in an environment is one of a Service only where Services of its namespace are read."""
    path = tmp_path / "bootheal.yaml"
    path.write_text(TEXT)
    reader, warned = Reader(), list[str]()
    with Scope(warned.append) as scope:
        look_around(load(path), scope, warned.append, reader)
    assert (reader.asked, warned) == (("data", "shop"), [])
