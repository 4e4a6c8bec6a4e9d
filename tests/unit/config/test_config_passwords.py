"""A password that somebody types into the file is not repeated, and it is said where it belongs."""

from pathlib import Path

import pytest

from bootheal.config import load
from bootheal.errors import ConfigurationError

PASSWORD = "Hunter2-canary"
DATABASE = "databases:\n  shop: {namespace: shop, service: db, dbname: shop, admin: %s}\n"
POOLER = "poolers: {shop: {database: shop, deployment: d, service: s, credential: %s, client: {secret: c}}}\n"
WORKLOAD = "workloads:\n  deployment/shop/web: {probe: {%s}}\n"


def said(tmp_path: Path, text: str) -> str:
    path = tmp_path / "bootheal.yaml"
    path.write_text(text)
    with pytest.raises(ConfigurationError) as error:
        load(path)
    return str(error.value).replace(str(path), "")


@pytest.mark.parametrize(
    "text",
    [
        *(
            DATABASE % f"{{{key}: {PASSWORD}}}"
            for key in ("password", "passwd", "pwd", "Password", "db_password", "token")
        ),
        DATABASE % f"{{secret: admin, pgpassword: {PASSWORD}}}",
        DATABASE % f"{{secret: admin, password: {{value: {PASSWORD}}}}}",
        DATABASE % f"{{secret: admin, password: [no, {PASSWORD}]}}",
        f"cluster: {{api_key: {PASSWORD}}}\n",
        f"password: {PASSWORD}\n",
        (DATABASE % "{secret: a}") + POOLER % f"{{password: {PASSWORD}}}",
    ],
)
def test_a_password_under_its_own_name_is_told_where_it_belongs(text: str, tmp_path: Path) -> None:
    """Not that the key might be another one."""
    told = said(tmp_path, text)
    assert "cannot stand here: this file holds no password; put it in a Secret of Kubernetes, and name that by" in told
    assert PASSWORD not in told
    assert "did you mean" not in told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            DATABASE % f"{{secret: {PASSWORD}!}}",
            "secret: cannot be what stands there: it should be the name of a Secret",
        ),
        (
            DATABASE % f"{{secret: {PASSWORD}}}",
            "secret: cannot be what stands there: it should be the name of a Secret",
        ),
        (
            DATABASE % f"{{secret: a, password_key: {PASSWORD}!}}",
            "cannot be what stands there: it should be a key of a",
        ),
        (DATABASE % PASSWORD, "admin: cannot be a single value: it should name a Secret of Kubernetes, like {secret: "),
        (DATABASE % f"[{PASSWORD}]", "admin: cannot be a list: it should be a mapping"),
        (
            (DATABASE % "{secret: a}") + POOLER % PASSWORD,
            "credential: cannot be a single value: it should name a Secret",
        ),
        (
            DATABASE % f"{{secret: a, user: 'password={PASSWORD}'}}",
            "user: cannot be what stands there: it should be a name",
        ),
        (DATABASE.replace("dbname: shop", f"dbname: host=h password={PASSWORD}") % "{secret: a}", "a name alone"),
        (f"cluster: {{password: *{PASSWORD}}}\n", "a text that begins with * needs quotes"),
        (f"cluster: {{password: !{PASSWORD}!x y}}\n", "a value that begins with ! needs quotes"),
        (f"cluster: {{password: &{PASSWORD} 1, pwd: &{PASSWORD} 1}}\n", "there is an anchor of this name above"),
        (f"cluster: {{password: !<{PASSWORD}> x, context: !{PASSWORD} x}}\n", "cannot have a tag"),
        ("databases: {shop: {password: 0123456}}\n", "password: cannot stand here"),
    ],
)
def test_a_password_in_another_place_is_not_repeated(text: str, told: str, tmp_path: Path) -> None:
    """Where a Secret should be named, or by what YAML makes of its first character."""
    problems = said(tmp_path, text)
    assert told in problems
    assert PASSWORD not in problems
    assert "0123456" not in problems


@pytest.mark.parametrize(
    "text",
    [
        WORKLOAD % f"url: 'https://me:{PASSWORD}@shop.local/'",
        WORKLOAD % f"url: 'https://{PASSWORD}@shop.local/'",
        WORKLOAD % f"exec: [curl, 'http://me:{PASSWORD}@localhost/']",
        WORKLOAD % f"url: 'https://shop.local/', address: 'http://me:{PASSWORD}@h'",
        f"hooks: {{h: {{after: [gate], url: 'https://me:{PASSWORD}@shop.local/'}}}}\n",
        f"registry: {{url: 'http://me:{PASSWORD}@localhost:5000'}}\n",
        f"registry: {{url: 'http://localhost', images: ['http://me:{PASSWORD}@localhost:5000']}}\n",
        f"cluster: {{docker: 'tcp://me:{PASSWORD}@localhost:2376'}}\n",
        f"cluster: {{docker: 'ssh://me:{PASSWORD}@localhost'}}\n",
        f"dependencies: {{d: {{host: 'redis://:{PASSWORD}@h', probe: {{port: 1}}}}}}\n",
        DATABASE.replace("service: db", f"host: 'postgres://me:{PASSWORD}@h/shop'") % "{secret: a}",
    ],
)
def test_a_url_with_a_password_is_refused_wherever_one_may_stand(text: str, tmp_path: Path) -> None:
    """It is said where a password belongs, and the URL is not repeated."""
    told = said(tmp_path, text)
    assert "cannot hold a user or a password: passwords belong in Secrets of Kubernetes" in told
    assert PASSWORD not in told


@pytest.mark.parametrize(
    "password", [f"a/{PASSWORD}", f"a?{PASSWORD}", f"a@{PASSWORD}", f"a#{PASSWORD}", f"{PASSWORD} b"]
)
def test_a_password_that_breaks_its_url_is_not_repeated_either(password: str, tmp_path: Path) -> None:
    """A slash in it ends the host for who reads the URL, so that what follows looks like a path."""
    for text in (
        WORKLOAD % f"url: 'https://me:{password}@shop.local/'",
        f"registry: {{url: 'http://me:{password}@h'}}\n",
    ):
        assert PASSWORD not in said(tmp_path, text)


def test_a_user_without_a_password_is_no_secret_where_ssh_needs_one(tmp_path: Path) -> None:
    """Nor is an @ in the path of a URL."""
    path = tmp_path / "bootheal.yaml"
    path.write_text("cluster: {docker: 'ssh://me@shop.local'}\n" + WORKLOAD % "url: 'https://shop.local/@me'")
    assert "deployment/shop/web" in load(path).plan.steps
