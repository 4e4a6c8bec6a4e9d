"""What systemd gives a service at its start to read (LoadCredential=), such as a file that its user may not."""

import os
from pathlib import Path


def given(name: str) -> Path | None:
    """Return the path of a credential, None where there is none of that name."""
    path = Path(os.environ.get("CREDENTIALS_DIRECTORY", ""), name)
    return path if path.is_absolute() and path.exists() else None
