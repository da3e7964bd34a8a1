"""Versions: what an immutable bundle holds, its canonical bytes and digests, and the prompt it renders."""
