"""Asking a model: one attempt at a time."""

from __future__ import annotations

from typing import Protocol

from serinus.core.judging.answer import Answer, Fault
from serinus.core.routing.snapshot import Endpoint


class Completions(Protocol):
    """OpenAI-compatible endpoints."""

    async def ask(self, endpoint: Endpoint, body: bytes, timeout_s: float) -> Answer | Fault:
        """Send a chat-completions body once. Whatever the provider does comes back as a Fault, never as an exception;
        its text holds no secret."""
        ...
