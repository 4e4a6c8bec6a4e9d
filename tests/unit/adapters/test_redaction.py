"""What is hidden in texts of others before they are kept, and what is not."""

import base64
import json
import time
import tracemalloc
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootheal.adapters.redaction import EVERYDAY, Redaction, listed
from bootheal.model.quoted import quoted, visible

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


SECRET = "kR7/vQ+x2?Lm9 zäT4"


def learned(*secrets: str) -> Redaction:
    redaction = Redaction()
    for secret in secrets:
        redaction.learn(secret)
    return redaction


@pytest.mark.parametrize("before", ["", "u", "us", "user\0"])
def test_what_is_told_holds_a_secret_in_no_dress(before: str) -> None:
    """Whole, in base64 with whatever stands before it, as in a URL, cut off at either end."""
    both = base64.b64encode((before + SECRET + "!").encode()).decode()
    for said in (SECRET, SECRET[:8], SECRET[-8:], SECRET[3:13], both, urllib.parse.quote(SECRET, safe="")):
        told = learned(SECRET).told(f"it says {said}, no more")
        assert "***" in told
        assert told.startswith("it says ")
        assert told.endswith(", no more") or said == both
        assert not any(said[at : at + 8] in told for at in range(len(said) - 11) if said != both)


def test_a_secret_that_is_missing_is_named() -> None:
    """What is told is mostly our own words: `secret "api-token" not found` is the next step, not a password."""
    said = 'CreateContainerConfigError: secret "api-token" not found'
    assert learned(SECRET).told(said) == said


def test_less_than_a_part_is_told() -> None:
    """Seven characters stand anywhere by chance; a secret that is so short is hidden as a whole."""
    assert learned("correct-horse").told("horse, correct") == "horse, correct"
    assert learned("s3cret").told("s3cret, not s3cre") == "***, not s3cre"


def test_the_passwords_of_an_auth_file_are_hidden_one_by_one() -> None:
    """It is read as one text."""
    redaction = learned('"app" "first-password"\n"pooler" "with ""quotes"" in it"\n; "x" "y"\n')
    assert redaction("tried first-password") == "tried ***"
    assert redaction.told('tried with "quotes" in it as app') == "tried *** as app"


def test_what_is_told_is_one_line_that_does_nothing() -> None:
    """Escapes are shown, not obeyed, and not dropped: a person sees that somebody tried."""
    assert learned().told("\x1b]0;owned\x07\nok  all is well") == "\\x1b]0;owned\\x07\\nok  all is well"


def secrets() -> st.SearchStrategy[str]:
    """Texts that are no everyday words: those are hidden where they are marked only."""
    texts = st.text(min_size=8, max_size=40)
    return texts.filter(lambda text: text.strip() == text and text.lower() not in EVERYDAY)


@given(secrets(), st.text(), st.text())
def test_no_part_of_any_secret_is_told(secret: str, before: str, after: str) -> None:
    """Whatever it is made of, wherever it stands."""
    told = learned(secret).told(before + secret + after)
    shown = visible(secret)
    assert not any(shown[at : at + 16] in told for at in range(max(1, len(shown) - 15)))


SENTENCES = (
    "database/shop waits for pod/shop/postgres-0: a restart of its container",
    'FATAL:  password authentication failed for user "app"',
    "no writable primary: service/shop/jewelry-shop-db has no address yet (1 of 3 pods, 12 s, 2026-11-30)",
    "kubectl -n jewelry-shop logs --previous postgres-0 -c postgres",
)


@pytest.mark.parametrize(
    "secret", ["a", "1", "12", "app", "-", "the", ":", "password", "postgres", "Database", "restart", "container"]
)
def test_a_password_that_is_a_word_spoils_no_sentence(secret: str) -> None:
    """Nor does a report without that word show what the password is; and causes are still understood."""
    redaction = learned(secret)
    for said in SENTENCES[:1] + SENTENCES[2:]:
        assert redaction.told(said) == said
        assert redaction(said) == said
    assert "authentication failed for user" in redaction.told(SENTENCES[1])
    assert redaction.told(f"connect with password='{secret}'") == "connect with password='***'"
    assert redaction(f'tried "{secret}", then it gave up') == 'tried "***", then it gave up'


@pytest.mark.parametrize("secret", ["jewelry-shop", "jewelry-shop-db", "postgres-0", "shop"])
def test_a_password_that_is_a_name_is_hidden_where_it_stands_alone(secret: str) -> None:
    """Not within a name: everybody reads those, and the next step must be one that works."""
    redaction = Redaction()
    redaction.learn(secret, "app", "jewelry-shop", "postgres.jewelry-shop-db", "postgres-0")
    assert redaction.told(SENTENCES[0]) == SENTENCES[0]
    assert redaction.told(SENTENCES[2]) == SENTENCES[2]
    assert redaction.told(f"tried {secret}, then {secret}.") == "tried ***, then ***."


@pytest.mark.parametrize("secret", ["kestrel\ncanary-77", "kestrel\u200bcanary-77", "kes\ttrel", "kes\x1btrel-canary"])
def test_a_password_is_hidden_when_it_was_quoted_before(secret: str) -> None:
    """What others say is quoted first, which shows a line feed or a space without width as an escape."""
    for said in (
        secret,
        quoted(secret),
        quoted(secret)[:12],
        json.dumps(secret),
        json.dumps(secret, ensure_ascii=False),
    ):
        told = learned(secret).told(f"it says {said}")
        assert "***" in told, told
        assert "trel" not in told


def test_a_password_is_hidden_in_the_dresses_of_sql() -> None:
    """Quotes are doubled in SQL and in auth_files, and PostgreSQL shows bytes as numbers."""
    secret = 'o\'brien"77"x'
    for said in ("'o''brien\"77\"x'", '"o\'brien""77""x"', f"\\x{secret.encode().hex()}"):
        for tell in (learned(secret).told, learned(secret)):
            assert "***" in tell(f"alter role app password {said}")
            assert "brien" not in tell(said)


def test_of_a_secret_without_measure_little_is_kept() -> None:
    """A variable of any pod may have a MiB: it is hidden whole, and its beginning in parts."""
    secret = "".join(map(chr, (33 + number * 7919 % 90 for number in range(200_000))))
    redact = Redaction()
    tracemalloc.start()
    try:
        redact.learn(secret)
        assert tracemalloc.get_traced_memory()[1] < 50 << 20
    finally:
        tracemalloc.stop()
    assert secret[1_000:1_020] not in redact.told(f"it says {secret[1_000:1_020]}")
    assert redact.told(secret) == "***"


def test_the_auth_file_of_many_users_is_learnt_at_once() -> None:
    """It took seconds, in which nothing else was done, and again with each user that was added."""
    users = {f"user{number}": f"SCRAM-SHA-256$4096:{number:024}${number:044}:{number:044}" for number in range(300)}
    redact = Redaction()
    tracemalloc.start()
    try:
        redact.learn("".join(f'"{user}" "{verifier}"\n' for user, verifier in users.items()))
        assert tracemalloc.get_traced_memory()[1] < 20 << 20
    finally:
        tracemalloc.stop()
    assert redact.told(f"no {users['user7']}") == "no ***"


def test_secrets_that_are_made_anew_for_ever_are_forgotten() -> None:
    """What was read of late is known; each told text would cost more, for years."""
    hours = iter(range(1_000))
    redact = Redaction(lambda: 3600.0 * next(hours))
    for number in range(450):
        redact.learn(f"rotated-{number:08}-{number * 7919}", "shop", "app")
    assert "3555631" not in redact.told("rotated-00000449-3555631")
    assert "15838" in redact.told("rotated-00000002-15838")
    redact.learn("rotated-00000001-7919", "shop", "app")
    assert redact.told("rotated-00000001-7919") == "***"


def test_of_many_secrets_that_are_read_at_once_none_is_forgotten() -> None:
    """`doctor` and `bundle` read all that the pods need: of a dozen private keys each line is one."""
    secrets = [f"Nz{number * 104729:028}qK" for number in range(1_500)]
    redact, began = Redaction(), time.process_time()
    redact.learn("hunter2-of-the-admin")
    redact.learn_all(secrets)
    assert time.process_time() - began < 10.0
    assert redact.told("hunter2-of-the-admin") == "***"
    assert all(redact.told(secret) == "***" for secret in secrets[::100])


def test_a_secret_that_is_read_again_and_again_is_known_however_many_come_after_it() -> None:
    """The login of a database is read at each look."""
    hours = [0.0]
    redact = Redaction(lambda: 3600.0 * hours[0])
    for number in range(450):
        hours[0] += 0.5
        redact.learn("hunter2-of-the-admin", "admin")
        redact.learn(f"rotated-{number:08}-{number * 7919}")
    assert redact.told("it was hunter2-of-the-admin") == "it was ***"


@pytest.mark.parametrize("piece", ["\n", " \n", '"\n', '"a" \n', "\t"])
def test_a_secret_of_nothing_is_read_through_at_once(piece: str) -> None:
    """To look for the lines of an auth_file in a MiB of empty ones took an hour."""
    began = time.process_time()
    assert listed(piece * (200_000 // len(piece))) == []
    assert time.process_time() - began < 10.0
