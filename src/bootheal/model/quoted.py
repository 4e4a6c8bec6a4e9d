"""What others say, before it becomes part of a sentence of ours: one line, bounded, nothing that acts on a reader.

A server's error, an annotation, a container's message, a line of a log: whoever writes it may be broken or hostile.
Control characters set a terminal's title, newlines forge lines of a report, and marks of writing direction turn a
sentence round: they are shown as escapes. Secrets are hidden elsewhere, where they are known: see `adapters.redaction`.

A line of a log is not for everybody's eyes. So it stands between two marks, which `World.told` takes off: what keeps a
text in a file that all may read leaves out what stood between them. Nobody else's text can hold such a mark.
"""

import re
import unicodedata

LONGEST = 300

# Format characters (Cf) turn text round or hide in it; the others are no text at all, or end a line.
_ACTING = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}

_BEGINS, _ENDS = "\ue000", "\ue001"
_LOGGED = re.compile(f"{_BEGINS}([^{_BEGINS}{_ENDS}]*){_ENDS}?")  # a text may have been cut


def logged(text: str, longest: int = LONGEST) -> str:
    """Quote a line of a log, or what a container left as its last message, between its marks; "" stays ""."""
    said = quoted(text, longest)
    return f"{_BEGINS}{said}{_ENDS}" if said else ""


def log_lines(text: str) -> tuple[str, ...]:
    """Return what stands between marks."""
    return tuple(_LOGGED.findall(text))


def plain(text: str) -> str:
    """Return the text without the marks, and as `visible` shows it."""
    return visible(_LOGGED.sub(r"\1", text))


def quoted(text: str, longest: int = LONGEST) -> str:
    """Return the text as one line of at most `longest` characters; what was cut off is told by an ellipsis."""
    shown = visible(text[: longest + 1].strip())
    return shown if len(shown) <= longest and len(text) <= longest else f"{shown[: longest - 1]}…"


def visible(text: str) -> str:
    """Return the text with what would act on a terminal, or end the line, as escapes; nothing is cut off."""
    return text if text.isascii() and text.isprintable() else "".join(map(_shown, text))


def _shown(character: str) -> str:
    if unicodedata.category(character) not in _ACTING:
        return character
    return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(character) or _escape(ord(character))


def _escape(code: int) -> str:
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004
