"""What we read of a chat completion: usage, finish reason, refusal, text. Everything else passes through unread."""

from __future__ import annotations

from typing import Any

import msgspec

from serinus.core.records.record import ErrorClass
from serinus.core.wire.fault import UpstreamFault


class Details(msgspec.Struct, gc=False):
    """`prompt_tokens_details`."""

    cached_tokens: int | None = None


class Usage(msgspec.Struct, gc=False):
    """`usage`; providers leave parts out."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: Details | None = None


class Function(msgspec.Struct, gc=False):
    """What a tool call names; arguments come in parts in a stream."""

    name: str | None = None
    arguments: str | None = None


class ToolCall(msgspec.Struct, gc=False):
    """One tool call of a message, or a part of one."""

    index: int | None = None
    function: Function | None = None


class Said(msgspec.Struct, gc=False):
    """A `message` or a `delta`."""

    content: str | list[Any] | None = None
    refusal: str | None = None
    tool_calls: list[ToolCall] | None = None
    function_call: Function | None = None


class Choice(msgspec.Struct, gc=False):
    """One choice, of an answer or of a chunk."""

    index: int | None = None
    message: Said | None = None
    delta: Said | None = None
    finish_reason: str | None = None


class Completion(msgspec.Struct, gc=False):
    """An answer or a chunk of one. `error` stands in for everything else when a provider fails in-band."""

    choices: list[Choice] | None = None
    usage: Usage | None = None
    model: str | None = None
    error: Any = None


_decoder = msgspec.json.Decoder(Completion)


class Proposed:
    """A tool call as it is put together from its parts."""

    __slots__ = ("_arguments", "name")

    def __init__(self) -> None:
        self.name = ""
        self._arguments: list[str] = []

    def note(self, part: Function) -> None:
        """Take in the next part."""
        self.name = self.name or part.name or ""
        if part.arguments:
            self._arguments.append(part.arguments)

    @property
    def arguments(self) -> str:
        """All of its arguments, JSON as the model wrote it."""
        return "".join(self._arguments)


_NO_TEXTS: dict[int, list[str]] = {}
_NO_TOOLS: dict[tuple[int, int], Proposed] = {}  # nothing is ever put into them: most answers are not kept


class Findings:
    """What a whole answer told: tokens −1 when it did not say. What it says is there only where it was to be kept."""

    __slots__ = ("_texts", "_tools", "finish", "model", "refused", "tokens_cached", "tokens_in", "tokens_out")

    def __init__(self) -> None:
        self.tokens_in = self.tokens_out = self.tokens_cached = -1
        self.finish = self.model = ""
        self.refused = False
        self._texts: dict[int, list[str]] = _NO_TEXTS
        self._tools: dict[tuple[int, int], Proposed] = _NO_TOOLS

    @property
    def text(self) -> str:
        """The first choice's text."""
        return "".join(self._texts.get(0, ()))

    @property
    def texts(self) -> list[str]:
        """The text of each choice that has one."""
        return ["".join(parts) for _, parts in sorted(self._texts.items())]

    @property
    def tools(self) -> list[Proposed]:
        """The tool calls that it proposes, of all choices."""
        return [proposed for _, proposed in sorted(self._tools.items())]

    def note(self, completion: Completion, keep_text: bool) -> None:
        """Take in an answer, or the next chunk of one; `keep_text` gathers texts and tool calls."""
        if completion.model:
            self.model = completion.model
        usage = completion.usage
        if usage is not None:
            tokens_in, tokens_out, details = usage.prompt_tokens, usage.completion_tokens, usage.prompt_tokens_details
            if tokens_in is not None:
                self.tokens_in = tokens_in
            if tokens_out is not None:
                self.tokens_out = tokens_out
            if details is not None and details.cached_tokens is not None:
                self.tokens_cached = details.cached_tokens
        for choice in completion.choices or ():
            finish, said = choice.finish_reason, choice.message or choice.delta
            if finish:
                self.finish = finish
            if finish == "content_filter" or (said is not None and said.refusal):
                self.refused = True
        if keep_text:
            for index, choice in enumerate(completion.choices or ()):
                said = choice.message or choice.delta
                if said is not None:
                    self._keep(index if choice.index is None else choice.index, said)

    def _keep(self, choice: int, said: Said) -> None:
        if self._texts is _NO_TEXTS:
            self._texts, self._tools = {}, {}
        text = text_of(said)
        if text:
            self._texts.setdefault(choice, []).append(text)
        for position, call in enumerate(said.tool_calls or ()):
            if call.function is not None:
                place = choice, position if call.index is None else call.index
                self._tools.setdefault(place, Proposed()).note(call.function)
        if said.function_call is not None:
            self._tools.setdefault((choice, 0), Proposed()).note(said.function_call)


def text_of(said: Said) -> str:
    """The text of a message: its content, or the text parts of it."""
    if isinstance(said.content, str):
        return said.content
    parts = said.content or ()
    return "".join(str(part.get("text", "")) for part in parts if isinstance(part, dict))


def read_completion(raw: bytes | str) -> Completion | None:
    """The completion in this JSON; None when it is JSON of another shape. UpstreamFault when it is not JSON."""
    try:
        return _decoder.decode(raw)
    except msgspec.ValidationError:
        return None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UpstreamFault(ErrorClass.UPSTREAM_GARBAGE, f"the upstream's answer is not JSON: {error}") from None
