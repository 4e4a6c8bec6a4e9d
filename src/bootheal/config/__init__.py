"""bootheal.yaml -> steps.

`reading` and `document` make plain data of a file, whatever it holds, and `source` knows where all of it stands.
`sections` holds one file a section: what may be written there, what does not go together, and what it becomes.
`file` puts them together, `references` asks whether names refer to something, `ownership` whose files are written.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bootheal.config.configuration import Configuration, accept_data, load

__all__ = ["Configuration", "accept_data", "load"]


def __getattr__(name: str) -> Any:
    """Import the schema and all steps once they are asked for: `status`, which reads two paths only, must be quick."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from bootheal.config import configuration  # noqa: PLC0415

    return getattr(configuration, name)
