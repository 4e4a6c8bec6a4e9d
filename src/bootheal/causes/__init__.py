"""What is known: one file a subject, each cause a value, written down once and used by every step and by `doctor`."""

from bootheal.causes.catalogue import Catalogue, Harmless, folded
from bootheal.causes.cause import Cause, Evidence, Finding, Gravity, Sign, Source

__all__ = ["Catalogue", "Cause", "Evidence", "Finding", "Gravity", "Harmless", "Sign", "Source", "folded"]
