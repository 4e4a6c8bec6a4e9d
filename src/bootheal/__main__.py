"""Where a process of ours begins: `bootheal`, and `python -m bootheal`. Ctrl-C ends it quietly from the first on.

While our parts are imported, and once the command is over, there is nothing to put in order: the signal ends us as it
ends any program. In between it is a KeyboardInterrupt, for whoever has to clean up.
"""

import signal
import sys


def main() -> int:
    """Run one command and return its exit code."""
    ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # else who has started us keeps it from us
    if ours:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from bootheal.cli import main as command  # noqa: PLC0415 - what takes a while can be interrupted

    try:
        if ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        return command()
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    finally:
        if ours:
            signal.signal(signal.SIGINT, signal.SIG_DFL)


if __name__ == "__main__":
    sys.exit(main())
