"""`bootheal notify`: whom the configuration tells how a boot went; `--test` tells them something now."""

import argparse
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from bootheal import notices
from bootheal.adapters.notify import send
from bootheal.adapters.outbox import OutboxFile
from bootheal.cli.healing.messenger import address_of, hostname
from bootheal.config import load
from bootheal.config.file import File
from bootheal.config.sections.notify import Notify
from bootheal.errors import BoothealError
from bootheal.exit_codes import ExitCode
from bootheal.model import Told


def main(options: argparse.Namespace) -> int:
    """List the targets, or try each. Exit code 1: one of them could not be told."""
    file = load(options.config).file
    if not file.notify:
        print(f"{options.config} has no section notify: nobody is told")
        return 0
    if not options.test:
        print(*_list(file), sep="\n")
        return 0
    reached = [_tested(name, target) for name, target in file.notify.items()]
    return 0 if all(reached) else ExitCode.NOT_HEALED


def _list(file: File) -> Iterator[str]:
    try:
        known = OutboxFile(file.state_directory).read().targets
    except OSError as error:
        yield f"cannot read what they were told: {error.strerror}"
        known = {}
    width = max(map(len, file.notify))
    for name, target in file.notify.items():
        wish = target.wish()
        occasions = sorted("repaired" if wish.repaired and word == "healed" else word for word in wish.occasions)
        yield f"{name:<{width}}  {target.kind}, {target.details}: {', '.join(occasions)}"
        yield from (f"{'':{width}}  {line}" for line in _known(known.get(name, Told())))


def _known(known: Told) -> Iterator[str]:
    if known.told:
        yield f"told of this boot, or the last one: {', '.join(known.told)}"
    if known.due:
        yield f"still to be told: {', '.join(due.notice.occasion.value for due in known.due)}"


def _tested(name: str, target: Notify) -> bool:
    """Send one message, and say what came back."""
    if target.url_file and (open_to_all := _readable_by_all(target.url_file)):
        print(f"warning: {open_to_all}")
    notice = notices.example(hostname(), "", time.time())
    try:
        said = send(target.kind, address_of(target), notice, full=target.details == "full")
    except BoothealError as error:
        print(f"{name} ({target.kind}): {error.with_hint()}", flush=True)
        return False
    print(f"{name} ({target.kind}): {said}", flush=True)
    return True


def _readable_by_all(path: Path) -> str:
    """Say that everybody on this machine may read the token, "" where that is not so."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return ""  # whoever reads it says why it cannot be read
    return f"all users may read {path}, which holds a token: chmod o= {path}" if mode & stat.S_IROTH else ""
