"""How a release is judged: observations in, commands with reasons out; no clock, no store, no chance."""
