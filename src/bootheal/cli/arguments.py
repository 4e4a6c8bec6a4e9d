"""What several commands may be told alike."""

import argparse
from pathlib import Path

CONFIG = Path("/etc/bootheal/bootheal.yaml")


def config(parser: argparse.ArgumentParser, default: Path | None = CONFIG) -> None:
    """Add the file of the configuration."""
    option = parser.add_argument(
        "-c", "--config", type=Path, default=default, metavar="FILE", help=f"default: {CONFIG}"
    )
    option.complete = "file"  # type: ignore[attr-defined]  # how shtab wants to be told
