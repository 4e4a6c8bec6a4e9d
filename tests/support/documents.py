"""Manifests, read by the parser that is written in C: PyYAML's own takes ten times as long."""

from typing import Any

import yaml


def documents(text: str) -> list[Any]:
    """Return each document of the text; those that hold nothing are left out."""
    return [each for each in yaml.load_all(text, Loader=yaml.CSafeLoader) if each]
