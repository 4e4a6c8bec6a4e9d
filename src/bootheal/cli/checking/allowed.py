"""Which of the rights that a configuration needs we have."""

from collections.abc import Callable
from functools import cache

from bootheal.config import Configuration
from bootheal.config.rights import Need, needs
from bootheal.errors import BoothealError
from bootheal.model import Right
from bootheal.ports import ClusterReader, World


def knows_less(configuration: Configuration, world: World) -> str:
    """Say which rights the cluster does not give that nothing is healed by, but that much is told by; "" if none."""
    allowed = asking(world.cluster)
    missing = sorted(str(need) for need in wanted(configuration, world, optional=True) if not allowed(need))
    if not missing:
        return ""
    return (
        f"not allowed, so it will know less: {'; '.join(missing)}; `bootheal rbac --diff` compares with what is needed"
    )


def wanted(configuration: Configuration, world: World, *, optional: bool) -> list[Need]:
    """Return what the steps must be allowed, each once; `optional`: what they would also like to be."""
    found = (needs(step, world.watcher.rights, direct=world.direct) for step in configuration.plan.steps.values())
    return sorted(need for need in frozenset().union(*found) if need.optional == optional)


def asking(cluster: ClusterReader) -> Callable[[Need], bool]:
    """Return a function that asks for each right once: many steps need the same."""

    @cache
    def allowed(right: Right, name: str) -> bool:
        try:
            return cluster.may(right, name)
        except BoothealError:
            return True  # who may not ask is told by the look itself what else is missing

    return lambda need: allowed(need.right, need.name)
