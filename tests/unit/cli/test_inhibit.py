"""The lock against planned reboots: held for what is known to end badly, never for what cannot be seen."""

import argparse
import io
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from bootheal.cli.inhibit import stay
from bootheal.errors import BoothealError, DeniedError, PermanentError
from bootheal.exit_codes import ExitCode
from bootheal.model import Ref
from bootheal.preflight import Forecast
from bootheal.preflight.foreseen import foreseen

OPTIONS = argparse.Namespace(strict=False, every=0.0)
BROKEN = Forecast(found=(foreseen("UnitNotEnabled", Ref("unit", "", "k3s.service"), "disabled"),))
BLIND = Forecast(blind=True)
FORBIDDEN = DeniedError("cannot get namespaces: the API server says 403 Forbidden", status=403)

# As systemd-inhibit(1): it notes that a lock is held for as long as its command runs.
GRANTS = '#!/bin/sh\ntouch "{place}/held"\nwhile [ "$1" != cat ]; do shift; done\ncat\nrm "{place}/held"\n'
NO_BUS = "#!/bin/sh\necho 'Failed to connect to bus: No such file or directory' >&2\nexit 1\n"

Put = Callable[[str], None]


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Put:
    """Put a program in the place of systemd's."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    def put(text: str) -> None:
        path = tmp_path / "systemd-inhibit"
        path.write_text(text.format(place=tmp_path))
        path.chmod(0o755)

    return put


def stays(*seen: Forecast | BoothealError, held: Path) -> list[bool]:
    """Let it look so often, and end; return whether the lock was held when it looked, and once it had ended."""
    looks, found = iter(seen), []

    def look() -> tuple[Forecast, Callable[[str], str]]:
        found.append(held.exists())
        each = next(looks)
        if each is seen[-1]:
            signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
        if isinstance(each, BoothealError):
            raise each
        return each, str

    assert stay(OPTIONS, look) == ExitCode.HEALED
    return [*found, held.exists()]


@pytest.mark.parametrize(
    ("unseen", "said"),
    [
        (BLIND, "no reboot is refused: cannot say whether it would come back: the API server tells nothing of pods"),
        (FORBIDDEN, "no reboot is refused: cannot look ahead: cannot get namespaces: the API server says 403"),
    ],
)
def test_what_cannot_be_seen_refuses_nothing_any_more(
    program: Put, tmp_path: Path, capsys: pytest.CaptureFixture[str], unseen: Forecast | BoothealError, said: str
) -> None:
    """Without a right, or a cluster that answers: the lock of before is let go, and why is said."""
    program(GRANTS)
    assert stays(BROKEN, unseen, held=tmp_path / "held") == [False, True, False]
    first, second = capsys.readouterr().out.splitlines()
    assert first == "planned reboots are refused: it would not come back"
    assert second.startswith(said)


def test_what_it_says_is_told_at_once(program: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    """To the journal or a pipe, too: the next line may be hours away."""
    program(GRANTS)
    told = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(told))
    heard: list[bytes] = []

    def look() -> tuple[Forecast, Callable[[str], str]]:
        heard.append(told.getvalue())
        if len(heard) > 1:
            signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
        return BROKEN, str

    stay(OPTIONS, look)
    assert heard == [b"", b"planned reboots are refused: it would not come back\n"]


def test_without_a_bus_it_ends_and_says_why(program: Put) -> None:
    """A gate that guards nothing must not look like one."""
    program(NO_BUS)
    with pytest.raises(PermanentError, match="cannot refuse a planned reboot: Failed to connect to bus") as caught:
        stay(OPTIONS, lambda: (BROKEN, str))
    assert caught.value.hint == "it takes root, and systemd-logind: systemctl status systemd-logind"
