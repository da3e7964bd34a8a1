"""Load tools in C, and the requests that they send."""
