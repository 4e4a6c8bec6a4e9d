"""bootheal.yaml -> steps.

`sections` holds one file a section: what may be written there, what does not go together, and what it becomes.
`file` puts them together, `references` asks whether names refer to something, `source` knows where all of it stands.
"""

from bootheal.config.configuration import Configuration, accept_data, load

__all__ = ["Configuration", "accept_data", "load"]
