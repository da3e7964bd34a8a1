"""Protocols, in core's words, of what use-cases need from the outside."""
