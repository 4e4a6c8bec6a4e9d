"""Run one command from a small process and print, as JSON, its seconds, peak memory in MB and exit code.

A child begins with the peak memory of the process that made it, so a large process cannot measure a small one.
For the same reason this file imports as little as it can. It is run as a script, without site-packages.
"""

import os
import sys
import time


def main(command: list[str]) -> None:
    """Run `command`, with what it prints sent to our standard error."""
    began = time.monotonic()
    actions = [(os.POSIX_SPAWN_DUP2, 2, 1)]
    child = os.posix_spawn(command[0], command, os.environ, file_actions=actions)
    _, status, usage = os.wait4(child, 0)
    seconds, code = time.monotonic() - began, os.waitstatus_to_exitcode(status)
    processor, memory = usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
    figures = f'"seconds": {seconds:.6f}, "processor": {processor:.6f}, "memory": {memory:.3f}, "code": {code}'
    sys.stdout.write(f"{{{figures}}}")


if __name__ == "__main__":
    main(sys.argv[1:])
