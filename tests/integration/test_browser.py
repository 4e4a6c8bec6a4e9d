"""The page of `bootheal report --html` in a real browser, which has no window here."""

import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from bootheal.model import BootRecord
from bootheal.picture import draw
from bootheal.picture.html import html
from support import unpacked
from support.boots import crowded, one_boot

Browse = Callable[..., subprocess.CompletedProcess[str]]

MARKUP = "<img src=x onerror=document.title='owned'><script>document.title='owned'</script>"


@pytest.fixture(scope="module")
def browse(tmp_path_factory: pytest.TempPathFactory) -> Browse:
    """Load the page of a boot with an option more, and return what the browser has printed."""
    program, variables = unpacked.browser()
    directory = tmp_path_factory.mktemp("browser")

    def open_page(boot: BootRecord, *options: str) -> subprocess.CompletedProcess[str]:
        page = directory / "page.html"
        page.write_text(html(draw(boot)))
        command = [str(program), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={directory}/profile"]
        more = ["--enable-logging=stderr", "--hide-scrollbars", *options, page.as_uri()]
        return subprocess.run([*command, *more], env=variables, capture_output=True, text=True, timeout=120, check=True)

    return open_page


def complaints(done: subprocess.CompletedProcess[str]) -> list[str]:
    """Return what the page's console says: errors, and what its policy forbade."""
    return [line for line in done.stderr.splitlines() if "CONSOLE" in line]


def test_two_hundred_steps_are_drawn_without_an_error(browse: Browse, tmp_path: Path) -> None:
    """The whole of it on one picture, which is as wide as asked."""
    picture = tmp_path / "page.png"
    done = browse(crowded(200), f"--screenshot={picture}", "--window-size=1000,6000")
    assert complaints(done) == []
    width, height = struct.unpack(">II", picture.read_bytes()[16:24])
    assert (width, height) == (1000, 6000)
    # A third of what it is with fonts: a machine may have none.
    assert picture.stat().st_size > 40_000, "it is as good as empty"


def test_hostile_names_stay_text_in_a_browser(browse: Browse) -> None:
    """Nothing in them is loaded or run: the title is ours, and so is every element."""
    done = browse(crowded(3, name=f"deployment/shop/{MARKUP}{{}}"), "--dump-dom")
    assert complaints(done) == []
    assert "<title>bootheal: boot crowded" in done.stdout
    assert "<img" not in done.stdout
    assert "<script" not in done.stdout
    assert "&lt;script&gt;document.title='owned'" in done.stdout


def test_a_usual_boot_has_a_row_for_each_step(browse: Browse) -> None:
    """As the browser understands the page, whatever it makes of our markup."""
    done = browse(one_boot(), "--dump-dom")
    assert complaints(done) == []
    assert done.stdout.count('<th scope="row">') == len(draw(one_boot()).lanes)
