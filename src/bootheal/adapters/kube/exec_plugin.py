"""A command that a kubeconfig names, which prints a credential. The client would wait for it without an end."""

import shutil
from typing import Any

from bootheal.errors import PermanentError, UnreachableError
from bootheal.model.quoted import quoted

# Asking an identity provider takes seconds; whoever wants a person to log in wants more than there is here.
LONGEST_SECONDS = 15
KILLED_AFTER_SECONDS = 1


def bounded(user: Any, seconds: float = LONGEST_SECONDS) -> str:
    """Have the plugin of a kubeconfig's user end in time, with all that it starts; return its name, "" for none."""
    plugin = user.get("exec")
    if not plugin:
        return ""
    command = str(plugin["command"])
    if timeout := shutil.which("timeout"):
        words = ["-k", str(KILLED_AFTER_SECONDS), str(seconds), command, *(plugin.get("args") or ())]
        plugin |= {"command": timeout, "args": words}
    return command


def silent(command: str) -> PermanentError | UnreachableError:
    """Say that it gave no credential; why, it tells who runs it by hand: its words may hold a secret.

    Whom it asks may not be up yet after a boot, so that it is tried again; what is not installed is not.
    """
    about = f"cannot use the exec plugin {quoted(command)} of the kubeconfig"
    if not shutil.which(command):
        return PermanentError(f"{about}: it is not on the PATH", hint="install it for whoever runs bootheal")
    return UnreachableError(
        f"{about}: it gave no credential within {LONGEST_SECONDS} s", hint="run it by hand: it says what it lacks"
    )
