"""What is hidden in texts of others before they are kept, and what is not."""

import pytest

from bootheal.adapters.redaction import Redaction

CANARY = "canary-5f1d"


@pytest.mark.parametrize(
    "text",
    [
        f"postgres://app:{CANARY}@db:5432/shop is gone",
        f'parse "mysql://k3s:p@{CANARY}@tcp(db:3306)/k3s": invalid port',
        f"amqp://guest:{CANARY}@mq",
        f"PGPASSWORD={CANARY} psql",
        f"DB_PASSWORD: {CANARY}",
        f'{{"password": "{CANARY}", "user": "app"}}',
        f"{{'api_key': '{CANARY}'}}",
        f"dsn host=db password='{CANARY} with a space' dbname=shop",
        f"client_secret={CANARY}&grant=code",
        f"Authorization: Bearer {CANARY}.eyJhbGciOiJI",
        f"verifier SCRAM-SHA-256$4096:{CANARY}$c3RvcmVk:a2V5",
        f"--redis-password={CANARY}",
        f"export AWS_SECRET_ACCESS_TOKEN={CANARY}",
    ],
)
def test_what_looks_like_a_password_is_hidden(text: str) -> None:
    """Whoever wrote it there."""
    assert CANARY not in Redaction()(text)
    assert "***" in Redaction()(text)


def test_what_this_process_has_read_is_hidden_wherever_it_stands() -> None:
    """The longest first, so that no rest of it remains; without the line feed that files end with."""
    redact = Redaction()
    redact.learn("geheim\n")
    redact.learn("geheimnis")
    redact.learn("")
    assert redact("geheimnis, geheim!") == "***, ***!"


@pytest.mark.parametrize(
    "text",
    [
        'FATAL:  password authentication failed for user "app"',
        "the secret shop/postgres-admin is missing",
        "listening on http://0.0.0.0:8080/health",
        "exit code 137; 3 restarts",
    ],
)
def test_what_explains_a_failure_stays(text: str) -> None:
    """Evidence must remain readable."""
    assert text == Redaction()(text)


def test_a_terminal_gets_no_commands() -> None:
    """Escape sequences of a log would be obeyed when the report is printed."""
    assert Redaction()("\x1b[31mred\x1b[0m\r\nnext") == "[31mred[0m\nnext"
