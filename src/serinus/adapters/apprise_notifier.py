"""Telling through apprise: Slack, e-mail, PagerDuty, Teams, webhooks and some hundred more, each by a URL.

The URL is a secret. It is read anew for each message, from a variable or a file, so that a new one works without a
restart, and it is in no text that leaves this module: apprise's own log, which prints URLs, is kept shut.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from pathlib import Path

from apprise import Apprise, AppriseAsset, NotifyFormat, NotifyType
from apprise.result import AppriseResult, AppriseResultStatus

from serinus.core.notices.message import Message

CONNECT_S = 5.0
READ_S = 10.0
ANSWER_S = 30.0
MAX_URL_BYTES = 8192
_TONES = {
    "info": NotifyType.INFO,
    "success": NotifyType.SUCCESS,
    "warning": NotifyType.WARNING,
    "failure": NotifyType.FAILURE,
}
_STATUS = re.compile(r"\berror=(\d{3})\b")
_TIMEOUT_KEYS = re.compile(r"[?&](cto|rto)=", re.IGNORECASE)


class AppriseNotifier:
    """A notifier. `variable` gives the content of an environment variable, empty when there is none.

    Nobody is contacted before the first message. A message ends after 30 s at most; a target's own `cto` and `rto`
    (seconds to connect and to read) may shorten that.
    """

    def __init__(self, variable: Callable[[str], str]) -> None:
        self._variable = variable
        logging.getLogger("apprise").propagate = False

    def send(self, target: str, message: Message) -> str:
        """As in the port."""
        url, fault = self._url(target)
        if fault:
            return fault
        service = _service(url)
        if service is None:
            return f"{target} does not hold a URL that apprise understands"
        result = service.notify(
            body=message.body,
            title=message.title,
            notify_type=_TONES[message.tone],
            body_format=NotifyFormat.TEXT,
            interpret_escapes=False,
            timeout=ANSWER_S,
            log_level=logging.WARNING,
        )
        return "" if result else _fault(result)

    def _url(self, target: str) -> tuple[str, str]:
        """The URL behind a reference, or why there is none."""
        kind, _, name = target.partition(":")
        if kind == "env":
            url = self._variable(name).strip()
            return url, "" if url else f"the variable {name} is not set where the control process runs"
        try:
            with Path(name).open("rb") as file:
                url = file.read(MAX_URL_BYTES).decode().strip()
        except OSError as error:
            return "", f"{name} cannot be read: {error.strerror or type(error).__name__}"
        except UnicodeDecodeError:
            return "", f"{name} does not hold text"
        return url, "" if url else f"{name} is empty"


def _service(url: str) -> Apprise | None:
    """The one service of a URL; None when it is none, or several."""
    if not url.isprintable() or " " in url:
        return None
    if not _TIMEOUT_KEYS.search(url):
        url += f"{'&' if '?' in url else '?'}cto={CONNECT_S:g}&rto={READ_S:g}"
    service = Apprise(asset=AppriseAsset(async_mode=False, secure_logging=True, app_id="Serinus", app_desc="Serinus"))
    return service if service.add(url) and len(service) == 1 else None


def _fault(result: AppriseResult) -> str:
    """Why a message was not taken, in fixed words and a status: what services answer may hold secrets."""
    if result.status is AppriseResultStatus.TIMEOUT:
        return f"no answer within {ANSWER_S:g} s"
    text = " ".join(entry.message for entry in result.logs())
    status = _STATUS.search(text)
    if status:
        return f"the service refused it with status {status[1]}"
    return "the service could not be reached, or refused it"
