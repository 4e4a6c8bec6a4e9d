"""Paths, names and texts that are read by this host, by PostgreSQL, or by a program in a pod."""

from bootheal.config import passwords
from bootheal.config.shapes.kubernetes import ALPHABET, LABEL, LONGEST_LABEL, matches
from bootheal.model.quoted import visible

ABSOLUTE = r"/.*"
URL_PATH = r"/[!-~]*"

LONGEST_FILE_NAME, LONGEST_PATH = 255, 4095
LONGEST_POSTGRES_NAME = 63


def path(text: str) -> str:
    """The absolute path of a file or directory."""
    if visible(text) != text:
        raise ValueError("a path cannot hold NUL, nor another character that cannot be seen")
    if text.startswith("~"):
        raise ValueError("it should be an absolute path, which begins with /: ~ is another one for each user")
    if not text.startswith("/"):
        raise ValueError("it should be an absolute path, which begins with /: the service starts in another directory")
    if len(text.encode()) > LONGEST_PATH or any(len(part.encode()) > LONGEST_FILE_NAME for part in text.split("/")):
        raise ValueError(f"it should be no longer than a path can be: {LONGEST_FILE_NAME} between two /")
    return text


def mount(text: str) -> str:
    """Where a disk is mounted."""
    if path(text).endswith("/"):
        raise ValueError("it should be where a disk is mounted, like /data: not /, and no / at its end")
    return text


def http_path(text: str) -> str:
    """What comes after the port in a URL."""
    if not matches(URL_PATH, text, LONGEST_PATH):
        raise ValueError("it should be a path, like /health: it begins with /, and what a URL must escape is escaped")
    return text


def postgres_name(text: str) -> str:
    """A database or a role: PostgreSQL cuts off what is longer."""
    line(text)
    if len(text.encode()) > LONGEST_POSTGRES_NAME:
        raise ValueError(f"it should be no longer than PostgreSQL's names are: {LONGEST_POSTGRES_NAME} bytes")
    if passwords.may_hold_one(text):
        raise ValueError("it should be a name alone, no connection string")
    return text


def line(text: str) -> str:
    """A text of one line that can be seen."""
    if visible(text) != text:
        raise ValueError("it should be one line, without characters that cannot be seen")
    return text


def text_without_nul(text: str) -> str:
    """What is given to a program or a server, in which NUL would end it."""
    if "\0" in text:
        raise ValueError("it cannot hold NUL")
    return text


def latin(text: str) -> str:
    """Bytes, each as the character of its number."""
    if any(ord(character) > 0xFF for character in text):  # noqa: PLR2004
        raise ValueError('it should hold bytes: each character up to "\\xff"')
    return text


def unit(text: str) -> str:
    """A service of systemd, or nothing."""
    if not matches(r"([A-Za-z0-9_.@:-]+\.service)?", text, LONGEST_FILE_NAME):
        raise ValueError('it should be a unit of systemd, like k3s.service, or "" for none')
    return text


def credential(text: str) -> str:
    """A credential of systemd's, by its name."""
    if not matches(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*", text, LONGEST_FILE_NAME):
        raise ValueError(
            "it should be the name of a credential, as LoadCredential= gives it: letters, digits, _, . and -"
        )
    return text


def container(text: str) -> str:
    """A container of Docker."""
    if not matches(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*", text, LONGEST_FILE_NAME):
        raise ValueError("it should be the name of a container, like registry: letters, digits, _, . and -")
    return text


def k3d_name(text: str) -> str:
    """A cluster of k3d's."""
    if not matches(LABEL, text, 32):
        raise ValueError(f"it should be {ALPHABET}, 32 at most, as `k3d cluster list` shows it")
    return text


def setting_name(text: str) -> str:
    """A setting of PgBouncer's."""
    if not matches(r"[a-z][a-z0-9_]*", text, LONGEST_LABEL):
        raise ValueError("it should be the name of a setting of PgBouncer's, like server_lifetime")
    return text
