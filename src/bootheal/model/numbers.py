"""Digits in what others say. int() refuses more than 4,300 of them, with an error that nobody expects of digits."""

MOST_PORT = 65535


def whole(text: str, most: int) -> int | None:
    """Return the whole number that a text is; None where it is none, or more than `most`."""
    digits = text.lstrip("0")
    if not (text.isascii() and text.isdecimal()) or len(digits) > len(str(most)):
        return None
    number = int(digits or "0")
    return number if number <= most else None


def port(text: str) -> int:
    """Return the port that a text names, 0 where it names none that there can be."""
    return whole(text, MOST_PORT) or 0
