"""What had another name in an earlier version. Who still uses it is told the new one; nothing goes by two names."""

from collections.abc import Mapping

Keys = Mapping[tuple[str, ...], str]

# Each key by where it stands, * for a name that the owner gave, and its new name.
KEYS: Keys = {
    ("gates",): "dependencies",
}

# How names of steps began, as `after:` has them, and how they begin now.
STEPS: Mapping[str, str] = {
    "gates/": "dependency/",
}


def new_key(path: tuple[str | int, ...], keys: Keys = KEYS) -> str:
    """Return the new name of the key at `path`, "" if it had no other."""
    for old, new in keys.items():
        if len(old) == len(path) and all(word in ("*", part) for word, part in zip(old, path, strict=True)):
            return new
    return ""


def new_step(name: str) -> str:
    """Return the new name of a step, "" if it had no other."""
    return next((f"{new}{name.removeprefix(old)}" for old, new in STEPS.items() if name.startswith(old)), "")
