"""YAML that others wrote, as data: bounded in what it costs, and wrong in one way only.

For kubeconfigs. The configuration has its own reader, which also knows the place of each mistake.
"""

from typing import Any

# A kubeconfig of a hundred clusters, with certificates, has a quarter of each.
LONGEST_BYTES = 1_000_000
MOST_NODES = 10_000
DEEPEST = 30


def load(text: str) -> Any:
    """Return what it says. ValueError, in few words, for whatever is no YAML of a size that is worth reading."""
    import yaml

    if len(text) > LONGEST_BYTES:
        raise ValueError(f"it is longer than {LONGEST_BYTES} bytes")
    try:
        depth = 0
        for count, event in enumerate(yaml.parse(text, Loader=yaml.SafeLoader)):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if count > MOST_NODES or depth > DEEPEST:
                raise ValueError("it is larger or deeper than a kubeconfig is")
            if isinstance(event, yaml.AliasEvent):
                raise ValueError("it has aliases (*name), which could stand for anything")  # noqa: TRY004 - of the text
        return yaml.safe_load(text)
    except yaml.YAMLError:
        raise ValueError("it is not YAML") from None
    except (RecursionError, OverflowError, AttributeError, KeyError, TypeError, IndexError):  # of its constructors
        raise ValueError("it is not YAML") from None
