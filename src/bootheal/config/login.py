"""Where a user and a password are kept, from the file's words to ours."""

from bootheal.config import schema
from bootheal.model import Login, Ref


def login(given: schema.Login, namespace: str) -> Login:
    """Name the Secret, which is in `namespace`, and its keys."""
    return Login(Ref("secret", namespace, given.secret), given.user_key, given.password_key, given.user)


def whole_file(given: schema.AuthFile, namespace: str) -> Login:
    """Treat a file in a Secret as one password: it holds several."""
    return Login(Ref("secret", namespace, given.secret), password_key=given.key, user=given.key)
