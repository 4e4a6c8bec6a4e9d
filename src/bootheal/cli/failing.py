"""What a command says that fails, and its exit code. Most is imported only then."""

import errno
import sys
import traceback
from typing import TYPE_CHECKING

from bootheal.errors import EXHAUSTED, BoothealError, ConfigurationError
from bootheal.exit_codes import ExitCode

if TYPE_CHECKING:
    from bootheal.narrate import Note

# What a file says that cannot hold what is printed into it.
_UNTELLABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def tell_as_data(error: BoothealError) -> None:
    """Print it as JSON, since that was asked for: `error`, `hint`, `exit_code`; of a wrong file `found`, as `check`."""
    import json

    from bootheal.cli.checking.diagnostic import wrong

    said = {"error": str(error), "hint": error.hint, "exit_code": int(error.exit_code)}
    found = {"found": list(wrong(error))} if isinstance(error, ConfigurationError) else {}
    print(json.dumps(said | found, indent=2))


def fail(error: Exception) -> int:
    """Say what went wrong in the user's terms, and return the exit code for it."""
    if isinstance(error, OSError) and error.errno in EXHAUSTED:  # then nothing can be imported, either
        print(f"bootheal: cannot go on: {error.strerror}\n  see ulimit -n, LimitNOFILE=, and memory", file=sys.stderr)
        return ExitCode.NOT_HEALED
    from bootheal.narrate import Note

    if isinstance(error, ConfigurationError):
        _complain(str(error), Note.CONFIGURATION)
        return error.exit_code
    if isinstance(error, OSError) and error.errno in _UNTELLABLE:
        sys.stdout = None
        _complain(f"bootheal: cannot write what was asked for: {error.strerror}", Note.FAILURE)
        return ExitCode.NOT_HEALED
    if isinstance(error, BoothealError):
        _complain(f"bootheal: {error.with_hint()}", Note.FAILURE)
        return error.exit_code
    trace = "".join(traceback.format_exception(error))
    _complain(f"{trace}bootheal: this is a bug; please report it with the lines above", Note.CRASH)
    return ExitCode.BUG


def _complain(text: str, note: "Note") -> None:
    """Print to standard error; where that is the journal, as a note there."""
    from bootheal.adapters.journal import Journal, leads_there
    from bootheal.model.quoted import visible
    from bootheal.narrate import note_fields

    text = "\n".join(map(visible, text.split("\n")))  # whatever an error quotes, and from wherever
    if leads_there(sys.stderr):
        Journal().send(note_fields(text, note))
    else:
        print(text, file=sys.stderr)
