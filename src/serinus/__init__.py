"""Serinus: release engineering for prompts and models."""

__version__ = "0.1.0"
