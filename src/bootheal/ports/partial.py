"""What stands where a port was not given, or only a part of it."""

from typing import Any


class Partial:
    """Answers nothing, and says so by name: the default of each field of `World`, and a base for fakes.

    A fake defines the methods that its test needs. mypy compares those with the port; a call of any other fails with
    what is missing, instead of answering something that nobody thought of.
    """

    def __getattr__(self, name: str) -> Any:
        port = type(self).__name__
        raise AttributeError(f"cannot answer {name}: {port} does not define it; make the World with a port that does")
