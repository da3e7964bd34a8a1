"""HTTP/1.1 and server-sent events as transport-free state machines: bytes in, values out, no sockets."""
