"""What others say, before it becomes part of a sentence of ours: one line, bounded, nothing that acts on a reader.

A server's error, an annotation, a container's message, a line of a log: whoever writes it may be broken or hostile.
Control characters set a terminal's title, newlines forge lines of a report, and marks of writing direction turn a
sentence round: they are shown as escapes. Secrets are hidden elsewhere, where they are known: see `adapters.redaction`.
"""

import unicodedata

LONGEST = 300

# Format characters (Cf) turn text round or hide in it; the others are no text at all, or end a line.
_ACTING = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}


def quoted(text: str, longest: int = LONGEST) -> str:
    """Return the text as one line of at most `longest` characters; what was cut off is told by an ellipsis."""
    shown = "".join(map(_shown, text[: longest + 1].strip()))
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
