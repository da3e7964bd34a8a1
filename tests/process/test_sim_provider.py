"""The simulated provider as a process, over real sockets and with the official client."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import subprocess
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from serinus.core.wire.sse import EventStream
from tests.process.sim_programs import RunningProvider, post, provider_refusal, read_all, running_provider

pytestmark = pytest.mark.process

SYSTEM = 'Answer in JSON with the keys "answer" and "category".'
MESSAGES: Any = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": "Where is my parcel?"}]
CHAT = "/v1/chat/completions"


@pytest.fixture(scope="module")
def provider() -> Iterator[RunningProvider]:
    """A fast provider for all tests of this file."""
    with running_provider("--speed", "50") as running:
        yield running


@pytest.fixture
def client(provider: RunningProvider) -> Iterator[openai.OpenAI]:
    """The official client without retries."""
    with openai.OpenAI(base_url=provider.url, api_key="any", max_retries=0, timeout=20.0) as made:
        yield made


def body(**fields: Any) -> bytes:
    """A chat request."""
    return json.dumps({"model": "sim-large", "messages": MESSAGES, **fields}).encode()


def struck(provider: RunningProvider, fault: str, stream: bool = False) -> tuple[bytes, bytes]:
    """Head and payload under a fault, read until the provider closes."""
    request = post(CHAT, body(stream=stream), f"x-sim-fault: {fault}", "connection: close")
    with provider.raw(request) as connected:
        head, _, payload = read_all(connected).partition(b"\r\n\r\n")
    return head, payload


def test_the_official_client_gets_an_answer_and_its_truth(client: openai.OpenAI) -> None:
    """Not streaming: content, usage and the headers."""
    raw = client.chat.completions.with_raw_response.create(model="sim-large", messages=MESSAGES)
    completion = raw.parse()
    assert completion.usage is not None
    assert completion.usage.total_tokens == completion.usage.prompt_tokens + completion.usage.completion_tokens
    assert raw.headers["x-request-id"].startswith("req_")
    assert int(raw.headers["openai-processing-ms"]) > 0
    text = completion.choices[0].message.content or completion.choices[0].message.refusal
    assert text
    assert raw.headers["x-sim-truth"]


def test_the_official_client_streams_the_same_answer(client: openai.OpenAI) -> None:
    """The pieces of a stream join to the whole answer, and usage comes when it is asked for."""
    whole = client.chat.completions.create(model="sim-large", messages=MESSAGES)
    chunks = list(
        client.chat.completions.create(
            model="sim-large", messages=MESSAGES, stream=True, stream_options={"include_usage": True}
        )
    )
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == whole.choices[0].message.content
    assert chunks[-1].usage == whole.usage
    assert {chunk.id for chunk in chunks} == {whole.id}
    assert chunks[-2].choices[0].finish_reason == "stop"


def test_a_refusal_comes_in_its_own_field(client: openai.OpenAI) -> None:
    """`content` is null; streamed and not alike."""
    for number in range(2000):
        asked: dict[str, Any] = {"model": "sim-large", "messages": MESSAGES, "user": str(number)}
        raw = client.chat.completions.with_raw_response.create(**asked)
        if raw.headers["x-sim-truth"] == "refusal":
            message = raw.parse().choices[0].message
            streamed = client.chat.completions.create(**asked, stream=True)
            refusal = "".join(chunk.choices[0].delta.refusal or "" for chunk in streamed)
            assert message.content is None
            assert message.refusal == refusal != ""
            return
    pytest.fail("no refusal in 2,000 answers at a rate of 2 %")


def test_several_choices_come_streamed_and_not(client: openai.OpenAI) -> None:
    """`n` choices, each whole, in both ways of delivery."""
    whole = client.chat.completions.create(model="sim-large", messages=MESSAGES, n=3)
    texts = ["", "", ""]
    for chunk in client.chat.completions.create(model="sim-large", messages=MESSAGES, n=3, stream=True):
        for choice in chunk.choices:
            texts[choice.index] += choice.delta.content or choice.delta.refusal or ""
    assert texts == [choice.message.content or choice.message.refusal for choice in whole.choices]
    assert len(set(texts)) > 1


def test_the_official_client_sees_the_models(client: openai.OpenAI) -> None:
    """`GET /v1/models`."""
    assert [model.id for model in client.models.list()] == ["sim-small", "sim-large", "sim-large-2"]


@pytest.mark.parametrize(
    ("model", "error"),
    [
        ("sim-large+429", openai.RateLimitError),
        ("sim-large+500", openai.InternalServerError),
        ("sim-large+503", openai.InternalServerError),
        ("sim-large+hang", openai.APITimeoutError),
        ("sim-large+cut", openai.APIConnectionError),
        ("sim-large+reset", openai.APIConnectionError),
        ("sim-large+garbage_head", openai.APIConnectionError),
    ],
)
def test_the_official_client_raises_its_own_error(
    client: openai.OpenAI, model: str, error: type[openai.OpenAIError]
) -> None:
    """Each fault is what the client makes of the real thing."""
    patient = client.with_options(timeout=1.0 if model.endswith("hang") else 10.0)
    with pytest.raises(error):
        patient.chat.completions.create(model=model, messages=MESSAGES)


def test_the_official_async_client_serves_many_at_once(provider: RunningProvider) -> None:
    """A hundred calls together, all answered."""

    async def ask_all() -> list[Any]:
        async with openai.AsyncOpenAI(base_url=provider.url, api_key="any", max_retries=0) as made:
            calls = (
                made.chat.completions.create(model="sim-small", messages=MESSAGES, user=str(n)) for n in range(100)
            )
            return await asyncio.gather(*calls)

    assert len({completion.id for completion in asyncio.run(ask_all())}) == 100


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("kind", ["cut", "reset"])
def test_a_cut_answer_ends_with_fin_or_rst(provider: RunningProvider, kind: str, stream: bool) -> None:
    """FIN reads as the end, RST as an error; either way the answer is not whole."""
    with provider.raw(post(CHAT, body(stream=stream), f"x-sim-fault: {kind}")) as connected:
        if kind == "reset":
            with pytest.raises(ConnectionResetError):
                read_all(connected)
            return
        got = read_all(connected)
    assert b"[DONE]" not in got
    head, _, payload = got.partition(b"\r\n\r\n")
    assert stream or len(payload) < int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])


def test_a_hang_sends_nothing_while_others_are_served(provider: RunningProvider, client: openai.OpenAI) -> None:
    """No byte within a second, and the next connection is answered."""
    with provider.raw(post(CHAT, body(), "x-sim-fault: hang"), timeout_s=1.0) as connected:
        client.chat.completions.create(model="sim-large", messages=MESSAGES)
        with pytest.raises(TimeoutError):
            connected.recv(1)


def test_a_client_that_leaves_is_seen(provider: RunningProvider) -> None:
    """Closing a hanging request ends it: `in_flight` falls and `left_early` rises."""
    before = stats_of(provider)
    provider.raw(post(CHAT, body(), "x-sim-fault: hang")).close()
    deadline = time.monotonic() + 5.0
    while stats_of(provider)["left_early"] == before["left_early"] and time.monotonic() < deadline:
        pass
    after = stats_of(provider)
    assert after["left_early"] == before["left_early"] + 1
    assert after["in_flight"] == before["in_flight"]


def stats_of(provider: RunningProvider) -> Any:
    """`GET /sim/stats`."""
    with provider.raw(b"GET /sim/stats HTTP/1.1\r\nhost: sim\r\nconnection: close\r\n\r\n") as connected:
        return json.loads(read_all(connected).partition(b"\r\n\r\n")[2])


def test_slow_delays_the_first_byte(provider: RunningProvider) -> None:
    """50 s at 50-fold speed: at least a second."""
    began = time.monotonic()
    struck(provider, "slow:50")
    assert time.monotonic() - began >= 1.0


def test_gzip_is_sent_unasked(provider: RunningProvider) -> None:
    """The body unpacks to JSON."""
    head, payload = struck(provider, "gzip")
    assert b"content-encoding: gzip" in head
    assert json.loads(zlib.decompress(payload, wbits=31))["object"] == "chat.completion"


def test_http_1_0_has_no_length(provider: RunningProvider) -> None:
    """The close is the end."""
    head, payload = struck(provider, "http10")
    assert head.startswith(b"HTTP/1.0 200")
    assert b"content-length" not in head
    assert json.loads(payload)["object"] == "chat.completion"


def test_garbage_follows_a_good_head_or_comes_in_its_place(provider: RunningProvider) -> None:
    """The two kinds of garbage."""
    head, payload = struck(provider, "garbage:100")
    assert head.startswith(b"HTTP/1.1 200")
    assert len(payload) == 100
    with pytest.raises(ValueError, match="codec"):
        payload.decode()
    assert not struck(provider, "garbage_head")[0].startswith(b"HTTP")


def test_a_wrong_content_type_has_the_right_body(provider: RunningProvider) -> None:
    """`text/html`, and JSON in it."""
    head, payload = struck(provider, "content_type")
    assert b"content-type: text/html" in head
    assert json.loads(payload)["object"] == "chat.completion"


def test_a_huge_answer_is_whole(provider: RunningProvider) -> None:
    """20 MiB to a reader that pauses, and still JSON."""
    with provider.raw(post(CHAT, body(), "x-sim-fault: huge:20", "connection: close")) as connected:
        stats_of(provider)
        payload = read_all(connected).partition(b"\r\n\r\n")[2]
    assert len(payload) > 20 * 1024 * 1024
    assert json.loads(payload)["object"] == "chat.completion"


def test_requests_split_at_every_byte_and_pipelined_are_answered_in_order(provider: RunningProvider) -> None:
    """One byte at a time, then five requests in one write."""
    first = post(CHAT, body(user="split"))
    with provider.raw(b"") as connected:
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for position in range(len(first)):
            connected.sendall(first[position : position + 1])
        models = b"GET /v1/models HTTP/1.1\r\nhost: sim\r\n\r\n"
        last = post("/nowhere", b"", "connection: close")
        connected.sendall(models + post(CHAT, body(user="second")) + models + last)
        got = read_all(connected)
    kinds = [got.index(b'"chat.completion"'), got.index(b'"list"'), got.rindex(b'"chat.completion"')]
    assert [*kinds, got.rindex(b'"list"'), got.index(b"404 Not Found")] == sorted(
        [*kinds, got.rindex(b'"list"'), got.index(b"404 Not Found")]
    )
    assert got.count(b"HTTP/1.1") == 5


def test_a_stream_is_well_formed_wherever_it_is_split(provider: RunningProvider) -> None:
    """A reader of events finds the same text however the bytes arrive."""
    request = post(CHAT, body(stream=True)).replace(b"HTTP/1.1", b"HTTP/1.0", 1)
    with provider.raw(request) as connected:
        payload = read_all(connected).partition(b"\r\n\r\n")[2]
    for size in (1, 7, len(payload)):
        stream = EventStream(strip_usage=False, keep_text=True)
        relayed = b"".join(stream.receive(payload[at : at + size]) for at in range(0, len(payload), size))
        assert stream.done
        assert relayed == payload


def test_expect_continue_is_answered(provider: RunningProvider) -> None:
    """100 before the body is sent."""
    request = post(CHAT, body(), "expect: 100-continue", "connection: close")
    head, _, rest = request.partition(b"\r\n\r\n")
    with provider.raw(head + b"\r\n\r\n") as connected:
        assert connected.recv(1000).startswith(b"HTTP/1.1 100")
        connected.sendall(rest)
        assert b"HTTP/1.1 200" in read_all(connected)


@pytest.mark.parametrize(
    "bad", [b"\x00\x01\x02\r\n\r\n", b"GET\r\n\r\n", b"POST / HTTP/1.1\r\ncontent-length: x\r\n\r\n"]
)
def test_what_is_no_http_is_refused(provider: RunningProvider, bad: bytes) -> None:
    """400, and the connection is closed."""
    with provider.raw(bad) as connected:
        assert read_all(connected).startswith(b"HTTP/1.1 400")


def test_two_providers_of_one_seed_say_the_same() -> None:
    """Reproducible across processes."""
    answers = []
    for seed in ("5", "5", "6"):
        with (
            running_provider("--seed", seed, "--speed", "inf") as running,
            running.raw(post(CHAT, body(), "connection: close")) as connected,
        ):
            answers.append(read_all(connected).partition(b"\r\n\r\n")[2])
    assert answers[0] == answers[1] != answers[2]


def test_options_set_key_and_faults() -> None:
    """401 for another key; the fault of the command line for the right one."""
    with running_provider("--api-key", "right", "--fault", "500:1") as running:
        wrong = openai.OpenAI(base_url=running.url, api_key="wrong", max_retries=0)
        right = openai.OpenAI(base_url=running.url, api_key="right", max_retries=0)
        with pytest.raises(openai.AuthenticationError):
            wrong.chat.completions.create(model="sim-large", messages=MESSAGES)
        with pytest.raises(openai.InternalServerError):
            right.chat.completions.create(model="sim-large", messages=MESSAGES)
        wrong.close()
        right.close()


def test_sigterm_ends_it_although_clients_wait() -> None:
    """A hanging request does not hold the process."""
    with running_provider() as running:
        connected = running.raw(post(CHAT, body(), "x-sim-fault: hang"))
        stats_of(running)
    connected.close()


def test_it_serves_tls(tmp_path: Path) -> None:
    """A client that trusts the certificate gets its answer over https."""
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "1"]
    subprocess.run([*command, "-keyout", key, "-out", cert], check=True, capture_output=True)
    with running_provider("--tls-cert", str(cert), "--tls-key", str(key), "--speed", "inf") as running:
        assert running.url.startswith("https://")
        context = ssl.create_default_context(cafile=cert)
        with context.wrap_socket(running.raw(b""), server_hostname="127.0.0.1") as connected:
            connected.sendall(post(CHAT, body(), "connection: close"))
            assert connected.recv(65536).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--fault", "nope"), "known: 429"),
        (("--speed", "0"), "--speed"),
        (("--speed", "nan"), "--speed"),
        (("--chunk-tokens", "0"), "--chunk-tokens"),
        (("--tls-cert", "nowhere.pem"), "nowhere.pem"),
    ],
)
def test_options_that_mean_nothing_are_refused(options: tuple[str, ...], words: str) -> None:
    """One line of error that says what is meant."""
    assert words in provider_refusal(*options)


def test_a_taken_port_is_refused(provider: RunningProvider) -> None:
    """The error names the address."""
    assert f"127.0.0.1:{provider.port}" in provider_refusal("--port", str(provider.port))
