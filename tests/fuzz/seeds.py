"""Valid traffic to mutate, and the pieces that break parsers."""

from __future__ import annotations

_HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\n"
REQUESTS = (
    b"GET /live HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /live HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    _HEAD + b"Content-Length: 11\r\nAuthorization: Bearer k\r\n\r\nhello world",
    _HEAD + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\nok",
    _HEAD + b"Transfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n6\r\n world\r\n0\r\nT: t\r\n\r\n",
    b"\r\n" + _HEAD + b"Connection: close\r\nContent-Length: 0\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
)
ANSWERS = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5\r\nX-Request-Id: r\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nRetry-After: 3\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    b"HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: x\n\n",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 204 No Content\r\nopenai-version: 1\r\n\r\n",
    b"HTTP/1.1 429 Slow\r\nx-ratelimit-reset: 1\r\nTransfer-Encoding: chunked\r\n\r\n2;x\r\n{}\r\n0\r\nT: t\r\n\r\n",
)
USUAL = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nx-request-id: r\r\nopenai-version: 1\r\n"
    b"Content-Length: 5\r\nConnection: keep-alive\r\n\r\nhello"
)
_CHUNK = b'data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"h\xc3\xa9"},"finish_reason":null}]}'
_FINISH = b'data: {"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}'
_USAGE = b'data: {"id":"c","choices":[],"usage":{"prompt_tokens":7,"completion_tokens":2}}'
STREAMS = (
    _CHUNK + b"\n\n" + _FINISH + b"\n\n" + _USAGE + b"\n\ndata: [DONE]\n\n",
    _CHUNK + b"\r\n\r\n" + _FINISH + b"\r\n\r\n" + _USAGE + b"\r\n\r\ndata: [DONE]\r\n\r\n",
    b": ping\n\n" + _CHUNK + b"\n\n",
    b'data: {"choices":[],\ndata: "usage":{"completion_tokens":4}}\n\n' + _FINISH + b"\n\n",
    b'event: x\nid: 1\ndata: {"choices": [{"delta": {"refusal": "no"}}]}\n\n',
    b'data: {"error":{"message":"x"}}\n\n',
)
PIECES = (
    *(b"\r", b"\n", b"\r\n", b"\r\n\r\n", b"\n\n", b"\r\r", b"\0", b" ", b"\t", b"\xff", b":", b";", b",", b"0", b"-1"),
    *(
        b"Content-Length: 5\r\n",
        b"Content-Length: 6\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: x\r\n",
    ),
    *(b"Host: b\r\n", b"X: y\r\n z\r\n", b"HTTP/1.1 200 OK\r\n", b"0\r\n\r\n", b"ffffffff\r\n", b"fffffffff\r\n"),
    *(b"data: [DONE]\n\n", b"data:", b"[DONE]", b'"usage":{}', b'"finish_reason":"stop"', b"\\", b'"', b"{", b"}"),
    *(b"x" * 3000, b"Expect: tea\r\n", b"Upgrade: y\r\nConnection: upgrade\r\n", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
)
