"""Telling by apprise, which speaks to mail, Slack, Matrix and many others; only this file knows it.

It says whether it worked, and not why not: that goes to its logger, which may name the URL, and is kept silent.
"""

import logging

from bootheal.errors import PermanentError, TransientError

NO_EXTRA = "install it with: pip install 'bootheal[notify]'"


def send(url: str, title: str, text: str, *, urgent: bool) -> str:
    """Send it. PermanentError where the URL is none of apprise's, or it is not installed; TransientError else."""
    try:
        import apprise
    except ModuleNotFoundError:
        raise PermanentError("cannot tell it: the package apprise is not installed", hint=NO_EXTRA) from None
    logger = logging.getLogger("apprise")
    logger.propagate, logger.handlers = False, [logging.NullHandler()]
    teller = apprise.Apprise()
    if not teller.add(url):
        raise PermanentError("cannot use its URL: apprise does not know such a one", hint="see apprise's own manual")
    kind = apprise.NotifyType.FAILURE if urgent else apprise.NotifyType.INFO
    if not teller.notify(body=text, title=title, notify_type=kind, body_format=apprise.NotifyFormat.TEXT):
        raise TransientError("cannot tell it: apprise did not succeed, and does not say why")
    return "apprise has delivered it"
