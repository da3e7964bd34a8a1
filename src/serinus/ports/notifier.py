"""Telling one target something."""

from __future__ import annotations

from typing import Protocol

from serinus.core.notices.message import Message


class Notifier(Protocol):
    """Sends messages to targets; safe to use from several threads."""

    def send(self, target: str, message: Message) -> str:
        """Tell a target (a reference such as `env:SLACK_URL`). The empty string when it took the message, else why
        not, in words without any secret. Comes back within its time-out and never raises for a target's fault."""
        ...
